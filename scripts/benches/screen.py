"""`scripts/bench screen`: what the live screen costs. It changes nothing of yours.

A tick is measured in the process, without a terminal; the rest in a real pseudo-terminal over a
real store that grows meanwhile. A goal that is missed is said, not hidden.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from costtop.paths import Paths

from . import fleet
from .terminal import Terminal

_TICK_GOAL, _MEMORY_GOAL = 15.0, 60.0
_PROCESSES = 205
_KEYS_OF = 500  # sessions of the store that keys are pressed over
_DOWN = b"\x1b[B"
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
    for count in (50, 500, 5_000):
        with tempfile.TemporaryDirectory(prefix="costtop-bench-") as folder:
            in_terminal(Path(folder), count, options.seconds)


def say(what: str, value: float, unit: str, goal: float) -> None:
    """One line of the table."""
    verdict = "ok" if value <= goal else "MISSED"
    print(f"{what:<72} {value:>9,.1f} {unit:<12} goal {goal:g}  {verdict}", flush=True)


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


def in_terminal(folder: Path, count: int, seconds: float) -> None:
    """CPU, bytes and memory of the whole screen at two frames a second, htop beside it."""
    paths = fleet.instance(folder)
    growing = Growing(paths, count)
    with Terminal(_PTY, str(folder), "0.5", size=(180, 50)) as terminal, htop() as rival:
        terminal.says(b"SESSION")
        growing.go_on(terminal, 8.0)
        used = Used(terminal, rival)
        growing.go_on(terminal, seconds)
        used.say(f"{count:,} sessions, {growing.live} live and growing", _goal(count))
        growing.go_on(terminal, 3.0, grows=False)
        used = Used(terminal, rival)
        growing.go_on(terminal, seconds, grows=False)
        used.say("  nothing changes", 1.0)
        terminal.send(b"\x1b[O")  # the window lost the focus
        terminal.read(1.0)
        used = Used(terminal, rival)
        growing.go_on(terminal, seconds)
        used.say("  without the focus, growing", 1.0)
        say("  memory", memory(terminal.process.pid), "MB", _MEMORY_GOAL)
        terminal.send(b"q")
        terminal.ended()
    if count == _KEYS_OF:
        keys(folder, paths)


def _goal(count: int) -> float | None:
    """Per cent of a core; None: one and a half times htop's."""
    return 5.0 if count > 500 else None


def keys(folder: Path, paths: Paths) -> None:
    """Milliseconds of processor time and bytes of a key, over a store at rest."""
    with Terminal(_PTY, str(folder), "60", size=(180, 50)) as terminal:
        terminal.says(b"SESSION")
        terminal.read(5.0)
        runs = (
            ("a key that moves the cursor", (_DOWN,) * 30, 0.2),
            ("  the same in a run", (_DOWN,) * 30, 0.04),
            ("a key that sorts", (b"M", b"P", b"N", b"T") * 6, 0.2),
        )
        for what, pressed, apart in runs:
            fleet.say(paths, time.time_ns() // 1_000_000)
            used = Used(terminal)
            for key in pressed:
                terminal.send(key)
                terminal.read(apart)
            used.say_each(what, len(pressed))
            terminal.read(1.0)
        terminal.send(b"q")
        terminal.ended()


class Used:
    """What a screen and its rival have used from now on."""

    def __init__(self, terminal: Terminal, rival: int | None = None) -> None:
        self._terminal, self._rival = terminal, rival
        self._at, self._written = time.monotonic(), len(terminal.written)
        self._before = cpu(terminal.process.pid)
        self._rivals = cpu(rival) if rival else 0.0

    def say(self, what: str, goal: float | None) -> None:
        """Per cent of a core and bytes a frame; without a goal it is a multiple of the rival's."""
        seconds = time.monotonic() - self._at
        busy = (cpu(self._terminal.process.pid) - self._before) / seconds * 100
        other = (cpu(self._rival) - self._rivals) / seconds * 100 if self._rival else 0.0
        sent = (len(self._terminal.written) - self._written) / seconds / 2
        if other:
            what += f" (htop {other:.1f} %: {busy / other:.2f}x)"
        say(what, busy, "% of a core", other * 1.5 if goal is None else goal)
        print(f"{'  to the terminal, a frame':<72} {sent:>9,.0f} bytes")

    def say_each(self, what: str, number: int) -> None:
        """The same of each key."""
        spent = (cpu(self._terminal.process.pid) - self._before) / number * 1000
        sent = (len(self._terminal.written) - self._written) / number
        print(f"{what:<72} {spent:>9,.1f} ms, {sent:,.0f} bytes", flush=True)


@contextmanager
def htop() -> Iterator[int | None]:
    """The pid of an htop on a terminal of its own at the same refresh; None where there is none.

    Where fewer processes run than it is fair to compare with, idle ones fill up.
    """
    if shutil.which("htop") is None:
        yield None
        return
    running = sum(name.isdigit() for name in os.listdir("/proc"))
    idle = [subprocess.Popen(["sleep", "3600"]) for _ in range(max(_PROCESSES - running, 0))]
    code = "import os; os.execvp('htop', ['htop', '-d', '5'])"
    try:
        with Terminal(code, size=(180, 50), reads=True) as terminal:
            yield terminal.process.pid
    finally:
        for process in idle:
            process.kill()
            process.wait()


class Growing:
    """A store that grows by a call of each of twelve live sessions every half second."""

    def __init__(self, paths: Paths, count: int) -> None:
        from costtop.store.db import open_writer

        self._paths, self._turn = paths, 0
        self._db = open_writer(paths.database)
        self._fleet = fleet.Fleet(self._db)
        now = time.time_ns() // 1_000_000
        self._fleet.history(now, 20)
        self.live = min(60, count // 2)
        self._live = [f"live-{n:02}" for n in range(self.live)]
        ago = [3_600_000 * (1 + n % 20) for n in range(count - self.live)]
        done = [self._fleet.session(fleet.WORK[n % 6], now - before, 12, ends=True)
                for n, before in enumerate(ago)]  # fmt: skip
        live = [self._fleet.session(fleet.WORK[n % 6], now - 600_000, 12, name=name)
                for n, name in enumerate(self._live)]  # fmt: skip
        self._fleet.write(done + live, now)

    def go_on(self, terminal: Terminal, seconds: float, *, grows: bool = True) -> None:
        """Grows, and reads what the screen writes, for so long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            now = time.time_ns() // 1_000_000
            self._turn += 1
            names = self._live[self._turn % 5 :: 5] if grows else []
            read = [
                self._fleet.session(fleet.WORK[n % 6], now, 1, name=name, first=100 + self._turn)
                for n, name in enumerate(names)
            ]
            if read:
                self._fleet.write(read, now)
            fleet.say(self._paths, now)
            terminal.read(0.5)


def cpu(pid: int) -> float:
    """Seconds of processor time that a process has used, by its own clock."""
    return time.clock_gettime((~pid << 3) | 2)


def memory(pid: int) -> float:
    """Megabytes that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main(sys.argv[1:])
