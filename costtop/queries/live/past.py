"""The list of sessions as it stood at a past moment: for stepping back and for replay.

Totals are those up to that moment, from the calls themselves; budgets, marks and alerts are not
replayed. It is slower than the live snapshot, and exact.
"""

import sqlite3
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.queries.live.frame import Live
from costtop.queries.live.view import Pulse, SessionRow, Snapshot
from costtop.store.db import snapshot

_DAY = 86_400_000


def take(db: sqlite3.Connection, at: int, tz: ZoneInfo) -> Snapshot:
    """The snapshot at `at`, ms UTC, with the sessions active in the day before it."""
    live = Live(db, ahead=0).take(at, Pulse(running=True))
    start = periods.start_of("day", at, tz)
    with snapshot(db):
        spent = _spent(db, at - _DAY, at)
        today = _between(db, start, at)
        month = _between(db, periods.start_of("month", at, tz), at)
    sessions = tuple(
        folded for row in live.sessions if (folded := _cut(row, spent, at)) is not None
    )
    return live._replace(
        sessions=sessions,
        running=sum(row.state == "running" for row in sessions),
        today_sessions=sum((row.last or 0) >= start for row in sessions),
        today=today[0],
        today_floor=today[1] > 0,
        unpriced=today[1],
        month=month[0],
        month_floor=month[1] > 0,
        budgets=(),
        held=(),
    )


_Sums = tuple[int, int, int, int, int]


def _spent(db: sqlite3.Connection, since: int, at: int) -> dict[str, _Sums]:
    """(cost, unpriced, calls, first, last) up to `at` of each session row active since then."""
    rows = db.execute(
        "SELECT n.text || '/' || s.session || CASE s.agent WHEN '' THEN '' ELSE '#' || s.agent END,"
        " coalesce(sum(c.cost), 0), sum(c.cost IS NULL), count(*), min(c.at), max(c.at)"
        " FROM sessions s JOIN names n ON n.id = s.source"
        " JOIN calls c ON c.session = s.id AND c.at <= ?"
        " WHERE s.last >= ? AND s.started <= ? GROUP BY s.id HAVING max(c.at) >= ?",
        (at, since, at, since),
    )
    return {row[0]: row[1:] for row in rows}


def _between(db: sqlite3.Connection, since: int, at: int) -> tuple[int, int]:
    """(cost, unpriced) from roll-ups for whole quarters, from minutes for the rest."""
    quarter = at // 900_000
    whole = db.execute(
        "SELECT coalesce(sum(cost), 0), coalesce(sum(unpriced), 0) FROM spend"
        " WHERE quarter >= ? AND quarter < ?",
        (since // 900_000, quarter),
    ).fetchone()
    rest = db.execute(
        "SELECT coalesce(sum(cost), 0), coalesce(sum(unpriced), 0) FROM minutes"
        " WHERE minute >= ? AND minute <= ?",
        (quarter * 15, at // 60_000),
    ).fetchone()
    return whole[0] + rest[0], whole[1] + rest[1]


def _cut(row: SessionRow, spent: dict[str, _Sums], at: int) -> SessionRow | None:
    """The row with its totals up to `at`; None where it had not begun."""
    children = tuple(cut for child in row.children if (cut := _cut(child, spent, at)) is not None)
    own = spent.get(row.key)
    if own is None and not children:
        return None
    parts = ([own] if own else []) + [
        (child.cost, child.unpriced, child.calls, child.started or at, child.last or 0)
        for child in children
    ]
    last = max(part[4] for part in parts)
    quiet = at - last
    return row._replace(
        cost=sum(part[0] for part in parts),
        unpriced=sum(part[1] for part in parts),
        floor=any(part[1] for part in parts),
        calls=sum(part[2] for part in parts),
        started=min(part[3] for part in parts),
        last=last,
        state="running" if quiet < 300_000 else "idle" if quiet < 1_800_000 else "ended",
        children=children,
    )
