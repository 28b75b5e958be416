"""Call lines from the socket: folded and committed together, each answered after its commit.

Lines of all peers that arrive within a moment share one transaction; a commit that fails answers
every one of them with the reason, so a client knows what to send again.
"""

import asyncio
import json
from typing import NamedTuple

from costtop.control.protocol import reply
from costtop.daemon.fold import Folded
from costtop.daemon.ingest import Ingest, place_of
from costtop.model import Bad, Call, Outcome, SessionFact, TaskFact
from costtop.snapshot.live import now_ms
from costtop.sources import SOURCE, Memo
from costtop.sources.source import Chunk

CHANNEL = b"costtop.sock"
FORMAT = "costtop"
_MOMENT = 0.02  # s that lines of other peers are waited for
_AT_ONCE = 5000  # lines of one transaction
_WAITING = 20  # batches that may wait; then peers are not read from


class _Batch(NamedTuple):
    lines: list[bytes]
    answers: "asyncio.Future[list[bytes]]"


class Acceptor:
    """A bounded queue of call lines and the one task that commits them."""

    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest
        self._queue: asyncio.Queue[_Batch] = asyncio.Queue(_WAITING)
        self._memo: Memo = {}
        self.accepted = 0

    async def accept(self, lines: list[bytes]) -> list[bytes]:
        """Answers to call lines, one each, after they are committed."""
        batch = _Batch(lines, asyncio.get_running_loop().create_future())
        await self._queue.put(batch)
        return await batch.answers

    async def run(self) -> None:
        """Commits what comes, for ever."""
        while True:
            batches = [await self._queue.get()]
            await asyncio.sleep(_MOMENT)
            while not self._queue.empty() and sum(len(b.lines) for b in batches) < _AT_ONCE:
                batches.append(self._queue.get_nowait())
            try:
                await self._commit(batches)
            except Exception as error:
                for batch in batches:
                    if not batch.answers.done():
                        batch.answers.set_result([_refused(str(error))] * len(batch.lines))
                raise

    async def _commit(self, batches: list[_Batch]) -> None:
        lines = [line for batch in batches for line in batch.lines]
        folded, reasons = await asyncio.to_thread(self._fold, lines)
        await self._ingest.commit([folded])
        self._memo = folded.memo
        self.accepted += len(lines) - len(reasons)
        at = 0
        for batch in batches:
            answers = [reply()] * len(batch.lines)
            for index in range(len(batch.lines)):
                if at + index in reasons:
                    answers[index] = _refused(reasons[at + index])
            at += len(batch.lines)
            if not batch.answers.done():
                batch.answers.set_result(answers)

    def _fold(self, lines: list[bytes]) -> tuple[Folded, dict[int, str]]:
        """What the lines hold, and why the bad ones among them (by index) were not taken."""
        starts: dict[int, int] = {}
        offset = 0
        for index, line in enumerate(lines):
            starts[offset] = index
            offset += len(line) + 1
        chunk = Chunk(CHANNEL.decode(), b"\n".join(lines) + b"\n", 0, now_ms())
        events, memo = SOURCE[FORMAT].read(chunk, self._memo)
        bad = [event for event in events if isinstance(event, Bad)]
        folded = Folded(
            label=FORMAT,
            place=place_of(CHANNEL),
            memo=memo,
            fresh=False,
            calls=[event for event in events if isinstance(event, Call)],
            facts=[event for event in events if isinstance(event, SessionFact)],
            tasks=[event for event in events if isinstance(event, TaskFact)],
            outcomes=[event for event in events if isinstance(event, Outcome)],
            bad=[],
            read=len(chunk.data),
            more=False,
        )
        return folded, {starts.get(item.offset, -1): item.reason for item in bad}


def _refused(reason: str) -> bytes:
    return json.dumps({"ok": False, "error": reason}).encode() + b"\n"
