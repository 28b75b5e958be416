"""One daemon an instance: the lock that only one process holds, and the socket that it names.

A flock on a file that is never unlinked: it dies with the process, so no stale pid file exists.
"""

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from costtop.daemon.lifecycle.lock_holders import named_holder
from costtop.errors import CosttopError, Unusable
from costtop.files import private_directory, private_file
from costtop.paths import Paths, runtime_folders, told

_TRIES, _PAUSE = 10, 0.01  # whoever only asks whether the lock is free has it for microseconds


class Busy(CosttopError):
    """Another process holds this instance."""


@contextmanager
def hold(paths: Paths, *, wait: float = 0.0) -> Iterator[int]:
    """Holds the instance's lock, yielding its descriptor; raises Busy where another has it.

    `wait` is for how many seconds one is waited for that only reads, such as a scan.
    """
    private_directory(paths.lock.parent)
    try:
        descriptor = private_file(paths.lock, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise Unusable(f"cannot open {paths.lock}: {error.strerror}") from None
    try:
        _check(paths.lock, descriptor)
        due = time.monotonic() + wait
        while not _locked(descriptor):
            if told(paths.lock).socket or time.monotonic() >= due:
                raise Busy(f"a costtop daemon is running already ({named_holder(paths.lock)})")
        _write(descriptor, f"{os.getpid()}\n")
        yield descriptor
        os.ftruncate(descriptor, 0)  # nobody is to look for us any more
    finally:
        os.close(descriptor)


def _check(lock: Path, descriptor: int) -> None:
    """What it says is believed, so nobody else may write it."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
        raise Unusable(f"{lock} is not a file of this user; remove it")
    if found.st_mode & 0o077:
        os.fchmod(descriptor, 0o600)


def _locked(descriptor: int) -> bool:
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(_PAUSE)
        else:
            return True
    return False


def _write(descriptor: int, text: str) -> None:
    data = os.fsencode(text)
    os.pwrite(descriptor, data, 0)  # whoever reads meanwhile finds the old lines or the new ones
    os.ftruncate(descriptor, len(data))


@contextmanager
def doorway(paths: Paths, lock: int) -> Iterator[Path]:
    """The socket's path, in a folder that no other home's daemon has, named in the lock file.

    The folder is locked while the daemon lives: other homes, and what clears /tmp, leave it alone.
    """
    for folder in runtime_folders():
        held = None if folder == paths.lock.parent else _claimed(folder)
        if held is None and folder != paths.lock.parent:
            continue
        socket = folder / paths.socket.name
        _write(lock, f"{os.getpid()}\n{socket}\n")
        try:
            yield socket
        finally:
            if held is not None:
                with contextlib.suppress(OSError):
                    folder.rmdir()
                os.close(held)
        return
    raise Unusable(f"{folder} belongs to another daemon; set COSTTOP_HOME elsewhere")


def _claimed(folder: Path) -> int | None:
    """The folder's descriptor, locked; None where another home's daemon has it."""
    for _ in range(_TRIES):
        private_directory(folder)
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            return None
        except OSError:
            return held  # a file system without locks: modes have to do
        if still_ours(held, folder):
            return held
        os.close(held)  # the daemon before us took it away between the two steps
    return None


def holder(lock: Path) -> int | None:
    """The pid that wrote itself into the lock file; for people, never to be signalled."""
    return told(lock).pid or None


def still_ours(descriptor: int, path: Path) -> bool:
    """False when a file was deleted or replaced: another daemon may hold the new one."""
    try:
        ours, there = os.fstat(descriptor), path.stat()
    except OSError:
        return False
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


def is_free(lock: Path) -> bool:
    """True when no process holds the instance."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # many may ask at once
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)
