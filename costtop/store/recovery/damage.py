"""Tells whether the database is whole and the one that was here before.

What one process finds another may have to act on, so a finding is left in a file of its own until
the store is rebuilt.
"""

import json
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from costtop.errors import StoreError
from costtop.files import replace
from costtop.named_tuples import NamedTuple
from costtop.store.recovery import pages, store_mark

Stat = tuple[int, int, int, int]
LOG_GONE = "its write-ahead log was deleted while it was open"  # all is still in the open one
_LONGEST = 300  # characters of a reason


class DamagedStore(StoreError):
    """The database is damaged; an order to rebuild it is left for the next who opens it."""


class RebuildOrder(NamedTuple):
    """That the store is to be rebuilt: why, and from which backup ("": the newest whole one)."""

    why: str
    backup: str = ""
    by: str = ""  # who asked; "" where costtop found it


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that a page is not what it should be, or the file no database."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.Error) and code is not None and code & 0xFF in pages.DAMAGED


def orders(database: Path) -> Path:
    """The file in which an order waits."""
    return database.with_name(f"{database.name}.rebuild")


def order(database: Path, what: RebuildOrder) -> None:
    """Leaves an order for whoever holds the instance, now or at its next start; raises OSError."""
    replace(orders(database), json.dumps(what._asdict()).encode())


def found(database: Path, why: str) -> DamagedStore:
    """The error to raise for what was found, with an order left to mend it."""
    with suppress(OSError):  # a full or read-only disk: whoever opens it next finds it again
        if ordered(database) is None:
            order(database, RebuildOrder(why))
    return DamagedStore(
        f"the database {database} is damaged ({why}); it is rebuilt by the daemon, or by:"
        " costtop scan"
    )


def ordered(database: Path) -> RebuildOrder | None:
    """The order that waits."""
    with suppress(OSError, ValueError, TypeError):
        return RebuildOrder(**json.loads(orders(database).read_bytes()))
    return None


def stat(database: str | Path) -> Stat | None:
    """(device, inode, size, mtime) of the file; None where it has gone."""
    try:
        found = os.stat(database)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _inode(database: Path) -> int | None:
    try:
        return os.stat(f"{database}-wal").st_ino
    except OSError:
        return None


def fault(database: Path) -> RebuildOrder | None:
    """What is wrong with the store before it is opened, as far as a quick look tells.

    Raises StoreError where it cannot be read for another reason.
    """
    waiting, known = ordered(database), store_mark.read(database)
    if waiting is not None:
        return waiting
    found = stat(database)
    if known is None and (found is None or not found[2]):
        return None  # a first start
    if found is None:
        return RebuildOrder("its file was deleted")
    if not found[2]:
        return RebuildOrder("its file was emptied")
    try:
        with closing(_opened(database, "mode=ro")) as db:
            store, *moment = store_mark.moment(db)
    except sqlite3.Error as error:
        if is_damage(error) or "no such table" in str(error):
            return RebuildOrder(_line(error)) if known or is_damage(error) else None
        raise StoreError(f"cannot read the database {database}: {error}") from error
    return None if known is None else _compared(known, store, tuple(moment))


def _compared(
    known: store_mark.StoreMark, store: int, moment: tuple[int, ...]
) -> RebuildOrder | None:
    if store not in (0, known.store):
        return RebuildOrder("another database was put in its place")
    if known.boot == store_mark.boot() and moment < known.moment:
        return RebuildOrder("an older copy was put in its place")
    return None


class Watch:
    """Whether the file behind the one connection that writes is still what it left behind.

    Only that connection changes the file, so any other change is somebody else's; what its pages
    say without the write-ahead log tells a copy put over it from a mere touch.
    """

    def __init__(self, database: Path) -> None:
        self.why = ""  # what was found; then nothing is written any more
        self.doubtful = False  # something was done to the file: its pages are to be checked
        self._database, self._name = database, str(database)
        self._left: Stat | None = None
        self._log: int | None = None  # the inode of its write-ahead log
        self._pages: tuple[int, int, int] | None = None

    def leave(self) -> None:
        """Notes how the file is after a turn of the connection.

        What no turn does was done by somebody else in the middle of it: the next look finds it.
        """
        found, before = stat(self._name), self._left
        if before is None or (found and found[:2] == before[:2] and (found[2] or not before[2])):
            self._left = found

    def note(self) -> None:
        """Looks at its log, and notes what its pages say: a copy put over them is older."""
        log = _inode(self._database)
        if self._log not in (None, log):
            self.why = self.why or LOG_GONE
        self._log = log
        with suppress(sqlite3.Error):
            pages = self._read()
            self.why = self.why or self._compared(pages)
            self._pages = pages

    def look(self) -> str:
        """What happened to the file since it was left; "" where nothing did."""
        if self.why or self._left is None:
            return self.why
        found = stat(self._name)
        if found == self._left:
            return ""
        if found is None:
            self.why = "its file was deleted while it was open"
        elif found[:2] != self._left[:2]:
            self.why = "another file was put in its place while it was open"
        elif not found[2]:
            self.why = "its file was emptied while it was open"
        else:
            self.why = self._judged()
            self.doubtful, self._left = True, found
        return self.why

    def _judged(self) -> str:
        try:
            pages = self._read()
        except sqlite3.Error as error:
            return f"its file was overwritten while it was open ({_line(error)})"
        return self._compared(pages)

    def _compared(self, pages: tuple[int, int, int]) -> str:
        before = self._pages or pages
        if pages[0] != before[0] or pages < before:
            return "a copy was put over it while it was open"
        return ""

    def _read(self) -> tuple[int, int, int]:
        with closing(_opened(self._database, "immutable=1")) as db:
            return store_mark.moment(db)


def _opened(database: Path, how: str) -> sqlite3.Connection:
    name = str(database).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return sqlite3.connect(f"file:{name}?{how}", uri=True, isolation_level=None, timeout=5)


def _line(error: BaseException) -> str:
    return str(error).replace("\n", " ")[:_LONGEST]
