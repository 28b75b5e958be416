"""Call lines from the socket: folded and committed together, each answered after its commit.

Lines of all peers that came meanwhile share the next transaction. A line that breaks the
contract is answered with the reason and code 2 and named in `doctor`; a commit that fails answers
every line of it with code 1: the client keeps those and sends them again.
"""

import asyncio

from costtop import lasting_tasks, world_faults
from costtop.control.protocol import refusal, reply
from costtop.daemon.ingest.fold import Folded, sorted_events
from costtop.daemon.ingest.intake import Ingest, place_of
from costtop.durations import now_ms
from costtop.errors import CosttopError, UsageError
from costtop.named_tuples import NamedTuple
from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE

CHANNEL = b"costtop.sock"
FORMAT = "costtop"
_AT_ONCE = 5000  # lines of one transaction
_FEW, _SHORT = 32, 64 << 10  # lines, and bytes of them, that are folded sooner than a thread wakes
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
    """Call lines that wait, and the one task that commits them.

    A peer has one batch here at most: more is not taken from it before that is answered.
    """

    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest
        self._waiting: list[_Batch] = []
        self._some = asyncio.Event()
        self._taken = 0  # bytes of all lines so far: where a bad one is said to stand
        self._committing: asyncio.Task[None] | None = None  # of the run under way

    def accept(self, lines: list[bytes]) -> "asyncio.Future[list[bytes]]":
        """Answers to call lines, one each, after they are committed."""
        batch = _Batch(lines, asyncio.get_running_loop().create_future())
        self._waiting.append(batch)
        self._some.set()
        return batch.answers

    async def run(self) -> None:
        """Commits what comes, for ever; folds many lines while those before are written."""
        self._committing = None
        async with asyncio.TaskGroup() as group:
            while True:
                batches = await self._gathered()
                lines = [line for batch in batches for line in batch.lines]
                try:
                    folded, reasons = await self._folded(lines)
                except BaseException as error:
                    _refuse(batches, error)
                    await lasting_tasks.rest(error)
                    continue
                if self._committing:
                    await self._committing
                self._committing = None
                ready = _Ready(batches, folded, reasons)
                if len(lines) <= _FEW:
                    await self._commit(ready)
                else:
                    self._committing = group.create_task(self._commit(ready))

    async def _gathered(self) -> list[_Batch]:
        await self._some.wait()
        count = lines = 0
        while count < len(self._waiting) and lines < _AT_ONCE:
            lines += len(self._waiting[count].lines)
            count += 1
        batches, self._waiting = self._waiting[:count], self._waiting[count:]
        if not self._waiting:
            self._some.clear()
        return batches

    async def _commit(self, ready: _Ready) -> None:
        try:
            await self._ingest.commit([ready.folded])
        except BaseException as error:
            _refuse(ready.batches, error)
            lasting_tasks.meet(error)
            return
        lasting_tasks.well()
        answers = [_FINE] * sum(len(batch.lines) for batch in ready.batches)
        for index, why in ready.reasons.items():
            answers[index] = refusal(UsageError(why))
        _answer(ready.batches, answers)

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
    _answer(batches, [failed] * sum(len(batch.lines) for batch in batches))


def _answer(batches: list[_Batch], answers: list[bytes]) -> None:
    at = 0
    for batch in batches:
        until = at + len(batch.lines)
        if not batch.answers.done():
            batch.answers.set_result(answers[at:until])
        at = until
