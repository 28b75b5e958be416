"""Reads the sums that a fleet's server has not heard yet, where it is told sums and no calls.

A quarter of an hour is told as a whole: its lines of spend and its minutes. So is a session.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from costtop.durations import DAY, QUARTER
from costtop.named_tuples import NamedTuple
from costtop.store.sessions.owner_columns import user
from costtop.store.unsent import written

_QUARTERS = DAY // QUARTER
_SHORT = "reason NOT IN ('unpriced', 'unreadable')"  # what makes a priced call's cost a floor


class StoredTotals(NamedTuple):
    """What a session row, or a line of spend, came to."""

    calls: int
    errors: int
    unpriced: int
    short: int  # of the calls, those whose cost is a floor
    cost: int
    input: int
    cache_read: int
    cache_write: int
    output: int


class StoredLine(NamedTuple):
    """What was spent in a quarter of an hour, by its names."""

    quarter: int  # ms UTC / 900,000
    user: str
    project: str
    model: str
    feature: str
    sums: StoredTotals


class StoredMinute(NamedTuple):
    """What a session row spent in a minute."""

    minute: int  # ms UTC / 60,000
    session: int
    cost: int
    tokens: int
    calls: int
    unpriced: int


class SumChanges(NamedTuple):
    """Quarters in which something changed, and sessions that are gone."""

    quarters: list[int]
    gone: list[tuple[str, str, str]]  # (source, session, agent)
    taken: list[list[int]]
    left: bool


_LINE = "l.quarter, l.session, l.context, l.model, l.feature"
_LINES = f"""
SELECT l.quarter, u.text, p.text, m.text, f.text, l.calls, l.errors, l.unpriced,
  (SELECT coalesce(sum(o.calls), 0) FROM floors o WHERE (o.quarter, o.session, o.context, o.model,
    o.feature) = ({_LINE}) AND o.{_SHORT}),
  l.cost, l.input, l.cache_read, l.cache_write, l.output
FROM spend l JOIN sessions s ON s.id = l.session JOIN contexts x ON x.id = l.context
  JOIN names m ON m.id = l.model JOIN names f ON f.id = l.feature
  JOIN names p ON p.id = x.project JOIN names u ON u.id = {user(context="x")}
WHERE l.quarter = ?"""
_MINUTES = (
    "SELECT minute, session, cost, tokens, calls, unpriced FROM minutes"
    " WHERE minute >= ? AND minute < ?"
)
_TOTALS = (
    "SELECT id, calls, errors, unpriced, (SELECT coalesce(sum(calls), 0) FROM floors"
    f" WHERE session = sessions.id AND {_SHORT}), cost, input, cache_read, cache_write, output"
    " FROM sessions WHERE id = ?"
)


def changes(db: sqlite3.Connection, limit: int, without: Sequence[Sequence[int]]) -> SumChanges:
    """The newest changes, but those of the numbers `without` ([first, last] each)."""
    rows, taken, left = written(db, limit, without)
    quarters = sorted({-1 - call for call, _ in rows if call})
    gone: dict[tuple[str, str, str], None] = {}
    for call, key in rows:
        if not call:
            source, session, agent = json.loads(key)
            if not _is_there(db, source, session, agent):
                gone[source, session, agent] = None
    return SumChanges(quarters, list(gone), taken, left)


def _is_there(db: sqlite3.Connection, source: str, session: str, agent: str) -> bool:
    """Whether it came again: a row that was only made for its agents is never told."""
    query = (
        "SELECT 1 FROM names n JOIN sessions s ON s.source = n.id"
        " WHERE n.text = ? AND s.session = ? AND s.agent = ?"
        " AND coalesce(s.last, s.started) NOTNULL"
    )
    return db.execute(query, (source, session, agent)).fetchone() is not None


def lines(db: sqlite3.Connection, quarters: Sequence[int]) -> list[StoredLine]:
    """All lines of spend of these quarters; several may have the same names."""
    return [
        StoredLine._make((*row[:5], StoredTotals._make(row[5:])))
        for one in quarters
        for row in db.execute(_LINES, (one,)).fetchall()
    ]


def minutes(db: sqlite3.Connection, quarters: Sequence[int]) -> list[StoredMinute]:
    """All minutes of these quarters."""
    found = []
    for one in quarters:
        span = (one * 15, one * 15 + 15)
        found += [StoredMinute._make(row) for row in db.execute(_MINUTES, span)]
    return found


def totals(db: sqlite3.Connection, sessions: Sequence[int]) -> dict[int, StoredTotals]:
    """What these session rows came to."""
    found = {}
    for one in sessions:
        row, *sums = db.execute(_TOTALS, (one,)).fetchone()
        found[row] = StoredTotals._make(sums)
    return found


def of_day(db: sqlite3.Connection, day: int) -> tuple[list[int], list[int]]:
    """The quarters of a day in which something was spent, and the session rows that did."""
    query = "SELECT DISTINCT quarter, session FROM spend WHERE quarter >= ? AND quarter < ?"
    found: dict[int, set[int]] = defaultdict(set)
    for quarter, session in db.execute(query, (day * _QUARTERS, (day + 1) * _QUARTERS)):
        found[quarter].add(session)
    return sorted(found), sorted(set().union(*found.values()))
