"""One daemon an instance: the lock that only one process holds.

A flock on a file that is never unlinked: it dies with the process, so no stale pid file exists.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from costtop.errors import CosttopError, Unusable
from costtop.files import private_directory, private_file
from costtop.paths import Paths


class Busy(CosttopError):
    """Another process holds this instance."""


@contextmanager
def hold(paths: Paths) -> Iterator[int]:
    """Holds the instance's lock, yielding its descriptor; raises Busy where another has it."""
    private_directory(paths.lock.parent)
    private_directory(paths.socket.parent)
    try:
        descriptor = private_file(paths.lock, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise Unusable(f"cannot open {paths.lock}: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = holder(paths.lock)
        os.close(descriptor)
        raise Busy(f"a costtop daemon is running already (pid {owner or '?'})") from None
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def holder(lock: Path) -> int | None:
    """The pid that wrote itself into the lock file; for people, never to be signalled."""
    try:
        return int(lock.read_text() or 0) or None
    except (OSError, ValueError):
        return None


def still_ours(descriptor: int, lock: Path) -> bool:
    """False when the lock file was deleted or replaced: another daemon may hold the new one."""
    try:
        ours, there = os.fstat(descriptor), lock.stat()
    except OSError:
        return False
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


def is_free(lock: Path) -> bool:
    """True when no process holds the instance."""
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)
