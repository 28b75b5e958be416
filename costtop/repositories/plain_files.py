"""Reads small files of a repository that anybody may have made: what is no plain file is not read.

Nothing here waits (a FIFO, a device), follows a link, or reads more than it was asked for.
"""

import os
import stat
from collections.abc import Iterator

from costtop.named_tuples import NamedTuple


class FileMark(NamedTuple):
    """What changes when a file does."""

    changed: int  # ns
    size: int
    inode: int


def is_ours(found: os.stat_result) -> bool:
    """Whether a file belongs to whoever runs costtop: another's repository is not read."""
    return found.st_uid == os.geteuid()


def is_folder(path: str) -> bool:
    """Whether it is a folder of ours itself, and no link to one."""
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return False
    return stat.S_ISDIR(found.st_mode) and is_ours(found)


def content(path: str, most: int, *, end: bool = False) -> bytes | None:
    """At most `most` bytes of a plain file of ours, or of its `end`; None where it is none."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
    try:
        file = os.open(path, flags)
    except (OSError, ValueError):
        return None
    try:
        found = os.fstat(file)
        if not (stat.S_ISREG(found.st_mode) and is_ours(found)):
            return None
        at = max(0, found.st_size - most) if end else 0
        return os.pread(file, most, at)
    except OSError:
        return None
    finally:
        os.close(file)


def line(path: str, most: int = 4096) -> str:
    """The first line of a small file; "" where it is none."""
    found = content(path, most)
    return "" if found is None else os.fsdecode(found.split(b"\n", 1)[0]).strip()


def mark(path: str) -> FileMark | None:
    """What changes when the file does; None where it is not there."""
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return None
    return FileMark(found.st_mtime_ns, found.st_size, found.st_ino)


def below(folder: str, most: int) -> Iterator[tuple[str, os.stat_result]]:
    """Plain files below a folder with their stats, `most` at the most; links are not followed."""
    waiting, seen = [folder], 0
    while waiting and seen < most:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    seen += 1
                    if seen > most:
                        return
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        yield entry.path, entry.stat(follow_symlinks=False)
        except OSError:
            continue
