"""`scripts/bench screen`: what the live screen costs. It changes nothing of yours.

A tick is measured in the process, without a terminal; the rest in a real pseudo-terminal over a
real store that grows meanwhile. A goal that is missed is said, not hidden.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from costtop.paths import Paths

from . import fleet
from .terminal import Terminal

_TICK_GOAL, _CPU_GOAL, _MEMORY_GOAL, _BYTES_GOAL = 15.0, 4.0, 60.0, 2_048
_PTY = """
import sys
from pathlib import Path
from costtop.tui import backend
from costtop.tui.app import CosttopApp
from costtop.tui.preferences import Preferences
from scripts.benches import fleet
real = backend.real(fleet.instance(Path(sys.argv[1])))
CosttopApp(real, Preferences(delay=float(sys.argv[2]))).run()
"""
_TICK_HZ = os.sysconf("SC_CLK_TCK")


def main(arguments: list[str]) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="bench screen", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each run in the terminal")
    options = parser.parse_args(arguments)
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    for count in (1_000, 10_000):
        milliseconds = asyncio.run(tick(count))
        goal = _TICK_GOAL if count == 1_000 else 25.0
        say(f"a tick, {count:,} sessions, all rates changing", milliseconds, "ms", goal)
    with tempfile.TemporaryDirectory(prefix="costtop-bench-") as folder:
        in_terminal(Path(folder), options.seconds)


def say(what: str, value: float, unit: str, goal: float) -> None:
    """One line of the table."""
    verdict = "ok" if value <= goal else "MISSED"
    print(f"{what:<52} {value:>9,.1f} {unit:<12} goal {goal:g}  {verdict}", flush=True)


async def tick(count: int) -> float:
    """Median CPU milliseconds of one frame, from the snapshot to the painted strips."""
    from costtop.tui.app import CosttopApp
    from costtop.tui.preferences import Preferences
    from tests.tui import values
    from tests.tui.stage import Stage

    rows = [values.row(f"s{n:05}", rate=n * 10**6, started=None) for n in range(count)]
    stage = Stage(values.snapshot(tuple(rows)))
    app = CosttopApp(stage.backend, Preferences(delay=10.0))
    spent: list[float] = []
    async with app.run_test(size=(180, 50)) as pilot:
        await pilot.pause(0.5)
        for n in range(40):
            moved = tuple(r._replace(rate=(r.rate * 7 + n * 10**7) % 10**10, cost=r.cost + n)
                          for r in rows)  # fmt: skip
            before = time.process_time()
            app.call_later(app.take, values.snapshot(moved, at=values.AT + n * 1000))
            await asyncio.sleep(0.03)  # a frame at 60 Hz has been painted by then
            spent.append(time.process_time() - before)
    return statistics.median(spent) * 1000


def in_terminal(folder: Path, seconds: float) -> None:
    """CPU, memory and bytes of the whole screen: 500 sessions, 60 live, two frames a second."""
    paths = fleet.instance(folder)
    growing = Growing(paths)
    with Terminal(_PTY, str(folder), "0.5", size=(180, 50)) as terminal:
        terminal.says(b"SESSION")
        growing.go_on(terminal, 3.0)
        pid = terminal.process.pid
        before, started, written = cpu(pid), time.monotonic(), len(terminal.written)
        growing.go_on(terminal, seconds)
        elapsed = time.monotonic() - started
        busy = (cpu(pid) - before) / elapsed * 100
        say("500 sessions, 60 live, 2 Hz: CPU", busy, "% of a core", _CPU_GOAL)
        say("  memory", memory(pid), "MB", _MEMORY_GOAL)
        frames = elapsed * 2
        say(
            "  to the terminal, a frame",
            (len(terminal.written) - written) / frames,
            "bytes",
            20_000,
        )
        terminal.send(b"\x1b[O")  # the window lost the focus
        terminal.read(1.0)
        before, started = cpu(pid), time.monotonic()
        growing.go_on(terminal, seconds / 2)
        busy = (cpu(pid) - before) / (time.monotonic() - started) * 100
        say("  unfocused: CPU", busy, "% of a core", 1.0)
        terminal.send(b"q")
        terminal.ended()


class Growing:
    """A store that grows by a call of each of twelve live sessions every half second."""

    def __init__(self, paths: Paths) -> None:
        from costtop.store.db import open_writer

        self._paths, self._turn = paths, 0
        self._db = open_writer(paths.database)
        self._fleet = fleet.Fleet(self._db)
        now = time.time_ns() // 1_000_000
        self._fleet.history(now, 20)
        self._live = [f"live-{n:02}" for n in range(60)]
        ago = [3_600_000 * (1 + n % 20) for n in range(440)]
        done = [self._fleet.session(fleet.WORK[n % 6], now - before, 12, ends=True)
                for n, before in enumerate(ago)]  # fmt: skip
        live = [self._fleet.session(fleet.WORK[n % 6], now - 600_000, 12, name=name)
                for n, name in enumerate(self._live)]  # fmt: skip
        self._fleet.write(done + live, now)

    def go_on(self, terminal: Terminal, seconds: float) -> None:
        """Grows, and reads what the screen writes, for so long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            now = time.time_ns() // 1_000_000
            self._turn += 1
            names = self._live[self._turn % 5 :: 5]
            self._fleet.write(
                [self._fleet.session(fleet.WORK[n % 6], now, 1, name=name, first=100 + self._turn)
                 for n, name in enumerate(names)], now,
            )  # fmt: skip
            fleet.say(self._paths, now)
            terminal.read(0.5)


def cpu(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK_HZ


def memory(pid: int) -> float:
    """Megabytes that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main(sys.argv[1:])
