"""The Unix socket: who may connect, lines in, lines out, in order. It does not know what they say.

0600 in a checked 0700 directory, peers of the same user only. `CLIENTS` peers at once may send
anything; `RESERVED` more places are for commands alone, so that no flood of connections locks out a
kill. A line has up to `FRAME` bytes, and each is answered. A peer that sends faster than its lines
are answered is not read from meanwhile. What is no command is answered together with what others
say within a moment, where others have said something lately. One that floods with commands or with
what is refused waits after its answers. One that says nothing for `IDLE` seconds is let go.
"""

import asyncio
import contextlib
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any

from costtop.errors import Unusable
from costtop.files import private_directory
from costtop.receive.caller import Caller, caller_of, held

CLIENTS = 32
RESERVED = 128
FRAME = 1 << 20  # bytes of one line
IDLE = 30.0  # s without a whole line, or without reading an answer
_BACKLOG = 64  # connections taken in one go; fewer than RESERVED, so that each is heard first
_SPEAK = 1.0  # s that a peer of the reserve may be silent
_AHEAD = 2000  # lines taken from a peer before it has to wait
_LATELY = 0.1  # s since its latest lines in which a peer's next ones are waited for
_MOMENT, _LONGEST = 0.002, 0.04  # s that is waited for each such peer, and for all of them
_ODD = 4_000  # commands and refused lines a second that all peers together may have answered
_UNREAD = 1 << 20  # bytes of answers a peer may leave unread
_REFUSED = b'{"ok": false'
_BUSY = f"{CLIENTS} clients are connected already; try again"
_AGAIN = (
    b'{"ok": false, "error": "costtop is beginning anew; try again", "code": 1, "busy": true}\n'
)
log = logging.getLogger("costtop")


Answer = Callable[[list[bytes], Caller], Awaitable[list[bytes]]]
"""Answers to lines, one each and in order; each ends in a newline.

A future is waited for as it is, without a task; of a cancelled one the peer is told to try again.
"""
Commands = Callable[[Sequence[bytes]], int]
"""How many of some lines are commands, which have places of their own."""


@asynccontextmanager
async def listening(
    path: Path, answer: Answer, commands: Commands | None = None, idle: float = IDLE
) -> AsyncIterator[None]:
    """Serves the socket while the context is open. The caller holds the instance's lock.

    Without `commands` there are no reserved places.
    """
    private_directory(path.parent)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()  # stale: who holds the lock is the only daemon
    places = _Places(answer, commands, idle)
    before = os.umask(0o177)
    try:
        server = await asyncio.get_running_loop().create_unix_server(
            lambda: _Peer(places), str(path), backlog=_BACKLOG
        )
    except OSError as error:
        raise Unusable(f"cannot listen on {path}: {error.strerror}") from error
    finally:
        os.umask(before)
    ours = _inode(path)
    try:
        yield
    finally:
        server.close()
        for peer in places.all():
            peer.close()
        if _inode(path) == ours:  # else the lock file was deleted: another one listens
            path.unlink(missing_ok=True)


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0  # cleared away already


