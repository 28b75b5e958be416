"""Keeps the store: looks whether its file is what it was, checks its pages, has backups made.

What it finds ends the work on this store; the next begins with a rebuilt one (`rebuild`). Pages are
checked and copied by a niced child, never before what is live has been read.
"""

import asyncio
import json
import logging
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from costtop import lasting_tasks
from costtop.alerts.own_faults import rebuilt
from costtop.daemon.ingest.file_reader import Reader
from costtop.daemon.notices.post import Audience, post_findings
from costtop.daemon.wiring import Wired
from costtop.durations import now_ms
from costtop.errors import CosttopError
from costtop.lasting_tasks import Faults
from costtop.store import meta
from costtop.store.db import migrations
from costtop.store.recovery import backups, damage, journal, pages, rebuild, store_mark
from costtop.store.recovery.backups import Backup
from costtop.store.writer import Writer

_LOOK = 5.0  # s between two looks at the files
_DAY = 86_400.0  # s between two checks, and two backups
_MINUTE = 60.0
_SOON = 3_600.0  # s between two backups when something asks for one
_SUMMED = 30.0  # s between two sums of what is stored
_STEP = 2.0  # s between two looks whether there is something to do
log = logging.getLogger("costtop")


class StoreKeeper:
    """Watches over one open store."""

    def __init__(
        self,
        instance: Wired,
        reader: Reader,
        to: Audience,
        posted: Callable[[], None],
        faults: Faults,
    ) -> None:
        self.code, self.trouble = "backup-failed", ""
        self._faults = faults
        self._writer, self._ingest, self._reader = instance.writer, instance.ingest, reader
        self._database = instance.paths.database
        self._to, self._posted = to, posted
        self._known: store_mark.StoreMark | None = None
        self._summed = 0.0  # time.monotonic() of its sums
        self._summed_rev = -1  # the commit that they are of
        self._checked: float | None = None  # the same of the last check of all pages
        self._tried: float | None = None  # and of the last backup
        self._wanted = False  # a backup is wanted before its time
        self._making = asyncio.Lock()

    async def watch(self) -> None:
        """Looks at the file, and leaves the store's mark, for ever."""
        while True:
            await lasting_tasks.beat(_LOOK)
            waiting = damage.ordered(self._database)
            if waiting is not None:
                await self._obey(waiting)
            there = await self._writer.read(self._look)
            if there != self._known:
                await asyncio.to_thread(store_mark.write, self._database, there)
                self._known = there
            lasting_tasks.well()

    def _look(self, db: sqlite3.Connection) -> store_mark.StoreMark:
        """The mark as of now; its sums, for which all sessions are read, are some seconds old."""
        self._writer.watch.note()
        if self._writer.watch.why:
            raise sqlite3.DatabaseError(self._writer.watch.why)
        known, now = self._known, time.monotonic()
        _, generation, rev = store_mark.moment(db)
        moved = known is None or rev != self._summed_rev
        if known is None or (moved and now - self._summed >= _SUMMED):
            self._summed, self._summed_rev = now, rev
            return store_mark.of(db)
        return known._replace(generation=generation, rev=rev)

    async def _obey(self, order: damage.RebuildOrder) -> None:
        """A reader has met a bad page, or somebody asked for a backup to be put back."""
        why = order.why if order.by else await self._fault()
        if why:
            self._writer.give_up(why)
        else:
            damage.orders(self._database).unlink(missing_ok=True)

    def restore(self, order: damage.RebuildOrder) -> None:
        """Ends the work on this store; the next begins with what was ordered."""
        damage.order(self._database, order)
        self._writer.give_up(order.why)

    async def keep(self) -> None:
        """Ends a rebuild, checks pages and has backups made, for ever."""
        await self._writer.transact(turn, self._writer)  # a copy made before this start is older
        began = await self._writer.read(rebuild.standing)
        if began is not None:
            self._tell(f"the database is being rebuilt: {began.why}")
        while not self._reader.passes:
            await lasting_tasks.beat(_STEP)
        await self._end_rebuild()
        self._tell("")
        while True:
            if self._is_check_due():
                self._checked = time.monotonic()
                if fault := await self._fault():
                    self._writer.give_up(fault)
            if self._is_backup_due():
                with suppress(CosttopError):  # said in `trouble`
                    await self.back_up()
            lasting_tasks.well()
            await lasting_tasks.beat(_STEP)

    def _is_check_due(self) -> bool:
        """Once a day, and soon after something was done to the file or met in it."""
        doubtful, self._writer.watch.doubtful = self._writer.watch.doubtful, False
        since = _DAY if self._checked is None else time.monotonic() - self._checked
        met = any(one.what.of_store and one.what.kind == "broken" for one in self._faults.present())
        return doubtful or since >= (_MINUTE if met else _DAY)

    async def _fault(self) -> str:
        """What is wrong with the pages; "" where that could not be found out."""
        fault, trouble = await _child("check", self._database)
        if trouble:
            log.warning("the database could not be checked: %s", trouble)
        return fault

    def _is_backup_due(self) -> bool:
        if self._tried is not None and time.monotonic() - self._tried < _SOON:
            return False
        newest = next(iter(backups.kept(self._database)), None)
        if newest is None or not 0 <= time.time() - newest.at < _DAY:
            return True
        kept = self._writer.journal
        self._wanted = self._wanted or kept.size >= journal.WANTS_BACKUP or bool(kept.trouble)
        return self._wanted or self._ingest.vanished > 0

    async def back_up(self) -> Backup:
        """Has a backup made now; raises CosttopError where none can be."""
        async with self._making:
            self._tried, self._wanted, self._ingest.vanished = time.monotonic(), False, 0
            generation = await self._writer.transact(turn, self._writer)
            try:
                part = backups.begin(self._database, generation, len(migrations()))
                _, trouble = await _child("copy", self._database, part)
                if trouble:
                    raise CosttopError(f"no backup could be made: {trouble}")
                made = await asyncio.to_thread(backups.finish, self._database, part)
            except (CosttopError, OSError) as error:
                self._tell(str(error))
                raise CosttopError(str(error)) from error
            self._tell("")
            return made

    def backed_up(self) -> int:
        """When the newest backup was made, ms UTC; 0 without one."""
        return max((one.at * 1000 for one in backups.kept(self._database)), default=0)

    def _tell(self, trouble: str) -> None:
        if trouble and trouble != self.trouble:
            log.error("%s", trouble)
        self.trouble = trouble

    async def _end_rebuild(self) -> None:
        """Everything has been read again: what could not be found is said."""
        done = await self._writer.transact(rebuild.end, now_ms())
        if done is not None:
            log.info("the database is rebuilt; %d calls were not found again", done.lost_calls)
            self._wanted = True
        if await self._writer.transact(tell, self._to, now_ms()):
            self._posted()


