"""The agents' own titles of sessions, kept only while the user wants them.

They stand in a table of their own and in nothing else that costtop writes: no message, no journal,
no alert has one, so that they are gone when that table is emptied.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from costtop.model import SessionFact
from costtop.store import meta

KEY = "session_titles"  # meta: "1" while they are wanted
_READ = "titles_read"  # meta: "1" once logs that were read before have been asked too
_PUT = (
    "INSERT INTO titles (session, title, named) VALUES (?,?,?) ON CONFLICT DO UPDATE"
    " SET title = excluded.title, named = excluded.named WHERE excluded.named >= named"
)
_OF = (
    "SELECT t.title FROM titles t JOIN sessions s ON s.id = t.session"
    " JOIN names n ON n.id = s.source WHERE n.text = ? AND s.session = ? AND s.agent = ''"
)


def put(db: sqlite3.Connection, session: int, title: str, named: bool, rev: int) -> None:
    """Titles a session row; the user's own name for it gives way to another of the user's alone."""
    db.execute(_PUT, (session, title, named))
    db.execute("UPDATE sessions SET rev = ? WHERE id = ?", (rev, session))


def of(db: sqlite3.Connection, key: str) -> str:
    """The title of the session "source/session", "" without one."""
    source, _, session = key.partition("/")
    row = db.execute(_OF, (source, session)).fetchone()
    return str(row[0]) if row else ""


def are_wanted(db: sqlite3.Connection) -> bool:
    """Whether the user has asked for them."""
    return meta.get(db, KEY) == "1"


def begin(db: sqlite3.Connection) -> None:
    """They are wanted from now on: in an empty store no log has been read without them."""
    if db.execute("SELECT 1 FROM sessions LIMIT 1").fetchone() is None:
        meta.put(db, {_READ: "1"})


def are_missing(db: sqlite3.Connection) -> bool:
    """Whether logs that were read before they were wanted are still to be asked."""
    return are_wanted(db) and meta.get(db, _READ) != "1"


def learn(db: sqlite3.Connection, facts: Iterable[SessionFact]) -> None:
    """Titles sessions that are stored; all logs have been asked then."""
    from costtop.store.calls.rollups import next_rev

    rev = next_rev(db)
    for fact in facts:
        row = db.execute(
            "SELECT s.id FROM sessions s JOIN names n ON n.id = s.source"
            " WHERE n.text = ? AND s.session = ? AND s.agent = ''",
            (fact.source, fact.session),
        ).fetchone()
        if row is not None:
            put(db, row[0], fact.title, fact.named, rev)
    meta.put(db, {_READ: "1"})


def has_any(db: sqlite3.Connection) -> bool:
    """Whether one is kept."""
    return db.execute("SELECT 1 FROM titles LIMIT 1").fetchone() is not None


def forget(db: sqlite3.Connection) -> None:
    """Deletes them all, in the caller's transaction."""
    from costtop.store.calls.rollups import next_rev

    db.execute(
        "UPDATE sessions SET rev = ? WHERE id IN (SELECT session FROM titles)", (next_rev(db),)
    )
    db.execute("DELETE FROM titles")
    meta.put(db, {_READ: ""})


def forget_in(copy: Path) -> None:
    """Deletes them in a backup, and overwrites where they stood; sqlite3.Error where it cannot."""
    with closing(sqlite3.connect(copy, isolation_level=None, timeout=5)) as db:
        there = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'titles'").fetchone()
        if there and has_any(db):
            db.execute("PRAGMA secure_delete = ON")
            db.execute("DELETE FROM titles")
