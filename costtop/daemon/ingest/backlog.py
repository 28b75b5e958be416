"""Takes in what has gathered, newest first; what is written meanwhile does not wait for it.

Workers fold a large backlog. It commits in parts of half a tenth of a second, so that
commands, hooks and live lines get their turn between two of them.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager

from costtop.daemon import fold_process, lean_process
from costtop.daemon.ingest.fold import Folded, Order
from costtop.daemon.ingest.fold_workers import Workers, workers
from costtop.daemon.ingest.slow_files import is_slow
from costtop.durations import now_ms
from costtop.named_tuples import NamedTuple
from costtop.sources.fold.source import Memo
from costtop.tail.read import rows_place
from costtop.tail.roots import Seen
from costtop.tail.rotation import FileChange

TURN = 4 << 20  # bytes a turn, live
_IMPORT_TURN = 24 << 20  # bytes of files that are folded in one go while a backlog is taken in
_OTHERS_WAIT = 0.05  # s at most, about, that others wait for the end of a transaction
_LEAST_CALLS, _MOST_CALLS = 500, 4_000  # of a transaction of as many as it takes
CALLS_AT_ONCE = 1_000  # of a transaction, where nothing is known of how long one takes
_PATIENCE = 0.05  # s that what was just written waits for a worker
FIRST_TURN = 2 << 20  # bytes of its first group: today's spend is on the screen at once
_FILES_AT_ONCE = 400  # files of one transaction
_WAITED = 6  # times of _PATIENCE for which the store has to wait before one more pays


class Steps(NamedTuple):
    """What is done with files, one step after the other."""

    ordered: Callable[[Sequence[Seen]], Awaitable[list[Order]]]
    commit: Callable[[Sequence[Folded]], Awaitable[object]]
    read: Callable[[Sequence[Seen]], Awaitable[None]]  # all steps, to the files' ends
    unread: Callable[[Seen], int]  # bytes
    settled: Callable[[Seen], bool]


class Ahead(NamedTuple):
    """Workers that somebody has started already, and ends, and what they have begun to fold."""

    workers: Workers
    turns: list[list[Order]]


class _Turn(NamedTuple):
    """What a worker folds, and when it has."""

    orders: list[Order]
    folding: "asyncio.Task[list[Folded]]"


class Backlog:
    """What has gathered, and what is written while it is taken in."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.ahead: Ahead | None = None
        self.urgent: Callable[[], list[Seen]] | None = None  # what was written since it was asked
        self._turns: list[_Turn] = []  # that workers have not ended
        self._under_way: set[bytes] = set()  # files that they read now
        self._owed: dict[bytes, Seen] = {}  # those written to meanwhile
        self._idle = 0  # times of _PATIENCE for which the store had nothing to do
        self._calls = CALLS_AT_ONCE  # that are stored in a transaction

    async def take(self, seen: Sequence[Seen], size: int) -> None:
        """Reads these files to their ends; `size` is how many bytes that are."""
        if seen and (self.ahead or fold_process.pays(size)):
            with lean_process.uncollected():
                async with self._workers() as pool:
                    await self._import(seen, pool)
            return
        for group in groups(seen):
            await self._steps.read(group)
            await self._serve_live()

    @asynccontextmanager
    async def _workers(self) -> AsyncIterator[Workers]:
        if self.ahead:
            yield self.ahead.workers
            return
        async with workers(1) as pool:
            yield pool

    async def _import(self, seen: Sequence[Seen], pool: Workers) -> None:
        """The same for a backlog: files are folded by worker processes, a few turns ahead.

        Lines that are written meanwhile do not wait for it.
        """
        waiting: deque[_Turn] = deque()
        try:
            first = FIRST_TURN
            for orders in self._begun_ahead():
                self._begin(orders, pool, waiting)
                first = _IMPORT_TURN
            rest = [item for item in seen if item.path not in self._under_way]
            for group in groups(rest, first):
                self._begin(await self._steps.ordered(group), pool, waiting)
                while len(waiting) > fold_process.MOST:
                    await self._end(waiting.popleft(), pool, waiting)
            while waiting:
                await self._end(waiting.popleft(), pool, waiting)
        finally:
            for turn in self._turns:
                turn.folding.cancel()
            self._turns.clear()
            self._under_way.clear()
            self._owed.clear()
        for item in seen:
            if not self._steps.settled(item):
                await self._steps.read([item])
                await self._serve_live()

    def _begun_ahead(self) -> list[list[Order]]:
        """What workers fold already, once."""
        if self.ahead is None:
            return []
        begun, self.ahead = self.ahead.turns, self.ahead._replace(turns=[])
        return begun

    def _begin(self, orders: list[Order], pool: Workers, waiting: "deque[_Turn]") -> None:
        """Has a worker fold what is ordered."""
        if orders:
            self._under_way.update(order.change.place.path for order in orders)
            turn = _Turn(orders, asyncio.create_task(pool.fold(orders)))
            self._turns.append(turn)
            waiting.append(turn)

    async def _end(self, turn: _Turn, pool: Workers, waiting: "deque[_Turn]") -> None:
        """Commits what a worker folded, a part at a time; what is live comes in between."""
        while not turn.folding.done():
            _, late = await asyncio.wait([turn.folding], timeout=_PATIENCE)
            self._idle += len(late)
            if self._idle >= _WAITED:
                pool.add(fold_process.MOST)
                self._idle = 0
            await self._serve_live()
        self._turns.remove(turn)
        folded = turn.folding.result()
        for part in parts(folded, self._calls if self.urgent else _MOST_CALLS):
            began = time.monotonic()
            await self._steps.commit(part)
            self._calls = at_once(calls_of(part), time.monotonic() - began)
            self._under_way.difference_update(item.place.path for item in part if not item.more)
            await self._serve_live()
        self._begin(further(turn.orders, folded), pool, waiting)

    async def _serve_live(self) -> None:
        """Reads what was written while a backlog is taken in, but for files that are under way."""
        named = {seen.path: seen for seen in (self.urgent() if self.urgent else ())}
        self._owed |= named
        ready = [
            seen
            for seen in self._owed.values()
            if seen.path not in self._under_way
            and not is_slow(seen)
            and self._steps.unread(seen) <= TURN
        ]
        for seen in ready:
            del self._owed[seen.path]
        if ready:
            await self._steps.read(ready)


