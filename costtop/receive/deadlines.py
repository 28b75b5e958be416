"""Holds HTTP connections to a deadline for their headers and to a number. It reads no request.

aiohttp waits for headers as long as a peer keeps dripping them (RELIABILITY O2), so a thin
protocol stands before its own and hangs up.
"""

import asyncio
from typing import Any

CONNECTIONS = 64


class Hasty(asyncio.Protocol):
    """One connection in front of aiohttp's protocol `inner`.

    `deadline` is s from the connection, or the first byte of a request, to its last header.
    """

    def __init__(self, inner: Any, open_now: "dict[int, Hasty]", deadline: float) -> None:
        self._inner, self._open, self._deadline = inner, open_now, deadline
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hangs up where there are too many already."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open[id(self._inner)] = self
        self._inner.connection_made(transport)
        if len(self._open) > CONNECTIONS:
            transport.abort()
        else:
            self._arm()

    def connection_lost(self, error: Exception | None) -> None:
        """Forgets it."""
        self._open.pop(id(self._inner), None)
        self._disarm()
        self._inner.connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Passes bytes on; the first ones of a request start the clock."""
        if not self._busy and self._timer is None:
            self._arm()
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Passes it on."""
        answer: bool | None = self._inner.eof_received()
        return answer

    def pause_writing(self) -> None:
        """Passes it on."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Passes it on."""
        self._inner.resume_writing()

    def begin(self) -> None:
        """The headers are there; the body has a deadline of its own."""
        self._busy = True
        self._disarm()

    def end(self) -> None:
        """The request is answered."""
        self._busy = False

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._deadline, self._late)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if not self._busy and self._transport is not None:
            self._transport.abort()
