"""Takes in what has gathered, newest first; what is written meanwhile does not wait for it.

Workers fold a large backlog. It commits in parts of about a tenth of a second, so that commands,
hooks and live lines get their turn between two of them.
"""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

from costtop.daemon import lean
from costtop.daemon.ingest.fold import Folded, Order
from costtop.daemon.ingest.fold_workers import Workers, started, workers
from costtop.daemon.ingest.slow_files import is_slow
from costtop.durations import now_ms
from costtop.named import NamedTuple
from costtop.tail.identity import FileChange
from costtop.tail.roots import Seen

TURN = 4 << 20  # bytes a turn, live
_IMPORT_TURN = 24 << 20  # bytes of files that are folded in one go while a backlog is taken in
_WORKER_TURN = 8 << 20  # bytes a turn of a file of it
_CALLS_AT_ONCE = 1_000  # about as many calls are in a transaction: others wait for its end
_PATIENCE = 0.05  # s that what was just written waits for a worker
_FIRST_TURN = 2 << 20  # bytes of its first group: today's spend is on the screen at once
_BACKLOG = 48 << 20  # bytes from which worker processes pay
_FILES_AT_ONCE = 400  # files of one transaction
_WORKERS = min(3, os.cpu_count() or 1)  # at most; mostly one is quicker than the store
_WAITED = 6  # times of _PATIENCE for which the store has to wait before one more pays


class Steps(NamedTuple):
    """What is done with files, one step after the other."""

    ordered: Callable[[Sequence[Seen]], Awaitable[list[Order]]]
    commit: Callable[[Sequence[Folded]], Awaitable[object]]
    read: Callable[[Sequence[Seen]], Awaitable[None]]  # all steps, to the files' ends
    unread: Callable[[Seen], int]  # bytes
    settled: Callable[[Seen], bool]


class _Turn(NamedTuple):
    """What a worker folds, and when it has."""

    orders: list[Order]
    folding: "asyncio.Task[list[Folded]]"


class Backlog:
    """What has gathered, and what is written while it is taken in."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.ahead: Workers | None = None  # that somebody has started already, and ends
        self.urgent: Callable[[], list[Seen]] | None = None  # what was written since it was asked
        self._turns: list[_Turn] = []  # that workers have not ended
        self._under_way: set[bytes] = set()  # files that they read now
        self._owed: dict[bytes, Seen] = {}  # those written to meanwhile
        self._idle = 0  # times of _PATIENCE for which the store had nothing to do

    async def take(self, seen: Sequence[Seen], size: int) -> None:
        """Reads these files to their ends; `size` is how many bytes that are."""
        if self.ahead or pays(size):
            with lean.uncollected():
                async with self._workers() as pool:
                    await self._import(seen, pool)
            return
        for group in _groups(seen, _FILES_AT_ONCE):
            await self._steps.read(group)
            await self._serve_live()

    @asynccontextmanager
    async def _workers(self) -> AsyncIterator[Workers]:
        if self.ahead:
            yield self.ahead
            return
        async with workers(1, _WORKER_TURN) as pool:
            yield pool

    async def _import(self, seen: Sequence[Seen], pool: Workers) -> None:
        """The same for a backlog: files are folded by worker processes, a few turns ahead.

        Lines that are written meanwhile do not wait for it.
        """
        waiting: deque[_Turn] = deque()
        try:
            for group in _groups(seen, _FILES_AT_ONCE, _FIRST_TURN, _IMPORT_TURN):
                self._begin(await self._steps.ordered(group), pool, waiting)
                while len(waiting) > _WORKERS:
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
                pool.add(_WORKERS)
                self._idle = 0
            await self._serve_live()
        self._turns.remove(turn)
        folded = turn.folding.result()
        for part in parts(folded):
            await self._steps.commit(part)
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


def pays(size: int) -> bool:
    """Whether worker processes pay for so many bytes."""
    return size >= _BACKLOG and _WORKERS > 1


@contextmanager
def started_ahead(size: int) -> Iterator[Workers | None]:
    """What will fold so many bytes, where workers pay: it gets ready beside who gets ready too."""
    if not pays(size):
        yield None
        return
    pool = started(1, _WORKER_TURN)
    try:
        yield pool
    finally:
        pool.end()


def further(orders: Sequence[Order], folded: Sequence[Folded]) -> list[Order]:
    """The next turn of the files that were not read to their ends."""
    pairs = zip(orders, folded, strict=True)
    return [_next(order, item) for order, item in pairs if item.more]


def _next(order: Order, folded: Folded) -> Order:
    change = FileChange("grown", folded.place, folded.place.path, final=order.change.final)
    return order._replace(change=change, memo=folded.memo, seen=now_ms())


def parts(folded: Sequence[Folded]) -> Iterator[Sequence[Folded]]:
    """The same in order, in parts of about a transaction each."""
    part: list[Folded] = []
    calls = 0
    for item in folded:
        part.append(item)
        calls += len(item.calls)
        if calls >= _CALLS_AT_ONCE:
            yield part
            part, calls = [], 0
    if part:
        yield part


def _groups(
    seen: Sequence[Seen], most: int, size: int = _IMPORT_TURN, largest: int = _IMPORT_TURN
) -> Iterator[list[Seen]]:
    """Files in order, in groups of at most `most` files or about `size` bytes.

    Each group may be twice as large as the one before, up to `largest`.
    """
    group: list[Seen] = []
    weight = 0
    for item in seen:
        group.append(item)
        weight += item.size
        if len(group) >= most or weight >= size:
            yield group
            group, weight, size = [], 0, min(2 * size, largest)
    if group:
        yield group
