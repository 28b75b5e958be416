"""Call lines from the socket: folded and committed together, each answered after its commit.

Lines of all peers that arrive within a moment share one transaction. A line that breaks the
contract is answered with the reason and code 2 and named in `doctor`; a commit that fails answers
every line of it with code 1: the client keeps those and sends them again.
"""

import asyncio
from collections.abc import Callable

from costtop import lasting, world_faults
from costtop.control.protocol import refusal, reply
from costtop.daemon.ingest.fold import Folded, sorted_events
from costtop.daemon.ingest.intake import Ingest, place_of
from costtop.durations import now_ms
from costtop.errors import CosttopError, UsageError
from costtop.named import NamedTuple
from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE

CHANNEL = b"costtop.sock"
FORMAT = "costtop"
_MOMENT = 0.01  # s that lines of other peers are waited for
_AT_ONCE = 5000  # lines of one transaction
_FEW, _SHORT = 32, 64 << 10  # lines, and bytes of them, that are folded sooner than a thread wakes
_WAITING = 20  # batches that may wait; then peers are not read from
_FINE = reply()


class _Batch(NamedTuple):
    lines: list[bytes]
    answers: "asyncio.Future[list[bytes]]"


class _Ready(NamedTuple):
    """Lines of several peers, folded: what they hold, and why some (by index) were not taken."""

    batches: list[_Batch]
    folded: Folded
    reasons: dict[int, str]


class Acceptor:
    """A bounded queue of call lines and the one task that commits them."""

    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest
        self._queue: asyncio.Queue[_Batch] = asyncio.Queue(_WAITING)
        self._taken = 0  # bytes of all lines so far: where a bad one is said to stand
        self._committing: asyncio.Task[None] | None = None  # of the run under way
        self.accepted = 0

    async def accept(self, lines: list[bytes]) -> list[bytes]:
        """Answers to call lines, one each, after they are committed."""
        batch = _Batch(lines, asyncio.get_running_loop().create_future())
        await self._queue.put(batch)
        return await batch.answers

    async def run(self) -> None:
        """Commits what comes, for ever; folds the next lines while these are written."""
        self._committing = None
        async with asyncio.TaskGroup() as group:
            while True:
                batches = await self._gathered()
                lines = [line for batch in batches for line in batch.lines]
                try:
                    folded, reasons = await self._folded(lines)
                except BaseException as error:
                    _refuse(batches, error)
                    await lasting.rest(error)
                    continue
                if self._committing:
                    await self._committing
                ready = _Ready(batches, folded, reasons)
                self._committing = group.create_task(self._commit(ready))

    async def _gathered(self) -> list[_Batch]:
        batches = [await self._queue.get()]
        await asyncio.sleep(_MOMENT)
        while not self._queue.empty() and sum(len(b.lines) for b in batches) < _AT_ONCE:
            batches.append(self._queue.get_nowait())
        return batches

    async def _commit(self, ready: _Ready) -> None:
        try:
            await self._ingest.commit([ready.folded])
        except BaseException as error:
            _refuse(ready.batches, error)
            lasting.meet(error)
            return
        lasting.well()
        self.accepted += sum(len(b.lines) for b in ready.batches) - len(ready.reasons)
        refusals = {index: refusal(UsageError(why)) for index, why in ready.reasons.items()}
        _answer(ready.batches, lambda index: refusals.get(index, _FINE))

    async def _folded(self, lines: list[bytes]) -> tuple[Folded, dict[int, str]]:
        """In a thread, but for a few lines: to hand these over costs more than they do."""
        few = self._taken and len(lines) <= _FEW and sum(map(len, lines)) <= _SHORT
        return self._fold(lines) if few else await asyncio.to_thread(self._fold, lines)

    def _fold(self, lines: list[bytes]) -> tuple[Folded, dict[int, str]]:
        """What the lines hold, and why the bad ones among them (by index) were not taken."""
        start, data = self._taken, b"\n".join(lines) + b"\n"
        self._taken += len(data)
        events, memo = SOURCE[FORMAT].read(Chunk(CHANNEL.decode(), data, start, now_ms()), {})
        folded = sorted_events(FORMAT, place_of(CHANNEL), memo, events, len(data))
        if not folded.bad:
            return folded, {}
        starts, offset = {}, start
        for index, line in enumerate(lines):
            starts[offset] = index
            offset += len(line) + 1
        return folded, {starts[item.offset]: item.reason for item in folded.bad}


def _refuse(batches: list[_Batch], error: BaseException) -> None:
    what = world_faults.judge(error)
    why = f", send it again later: {what.said}" if what else ": the daemon is ending"
    failed = refusal(CosttopError(f"not stored{why}"))
    _answer(batches, lambda _: failed)


def _answer(batches: list[_Batch], answer: Callable[[int], bytes]) -> None:
    at = 0
    for batch in batches:
        if not batch.answers.done():
            batch.answers.set_result([answer(at + n) for n in range(len(batch.lines))])
        at += len(batch.lines)
