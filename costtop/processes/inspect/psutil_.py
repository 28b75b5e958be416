"""Processes where there is no /proc (macOS), through psutil. Weaker, and it says where.

Start times have the resolution of psutil's create_time; whether a file is open for reading or for
writing is not told on macOS; the environment is hidden for system programs.
"""

import os
import time
from collections.abc import Callable, Collection
from typing import TypeVar

import psutil

from costtop.processes.inspect.process import Process
from costtop.text import clean

counts_ticks = False

_T = TypeVar("_T")
_STATES = {
    psutil.STATUS_RUNNING: "R",
    psutil.STATUS_DISK_SLEEP: "D",
    psutil.STATUS_STOPPED: "T",
    psutil.STATUS_ZOMBIE: "Z",
    psutil.STATUS_DEAD: "X",
}


def census() -> dict[int, Process]:
    """Every process now, by pid."""
    try:
        pids = psutil.pids()
    except (psutil.Error, OSError, IndexError):  # a Linux whose /proc is hidden has none to show
        return {}
    found = (glance(pid) for pid in pids)
    return {one.pid: one for one in found if one is not None}


def glance(pid: int) -> Process | None:
    """One process now; parts that another user's process hides are 0."""
    try:
        one = psutil.Process(pid)
        with one.oneshot():
            return _process(one)
    except (psutil.Error, OSError, ValueError, OverflowError):
        return None


def owners(pid: int) -> tuple[int, ...]:
    """Real, effective and saved user ids; none where they are hidden, so that it is refused."""
    try:
        ids = _ask(pid, lambda one: one.uids())
    except PermissionError:
        return ()
    return tuple(ids) if ids is not None else ()


def leading_thread(pid: int) -> int | None:
    """No threads are known here: a thread's id gives None."""
    try:
        return pid if psutil.pid_exists(pid) else None
    except (psutil.Error, OSError, ValueError, OverflowError):
        return None


def argv(pid: int) -> tuple[str, ...]:
    """The command line; empty where it is hidden."""
    try:
        return tuple(_ask(pid, lambda one: one.cmdline()) or ())
    except PermissionError:
        return ()


def cwd(pid: int) -> str:
    """The working folder."""
    return _ask(pid, lambda one: str(one.cwd())) or ""


def written(pid: int) -> frozenset[str]:
    """Paths held open for writing; on macOS all regular files held open."""
    found = _ask(pid, lambda one: one.open_files()) or ()
    return frozenset(one.path for one in found if getattr(one, "mode", "a") != "r")


def wrote(pid: int) -> int:
    """0: not told of other processes here (macOS)."""
    del pid
    return 0


def environ(pid: int, names: Collection[str]) -> dict[str, str]:
    """These variables of its first environment."""
    found = _ask(pid, lambda one: one.environ()) or {}
    return {name: found[name] for name in names if name in found}


def ignores(pid: int, number: int) -> bool:
    """That is not told here."""
    del pid, number
    return False


def age(start: int) -> float:
    """Seconds since `start`; by the wall clock, there is no other here."""
    return time.time() - start / 1000


def born(start: int) -> int:
    """`start` as ms UTC."""
    return start


def _process(one: psutil.Process) -> Process:
    try:
        times, memory = one.cpu_times(), one.memory_info()
        cpu, rss = int((times.user + times.system) * 1000), int(memory.rss)
    except psutil.AccessDenied:
        cpu = rss = 0
    return Process(
        pid=one.pid,
        start=round(one.create_time() * 1000),
        parent=one.ppid() or 0,
        group=_or_zero(os.getpgid, one.pid),
        leader=_or_zero(os.getsid, one.pid),
        state=_STATES.get(one.status(), "S"),
        name=clean(one.name()),
        cpu=cpu,
        rss=rss,
    )


def _or_zero(ask: Callable[[int], int], pid: int) -> int:
    try:
        return ask(pid)
    except OSError:
        return 0


def _ask(pid: int, question: Callable[[psutil.Process], _T]) -> _T | None:
    try:
        return question(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return None
    except (psutil.AccessDenied, OSError) as denied:
        raise PermissionError(f"process {pid} is hidden") from denied
