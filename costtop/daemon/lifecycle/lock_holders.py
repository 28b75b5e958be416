"""Who holds a lock, by the kernel's list. It takes no lock and signals nobody."""

import os
from pathlib import Path

from costtop.paths import told
from costtop.text import clean

_LIST = "/proc/locks"
_LONGEST = 60  # characters of a command


def lock_holders(path: Path) -> list[int]:
    """Pids of those who hold a lock on this file; none where the system does not tell."""
    try:
        found = os.stat(path)
        with open(_LIST, encoding="ascii", errors="replace") as file:
            rows = [line.split() for line in file]
    except OSError:
        return []
    # "1: FLOCK ADVISORY WRITE 4242 08:01:1234 0 EOF"; those that wait have an arrow.
    held = [row for row in rows if len(row) >= 8 and row[1] != "->"]
    same = [row for row in held if row[5].rpartition(":")[2] == str(found.st_ino)]
    device = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}"
    exact = [row for row in same if row[5].rpartition(":")[0] == device]
    # Some file systems show another device there than stat does: then the number has to do.
    pids = (row[4] for row in exact or same)
    return list(dict.fromkeys(int(pid) for pid in pids if pid.isdigit() and pid != "0"))


def named_holder(path: Path) -> str:
    """Who holds a lock, in words: "pid 4242, costtop scan"; by its own word where that is all."""
    pids = lock_holders(path)
    if not pids:
        return f"pid {told(path).pid or '?'}"
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