class _Places:
    """Who is connected, the longest first, with a place of its own or in the reserve."""

    def __init__(self, answer: Answer, commands: Commands | None, idle: float) -> None:
        self._answer, self._commands, self.idle = answer, commands, idle
        self._own: dict[_Peer, None] = {}
        self._reserve: dict[_Peer, None] = {}
        self._resting = 0
        self._lately: dict[_Peer, float] = {}  # whose lines came last, and when; the latest last
        self._gathered: list[_Peer] = []  # who is served together
        self._timer: asyncio.TimerHandle | None = None

    def all(self) -> "list[_Peer]":
        """Every peer."""
        return [*self._own, *self._reserve]

    def enter(self, peer: "_Peer") -> None:
        """Gives a place; in a full reserve that of the peer that has been silent longest."""
        if len(self._own) < CLIENTS:
            self._own[peer] = None
            return
        size = RESERVED if self._commands else 0
        if len(self._reserve) < size:
            self._reserve[peer] = None
            return
        silent = next((one for one in self._reserve if one.is_silent), peer)
        silent.refuse(_BUSY)
        if silent is not peer:
            del self._reserve[silent]
            self._reserve[peer] = None

    def leave(self, peer: "_Peer") -> None:
        """It has gone."""
        self._own.pop(peer, None)
        self._reserve.pop(peer, None)
        if self._lately.pop(peer, None):
            self._serve_all_come()

    def heard(self, peer: "_Peer", lines: list[bytes], now: float) -> None:
        """Has a peer served: at once, or with the others that have said something lately.

        To commit the lines of many costs little more than those of one.
        """
        if self._commands and self._commands(lines):
            peer.serve()
            return
        lately = self._lately
        lately.pop(peer, None)
        lately[peer] = now
        while lately[first := next(iter(lately))] < now - _LATELY:
            del lately[first]
        self._gathered.append(peer)
        self._serve_all_come()
        if self._gathered and self._timer is None:
            moment = min(_MOMENT * len(lately), _LONGEST)
            self._timer = asyncio.get_running_loop().call_later(moment, self._serve_gathered)

    def _serve_all_come(self) -> None:
        if len(self._gathered) >= len(self._lately):
            self._serve_gathered()

    def _serve_gathered(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        gathered, self._gathered = self._gathered, []
        for peer in gathered:
            peer.serve()

    def patience(self, peer: "_Peer") -> float:
        """Seconds that it may be silent."""
        return _SPEAK if peer in self._reserve else self.idle

    def farewell(self, peer: "_Peer") -> str:
        """What a peer is told that was silent for so long; "" where that is its own affair."""
        return _BUSY if peer in self._reserve else ""

    def odd(self, lines: list[bytes], answers: list[bytes]) -> int:
        """How many of them were commands, or refused."""
        each = Counter(answers).items()  # nearly all are alike
        refused = sum(count for answer, count in each if answer.startswith(_REFUSED))
        return max(refused, self._commands(lines) if self._commands else 0)

    async def rest(self, odd: int) -> None:
        """Lets a peer that was answered wait for as long as its share of odd lines takes.

        Lines of calls are held up by their commits, and so by the disk; nothing else would hold
        up these. What the other peers and the logs need is left to them.
        """
        self._resting += 1
        try:
            await asyncio.sleep(odd * self._resting / _ODD)
        finally:
            self._resting -= 1

    def taken(self, peer: "_Peer", lines: list[bytes]) -> tuple[list[bytes], str]:
        """(lines to answer, why those after them are not): of the reserve commands alone."""
        commands = self._commands
        if commands is None or peer not in self._reserve:
            return lines, ""
        if len(self._own) < CLIENTS:
            self.leave(peer)
            self._own[peer] = None
            return lines, ""
        fit = list(takewhile(lambda line: commands((line,)), lines))
        return fit, _BUSY if len(fit) < len(lines) else ""

    def answer(self, peer: "_Peer", lines: list[bytes]) -> "asyncio.Future[list[bytes]]":
        """What will be the answers."""
        return asyncio.ensure_future(self._answer(lines, peer.caller))


class _Peer(asyncio.Protocol):
    """One connection."""

    def __init__(self, places: _Places) -> None:
        self._places = places
        self.caller = Caller(0, -1)
        self._transport: asyncio.Transport | None = None
        self._parts: list[bytes] = []  # of a line that has not ended
        self._waiting: list[bytes] = []
        self._work: asyncio.Future[Any] | None = None  # what it waits for, of one step or another
        self._ending: str | None = None  # nothing more is taken, and why; "" for no reason to say
        self._timer: asyncio.TimerHandle | None = None
        self._heard = 0.0  # when its latest line came, or was answered
        self._drained = asyncio.Event()
        self._drained.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuses other users, and finds it a place."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("socket")
        self.caller = caller_of(peer)
        transport.set_write_buffer_limits(high=_UNREAD)
        self._heard = asyncio.get_running_loop().time()
        if self.caller.uid not in (-1, os.getuid(), 0):
            self.refuse("this socket belongs to another user")
            return
        self.caller = held(peer, self.caller)
        self._places.enter(self)
        self._look()

    def connection_lost(self, _: Exception | None) -> None:
        """Lets its place go; what was taken is still answered to nobody but committed."""
        self._places.leave(self)
        self._drained.set()
        if self._timer:
            self._timer.cancel()
        if self.is_silent:
            self._let_go()

    def pause_writing(self) -> None:
        """The peer does not read its answers."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """It does again."""
        self._drained.set()

    @property
    def is_silent(self) -> bool:
        """Whether nothing that it said waits for an answer."""
        return self._work is None and not self._waiting

    def data_received(self, data: bytes) -> None:
        """Cuts lines; one longer than FRAME is the last that is answered."""
        if self._ending is not None:
            return
        *ended, rest = data.split(b"\n")
        if ended:
            ended[0] = b"".join((*self._parts, ended[0]))
            self._parts = []
        self._parts += [rest] if rest else []
        too_long = max(map(len, ended), default=0) > FRAME
        self._take([*takewhile(lambda line: len(line) <= FRAME, ended)] if too_long else ended)
        if too_long or sum(map(len, self._parts)) > FRAME:
            self._end(f"a line is longer than {FRAME} bytes")

    def eof_received(self) -> bool:
        """What was said is answered, also a last line without its end."""
        if self._parts and self._ending is None:
            self._take([b"".join(self._parts)])
        if not self.is_silent:
            self._end(self._ending or "")
        return not self.is_silent

    def _take(self, lines: list[bytes]) -> None:
        """Has whole lines answered, in the order in which they came."""
        was_silent = self.is_silent
        self._waiting += lines
        if not self._waiting:
            return
        self._heard = asyncio.get_running_loop().time()
        if was_silent:
            self._places.heard(self, lines, self._heard)
        if len(self._waiting) > _AHEAD and self._transport:
            self._transport.pause_reading()

    def serve(self) -> None:
        """Has the next lines answered; where there are none, all that was asked is done."""
        lines, self._waiting = self._waiting[:_AHEAD], self._waiting[_AHEAD:]
        if not lines:
            self._done()
            return
        lines, why = self._places.taken(self, lines)
        if why:
            self._waiting, self._ending = [], why
        if not lines:
            self._done()
            return
        self._work = self._places.answer(self, lines)
        self._work.add_done_callback(partial(self._answered, lines))

    def _answered(self, lines: list[bytes], work: "asyncio.Future[list[bytes]]") -> None:
        """Says the answers, and goes on once it has read them and had its rest."""
        try:
            answers = [_AGAIN] * len(lines) if work.cancelled() else work.result()
        except Exception:
            log.exception("what came over the socket cannot be answered")
            self._waiting, self._ending = [], "costtop has a bug: see its log"
            self._done()
            return
        self._reply(answers)
        odd = self._places.odd(lines, answers)
        if odd or not self._drained.is_set():
            self._work = asyncio.get_running_loop().create_task(self._rest(odd))
        else:
            self.serve()

    async def _rest(self, odd: int) -> None:
        if not self._drained.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._places.idle):
                    await self._drained.wait()
            if not self._drained.is_set() and self._transport:
                self._transport.abort()
        if odd:
            await self._places.rest(odd)
        self.serve()

    def _done(self) -> None:
        self._work = None
        self._heard = asyncio.get_running_loop().time()
        if self._transport is None or self._transport.is_closing():
            self._let_go()
        elif self._ending is not None:
            self.refuse(self._ending)

    def _reply(self, answers: list[bytes]) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(b"".join(answers))
        if len(self._waiting) <= _AHEAD and self._ending is None:
            self._transport.resume_reading()

    def _look(self) -> None:
        """Lets a peer go that has been silent for too long: a place is for who uses it."""
        loop = asyncio.get_running_loop()
        patience = self._places.patience(self)
        left = self._heard + patience - loop.time()
        if self.is_silent and left <= 0:
            self.refuse(self._places.farewell(self))
        else:
            self._timer = loop.call_later(left if left > 0 else patience, self._look)

    def _end(self, why: str) -> None:
        """Takes nothing more; says why, once all that was taken is answered."""
        self._ending, self._parts = why, []
        if self._transport:
            self._transport.pause_reading()
            if self.is_silent:
                self.refuse(why)

    def refuse(self, why: str) -> None:
        """Ends the connection, with a last word where there is one."""
        if self._transport and not self._transport.is_closing():
            if why:
                more = ', "busy": true' if why == _BUSY else ""
                self._transport.write(f'{{"ok": false, "error": "{why}"{more}}}\n'.encode())
            self._transport.close()

    def close(self) -> None:
        """Ends the connection."""
        self.refuse("")

    def _let_go(self) -> None:
        if self.caller.pidfd is not None:
            os.close(self.caller.pidfd)
            self.caller = self.caller._replace(pidfd=None)
