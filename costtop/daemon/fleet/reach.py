"""Tells once that the fleet's server is out of reach, and once that it is back."""

import asyncio
import time

from costtop import lasting
from costtop.alerts.own_faults import fleet_away, fleet_back
from costtop.daemon.fleet.fleet_pipe import FleetPipe
from costtop.daemon.notices.post import Audience, post_findings
from costtop.durations import now_ms
from costtop.store.writer import Writer

_EVERY = 5.0  # s
BEARABLE = 120.0  # s: by a clock that stands while the machine sleeps


class Reach:
    """What is known of the way to the server, and what was told of it."""

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
            lasting.well()
            await lasting.beat(_EVERY)

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
