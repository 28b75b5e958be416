"""A loopback server that speaks as four model APIs do, and bills what a prompt's script says.

It keeps nothing of a request but counts. What it is told to do stands in `script`.
"""

import gzip
import itertools
import json
import threading
import time
import uuid
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from laboratory import bill as prices
from laboratory.bill import Bill
from laboratory.script import Script, newest
from laboratory.wire import anthropic_messages, google_gemini, openai_chat, openai_responses
from laboratory.wire.exchange import Body, Reply, Request, Tokens, arguments

_WIRES = (anthropic_messages, openai_responses, openai_chat, google_gemini)
_COUNTS = {"/count_tokens": {"input_tokens": 1234}, ":countTokens": {"totalTokens": 1234}}
_FAULTS = {429: "rate_limit_error", 529: "overloaded_error"}
# Side requests ask for JSON of one shape or another; whoever asks takes what it knows.
_SIDE = json.dumps(
    {
        "title": "A title",
        "isNewTopic": True,
        "next_speaker": "user",
        "reasoning": "-",
        "complexity_reasoning": "-",
        "complexity_score": 10,
        "model_choice": "flash",
    }
)


class FakeModels:
    """The server in a thread of its own; `port` is one that was free."""

    def __init__(self, path: Path) -> None:
        self.bill = Bill(path)
        self._numbers = itertools.count(1)
        self._failed: Counter[str] = Counter()
        self._lock = threading.Lock()
        handler = type("Bound", (_Handler,), {"models": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_port)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Takes no more requests."""
        self._server.shutdown()
        self._server.server_close()

    def number(self) -> int:
        """Of the request, from 1 on."""
        return next(self._numbers)

    def fails(self, script: Script) -> bool:
        """Whether this request is one of those that its script lets fail."""
        with self._lock:
            self._failed[script.words] += 1
            return bool(script.fault) and self._failed[script.words] <= script.faults


def tokens(script: Script, asked: Request, number: int, caches: bool) -> Tokens:
    """What a request is billed; counts differ from call to call so that each is known by them."""
    side = not asked.tools
    usual = {
        "in": 40 + number % 7 if side else 11 + number % 7,
        "read": 0 if side else 12_000 + 100 * (number % 13),
        "write": 500 + number % 17 if caches and not side else 0,
        "hour": 200 + number % 11 if caches and not side else 0,
        "out": 101 + number % 89,
        "think": 0 if caches else 10 + number % 5,
    }
    given = {**usual, **({} if side else script.counts)}
    given["in"] += script.grow * asked.step
    return Tokens(*(given[key] for key in ("in", "read", "write", "hour", "out", "think")))


def reply(script: Script, asked: Request, number: int, caches: bool) -> Reply:
    """What the model answers: its script's next tool, or its last words."""
    used = tokens(script, asked, number, caches)
    made = Reply(f"{number:06d}{uuid.uuid4().hex[:12]}", asked.model, int(time.time()), used, "")
    if not asked.tools:
        return made._replace(words=_SIDE)
    if asked.shell and asked.step < script.tools:
        command = script.command.replace("$n", str(asked.step))
        given = arguments(asked.tools[asked.shell], command)
        return made._replace(words="Next.", tool=asked.shell, arguments=given)
    return made._replace(words=script.say)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    models: FakeModels

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: the bill tells."""

    def do_GET(self) -> None:
        """A list of no models, or nothing."""
        if self.path.partition("?")[0].endswith("/models"):
            self._json(200, {"object": "list", "data": [], "models": []})
        else:
            self._json(404, {"error": {"message": "there is no such thing"}})

    def do_POST(self) -> None:
        """A request to a model; all else is answered with nothing."""
        path = self.path.partition("?")[0]
        try:
            body = json.loads(self._body() or b"{}")
        except ValueError:
            return self._json(400, {"error": {"message": "this is no JSON"}})
        for ending, answer in _COUNTS.items():
            if path.endswith(ending):
                return self._json(200, answer)
        for wire in _WIRES:
            if path.endswith(wire.ENDS):
                return self._ask(wire, wire.read(body, path))
        return self._json(200, {})

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", ""):
            raw = b"".join(iter(self._chunk, b""))
        else:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        return gzip.decompress(raw) if "gzip" in self.headers.get("content-encoding", "") else raw

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().partition(b";")[0], 16)
        chunk = self.rfile.read(size)
        self.rfile.readline()
        return chunk

    def _ask(self, wire: Any, asked: Request) -> None:
        if not prices.is_known(asked.model):
            return self._json(404, {"error": {"message": f"no price for {asked.model}"}})
        script, begun, number = newest(asked.prompts), time.time(), self.models.number()
        if asked.tools and self.models.fails(script):
            self.models.bill.write({"status": script.fault, "begun": begun})
            error = {"type": _FAULTS.get(script.fault, "api_error"), "message": "as it was told"}
            return self._json(script.fault, {"type": "error", "error": error}, {"retry-after": "1"})
        time.sleep(script.delay if asked.tools else 0)
        caches = wire is anthropic_messages
        said = reply(script, asked, number, caches)
        gone = False
        try:
            self._say(wire, said, asked.streams, script.stall)
        except (BrokenPipeError, ConnectionResetError):
            gone = self.close_connection = True
        line = {"id": said.id, "model": said.model, "tokens": said.tokens._asdict(), "status": 200,
                "cost": prices.cost(said.model, said.tokens), "side": not asked.tools,
                "begun": begun, "done": time.time(), "gone": gone}  # fmt: skip
        return self.models.bill.write(line)

    def _say(self, wire: Any, said: Reply, streams: bool, stall: float) -> None:
        if not streams:
            return self._json(200, wire.whole(said), {"request-id": f"req_{said.id}"})
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("request-id", f"req_{said.id}")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        for event in wire.events(said):
            self.wfile.write(event.encoded())
            self.wfile.flush()
            if event.half and stall:
                self._wait(stall)
        return None

    def _wait(self, seconds: float) -> None:
        """Half a reply is out; comments show when the client goes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.2)
            self.wfile.write(b": still at it\n\n")
            self.wfile.flush()

    def _json(self, status: int, value: Body, headers: Body | None = None) -> None:
        data = json.dumps(value).encode()
        with suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            for name, text in {"content-type": "application/json", **(headers or {})}.items():
                self.send_header(name, text)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
