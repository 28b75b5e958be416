"""Folds files in worker processes, for the time of one import. What they answer is not judged.

A worker is a bare interpreter with two pipes: it imports what folding needs and nothing else,
runs isolated (`-I -S`, the parent's search path without the current folder), and ends when its
input ends, so none outlives the daemon. multiprocessing would start each of them with the
daemon's own modules, and a fourth process beside them.
"""

import asyncio
import json
import os
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from costtop.daemon.ingest import order_crossing
from costtop.daemon.ingest.crossing import unpacked
from costtop.daemon.ingest.fold import Folded, Order, fold
from costtop.native.library import PURE

# Without typing_extensions msgspec takes the same from the standard library, 8 ms sooner.
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "sys.modules['typing_extensions'] = None;"
    "from costtop.daemon.ingest.fold_worker import serve; serve(int(sys.argv[2]))"
)
# A worker reads and drops a piece of 1 MiB a thousand times: given back to the system and asked for
# anew, each costs more than its reading. Only glibc knows these; what a worker holds is as much.
_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(4 << 20), "MALLOC_TRIM_THRESHOLD_": str(32 << 20)}


class Workers:
    """Processes that fold; a turn waits for the next that is idle."""

    def __init__(self, processes: Sequence["subprocess.Popen[bytes]"], budget: int) -> None:
        self._idle: asyncio.Queue[subprocess.Popen[bytes]] = asyncio.Queue()
        self._budget = budget
        self.processes = [*processes]
        self.over = False  # they have been ended, which is no accident
        self.followers: list[subprocess.Popen[bytes]] = []  # each in the place of one that died
        for process in processes:
            self._idle.put_nowait(process)

    async def fold(self, orders: list[Order]) -> list[Folded]:
        """As `fold.fold`; where a worker died (out of memory, say) it is done in this process."""
        process = await self._idle.get()
        try:
            return await asyncio.to_thread(_asked, process, orders)
        except (OSError, EOFError, pickle.UnpicklingError):
            if self.over:
                raise
            process = self._follower(process)
            return await asyncio.to_thread(fold, orders, self._budget)
        finally:
            self._idle.put_nowait(process)

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

    def add(self, most: int) -> None:
        """Starts one worker more, up to `most`."""
        if len(self.processes) < most:
            self.processes.append(_started(self._budget))
            self._idle.put_nowait(self.processes[-1])

    def _follower(self, dead: "subprocess.Popen[bytes]") -> "subprocess.Popen[bytes]":
        """One without the compiled part, as that may have been why; itself it has no follower."""
        if dead not in self.followers:
            with suppress(OSError):
                dead = _started(self._budget, pure=True)
                self.followers.append(dead)
        return dead


@asynccontextmanager
async def workers(count: int, budget: int) -> AsyncIterator[Workers]:
    """Starts `count` workers that read about `budget` bytes of a file at a turn; ends them."""
    pool = started(count, budget)
    try:
        yield pool
    finally:
        await asyncio.to_thread(pool.end)


def started(count: int, budget: int) -> Workers:
    """The same for who ends them himself. They get ready by themselves meanwhile."""
    return Workers([_started(budget) for _ in range(count)], budget)


def _started(budget: int, pure: bool = False) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-I", "-S", "-c", _START, json.dumps(search_path()), str(budget)]
    env = os.environ | _MEMORY | ({PURE: "1"} if pure else {})
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)


def search_path() -> list[str]:
    """The search path without the current folder, unless costtop itself lies there."""
    root = os.path.dirname(
        os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    )
    entries = [os.path.abspath(entry) for entry in sys.path]
    try:
        here = os.getcwd()
    except OSError:
        here = ""
    path = [entry for entry in entries if entry == root or entry != here]
    return path if root in path else [*path, root]  # an editable install may hook imports instead


def _asked(process: "subprocess.Popen[bytes]", orders: list[Order]) -> list[Folded]:
    assert process.stdin is not None
    assert process.stdout is not None
    pickle.dump(order_crossing.packed(orders), process.stdin, pickle.HIGHEST_PROTOCOL)
    process.stdin.flush()
    return unpacked(pickle.load(process.stdout))  # noqa: S301 - our own child's answer
