"""What a daemon of a fleet does besides: a child that ships, the words it is told, its reach.

Loaded only where the configuration has a server to ship to.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

import msgspec

from costtop import __version__, lasting_tasks
from costtop.alerts.own_faults import fleet_away, fleet_back
from costtop.daemon.fleet.fleet_pipe import FleetPipe
from costtop.daemon.notices.post import Audience, post_findings
from costtop.daemon.wiring import Wired
from costtop.durations import now_ms
from costtop.fleet import naming
from costtop.queries.live.session_state import RUNNING_FOR
from costtop.settings.fleet_settings import Fleet
from costtop.store import outgoing
from costtop.store.calls import scope_sums
from costtop.store.writer import Writer

Work = Callable[[], Coroutine[Any, Any, None]]
_LOOK = 1.0  # s between two looks whether sessions are at work
_QUIET = 60.0  # s without a commit after which it looks all the same
_GATHER = 0.05  # s between two wakes
_LOOK_FAR = 5.0  # s between two looks whether the server is reached
BEARABLE = 120.0  # s out of reach: by a clock that stands while the machine sleeps
log = logging.getLogger("costtop")


def pipe_of(instance: Wired, fleet: Fleet) -> FleetPipe:
    """The pipe to this instance's child, which does not run yet."""
    return FleetPipe(
        {
            "fleet": msgspec.to_builtins(fleet),
            "database": str(instance.paths.database),
            "version": __version__,
            "key": naming.hash_key(fleet, instance.paths).hex(),
            "environ": [fleet.url_env] if fleet.url_env else [],
        }
    )


def works(
    instance: Wired, pipe: FleetPipe, at_work: Callable[[], object]
) -> tuple[tuple[str, Work], ...]:
    """The daemon's tasks; `at_work` says whether sessions run on this machine."""
    cross_out(instance.writer, pipe)
    return (
        ("fleet", pipe.run),
        ("fleet's wakes", partial(_wake, instance.writer, pipe)),
        ("fleet's pace", partial(_pace, instance.writer, pipe, at_work)),
    )


def cross_out(writer: Writer, pipe: FleetPipe) -> None:
    """Has the outbox follow what the child says: it alone talks, the daemon alone writes."""

    async def sent(done: Sequence[object]) -> None:
        await writer.transact(outgoing.sent, done)
        pipe.tell({"crossed": 1})

    async def aside(rows: Sequence[int]) -> None:
        await writer.transact(outgoing.set_aside, rows, now_ms())

    async def again(_: object) -> None:
        log.warning("the fleet's server lacks what it once had: all is sent again")
        await writer.transact(outgoing.again)

    async def once_more(_: object) -> None:
        if await writer.read(outgoing.aside):
            await writer.transact(outgoing.try_again)

    for name, take in (("sent", sent), ("aside", aside), ("again", again), ("up", once_more)):
        pipe.on(name, take)


async def _wake(writer: Writer, pipe: FleetPipe) -> None:
    """Says for ever that something was stored."""
    commits = writer.commits
    while True:
        await writer.moved(commits, _QUIET)
        if writer.commits != commits:
            commits = writer.commits
            pipe.tell({"wake": True})
        lasting_tasks.well()
        await asyncio.sleep(_GATHER)


async def _pace(writer: Writer, pipe: FleetPipe, at_work: Callable[[], object]) -> None:
    """Says for ever whether sessions are at work: then the child asks each second.

    They are while one has called lately, by which people see it run, or its process is known.
    """
    told: bool | None = None
    commits, last = -1, 0

    async def anew(_: Any) -> None:
        pipe.tell({"live": bool(told)})

    pipe.on("up", anew)
    while True:
        if writer.commits != commits:
            commits, last = writer.commits, await writer.read(scope_sums.newest)
        live = now_ms() - last < RUNNING_FOR or bool(at_work())
        if live != told:
            told = live
            pipe.tell({"live": live})
        lasting_tasks.well()
        await lasting_tasks.beat(_LOOK)


class Reach:
    """Tells once that the fleet's server is out of reach, and once that it is back."""

    def __init__(
        self, pipe: FleetPipe, writer: Writer, to: Audience, posted: asyncio.Event
    ) -> None:
        self._pipe, self._writer, self._to, self._posted = pipe, writer, to, posted
        self._lost: tuple[float, int] | None = None  # since when: monotonic, ms UTC
        self._told: bool | None = None  # None: not looked yet, an earlier daemon may have told

    async def run(self) -> None:
        """Looks for ever."""
        while True:
            await self.look(time.monotonic(), now_ms())
            lasting_tasks.well()
            await lasting_tasks.beat(_LOOK_FAR)

    async def look(self, clock: float, now: int) -> None:
        """Tells what has changed since the last look."""
        if self._pipe.state.get("reachable"):
            self._lost = None
            if self._told is not False:
                await self._tell(now, since=None)
            return
        if self._lost is None:
            self._lost = (clock, self._pipe.state.get("unreachable_since") or now)
        began, since = self._lost
        if clock - began >= BEARABLE and not self._told:
            await self._tell(now, since)

    async def _tell(self, now: int, since: int | None) -> None:
        why = str(self._pipe.said().get("trouble") or "its server does not answer")
        finding = fleet_back(now) if since is None else fleet_away(since, why, now)
        decided = await self._writer.transact(post_findings, [finding], self._to, now)
        self._told = since is not None
        if any(one.speaks for one in decided):
            self._posted.set()
