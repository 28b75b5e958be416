"""What is sent over wires: calls on the socket, through the Python client, by OTLP; and nonsense.

A call counts as sent once it is made up, and is sent again until it is acknowledged.
"""

import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from random import Random

from costtop.paths import Paths

from .agent_lines import own_fields
from .log_writers import used
from .sent import MODEL, Sent, Used


class SocketCaller:
    """Sends calls to the socket by hand and reads an acknowledgement for each."""

    def __init__(self, paths: Paths, session: str, sent: Sent) -> None:
        self._paths, self._session, self._sent = paths, session, sent
        self._peer: socket.socket | None = None
        self._waiting: list[bytes] = []
        self._number = 0
        self.took: list[float] = []  # s until the whole batch was acknowledged

    def call(self, rng: Random) -> None:
        """A batch of new calls, after those that nobody acknowledged."""
        for _ in range(0 if len(self._waiting) > 500 else rng.randint(1, 40)):
            self._number += 1
            call = used(rng)
            fields = own_fields(self._session, self._number, call)
            self._waiting.append(json.dumps(fields).encode() + b"\n")
            self._sent.add(f"costtop/{self._session}", call)
        self.push()

    def push(self) -> bool:
        """Whether everything is acknowledged now."""
        began = time.monotonic()
        try:
            while self._waiting:
                self._acknowledged()
                self.took.append(time.monotonic() - began)
        except (OSError, ValueError):
            self.close()
        return not self._waiting

    def _acknowledged(self) -> None:
        if self._peer is None:
            self._peer = socket.socket(socket.AF_UNIX)
            self._peer.settimeout(30)
            self._peer.connect(str(self._paths.socket))
        batch = self._waiting[:200]
        self._peer.sendall(b"".join(batch))
        answers = b""
        while answers.count(b"\n") < len(batch):
            part = self._peer.recv(65536)
            if not part:
                raise OSError("it hung up")
            answers += part
        said = [json.loads(line).get("ok") is True for line in answers.splitlines()]
        self._waiting = [line for line, ok in zip(batch, said, strict=True) if not ok] + (
            self._waiting[len(batch) :]
        )
        if not all(said):
            raise OSError("it took them not")

    def close(self) -> None:
        if self._peer is not None:
            self._peer.close()
            self._peer = None


_CLIENT = """
import json, sys
import costtop
from costtop.client.process_sender import flush
session = costtop.session(sys.argv[1])
for line in sys.stdin:
    if line == "flush\\n":
        print(flush(60), flush=True)
        continue
    session.record(**json.loads(line))
"""


class PythonClient:
    """A program that uses costtop's own client; nothing of it may be lost, whoever is away."""

    def __init__(self, session: str, sent: Sent) -> None:
        self._session, self._sent, self._number = session, sent, 0
        self._program = subprocess.Popen(
            [sys.executable, "-P", "-c", _CLIENT, session],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def call(self, rng: Random) -> None:
        for _ in range(rng.randint(1, 10)):
            self._number += 1
            call = used(rng)
            fields = own_fields(self._session, self._number, call)
            del fields["session"]
            self._say(json.dumps(fields))
            self._sent.add(f"costtop/{self._session}", call)

    def _say(self, line: str) -> None:
        assert self._program.stdin is not None
        self._program.stdin.write(line + "\n")
        self._program.stdin.flush()

    def flush(self) -> bool:
        """Whether all of it is with the daemon or in the spool."""
        assert self._program.stdout is not None
        self._say("flush")
        return self._program.stdout.readline() == "True\n"

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._program.communicate(timeout=30)


class OtlpCaller:
    """Posts spans; one that was not taken is posted again as it was."""

    def __init__(self, paths: Paths, port: int, session: str, sent: Sent) -> None:
        self._paths, self._session, self._sent = paths, session, sent
        self._url = f"http://127.0.0.1:{port}/v1/traces"
        self._number = 0
        self._waiting: list[bytes] = []

    def call(self, rng: Random) -> None:
        if len(self._waiting) < 20:
            self._number += 1
            call = used(rng)._replace(cached=0)
            self._waiting.append(self._span(call))
            self._sent.add(f"otlp/{self._session}", call)
        self.push()

    def push(self) -> bool:
        """Whether everything was taken."""
        try:
            while self._waiting:
                self._post(self._waiting[0])
                del self._waiting[0]
        except (OSError, ValueError):
            return False
        return True

    def _post(self, body: bytes) -> None:
        token = self._paths.otlp_token.read_text().strip()
        named = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        request = urllib.request.Request(self._url, body, named)  # noqa: S310
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            answer.read()

    def _span(self, call: Used) -> bytes:
        told = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "acme",
                "gen_ai.request.model": MODEL, "gen_ai.conversation.id": self._session}  # fmt: skip
        counts = {
            "gen_ai.usage.input_tokens": call.input,
            "gen_ai.usage.output_tokens": call.output,
        }
        pairs = [{"key": key, "value": {"stringValue": value}} for key, value in told.items()]
        pairs += [{"key": key, "value": {"intValue": str(value)}} for key, value in counts.items()]
        now = str(time.time_ns())
        span = {"traceId": "a" * 32, "spanId": f"{self._number:016x}", "name": "chat", "kind": 3,
                "startTimeUnixNano": now, "endTimeUnixNano": now, "attributes": pairs}  # fmt: skip
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "soak"}}]}
        return json.dumps({"resourceSpans": [
            {"resource": resource, "scopeSpans": [{"spans": [span]}]}
        ]}).encode()  # fmt: skip


class Nuisance:
    """Peers that nobody wants: idle ones, many at once, garbage, a frame without an end."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._idle: list[socket.socket] = []
        self.lines = self.answers = 0

    def annoy(self, rng: Random) -> None:
        """One bad deed."""
        with contextlib.suppress(OSError):
            rng.choice((self._crowd, self._garbage, self._garbage, self._endless))(rng)

    def _connected(self) -> socket.socket:
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(5)
        try:
            peer.connect(str(self._paths.socket))
        except OSError:
            peer.close()
            raise
        return peer

    def _crowd(self, rng: Random) -> None:
        self.close()
        for _ in range(rng.randint(20, 400)):
            self._idle.append(self._connected())

    def _garbage(self, rng: Random) -> None:
        odd = (b"{}", b"[]", b'{"do":null}', b'{"do":"kill"}', b"null", b'"\\ud83d"', b"\xff\xfe",
               b'{"session":"x"}', b"[[[[", b'{"do":"hook"}', b"NaN")  # fmt: skip
        with contextlib.closing(self._connected()) as peer:
            lines = [rng.choice(odd) for _ in range(200)]
            peer.sendall(b"\n".join(lines) + b"\n")
            answers = b""
            while answers.count(b"\n") < len(lines):
                part = peer.recv(65536)
                if not part:
                    return  # the daemon was ended meanwhile: no fault of its own
                answers += part
            self.lines += len(lines)
            self.answers += answers.count(b"\n")

    def _endless(self, _: Random) -> None:
        with contextlib.closing(self._connected()) as peer:
            for _ in range(64):
                peer.sendall(bytes(65536).replace(b"\0", b"x"))

    def close(self) -> None:
        for peer in self._idle:
            peer.close()
        self._idle.clear()