def turn(db: sqlite3.Connection, writer: Writer) -> int:
    """Begins another generation of the intake journal: what comes now need not be in the backup."""
    known = int(meta.get(db, store_mark.GENERATION) or 0)
    generation = 1 + max(known, journal.newest(writer.path))
    meta.put(db, {store_mark.GENERATION: str(generation)})
    writer.journal.turn(generation)
    return generation


def tell(db: sqlite3.Connection, to: Audience, now: int) -> bool:
    """Tells of a rebuild that nobody was told of; True where a message was posted."""
    done = rebuild.tell(db)
    if done is None:
        return False
    finding = rebuilt(
        why=done.why,
        at=done.at,
        backup=done.backup,
        lost_calls=done.lost_calls,
        lost_cost=done.lost_cost,
        spoilt=done.spoilt,
    )
    return any(one.speaks for one in post_findings(db, [finding], to, now))


async def _child(*words: str | Path) -> tuple[str, str]:
    """(what is wrong with the pages, why it failed) of `pages`, in a process of its own."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-P", str(pages.__file__)),
        *map(str, words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        cwd="/",
    )
    try:
        said, _ = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    try:
        answer = json.loads(said)
        return str(answer["fault"]), str(answer["trouble"])
    except (ValueError, KeyError):
        return "", "the child that reads it ended without an answer"
