"""Processes as Linux shows them in /proc. It opens nothing for writing and keeps nothing.

Field numbers are those of proc(5). A process may vanish between any two reads: that is an answer
(None, empty), not an error.
"""

import os
import time
from collections.abc import Collection

from costtop.processes.inspect.process import Process
from costtop.text import clean

counts_ticks = True

_TICK = os.sysconf("SC_CLK_TCK")  # of start times and processor times, a second
_PAGE = os.sysconf("SC_PAGE_SIZE")
_KERNEL_THREAD = 0x00200000  # PF_KTHREAD in field 9
_LARGEST = 256 * 1024  # bytes read of a command line or environment
_GONE = (FileNotFoundError, ProcessLookupError)


def census() -> dict[int, Process]:
    """Every process now, by pid."""
    found = (glance(int(name)) for name in os.listdir("/proc") if name.isdecimal())
    return {one.pid: one for one in found if one is not None}


def glance(pid: int) -> Process | None:
    """One process now, from /proc/<pid>/stat."""
    text = _read(pid, "stat")
    if not text:
        return None
    # The name stands in brackets and may contain brackets and spaces itself.
    head, _, tail = text.rpartition(b")")
    name = head.partition(b"(")[2].decode("utf-8", "replace")
    field = tail.split()
    return Process(
        pid=pid,
        start=int(field[19]),
        parent=int(field[1]),
        group=int(field[2]),
        leader=int(field[3]),
        state=field[0].decode(),
        name=clean(name),
        cpu=(int(field[11]) + int(field[12])) * 1000 // _TICK,
        rss=int(field[21]) * _PAGE,
        kernel=bool(int(field[6]) & _KERNEL_THREAD),
        terminal=int(field[4]),
        foreground=max(0, int(field[5])),
    )


def owners(pid: int) -> tuple[int, ...]:
    """Real, effective and saved user ids."""
    line = _status(pid, b"Uid:")
    return tuple(int(word) for word in line[:3])


def leading_thread(pid: int) -> int | None:
    """The process that `pid` is a thread of."""
    line = _status(pid, b"Tgid:")
    return int(line[0]) if line else None


def argv(pid: int) -> tuple[str, ...]:
    """The command line."""
    text = _read(pid, "cmdline").decode("utf-8", "surrogateescape")
    return tuple(text.rstrip("\0").split("\0")) if text else ()


def cwd(pid: int) -> str:
    """The working folder; PermissionError where /proc/<pid> is hidden."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except _GONE:
        return ""


def written(pid: int) -> frozenset[str]:
    """Paths held open for writing: a `tail -f` of a log does not own it."""
    found: set[str] = set()
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except _GONE:
        return frozenset()
    for name in names:
        try:
            path = os.readlink(f"/proc/{pid}/fd/{name}")
        except _GONE:
            continue
        if path.startswith("/") and not path.startswith("/dev/") and _for_writing(pid, name):
            found.add(path)
    return frozenset(found)


def wrote(pid: int) -> int:
    """Bytes that it has written so far, to files, pipes and terminals."""
    for line in _read(pid, "io").splitlines():
        if line.startswith(b"wchar:"):
            return int(line[6:])
    return 0


def environ(pid: int, names: Collection[str]) -> dict[str, str]:
    """These variables of its first environment."""
    found: dict[str, str] = {}
    for entry in _read(pid, "environ").split(b"\0"):
        name, _, value = entry.partition(b"=")
        key = name.decode("ascii", "replace")
        if key in names:
            found[key] = value.decode("utf-8", "replace")
    return found


def ignores(pid: int, number: int) -> bool:
    """Whether it ignores a signal: a job that a script started behind itself does so with INT."""
    line = _status(pid, b"SigIgn:")
    return bool(line) and bool(int(line[0], 16) >> (number - 1) & 1)


def age(start: int) -> float:
    """Seconds since `start`."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - start / _TICK


def born(start: int) -> int:
    """`start` as ms UTC."""
    return int((time.time() - age(start)) * 1000)


def _for_writing(pid: int, fd: str) -> bool:
    for line in _read(pid, f"fdinfo/{fd}").splitlines():
        if line.startswith(b"flags:"):
            return bool(int(line.split()[1], 8) & (os.O_WRONLY | os.O_RDWR))
    return False


def _status(pid: int, key: bytes) -> list[bytes]:
    for line in _read(pid, "status").splitlines():
        if line.startswith(key):
            return line.split()[1:]
    return []


def _read(pid: int, name: str) -> bytes:
    try:
        with open(f"/proc/{pid}/{name}", "rb", buffering=0) as file:
            return _all_of(file.fileno())
    except _GONE:
        return b""


def _all_of(fd: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size < _LARGEST and (part := os.read(fd, 65536)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)
