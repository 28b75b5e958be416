"""Runs commands one after the other and says what each cost, side by side.

Processor time is that of a command and of every process it waited for; memory is the most that all
of its processes had together, each page shared out among those that share it (PSS), looked at some
fifty times a second. Turns alternate, so that a busy machine is unfair to all.
"""

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_LOOK = 0.02  # s between two looks at the memory of a tree


class Spent(NamedTuple):
    """What one run took: seconds, seconds of processor time, MiB."""

    wall: float
    cpu: float
    memory: float


class Contender(NamedTuple):
    """A command; `before` runs ahead of each turn and is not measured."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    before: Callable[[], object] = lambda: None
    given: bytes = b""  # on its stdin; a hook that is handed nothing does nothing


def run(contender: Contender) -> Spent:
    """One turn; raises CalledProcessError where it failed."""
    contender.before()
    began = time.monotonic()
    process = subprocess.Popen(
        contender.command, env=dict(contender.environment), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(contender.given)
    done, peaks = threading.Event(), [0.0]
    watcher = threading.Thread(target=_watch, args=(process.pid, done, peaks))
    watcher.start()
    while process.stdout.read(1 << 20):  # a pipe that is read: GNU grep is lazy on /dev/null
        pass
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    done.set()
    watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(contender.command))
    return Spent(wall, usage.ru_utime + usage.ru_stime, max(peaks) or usage.ru_maxrss / 1024)


def _watch(pid: int, done: threading.Event, peaks: list[float]) -> None:
    while not done.wait(_LOOK):
        peaks[0] = max(peaks[0], pss(pid))


def pss(pid: int) -> float:
    """MiB of a process and of all below it; 0.0 where the system does not say."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            mine = next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        children = [
            int(child)
            for task in os.listdir(f"/proc/{pid}/task")
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split()
        ]
    except (OSError, StopIteration, ValueError):
        return 0.0
    return mine / 1024 + sum(pss(child) for child in children)


def tree(contenders: Sequence[Contender], spent: Sequence[Spent]) -> list[dict[str, object]]:
    """The same for programs, with ratios to the first."""
    base = spent[0]
    return [
        {
            "name": one.name,
            "wall_s": round(mine.wall, 4),
            "cpu_s": round(mine.cpu, 4),
            "pss_mib": round(mine.memory, 1),
            "wall_ratio": round(mine.wall / base.wall, 3),
            "cpu_ratio": round(mine.cpu / max(base.cpu, 0.001), 3),
            "pss_ratio": round(mine.memory / base.memory, 3),
        }
        for one, mine in zip(contenders, spent, strict=True)
    ]


def compare(contenders: Sequence[Contender], turns: int) -> list[Spent]:
    """Medians of each, after one turn that only warms caches."""
    for contender in contenders:
        run(contender)
    spent: list[list[Spent]] = [[] for _ in contenders]
    for _ in range(turns):
        for mine, contender in zip(spent, contenders, strict=True):
            mine.append(run(contender))
    return [Spent(*map(statistics.median, zip(*mine, strict=True))) for mine in spent]


def table(contenders: Sequence[Contender], spent: Sequence[Spent], unit: float = 1.0) -> str:
    """One line each, with ratios to the first; `unit` 1000 shows milliseconds."""
    base = spent[0]
    lines = [f"{'':34} {'wall':>9} {'x':>6} {'cpu':>9} {'x':>6} {'MiB':>7} {'x':>6}"]
    for contender, (wall, cpu, memory) in zip(contenders, spent, strict=True):
        lines.append(
            f"{contender.name:34} {wall * unit:9.2f} {wall / base.wall:6.2f}"
            f" {cpu * unit:9.2f} {cpu / max(base.cpu, 0.001):6.2f}"
            f" {memory:7.0f} {memory / base.memory:6.2f}"
        )
    return "\n".join(lines)
