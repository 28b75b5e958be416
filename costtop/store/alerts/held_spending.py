"""What sessions spent since a breaker opened, and how their gates were asked. It judges nothing.

Every function runs inside a transaction of the caller. Times are ms UTC.
"""

import sqlite3
from typing import NamedTuple

from costtop.store.calls.call_row import HEARD
from costtop.store.sessions import gate_calls

_SINCE = (
    "SELECT count(*), coalesce(max(p.at), 0) FROM calls p JOIN sessions s ON s.id = p.session"
    f" WHERE s.root = ? AND p.at > ? AND NOT p.flags & {HEARD}"
)


class Asked(NamedTuple):
    """When a session's gate was last called (0: never), and its denials with their beginning."""

    gate: int
    denials: int
    since: int


def asked(db: sqlite3.Connection, session: str, opened: int) -> Asked:
    """How the gate of "source/session" was asked; denials count from a breaker's opening on."""
    said = db.execute(
        "SELECT times, since FROM denials WHERE session = ? AND at >= ?", (session, opened)
    ).fetchone()
    times, since = said or (0, 0)
    return Asked(gate_calls.last(db, session) or 0, times, since)


def calls(db: sqlite3.Connection, root: object, since: int) -> tuple[int, int]:
    """(how many, the latest) calls of a root session row and its subagents that a log tells."""
    count, last = db.execute(_SINCE, (root, since)).fetchone()
    return int(count), int(last)


def spending(db: sqlite3.Connection, since: int) -> list[str]:
    """The root sessions ("source/session") with calls since then."""
    rows = db.execute(
        "SELECT n.text || '/' || r.session FROM sessions r JOIN names n ON n.id = r.source"
        " WHERE r.id IN (SELECT root FROM sessions WHERE last > ?)",
        (since,),
    )
    return [key for (key,) in rows]
