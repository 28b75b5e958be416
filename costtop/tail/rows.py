"""Asks another tool's SQLite database what is new in it, as a guest that leaves no trace.

It never writes, waits or holds a lock for long, and it does not know what the rows mean.
"""

import os
import sqlite3
import stat
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any
from urllib.parse import quote

from costtop.named_tuples import NamedTuple

BUSY = 0.2  # seconds we wait for the owner; the next look comes soon
SLOW = 5.0  # seconds after which a question is given up
LIMIT = 5_000  # rows of one answer: a reader in a rollback-journal database delays its owner
_OPCODES = 20_000  # of SQLite's machine between two looks at the clock
_LASTING = ("malformed", "not a database", "no such")  # faults of what stands in the file

Cursor = int | float | str | None


class RowsPage(NamedTuple):
    """Rows as dicts, oldest first, and the cursor for the next question."""

    rows: list[dict[str, Any]]
    since: Cursor
    more: bool = False  # LIMIT was reached: ask again
    trouble: str = ""  # why there is no answer; `since` is then the one that was given
    passing: bool = False  # that may be over without a change of the file: it is to be asked again


def ask(
    path: bytes,
    sql: str,
    cursor: str,
    tables: Sequence[str],
    since: Cursor = None,
    limit: int = LIMIT,
) -> RowsPage:
    """The rows that `sql`, with `since` bound as `:since`, selects in the database `path`.

    `:limit` is bound to one more than `limit`, so that SQL with a LIMIT sorts no more than that.
    `cursor` is the column whose last value becomes the next `since`. A missing table of `tables`
    gives an empty answer: another version of the tool. Text that is not UTF-8 is mended. Never
    raises; what is wrong with the database stands in `trouble`, in one line.
    """
    refused = _refusal(path)
    if refused:
        return RowsPage([], since, trouble=refused)
    try:
        with closing(_guest(path)) as db:
            if not _has(db, tables):
                return RowsPage([], since)
            return _answer(db, sql, cursor, since, limit)
    except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
        lasting = any(words in str(error) for words in _LASTING)
        return RowsPage([], since, trouble=_words(error), passing=not lasting)


def _answer(db: sqlite3.Connection, sql: str, cursor: str, since: Cursor, limit: int) -> RowsPage:
    found = db.execute(sql, {"since": since, "limit": limit + 1})
    names = [column[0] for column in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchmany(limit + 1)]
    more = len(rows) > limit
    del rows[limit:]
    if rows and cursor not in rows[-1]:
        return RowsPage([], since, trouble=f"the question gives no column {cursor}")
    return RowsPage(rows, rows[-1][cursor] if rows else since, more)


def _guest(path: bytes) -> sqlite3.Connection:
    """A read-only connection that trusts nothing in the file.

    It is not opened as immutable: its owner may be writing, and we would see torn pages.
    """
    db = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=BUSY)
    try:
        db.text_factory = lambda raw: raw.decode("utf-8", "replace")
        late = time.monotonic() + SLOW
        db.set_progress_handler(lambda: time.monotonic() > late, _OPCODES)
        db.execute("PRAGMA trusted_schema = OFF")
        db.execute("PRAGMA query_only = ON")
    except BaseException:
        db.close()
        raise
    return db


def _has(db: sqlite3.Connection, tables: Sequence[str]) -> bool:
    there = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    return there.issuperset(tables)


def _refusal(path: bytes) -> str:
    """Why the path is not even opened: SQLite would follow a link and wait for a FIFO."""
    try:
        status = os.lstat(path)
    except OSError as error:
        return os.strerror(error.errno or 0).lower()
    return "" if stat.S_ISREG(status.st_mode) else "is not a regular file"


def _words(error: Exception) -> str:
    text = str(error)
    if text == "interrupted":
        return f"took longer than {SLOW:.0f} s"
    if "malformed" in text:
        return "the database is damaged (database disk image is malformed)"
    if "not a database" in text:
        return "is no SQLite database, or an encrypted one"
    if "locked" in text:
        return "is locked by its owner; asked again later"
    return text
