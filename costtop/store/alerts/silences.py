"""Silences: who asked not to be told about what. Times are ms UTC, money int nano-dollars.

Every function is part of a transaction that the caller holds.
"""

import sqlite3

from costtop.errors import NothingFound, UsageError
from costtop.model import Silence

_COLUMNS = ", ".join(Silence._fields)


def of_now(db: sqlite3.Connection, now: int) -> list[Silence]:
    """Those in force."""
    return [one for one in unended(db) if one.until is None or one.until > now]


def unended(db: sqlite3.Connection) -> list[Silence]:
    """Those that nobody ended, in the order in which they began."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM silences WHERE ended IS NULL ORDER BY id")
    return [Silence(*row) for row in rows]


def begin(db: sqlite3.Connection, wanted: Silence) -> int:
    """Begins a silence and returns its id; raises UsageError where it names nothing.

    A silence "until it grows" of a session or budget is measured from its dearest alert so far.
    """
    if not (wanted.session or wanted.rule or wanted.feature or wanted.budget):
        raise UsageError("a silence names a session, a rule, a feature or a budget")
    cost = wanted.cost
    if cost is None and wanted.grows is not None:
        cost = _dearest(db, wanted)
    row = db.execute(
        f"INSERT INTO silences ({_COLUMNS}) VALUES ({','.join('?' * len(Silence._fields))})",
        wanted._replace(id=None, cost=cost),  # type: ignore[arg-type]
    )
    return int(row.lastrowid or 0)


def _dearest(db: sqlite3.Connection, wanted: Silence) -> int | None:
    row = db.execute(
        "SELECT max(cost_now) FROM alerts WHERE state <> 'history'"
        " AND ? IN ('', session) AND ? IN ('', rule) AND ? IN ('', feature) AND ? IN ('', budget)",
        (wanted.session, wanted.rule, wanted.feature, wanted.budget),
    ).fetchone()
    return None if row[0] is None else int(row[0])


def end(db: sqlite3.Connection, silence: int, by: str, now: int) -> None:
    """Ends a silence before its time; raises NothingFound."""
    done = db.execute(
        "UPDATE silences SET ended = ?, ended_by = ? WHERE id = ? AND ended IS NULL",
        (now, by, silence),
    )
    if not done.rowcount:
        raise NothingFound(f"no silence {silence} is in force; see costtop alerts silence --list")
