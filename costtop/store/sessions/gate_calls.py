"""When agents' gates were called: the only proof that a hook runs. A settings file is none.

Every function runs inside a transaction of the caller. Times are ms UTC.
"""

import sqlite3

from costtop.named_tuples import NamedTuple


class GateCall(NamedTuple):
    """The latest time that the gate of a source was called."""

    at: int
    pid: int  # of the agent; 0: not known
    session: str  # "source/session"


def put(db: sqlite3.Connection, source: str, call: GateCall) -> None:
    """The gate of a session was called."""
    db.execute(
        "INSERT INTO gate_calls (source, session, at, pid) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET at = excluded.at, pid = excluded.pid",
        (source, call.session, call.at, call.pid),
    )


def latest(db: sqlite3.Connection) -> dict[str, GateCall]:
    """The latest call of each source's gate."""
    rows = db.execute("SELECT source, max(at), pid, session FROM gate_calls GROUP BY source")
    return {source: GateCall(at, pid, session) for source, at, pid, session in rows}


def gated(db: sqlite3.Connection) -> frozenset[str]:
    """The sessions ("source/session") in which the gate was ever called."""
    return frozenset(key for (key,) in db.execute("SELECT session FROM gate_calls"))


def last(db: sqlite3.Connection, session: str) -> int | None:
    """When the gate of "source/session" was last called; None for never."""
    row = db.execute(
        "SELECT at FROM gate_calls WHERE source = ? AND session = ?",
        (session.partition("/")[0], session),
    ).fetchone()
    return None if row is None else int(row[0])


def is_gated(db: sqlite3.Connection, session: str) -> bool:
    """Whether the gate of "source/session" was ever called: a status line is no gate."""
    return last(db, session) is not None


def in_use(db: sqlite3.Connection, since: int) -> dict[str, int]:
    """Sources with calls since then, with the time of the latest."""
    rows = db.execute(
        "SELECT n.text, max(s.last) FROM sessions s JOIN names n ON n.id = s.source"
        " WHERE s.last >= ? GROUP BY 1",
        (since,),
    )
    return dict(rows.fetchall())
