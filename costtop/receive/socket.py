"""The Unix socket: who may connect, lines in, lines out, in order. It does not know what they say.

0600 in a checked 0700 directory, peers of the same user only. At most `CLIENTS` at once, `FRAME`
bytes a line; a peer that sends faster than its lines are answered is not read from meanwhile.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from costtop.errors import Unusable
from costtop.files import private_directory

CLIENTS = 32
FRAME = 1 << 20  # bytes of one line
_AHEAD = 2000  # lines taken from a peer before it has to wait
_UNREAD = 1 << 20  # bytes of answers a peer may leave unread
_SLOW = 30.0  # s after which such a peer is closed


class Caller(NamedTuple):
    """The process at the other end, by the kernel's word."""

    pid: int
    uid: int


Answer = Callable[[list[bytes], Caller], Awaitable[list[bytes]]]
"""Answers to lines, one each and in order; each ends in a newline."""


@asynccontextmanager
async def listening(path: Path, answer: Answer) -> AsyncIterator[None]:
    """Serves the socket while the context is open. The caller holds the instance's lock."""
    private_directory(path.parent)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()  # stale: who holds the lock is the only daemon
    peers: set[_Peer] = set()
    before = os.umask(0o177)
    try:
        server = await asyncio.get_running_loop().create_unix_server(
            lambda: _Peer(peers, answer), str(path)
        )
    except OSError as error:
        raise Unusable(f"cannot listen on {path}: {error.strerror}") from None
    finally:
        os.umask(before)
    ours = path.stat().st_ino
    try:
        yield
    finally:
        server.close()
        for peer in list(peers):
            peer.close()
        with contextlib.suppress(OSError):
            if path.stat().st_ino == ours:  # else the lock file was deleted: another one listens
                path.unlink()


class _Peer(asyncio.Protocol):
    """One connection."""

    def __init__(self, peers: "set[_Peer]", answer: Answer) -> None:
        self._peers, self._answer = peers, answer
        self._transport: asyncio.Transport | None = None
        self._caller = Caller(0, -1)
        self._rest = b""
        self._waiting: list[bytes] = []
        self._work: asyncio.Task[None] | None = None
        self._drained = asyncio.Event()
        self._drained.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuses other users and more than CLIENTS peers."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._caller = caller_of(transport.get_extra_info("socket"))
        transport.set_write_buffer_limits(high=_UNREAD)
        if self._caller.uid not in (-1, os.getuid(), 0):
            self._refuse("this socket belongs to another user")
        elif len(self._peers) >= CLIENTS:
            self._refuse(f"{CLIENTS} clients are connected already; try again")
        else:
            self._peers.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        """Lets its place go; what was taken is still answered to nobody but committed."""
        self._peers.discard(self)
        self._drained.set()

    def pause_writing(self) -> None:
        """The peer does not read its answers."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """It does again."""
        self._drained.set()

    def data_received(self, data: bytes) -> None:
        """Cuts lines; a line longer than FRAME ends the connection."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > FRAME or any(len(line) > FRAME for line in lines):
            self._refuse(f"a line is longer than {FRAME} bytes")
            return
        self._waiting += [line for line in lines if line.strip()]
        if self._waiting and self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._serve())
        if len(self._waiting) > _AHEAD and self._transport:
            self._transport.pause_reading()

    async def _serve(self) -> None:
        while self._waiting:
            lines, self._waiting = self._waiting[:_AHEAD], self._waiting[_AHEAD:]
            answers = await self._answer(lines, self._caller)
            if self._transport is None or self._transport.is_closing():
                continue
            self._transport.write(b"".join(answers))
            if len(self._waiting) <= _AHEAD:
                self._transport.resume_reading()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SLOW):
                    await self._drained.wait()
            if not self._drained.is_set():
                self._transport.abort()
        self._work = None

    def _refuse(self, why: str) -> None:
        if self._transport:
            self._transport.write(f'{{"ok": false, "error": "{why}"}}\n'.encode())
            self._transport.close()

    def close(self) -> None:
        """Ends the connection."""
        if self._transport:
            self._transport.close()


def caller_of(peer: socket.socket) -> Caller:
    """Pid and uid by SO_PEERCRED; uid -1 where the system has no such thing (macOS)."""
    if not hasattr(socket, "SO_PEERCRED"):
        return Caller(0, -1)
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", raw)
    return Caller(pid, uid)
