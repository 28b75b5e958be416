"""Tells faults of the world (a full disk, a lock, a bad page, no descriptors) from bugs.

A fault of the world ends by itself or by somebody's hand, and what it met can be tried again. It
is judged by codes alone, SQLite's and the system's; whoever meets one waits: see `lasting_tasks`.
"""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from costtop.errors import CosttopError, NothingStored, OlderStore
from costtop.named_tuples import NamedTuple

Kind = Literal["full", "locked", "read-only", "broken", "unopened", "descriptors", "memory", "away"]
# What passes by itself: it keeps no daemon from starting, for nobody would start it again.
PASSING: frozenset[Kind] = frozenset({"full", "locked", "memory", "descriptors"})
# By SQLite's primary code; its code 1 (SQL that is wrong) and all others are bugs.
_SQLITE: dict[int, Kind] = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_PROTOCOL: "locked",
    sqlite3.SQLITE_NOMEM: "memory",
    sqlite3.SQLITE_PERM: "read-only",
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_IOERR: "broken",
    sqlite3.SQLITE_CORRUPT: "broken",
    sqlite3.SQLITE_NOTADB: "broken",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_CANTOPEN: "unopened",
}
_SYSTEM: dict[int, Kind] = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EFBIG: "full",  # RLIMIT_FSIZE, or a file system's own limit
    errno.EROFS: "read-only",
    errno.EACCES: "read-only",
    errno.EPERM: "read-only",
    errno.EIO: "broken",
    errno.EMFILE: "descriptors",
    errno.ENFILE: "descriptors",
    errno.ENOMEM: "memory",
    errno.EAGAIN: "memory",  # of processes and threads
    errno.ENOBUFS: "memory",
    errno.EBUSY: "locked",
    errno.ENOLCK: "locked",
    errno.ENOENT: "away",  # a folder that was taken away
    errno.ENOTDIR: "away",
    errno.ENODEV: "away",
    errno.ENXIO: "away",
    errno.ESTALE: "away",  # of network file systems, as the rest
    errno.ENOTCONN: "away",
    errno.ETIMEDOUT: "away",
    errno.EHOSTDOWN: "away",
    errno.EREMOTEIO: "away",
}
_PLAIN: dict[Kind, str] = {
    "full": "the disk is full",
    "locked": "another program holds its lock",
    "memory": "there is no memory left",
}
_CODES: dict[Kind, str] = {
    "full": "disk-full",
    "locked": "locked",
    "read-only": "read-only",
    "broken": "disk-broken",
    "unopened": "store-gone",
    "descriptors": "no-descriptors",
    "memory": "no-memory",
    "away": "folder-away",
}
_NO_THREAD = "can't start new thread"  # what Python says, as a RuntimeError, of a limit of tasks


class WorldFault(NamedTuple):
    """What is wrong with the world."""

    kind: Kind
    why: str  # for people
    of_store: bool  # the database cannot be used; else a file, a descriptor, a thread

    @property
    def code(self) -> str:
        """By which `costtop doctor` knows it."""
        return _CODES[self.kind]

    @property
    def said(self) -> str:
        """The whole of it in one line."""
        return f"the database cannot be used: {self.why}" if self.of_store else self.why


def judge(error: BaseException) -> WorldFault | None:
    """The fault of the world that an error tells of; None for a bug.

    A group is one only if each of its errors is; a CosttopError if what it words is. That the
    database has gone is one, and an OlderStore: until it is rebuilt, another file stands there.
    """
    if isinstance(error, BaseExceptionGroup):
        judged = [judge(one) for one in error.exceptions]
        return None if None in judged else judged[0]
    if isinstance(error, CosttopError) and error.__cause__:
        return judge(error.__cause__)
    if isinstance(error, NothingStored):
        return WorldFault("unopened", "it has gone", of_store=True)
    if isinstance(error, OlderStore):
        return WorldFault("unopened", str(error), of_store=True)
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error)
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, MemoryError):
        return WorldFault("memory", "there is no memory left", of_store=False)
    if isinstance(error, RuntimeError) and str(error) == _NO_THREAD:
        return WorldFault("memory", "no thread can be started", of_store=False)
    return None


@contextmanager
def best_effort() -> Iterator[None]:
    """Leaves undone what a fault of the world keeps from being done; raises what is a bug."""
    try:
        yield
    except Exception as error:
        if judge(error) is None:
            raise


def _of_sqlite(error: sqlite3.Error) -> WorldFault | None:
    kind = _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    if kind is None:
        return None
    code = getattr(error, "sqlite_errorname", "").removeprefix("SQLITE_")
    plain = _PLAIN.get(kind, f"{error} ({code})")
    return WorldFault(kind, plain, of_store=True)


def _of_system(error: OSError) -> WorldFault | None:
    kind = _SYSTEM.get(error.errno or 0)
    if kind is None:
        return None
    what = _PLAIN["full"] if kind == "full" else (error.strerror or str(error)).lower()
    name = error.filename
    where = name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else name
    return WorldFault(kind, f"{where}: {what}" if where else what, of_store=False)