def order_of(seen: Seen, change: FileChange, memo: Memo, *, titles: bool) -> Order:
    """What is to be folded of a file whose fold left this memo."""
    name, _, label = seen.root.label.partition(":")
    order = Order(name, label, change, memo, now_ms(), titles)
    return _of_database(order, seen) if seen.root.shape == "rows" else order


def _of_database(order: Order, seen: Seen) -> Order:
    """The order with the stat of before the question; a fresh memo for another database."""
    before, place = order.change.place, rows_place(seen, order.change.place)
    memo = order.memo if before.ino in (0, place.ino) else {}
    return order._replace(change=order.change._replace(place=place), memo=memo)


def further(orders: Sequence[Order], folded: Sequence[Folded]) -> list[Order]:
    """The next turn of the files that were not read to their ends."""
    pairs = zip(orders, folded, strict=True)
    return [_next(order, item) for order, item in pairs if item.more]


def _next(order: Order, folded: Folded) -> Order:
    change = FileChange("grown", folded.place, folded.place.path, final=order.change.final)
    return order._replace(change=change, memo=folded.memo, seen=now_ms())


def calls_of(folded: Iterable[Folded]) -> int:
    """How many calls some turns have."""
    return sum(len(item.calls) for item in folded)


def at_once(calls: int, seconds: float) -> int:
    """How many calls the next transaction has, after one of so many that took so long.

    The larger, the fewer pages are written: the index of keys has its own in all places.
    """
    fitting = round(calls * _OTHERS_WAIT / max(seconds, 1e-6))
    return min(_MOST_CALLS, max(_LEAST_CALLS, fitting))


def parts(folded: Sequence[Folded], calls: int = CALLS_AT_ONCE) -> Iterator[Sequence[Folded]]:
    """The same in order, in parts of about a transaction each: of `calls` calls, all alike."""
    whole = calls_of(folded)
    least = max(1, whole / max(1, round(whole / calls)))
    part: list[Folded] = []
    gathered = 0
    for item in folded:
        part.append(item)
        gathered += len(item.calls)
        if gathered >= least:
            yield part
            part, gathered = [], 0
    if part:
        yield part


def groups(seen: Sequence[Seen], size: int = _IMPORT_TURN) -> Iterator[list[Seen]]:
    """Files in order, in groups of a transaction's files at most, or about `size` bytes.

    Each group may be twice as large as the one before, up to what is folded in one go.
    """
    group: list[Seen] = []
    weight = 0
    for item in seen:
        group.append(item)
        weight += item.size
        if len(group) >= _FILES_AT_ONCE or weight >= size:
            yield group
            group, weight, size = [], 0, min(2 * size, _IMPORT_TURN)
    if group:
        yield group
