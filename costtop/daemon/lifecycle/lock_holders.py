"""Who holds a lock, by the kernel's list. It takes no lock and signals nobody."""

import os
from collections.abc import Iterable
from pathlib import Path

from costtop.named_tuples import NamedTuple
from costtop.paths import told
from costtop.text import clean

_LIST = "/proc/locks"
_WAL_WRITE = 120  # the byte of the -shm file that whoever writes locks (SQLite, walformat)
_LONGEST = 60  # characters of a command


class _Lock(NamedTuple):
    """One line of the list: "1: POSIX ADVISORY WRITE 4242 08:01:1234 120 120"."""

    way: str
    pid: int
    first: int  # byte


def lock_holders(path: Path) -> list[int]:
    """Pids of those who hold a lock on this file; none where the system does not tell."""
    return list(dict.fromkeys(one.pid for one in _locks(path)))


def database_writers(database: Path) -> list[int]:
    """Pids of others who have a SQLite database for themselves: in WAL mode, the right to write."""
    found = [one for one in _locks(database) if one.way == "WRITE"]
    beside = Path(f"{database}-shm")
    found += [one for one in _locks(beside) if one.way == "WRITE" and one.first == _WAL_WRITE]
    return [pid for pid in dict.fromkeys(one.pid for one in found) if pid != os.getpid()]


def _locks(path: Path) -> list[_Lock]:
    try:
        found = os.stat(path)
        with open(_LIST, encoding="ascii", errors="replace") as file:
            rows = [line.split() for line in file]
    except OSError:
        return []
    held = [row for row in rows if len(row) >= 8 and row[1] != "->"]  # an arrow: it waits
    same = [row for row in held if row[5].rpartition(":")[2] == str(found.st_ino)]
    device = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}"
    exact = [row for row in same if row[5].rpartition(":")[0] == device]
    # Some file systems show another device there than stat does: then the number has to do.
    # A holder outside this container has the number 0, one of an open file's own lock has -1.
    known = (row for row in exact or same if row[4].isdigit() and row[4] != "0")
    return [_Lock(row[3], int(row[4]), int(row[6])) for row in known]


def named_holder(path: Path) -> str:
    """Who holds a lock, in words: "pid 4242, costtop scan"; by its own word where that is all."""
    return named(lock_holders(path)) or f"pid {told(path).pid or '?'}"


def named(pids: Iterable[int]) -> str:
    """Processes in words."""
    return "; ".join(f"pid {pid}{_command(pid)}" for pid in pids)


def _command(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(4096).decode("utf-8", "replace").split("\0")
    except OSError:
        return ""
    names = [os.path.basename(word) for word in words]
    begin = names.index("costtop") if "costtop" in names else 0
    shown = names[begin : begin + 2] if begin else names[:1]  # another program's words are its own
    said = clean(" ".join(shown).strip(), _LONGEST)
    return f", {said}" if said else ""
