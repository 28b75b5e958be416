"""Folds files in worker processes, for the time of one import. What they answer is not judged."""

import asyncio
import pickle
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from operator import attrgetter
from subprocess import Popen

from costtop.daemon import fold_process
from costtop.daemon.fold_process import TURN
from costtop.daemon.ingest import order_encoding
from costtop.daemon.ingest.fold import Folded, Order, fold
from costtop.daemon.ingest.turn_encoding import unpacked


class _Worker:
    """A process that folds, turn by turn: it has the next before its last answer is read."""

    def __init__(self, process: Popen[bytes]) -> None:
        self.process = process
        self.asked = 0  # turns whose answers are waited for
        self._asking, self._hearing = asyncio.Lock(), asyncio.Lock()  # the first come is the first

    async def fold(self, orders: list[Order], *, begun: bool) -> list[Folded]:
        """What it answers; raises what comes of a dead one. `begun`: it has been asked already.

        Whoever asks before another one stands before it in the line of those who hear, too.
        """
        process = self.process
        if not begun:
            async with self._asking:
                await asyncio.to_thread(_ask, process, orders)
        async with self._hearing:
            return await asyncio.to_thread(_answer, process)


class Workers:
    """Processes that fold; each turn goes to the one that has the fewest."""

    def __init__(self, processes: Sequence[Popen[bytes]], turn: int = TURN) -> None:
        self._workers = [*map(_Worker, processes)]
        self._turn = turn
        self._begun: deque[list[Order]] = deque()  # what the only one folds and nobody waits for
        self.processes = [*processes]
        self.over = False  # they have been ended, which is no accident
        self.followers: list[Popen[bytes]] = []  # each in the place of one that died

    async def fold(self, orders: list[Order]) -> list[Folded]:
        """As `fold.fold`; where a worker died (out of memory, say) it is done in this process."""
        worker = min(self._workers, key=attrgetter("asked"))
        process, begun = worker.process, bool(self._begun) and self._begun[0] is orders
        if begun:
            self._begun.popleft()
        worker.asked += 1
        try:
            return await worker.fold(orders, begun=begun)
        except (OSError, EOFError, pickle.UnpicklingError):
            if self.over:
                raise
            self._begun.clear()
            self._follow(worker, process)
            return await asyncio.to_thread(fold, orders, self._turn)
        finally:
            worker.asked -= 1

    def begin(self, turns: Iterable[list[Order]]) -> list[list[Order]]:
        """Asks the only worker for those of these turns that its pipe takes at once.

        `fold` is to be asked for them too, in this order and before all others.
        """
        (process,) = self.processes
        assert process.stdin is not None
        room = fold_process.room(process.stdin)
        with suppress(BrokenPipeError):  # it has died, as `fold` finds out
            for turn in turns:
                room -= len(asked := _asked(turn))
                if room < 0:
                    break
                process.stdin.write(asked)
                process.stdin.flush()
                self._begun.append(turn)
        return [*self._begun]

    def add(self, most: int) -> None:
        """Starts one worker more, up to `most`."""
        if len(self.processes) < most and not self._begun:
            self.processes.append(fold_process.started(turn=self._turn))
            self._workers.append(_Worker(self.processes[-1]))

    def _follow(self, worker: _Worker, dead: Popen[bytes]) -> None:
        """One without the compiled part, as that may have been why; itself it has no follower."""
        if worker.process is dead and dead not in self.followers:
            with suppress(OSError):
                worker.process = fold_process.started(turn=self._turn, pure=True)
                self.followers.append(worker.process)

    def end(self) -> None:
        """Ends them, whatever they do."""
        self.over = True
        processes = self.processes + self.followers
        for process in processes:
            process.kill()
        for process in processes:
            # Closes its pipes: in that of one that died there may be an order still.
            with suppress(BrokenPipeError), process:
                process.wait()


@asynccontextmanager
async def workers(count: int, turn: int = TURN) -> AsyncIterator[Workers]:
    """Starts `count` workers that read about `turn` bytes of a file at a time; ends them."""
    pool = Workers([fold_process.started(turn=turn) for _ in range(count)], turn)
    try:
        yield pool
    finally:
        await asyncio.to_thread(pool.end)


def _asked(orders: list[Order]) -> bytes:
    return pickle.dumps(order_encoding.packed(orders), pickle.HIGHEST_PROTOCOL)


def _ask(process: Popen[bytes], orders: list[Order]) -> None:
    assert process.stdin is not None
    process.stdin.write(_asked(orders))
    process.stdin.flush()


def _answer(process: Popen[bytes]) -> list[Folded]:
    assert process.stdout is not None
    return unpacked(pickle.load(process.stdout))  # noqa: S301 - our own child's answer
