"""Marks of sessions and the journal of deeds. It acts on nothing."""

import sqlite3

from costtop.model import Mark


def put(db: sqlite3.Connection, mark: Mark) -> None:
    """Sets the mark of a session; the latest counts."""
    db.execute(
        "INSERT INTO marks (session, kind, by, at, note) VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE"
        " SET kind = excluded.kind, by = excluded.by, at = excluded.at, note = excluded.note",
        mark,
    )
    journal(db, mark.at, mark.by, f"mark {mark.kind}", mark.session, mark.note)


def take_back(db: sqlite3.Connection, session: str, by: str, at: int) -> bool:
    """Removes the mark; False when there was none."""
    gone = db.execute("DELETE FROM marks WHERE session = ?", (session,)).rowcount > 0
    if gone:
        journal(db, at, by, "unmark", session, "")
    return gone


def journal(db: sqlite3.Connection, at: int, by: str, deed: str, session: str, detail: str) -> None:
    """Appends one control action."""
    db.execute(
        "INSERT INTO deeds (at, by, deed, session, detail) VALUES (?,?,?,?,?)",
        (at, by, deed, session, detail),
    )
