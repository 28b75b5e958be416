"""Bytes to rows: takes changed files in, prices their calls and commits them with their places.

The place of a file moves only in the transaction of its rows, so a crash anywhere loses nothing
and repeats nothing. What the rows mean for budgets and alerts is `after`'s business.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

from costtop import lasting_tasks
from costtop.columnar.call_columns import CallColumns, CallRest, of_calls
from costtop.columnar.column_slices import parts, whole
from costtop.daemon.ingest import backlog, estimating
from costtop.daemon.ingest.backlog import TURN, Backlog, Steps, further, order_of
from costtop.daemon.ingest.counts import Counts
from costtop.daemon.ingest.fold import Folded, Order, fold
from costtop.daemon.ingest.journal_events import encoded
from costtop.daemon.ingest.memos import Memos
from costtop.daemon.ingest.slow_files import SlowFiles, is_slow
from costtop.durations import now_ms
from costtop.model import Call
from costtop.named_tuples import NamedTuple
from costtop.pricing.book import PriceBook, prices
from costtop.sources.fold.source import Memo, written
from costtop.store import places
from costtop.store.calls import calls
from costtop.store.calls.batch import Priced, PricedColumns, Reading
from costtop.store.calls.calls import Recorded
from costtop.store.calls.write_context import WriteContext
from costtop.store.git import pull_links
from costtop.store.plans import plan_readings
from costtop.store.sessions.owners import OwnerOf
from costtop.store.writer import Writer
from costtop.tail.follow import Batch
from costtop.tail.place import Place, is_file, restored
from costtop.tail.roots import FoundFiles, Seen
from costtop.tail.rotation import FileChange, Known

_RECENT = 25 * 3_600_000_000_000  # ns: a day of any zone is no longer
_FEW = 32  # calls and outcomes that are prepared in the loop itself
SLOW_TURN = 24 << 20  # bytes a turn of a file that is read beside the live ones

Costs = Callable[[int | None, int | None], int | None]
"""(computed, reported) -> what counts, by the config."""
After = Callable[[sqlite3.Connection, Recorded, int], None]
"""Runs in the transaction of the calls: (db, what was recorded, now)."""
Lost = Callable[[], None]
"""Runs when a transaction was rolled back, `After` or not."""


class Progress(NamedTuple):
    """How far the present import is, in bytes; both 0 when none is going on."""

    done: int = 0
    total: int = 0


class Ingest:
    """Takes files in. One task at a time calls `take`."""

    def __init__(
        self,
        writer: Writer,
        write_context: WriteContext,
        prices: PriceBook,
        costs: Costs,
    ) -> None:
        self.known = Known()
        self.counts = Counts()
        self.progress = Progress()
        self.recent_is_read = False  # what was written within the last day
        self.titles = False  # the agents' own titles are wanted
        self.plans = False  # some agent has told of a plan's windows
        self.owner_of: OwnerOf = _nobody
        self.vanished = 0  # files read that are there no more: only the store has them
        self._writer, self._write_context, self._prices = writer, write_context, prices
        self._costs = costs
        self.after: After = _unheard
        self.lost: Lost = _unheard
        self._memos = Memos(writer)
        self._bad: dict[bytes, int] = {}  # bad lines of each file that has any
        self.slow = SlowFiles()
        self.backlog = Backlog(
            Steps(self._ordered, self.commit, self._read, self.known.unread, self.known.settled)
        )

    async def restore(self) -> None:
        """Reads the places back, at start."""
        await self._memos.restore(await self._writer.read(self._restored))
        self.plans = bool(await self._writer.read(plan_readings.limits))

    def _restored(self, db: sqlite3.Connection) -> list[bytes]:
        """Takes the places of files up; those of channels."""
        channels = []
        for stored in places.load(db):
            self._note_bad(stored.path, stored.bad)
            if not stored.state:
                continue  # long gone: kept for `explain` only
            if is_file(stored.path):
                self.known.put(restored(stored.path, stored.state, stored.born))
            else:
                channels.append(stored.path)
        return channels

    def memo(self, channel: bytes) -> Memo:
        """The memo that a channel's fold left with its latest commit."""
        return self._memos.channel(channel)

    def _note_bad(self, path: bytes, lines: int) -> None:
        if lines:
            self._bad[path] = lines
        else:
            self._bad.pop(path, None)

    @property
    def bad_lines(self) -> int:
        """Lines that could not be read, of all files, also those that an earlier daemon met."""
        return sum(self._bad.values())

    async def take(self, batch: Batch) -> None:
        """Reads everything new in the batch, newest file first, and commits it.

        Slow files come last, or beside it where somebody reads them so (`read_slow`). One that was
        read just now stays unsettled and comes again with the next look.
        """
        wanted = [seen for seen in batch.seen if not is_slow(seen)]
        slow = [seen for seen in batch.seen if is_slow(seen) and self.slow.is_due(seen)]
        if self.slow.beside:
            await self.slow.put(slow)
        else:
            wanted += slow
        total = sum(map(self.known.unread, wanted))
        self.progress = Progress(0, total)
        since = time.time_ns() - _RECENT
        recent = [seen for seen in wanted if seen.mtime >= since]
        await self.backlog.take(recent, sum(map(self.known.unread, recent)))
        if batch.found:
            self.recent_is_read = True
        old = [seen for seen in wanted if seen.mtime < since]
        await self.backlog.take(old, sum(map(self.known.unread, old)))
        self.progress = Progress()
        if batch.found:
            await self._count_files(batch.found)

    async def read_slow(self) -> None:
        """For ever: reads slow files beside the live logs, one after the other."""
        self.slow.beside = True
        while True:
            seen = await self.slow.first()
            began = time.monotonic()
            try:
                await self._read([seen], SLOW_TURN)
            finally:  # also where it fails: it is unsettled and comes again
                if seen.root.shape != "rows":  # a database rests by the time of its answers
                    self.slow.rest(seen.path, time.monotonic() - began)
                await self.slow.done(seen)
            lasting_tasks.well()

    async def _read(self, seen: Sequence[Seen], turn: int = TURN) -> None:
        """Turn by turn until these files are read to their ends."""
        orders = await self._ordered(seen)
        while orders:
            folded = await asyncio.to_thread(fold, orders, turn)
            for part in backlog.parts(folded):
                await self.commit(part)
            orders = further(orders, folded)

    async def _ordered(self, seen: Sequence[Seen]) -> list[Order]:
        """What is to be read of these files now."""
        return await self._orders(seen, await asyncio.to_thread(self._compare, seen))

    def _compare(self, seen: Sequence[Seen]) -> list[FileChange]:
        return [self.known.compare(item) for item in seen]

    async def _orders(self, seen: Sequence[Seen], changes: Sequence[FileChange]) -> list[Order]:
        kept_as = {item.path: change.displaced for item, change in zip(seen, changes, strict=True)}
        for path, displaced in kept_as.items():
            if displaced:
                await self._writer.transact(places.rekey, path, displaced.path, displaced.state())
                self._memos.forget(path)
                self._note_bad(displaced.path, self._bad.pop(path, 0))
        wanted = []
        for item, change in zip(seen, changes, strict=True):
            if change.readable:
                before = item.path if item.root.shape == "document" else change.origin
                displaced = kept_as.get(before)  # it stands under that key by now
                wanted.append((item, change, displaced.path if displaced else before))
        memos = await self._memos.of({before for *_, before in wanted if before})
        return [
            order_of(item, change, memos.get(before, {}), titles=self.titles)
            for item, change, before in wanted
        ]

    async def commit(self, folded: Sequence[Folded], at: int | None = None) -> Recorded:
        """Prices and writes what was folded, with its places, in one transaction.

        `at` (ms UTC) is when it arrived, of what the intake journal holds already.
        """
        prepare = partial(self._prepare, folded, at is None)
        readings, told = prepare() if self._is_quick(folded) else await asyncio.to_thread(prepare)
        try:
            recorded = await self._writer.transact(self._write, readings, told, at or now_ms())
        except BaseException:
            self._write_context.forget()
            self.lost()
            raise
        for item, reading in zip(folded, readings, strict=True):
            self._memos.put(item.place.path, reading.memo)
            before = 0 if reading.fresh else self._bad.get(item.place.path, 0)
            self._note_bad(item.place.path, before + len(item.bad))
            if is_file(item.place.path):
                self.known.put(item.place)
            if item.took and not item.more:
                self.slow.rest(item.place.path, item.took)
        self._count(folded, recorded)
        return recorded

    def _is_quick(self, folded: Sequence[Folded]) -> bool:
        """Whether it is prepared sooner than a thread wakes: few calls, whose rates are known."""
        if sum(len(one.calls) + len(one.outcomes) for one in folded) > _FEW:
            return False
        return all(self._prices.remembers(call) for one in folded for call in one.calls)

    def _write(
        self, db: sqlite3.Connection, readings: list[Reading], told: list[bytes], now: int
    ) -> Recorded:
        for events in told:
            self._writer.journal.note(events)
        try:
            recorded = calls.record(db, self._write_context, readings, now)
            kept = self._write_context.forgotten.rest(db, readings)
            estimating.book(db, self._write_context, kept)
            for reading in kept:
                plan_readings.put(db, self._write_context.names, reading.plans)
                self.plans = self.plans or bool(reading.plans)
                pull_links.put(db, self._write_context.sessions, reading.pulls)
            recorded = recorded._replace(windows=_latest_of_plans(kept))
            self.after(db, recorded, now)
        except BaseException:
            # Here already: the next write may begin before `commit` goes on.
            self._write_context.forget()
            raise
        return recorded

    def _prepare(
        self, folded: Sequence[Folded], journalled: bool
    ) -> tuple[list[Reading], list[bytes]]:
        """Rows to be, and what the intake journal is to hold of those that no log has."""
        readings = self._price(folded)
        if not journalled:
            return readings, []
        pairs = zip(folded, readings, strict=True)
        return readings, [
            encoded(one, reading.memo)
            for one, reading in pairs
            if isinstance(reading.memo, str) and not is_file(one.place.path)
        ]

    def _price(self, folded: Sequence[Folded]) -> list[Reading]:
        each = self._each_priced([item.calls for item in folded])
        return [
            Reading(
                source=item.label,
                path=item.place.path,
                state=item.place.state(),
                memo=item.memo_kept or written(item.memo),
                born=item.place.born,
                fresh=item.fresh,
                calls=own,
                facts=item.facts,
                tasks=item.tasks,
                outcomes=item.outcomes,
                bad=item.bad,
                untold=item.untold,
                plans=item.plans,
                pulls=item.pulls,
                owner=self.owner_of(item.label, item.place.path),
            )
            for item, own in zip(folded, each, strict=True)
        ]

    def _each_priced(self, told: Sequence[Collection[Call]]) -> Iterable[Collection[Priced]]:
        """The calls of each turn with their prices: by columns where they are many."""
        if sum(map(len, told)) > calls.FEW:
            return parts(self._priced(whole(told, of_calls)), map(len, told))
        return [list(map(self._one_priced, some)) for some in told]

    def _one_priced(self, call: Call) -> Priced:
        computed, rates, short = self._prices.price(call)
        return Priced(call, computed, self._counted(computed, call), rates, short)

    def _priced(self, calls: CallColumns) -> PricedColumns:
        found = prices(self._prices, calls)
        cost = found.computed
        if any(one.reported is not None for one in calls.rests):
            rests = map(calls.rests.__getitem__, calls.rest)
            cost = list(map(self._counted, found.computed, rests))
        return PricedColumns(calls, found.computed, cost, found.rates, found.short)

    def _counted(self, computed: int | None, told: Call | CallRest) -> int | None:
        """What counts of what a call comes to by the lists and by its own telling."""
        if told.settled and told.reported is not None:
            return told.reported
        return self._costs(computed, told.reported)

    def _count(self, folded: Sequence[Folded], recorded: Recorded) -> None:
        counts = self.counts
        counts.files += sum(item.read > 0 for item in folded)
        read = sum(item.read for item in folded)
        counts.bytes += read
        counts.bad += sum(len(item.bad) for item in folded)
        new = recorded.spent.new()
        counts.calls += new
        counts.updated += len(recorded.spent) - new
        counts.unpriced += recorded.spent.unpriced()
        self.progress = self.progress._replace(done=self.progress.done + read)

    async def _count_files(self, found: FoundFiles) -> None:
        """After a walk of everything: notes which files are gone, forgets those long gone."""
        marked, dropped = self.known.census(found, now_ms())
        if marked or dropped:
            self.vanished += sum(place.gone > 0 and place.offset > 0 for place in marked)
            states = [(place.path, place.state()) for place in marked]
            await self._writer.transact(places.census, states, dropped)
            for path in dropped:
                self._memos.forget(path)


def _latest_of_plans(readings: Iterable[Reading]) -> int:
    """When something was told of a plan's window last, ms UTC; 0: nothing was."""
    return max((one.at for reading in readings for one in reading.plans), default=0)


def _nobody(_label: str, _path: bytes) -> None:
    """Whose a log is, where nobody is asked."""


def _unheard(*_: object) -> None:
    """Whoever hears of commits, where nobody does."""


def place_of(path: bytes) -> Place:
    """The place of a channel that is no file: a socket, a receiver."""
    return Place(path)
