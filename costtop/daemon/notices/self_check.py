"""Watches whether costtop still sees costs, and tells when it does not."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Sequence

from costtop import lasting_tasks
from costtop.alerts import choose, wording
from costtop.alerts.own_faults import Health, blind, sees_again
from costtop.daemon.ingest.file_reader import Reader
from costtop.daemon.ingest.intake import Ingest
from costtop.daemon.notices.heartbeat import Heartbeat
from costtop.daemon.notices.post import Audience, post_findings
from costtop.lasting_tasks import Faults
from costtop.model import Finding, Letter, Notification
from costtop.notify.courier import Courier
from costtop.store.alerts import alert_reads
from costtop.store.disk_reserve import Reserve
from costtop.store.writer import Writer
from costtop.tail.roots import Root

_EVERY = 10.0  # s


class HealthProbe:
    """What is known of the daemon's sight, asked again and again.

    Durations are of the monotonic clock, so that a machine that slept for a night was not blind;
    an import that goes on is sight, however long its first pass takes.
    """

    def __init__(
        self, roots: Sequence[Root], reader: Reader, ingest: Ingest, faults: Faults
    ) -> None:
        self._roots, self._reader, self._ingest, self._faults = roots, reader, ingest, faults
        self._moved = time.monotonic()
        self._seen: tuple[int, int] = (0, 0)

    def __call__(self, now: int) -> Health:
        """As it is now, ms UTC."""
        seen = (self._reader.passes, self._ingest.counts.bytes)
        if seen != self._seen:
            self._seen, self._moved = seen, time.monotonic()
        there = [root.path for root in self._roots if os.path.isdir(root.path)]
        readable = sum(os.access(path, os.R_OK | os.X_OK) for path in there)
        last = now - round((time.monotonic() - self._moved) * 1000)
        health = Health(last, last, len(there), readable)
        if (found := self._faults.blinding()) is None:
            return health
        if found.of_store:
            return health._replace(store=found.why)
        return health._replace(fault=found.why)


class SelfCheck:
    """Tells of blindness once when it begins and once when it ends."""

    def __init__(
        self,
        health: Callable[[int], Health],
        writer: Writer,
        to: Audience,
        courier: Courier,
        reserve: Reserve | None = None,
        heartbeat: Heartbeat | None = None,
    ) -> None:
        self._heartbeat = heartbeat
        self._health, self._writer, self._to, self._courier = health, writer, to, courier
        self._reserve = reserve  # what is given up so that a full disk can be written down
        self._shouted = False  # its begin was told past the store
        self._blind: bool | None = None  # None: not looked yet, an earlier daemon may have been

    async def run(self, clock: Callable[[], int]) -> None:
        """Looks for ever."""
        if self._reserve is not None:
            await asyncio.to_thread(self._reserve.keep)
        while True:
            await lasting_tasks.beat(_EVERY)
            await self.look(clock())
            lasting_tasks.well()

    async def look(self, now: int) -> None:
        """Tells what has changed since the last look."""
        health = self._health(now)
        found = blind(health, now)
        if self._reserve is not None and found is None:
            await asyncio.to_thread(self._reserve.keep)
        if found is None and self._heartbeat and not await self._writer.read(_any_broken):
            self._heartbeat.well(time.monotonic_ns() // 1_000_000)
        if (found is not None) == self._blind:
            return
        end = sees_again(health, now)
        self._blind = found is not None
        finding = found or end
        if finding is not None:
            await self._tell(finding, now)

    async def _tell(self, finding: Finding, now: int) -> None:
        try:
            decided = await self._post(finding, now)
        except Exception as error:  # what makes costtop blind may be its store: then without it
            lasting_tasks.meet(error)
            self._shouted = not finding.resolved
            await self._courier.shout(_letter(finding, now))
            return
        if any(one.speaks for one in decided):
            self._courier.wake()
        elif finding.resolved and self._shouted:  # the ledger knows nothing of it
            await self._courier.shout(_letter(finding, now))
        self._shouted = False

    async def _post(self, finding: Finding, now: int) -> list[Notification]:
        """Writes it down, on a full disk with the space that was kept for it."""
        writer, to = self._writer, self._to
        try:
            return await writer.transact(post_findings, [finding], to, now)
        except Exception as error:
            if self._reserve is None or lasting_tasks.meet(error).kind != "full":
                raise
            if not self._reserve.free():
                raise
            return await writer.transact(post_findings, [finding], to, now)


def _any_broken(db: sqlite3.Connection) -> bool:
    """Whether some endpoint takes no messages any more: then not all is well."""
    return any(one.state == "broken" for one in alert_reads.endpoints(db))


def _letter(finding: Finding, now: int) -> Letter:
    name = choose.identity(finding)
    ref = choose.alert_id(name)
    one = Notification(ref, name, choose.subject(finding), finding, "first", speaks=True)
    severity = "" if finding.resolved else finding.severity
    said = wording.message(one)._asdict()
    return Letter(label="", kind="blind", severity=severity, **said, at=now, token=f"{ref}-{now}")
