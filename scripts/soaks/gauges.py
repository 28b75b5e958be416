"""Memory, descriptors and the -wal of the daemon, once a second. It judges nothing."""

import os
import statistics
import time
from pathlib import Path
from typing import NamedTuple

from .keeper import children

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Sample(NamedTuple):
    """Of one moment: seconds since the beginning, the daemon's pid, bytes and numbers."""

    at: float
    pid: int
    memory: int  # resident, of the daemon
    tree: int  # resident, of it and all below it
    descriptors: int
    wal: int
    log: int


class Gauges:
    """All samples of a soak."""

    def __init__(self, database: Path, log: Path) -> None:
        self._wal, self._log = Path(f"{database}-wal"), log
        self._began = time.monotonic()
        self.samples: list[Sample] = []

    def look(self, pid: int) -> None:
        """One sample of the daemon that has this pid; none when it is gone."""
        if not pid:
            return
        try:
            memory, descriptors = resident(pid), len(os.listdir(f"/proc/{pid}/fd"))
        except OSError:
            return
        tree = memory + sum(_resident_or_none(one) for one in below(pid))
        at = time.monotonic() - self._began
        self.samples.append(
            Sample(at, pid, memory, tree, descriptors, size(self._wal), size(self._log))
        )

    def growth(self) -> tuple[float, int]:
        """Of the daemon that lived longest: seconds, and bytes gained after its second third."""
        lives: dict[int, list[Sample]] = {}
        for sample in self.samples:
            lives.setdefault(sample.pid, []).append(sample)
        if not lives:
            return 0.0, 0
        life = max(lives.values(), key=lambda one: one[-1].at - one[0].at)
        third = max(1, len(life) // 3)
        middle, last = life[third : 2 * third] or life, life[-third:]
        grown = [statistics.median(one.memory for one in part) for part in (middle, last)]
        return life[-1].at - life[0].at, int(grown[1] - grown[0])

    def most(self, name: str) -> int:
        """The largest value of one gauge."""
        return max((int(getattr(sample, name)) for sample in self.samples), default=0)


def below(pid: int) -> list[int]:
    """All descendants."""
    found = children(pid)
    for one in found:
        found += children(one)
    return found


def resident(pid: int) -> int:
    """Bytes; OSError when it is gone."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def _resident_or_none(pid: int) -> int:
    try:
        return resident(pid)
    except (OSError, IndexError):
        return 0


def size(path: Path) -> int:
    """Bytes; 0 where it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
