"""Answers GET /metrics and nothing else. It knows no metric.

A handful of lines instead of a web framework: a scraper sends one short request and reads one
text. The same rules as for the OTLP receiver hold: loopback names only, no Origin, deadlines.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Answer = Callable[[], Awaitable[bytes]]
"""The text to be served; an OSError it raises closes the connection without one."""

TYPE = "text/plain; version=0.0.4; charset=utf-8"
_HEADERS = 8 << 10  # bytes
_DEADLINE = 10.0  # s
_AT_ONCE = 8  # connections
_HOSTS = ("localhost", "127.0.0.1", "[::1]")


@asynccontextmanager
async def listening(answer: Answer, host: str, port: int) -> AsyncIterator[int]:
    """Serves while the context is open, yielding the port; raises OSError where it cannot."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            async with asyncio.timeout(_DEADLINE), places:
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await _response(head.decode("latin-1"), host, answer))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, host, port, limit=_HEADERS, backlog=16)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def _response(head: str, host: str, answer: Answer) -> bytes:
    request, *lines = head.split("\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
    }
    asked = headers.get("host", "")
    name = asked if asked.endswith("]") else asked.rpartition(":")[0] or asked
    if "origin" in headers or name.lower() not in (*_HOSTS, host):
        return _reply("403 Forbidden", b"only programs on this machine may read this\n")
    verb, path, *_ = [*request.split(" "), "", ""]
    if path.partition("?")[0] != "/metrics":
        return _reply("404 Not Found", b"/metrics is served\n")
    if verb != "GET":
        return _reply("405 Method Not Allowed", b"only GET\n")
    return _reply("200 OK", await answer())


def _reply(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {TYPE}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body
