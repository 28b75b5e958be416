"""The daemon's word on itself: a small file, replaced whole each second. No database is touched.

The screen, the status line and `costtop status` read it; writing it to the database would wake
every screen each second.
"""

import errno
import json
import os
from pathlib import Path
from typing import Any

from costtop.files import replace

_BLOCK = 4096  # bytes
FRESH_FOR = 10_000  # ms after which a silent daemon counts as gone


def write(path: Path, status: dict[str, Any]) -> None:
    """Replaces the status whole, mode 0600; on a full disk it is written over in its place.

    A status that is old says that no daemon runs. Raises OSError where it cannot be kept at all.
    """
    text = json.dumps(status).encode()
    text = text.ljust((len(text) // _BLOCK + 2) * _BLOCK)  # room to grow in its place
    try:
        replace(path, text)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) or not _written_over(path, text):
            raise


def _written_over(path: Path, text: bytes) -> bool:
    """Within the blocks that the file has, and blank to its end; False where they do not do."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        text = text.rstrip().ljust(size)
        return len(text) <= size and os.pwrite(descriptor, text, 0) == size
    finally:
        os.close(descriptor)


def read(path: Path) -> dict[str, Any]:
    """The last status, or {}."""
    try:
        with open(path, encoding="utf-8") as file:
            status = json.load(file)
    except (OSError, ValueError):
        return {}
    return status if isinstance(status, dict) else {}


def is_fresh(status: dict[str, Any], now: int) -> bool:
    """True when a daemon wrote it lately and its process, where it can be seen, is still there."""
    if now - int(status.get("at", 0)) > FRESH_FOR or not status.get("pid"):
        return False
    space = pid_space()
    if not space or status.get("pid_space", space) != space:
        return True  # no /proc, or the daemon runs in another container: its number says nothing
    return os.path.exists(f"/proc/{status['pid']}")


def pid_space() -> int:
    """Which numbering of processes this one is in: a container has its own. 0: it is not told."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0
