"""Spend within a budget's scope, from the roll-ups."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from costtop.durations import MINUTE, QUARTER
from costtop.scope import matches
from costtop.store.calls import floors
from costtop.store.sessions import owner_columns
from costtop.store.sums import rollup_progress
from costtop.store.sums.rollup_progress import Part
from costtop.sum_floors import Sum, together

_COLUMN = {
    "feature": "p.feature",
    "model": "p.model",
    "user": owner_columns.user(),
    "project": "c.project",
    "source": "s.source",
    "session": "s.root",
}
VALUE = "p.cost"
_NAMES = "SELECT id, text FROM names"
_ROOTS = (
    "SELECT id, text FROM (SELECT r.id, n.text || '/' || r.session AS text, r.session AS short"
    " FROM sessions r JOIN names n ON n.id = r.source)"
)


def quarters(
    db: sqlite3.Connection, scope: Mapping[str, str], since: int, until: int, counted: str = VALUE
) -> Iterator[tuple[int, int, int]]:
    """(start in ms, cost, unpriced calls) of each quarter hour in [since, until), in order.

    `counted` is what counts of a row in SQL, here and below; p is the row, s its session.
    """
    where, values = within(db, scope)
    rows = db.execute(
        f"SELECT p.quarter, sum({counted}), sum(p.unpriced) FROM spend p"
        f"{_joined(where, counted)} WHERE p.quarter >= ? AND p.quarter < ?{where}"
        " GROUP BY 1 ORDER BY 1",
        (since // QUARTER, -(-until // QUARTER), *values),
    )
    for quarter, cost, unpriced in rows:
        yield quarter * QUARTER, cost, unpriced


def minutes(
    db: sqlite3.Connection, scope: Mapping[str, str], since: int, until: int, counted: str = VALUE
) -> Iterator[tuple[int, int, int]]:
    """The same of each minute, from the calls themselves: for a few days only."""
    from costtop.store.calls.call_row import UNREADABLE  # a frame does without minutes

    where, values = within(db, scope)
    rows = db.execute(
        f"SELECT p.at / {MINUTE}, sum({counted}),"
        f" sum(p.cost IS NULL AND NOT p.flags & {UNREADABLE}) FROM calls p"
        " JOIN sessions s ON s.id = p.session LEFT JOIN contexts c ON c.id = p.context"
        " WHERE p.session IN (SELECT id FROM sessions WHERE last >= ?)"
        f" AND p.at >= ? AND p.at < ?{where} GROUP BY 1 ORDER BY 1",
        (since, since, until, *values),
    )
    for minute, cost, unpriced in rows:
        yield minute * MINUTE, cost or 0, unpriced


def spent(
    db: sqlite3.Connection, scope: Mapping[str, str], since: int, until: int, counted: str = VALUE
) -> Sum:
    """What falls under the scope in [since, until), whole quarter hours; of long spans by days."""
    where, values = within(db, scope)
    span = f"p.quarter >= ? AND p.quarter < ?{where}"
    joined = _joined(where, counted)
    cost, calls, shorts = 0, 0, []
    for part in _parts(db, since // QUARTER, -(-until // QUARTER), counted):
        bound = (part.since, part.until, *values)
        more, times = db.execute(
            f"SELECT coalesce(sum({counted}), 0), coalesce(sum(p.calls), 0) FROM {part.spend} p"
            f"{joined} WHERE {span}",
            bound,
        ).fetchone()
        cost, calls = cost + more, calls + times
        shorts.append(floors.of(db, span, bound, part.floors, joined))
    return Sum(cost, calls, together(shorts))


def _parts(db: sqlite3.Connection, since: int, until: int, counted: str) -> Iterable[Part]:
    """From which roll-up what is summed; what is billed of a row depends on its quarter hour."""
    if counted != VALUE:
        return (Part("spend", "floors", since, until),)
    return rollup_progress.parts(db, since, until)


def _joined(where: str, counted: str) -> str:
    """What a scope asks besides; where it is everything, the roll-up alone says it."""
    others = " JOIN sessions s ON s.id = p.session LEFT JOIN contexts c ON c.id = p.context"
    return others if where or counted != VALUE else ""


def newest(db: sqlite3.Connection) -> int:
    """The latest event time of any session, ms UTC; 0 without one."""
    return int(db.execute("SELECT max(last) FROM sessions").fetchone()[0] or 0)


def dearest(
    db: sqlite3.Connection,
    scope: Mapping[str, str],
    since: int,
    until: int,
    most: int,
    counted: str = VALUE,
) -> list[tuple[str, int]]:
    """("source/session", cost) of the root sessions that spent most of it, dearest first."""
    where, values = within(db, scope)
    return db.execute(
        f"SELECT n.text || '/' || r.session, sum({counted}) FROM spend p"
        " JOIN sessions s ON s.id = p.session LEFT JOIN contexts c ON c.id = p.context"
        " JOIN sessions r ON r.id = s.root JOIN names n ON n.id = r.source"
        f" WHERE p.quarter >= ? AND p.quarter < ?{where}"
        f" GROUP BY s.root HAVING sum({counted}) > 0 ORDER BY 2 DESC, 1 LIMIT ?",
        (since // QUARTER, -(-until // QUARTER), *values, most),
    ).fetchall()


def within(db: sqlite3.Connection, scope: Mapping[str, str]) -> tuple[str, list[str]]:
    """Conditions on p (calls or spend), s and c, and their values.

    GLOB reads * and ? as `scope.matches` does, not brackets.
    """
    where, values = "", []
    for field, glob in sorted(scope.items()):
        either = field == "session"
        rows = _ROOTS if either else _NAMES
        if "[" in glob:
            fits = [
                row for row, text in db.execute(rows) if matches([(field, glob)], {field: text})
            ]
            where += f" AND {_COLUMN[field]} IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(fits))
        else:
            rows = rows.replace("SELECT id, text", "SELECT id", 1)
            also = " OR short GLOB ?" if either else ""
            where += f" AND {_COLUMN[field]} IN ({rows} WHERE text GLOB ?{also})"
            values += [glob, glob] if either else [glob]
    return where, values
