"""Marks of sessions and the journal of deeds. It acts on nothing.

A session that is marked fine is silent until it costs twice as much: the mark brings a silence.
"""

import sqlite3

from costtop.model import Mark, Silence
from costtop.store.alerts import silences

_DOUBLE = 100  # per cent more
_FINE = "marked fine"  # note of the silence that comes with the mark


def put(db: sqlite3.Connection, mark: Mark) -> None:
    """Sets the mark of a session; the latest counts."""
    db.execute(
        "INSERT INTO marks (session, kind, by, at, note) VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE"
        " SET kind = excluded.kind, by = excluded.by, at = excluded.at, note = excluded.note",
        mark,
    )
    _speak_again(db, mark.session, mark.by, mark.at)
    if mark.kind == "fine":
        silences.begin(
            db,
            Silence(
                0,
                mark.by,
                mark.at,
                mark.session,
                grows=_DOUBLE,
                cost=_cost(db, mark.session),
                note=_FINE,
            ),
        )
    journal(db, mark.at, mark.by, f"mark {mark.kind}", mark.session, mark.note)


def of(db: sqlite3.Connection, session: str) -> Mark | None:
    """The mark of a session ("source/session")."""
    row = db.execute(
        "SELECT session, kind, by, at, note FROM marks WHERE session = ?", (session,)
    ).fetchone()
    return Mark(*row) if row else None


def take_back(db: sqlite3.Connection, session: str, by: str, at: int) -> bool:
    """Removes the mark; False when there was none."""
    gone = db.execute("DELETE FROM marks WHERE session = ?", (session,)).rowcount > 0
    if gone:
        _speak_again(db, session, by, at)
        journal(db, at, by, "unmark", session, "")
    return gone


def _speak_again(db: sqlite3.Connection, session: str, by: str, at: int) -> None:
    """Ends the silence of an earlier mark."""
    db.execute(
        "UPDATE silences SET ended = ?, ended_by = ?"
        " WHERE session = ? AND note = ? AND ended IS NULL",
        (at, by, session, _FINE),
    )


def _cost(db: sqlite3.Connection, session: str) -> int:
    """What the session with its subagents has cost so far."""
    source, _, name = session.partition("/")
    row = db.execute(
        "SELECT coalesce(sum(s.cost), 0) FROM sessions s WHERE s.root IN (SELECT r.id FROM"
        " sessions r JOIN names n ON n.id = r.source"
        " WHERE n.text = ? AND r.session = ? AND r.agent = '')",
        (source, name),
    ).fetchone()
    return int(row[0])


def journal(db: sqlite3.Connection, at: int, by: str, deed: str, session: str, detail: str) -> None:
    """Appends one control action."""
    db.execute(
        "INSERT INTO deeds (at, by, deed, session, detail) VALUES (?,?,?,?,?)",
        (at, by, deed, session, detail),
    )
