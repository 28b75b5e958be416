"""Checks and copies a database file, page by page; run by path it is a niced child.

It needs the standard library alone, so that the child starts quickly and from any checkout. It
reads the live file with `mode=ro` only: other writers corrupt it (RELIABILITY.md 0.1).
"""

import contextlib
import json
import os
import re
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

Watch = Callable[[int, int], None]
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_FAULTS = 1_000_000  # looked through for a real one
_NULL = re.compile(r"NULL value in (\w+)\.(\w+)")
_AT_ONCE = 1024  # pages between two looks whether whoever asked is still there
_REST = 0.002  # s between them: a copy is not to take the disk from those who work
_NICE = 15


def check(path: Path, *, live: bool = True) -> str:
    """What is wrong with the pages of a database, in one line; "" where they are whole.

    A file that nothing writes (`live` False) is read without a lock or a trace beside it. Raises
    sqlite3.Error where it cannot be read at all: that says nothing of its pages.
    """
    try:
        with closing(opened(path, live=live)) as db:
            first = _first_fault(db)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in DAMAGED:
            raise
        return str(error)
    return first.replace("\n", " ")


def _first_fault(db: sqlite3.Connection) -> str:
    """What SQLite finds wrong first; "" for nothing.

    Up to 3.41 its quick check takes columns of tables WITHOUT ROWID for NULL whose key names them
    in another order than the table does. So each such column is looked at.
    """
    sound: set[str] = set()
    for (line,) in db.execute(f"PRAGMA quick_check({_FAULTS})"):
        said = str(line)
        column = _NULL.fullmatch(said)
        if column is not None and said not in sound and not _has_null(db, *column.groups()):
            sound.add(said)
        if said != "ok" and said not in sound:
            return said
    return ""


def _has_null(db: sqlite3.Connection, table: str, column: str) -> bool:
    # `IS NULL` of a column that is NOT NULL is never even asked.
    query = f'SELECT 1 FROM "{table}" WHERE typeof("{column}") = \'null\' LIMIT 1'
    return db.execute(query).fetchone() is not None


def copy(source: Path, target: Path, watch: Watch | None = None) -> None:
    """Writes what `source` holds at one moment to the new file `target`, mode 0600, and checks it.

    Writers and readers go on meanwhile. Raises OSError or sqlite3.Error; then no file is left.
    `watch` hears how many bytes are written, and of how many.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(target, flags, 0o600))
    try:
        with (
            closing(opened(source, live=True)) as db,
            closing(sqlite3.connect(target, isolation_level=None)) as fresh,
        ):
            db.execute("BEGIN")
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the moment is now
            fresh.execute("PRAGMA synchronous = OFF")
            page = db.execute("PRAGMA page_size").fetchone()[0]
            db.backup(fresh, pages=_AT_ONCE, progress=_looking(page, watch), sleep=_REST)
            fresh.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        fault = check(target, live=False)
        if fault:
            raise sqlite3.DatabaseError(f"the copy is not whole: {fault}")
        _flush(target)
    except BaseException:
        for left in (target, Path(f"{target}-journal"), Path(f"{target}-wal")):
            left.unlink(missing_ok=True)
        raise


def opened(path: Path, *, live: bool) -> sqlite3.Connection:
    """A connection that only reads; to a file that nothing writes without a trace beside it.

    `immutable` alone would make the file where there is none.
    """
    name = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    how = "mode=ro" if live else "mode=ro&immutable=1"
    return sqlite3.connect(f"file:{name}?{how}", uri=True, isolation_level=None, timeout=30)


def _looking(page: int, watch: Watch | None) -> Callable[[int, int, int], None]:
    """Tells how far a copy is, and ends it once whoever asked for it has gone."""
    asked = os.getppid()

    def look(_: int, remaining: int, total: int) -> None:
        if os.getppid() != asked:
            raise sqlite3.OperationalError("whoever asked for the copy has gone")
        if watch:
            watch((total - remaining) * page, total * page)

    return look


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def main(words: list[str]) -> None:
    """`check FILE` or `copy FILE NEW`; prints what is wrong with pages, and why it failed."""
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    fault = trouble = ""
    try:
        if words[0] == "check":
            fault = check(Path(words[1]))
        else:
            copy(Path(words[1]), Path(words[2]))
    except (OSError, sqlite3.Error) as error:
        trouble = str(error) or type(error).__name__
    sys.stdout.write(json.dumps({"fault": fault, "trouble": trouble}))


if __name__ == "__main__":
    main(sys.argv[1:])
