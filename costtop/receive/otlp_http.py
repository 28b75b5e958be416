"""The OTLP/HTTP receiver: bodies in, plain values out to whoever takes them. It counts nothing.

Off unless configured, and nothing is taken without the token, on loopback either. A web page must
not reach it (Host and Origin are checked, no CORS header is sent), and no verb here controls
anything, ever. A body is acknowledged after it is committed; one that finds the queue full is to be
sent again.
"""

import asyncio
import hmac
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from costtop.named_tuples import NamedTuple
from costtop.receive.body import DEADLINE, LARGEST, Broken, TooLarge, taken
from costtop.receive.deadlines import Hasty
from costtop.receive.otlp_plain import Plain, from_json, from_protobuf

PROTOBUF, JSON = "application/x-protobuf", "application/json"
SIGNALS = ("traces", "logs", "metrics")
_HOSTS = ("localhost", "127.0.0.1", "::1")
_AT_ONCE = 4  # bodies in memory
_AGAIN = "2"  # s after which a client may try again
log = logging.getLogger("costtop")


class Unstorable(Exception):
    """What was sent could not be committed now."""


class Rejected(NamedTuple):
    """Records of a body that were not taken, and why the first one was not."""

    records: int = 0
    why: str = ""


Take = Callable[[str, Plain], Awaitable[Rejected]]
"""Commits one message: (signal, tree); raises Unstorable."""


class Receiver:
    """Answers requests; counts them for `doctor`."""

    def __init__(self, take: Take, host: str, token: str, deadline: float = DEADLINE) -> None:
        self._take, self._token, self._deadline = take, token, deadline
        self._hosts = {*_HOSTS, host}
        self._bodies = 0
        self._fronts: dict[int, Hasty] = {}  # by the id of aiohttp's protocol behind each
        self.answers: dict[int, int] = {}  # HTTP status -> how often

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """The response to any request whatever."""
        front = self._fronts.get(id(request.protocol))
        if front:
            front.begin()
        try:
            response = await self._judged(request)
        finally:
            if front:
                front.end()
        self.answers[response.status] = self.answers.get(response.status, 0) + 1
        if response.status >= 400:
            response.force_close()  # what is left of its body is not worth reading
        return response

    async def _judged(self, request: web.BaseRequest) -> web.Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        if self._bodies >= _AT_ONCE:
            return _refused(429, "busy; send it again")
        self._bodies += 1
        try:
            return await self._taken(request)
        except TooLarge:
            return _refused(413, f"a body may have {LARGEST} bytes, unpacked")
        except Broken as error:
            return _refused(400, str(error))
        except TimeoutError:
            return _refused(408, "the body came too slowly")
        except Unstorable as error:
            return _refused(503, str(error))
        finally:
            self._bodies -= 1

    def _refusal(self, request: web.BaseRequest) -> web.Response | None:
        """Everything that the headers alone decide, before a byte of the body is read."""
        if "Origin" in request.headers or not self._knows(request.headers.get("Host", "")):
            return _refused(403, "only programs on this machine may send here")
        signal = request.path.removeprefix("/v1/")
        if signal not in SIGNALS or request.path == signal:
            return _refused(404, "/v1/traces, /v1/logs and /v1/metrics are served")
        if request.method != "POST":
            return _refused(405, "only POST")
        if not self._has_token(request.headers.get("Authorization", "")):
            return _refused(401, "a bearer token is needed; `costtop doctor` says where it is")
        if request.content_type not in (PROTOBUF, JSON):
            return _refused(415, f"send {PROTOBUF} or {JSON}")
        if request.headers.get("Content-Encoding", "identity").lower() not in ("identity", "gzip"):
            return _refused(415, "send it plain or gzip, once")
        if (request.content_length or 0) > LARGEST:
            return _refused(413, f"a body may have {LARGEST} bytes")
        return None

    def _knows(self, host: str) -> bool:
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        return name.strip("[]").lower() in self._hosts

    def _has_token(self, given: str) -> bool:
        # Claude Code sends the value of OTEL_EXPORTER_OTLP_HEADERS as it stands, undecoded.
        kind, _, token = given.replace("%20", " ", 1).partition(" ")
        same = hmac.compare_digest(token.strip().encode(), self._token.encode())
        return same and kind.lower() == "bearer"

    async def _taken(self, request: web.BaseRequest) -> web.Response:
        encoding = request.headers.get("Content-Encoding", "").lower()
        pieces = request.content.iter_chunked(65536)
        body = await taken(pieces, encoding.replace("identity", ""), self._deadline)
        signal = request.path.removeprefix("/v1/")
        if request.content_type == JSON:
            tree = await asyncio.to_thread(from_json, body)
        else:
            tree = await asyncio.to_thread(from_protobuf, signal, body)
        del body
        rejected = await self._take(signal, tree)
        if request.content_type == JSON:
            return web.json_response(_partly(signal, rejected))
        return web.Response(body=b"", content_type=PROTOBUF)

    def front(self, server: web.Server) -> Hasty:
        """A new connection's protocol."""
        return Hasty(server(), self._fronts, self._deadline)


def _partly(signal: str, rejected: Rejected) -> dict[str, Any]:
    if not rejected.records:
        return {}
    name = {"traces": "rejectedSpans", "logs": "rejectedLogRecords"}.get(
        signal, "rejectedDataPoints"
    )
    return {"partialSuccess": {name: rejected.records, "errorMessage": rejected.why}}


def _refused(status: int, why: str) -> web.Response:
    headers = {"Retry-After": _AGAIN} if status in (429, 503) else {}
    text = json.dumps({"error": why})
    return web.Response(status=status, text=text, content_type=JSON, headers=headers)


def _quiet(receiver: Receiver) -> logging.Logger:
    """What aiohttp finds wrong with a request is counted as a bad one: a peer must fill no log."""
    judged = logging.getLogger("costtop.http")

    def is_ours(record: logging.LogRecord) -> bool:
        fault = record.exc_info[1] if record.exc_info else None
        if not isinstance(fault, HttpProcessingError):
            return record.levelno >= logging.INFO  # a bug, not a request
        receiver.answers[fault.code] = receiver.answers.get(fault.code, 0) + 1
        return False

    judged.setLevel(logging.DEBUG)  # some are told so low
    judged.filters = [is_ours]
    return judged


@asynccontextmanager
async def listening(receiver: Receiver, host: str, port: int) -> AsyncIterator[int]:
    """Serves while the context is open, yielding the port; raises OSError where it cannot."""
    server = web.Server(
        receiver.answer,
        auto_decompress=False,  # its own limit is on packed bytes
        access_log=None,
        logger=_quiet(receiver),
        keepalive_timeout=65,
        lingering_time=0,  # do not read on for a client that was refused
    )
    listener = await asyncio.get_running_loop().create_server(
        lambda: receiver.front(server), host, port, backlog=64
    )
    try:
        yield int(listener.sockets[0].getsockname()[1])
    finally:
        listener.close()
        await server.shutdown(1.0)
