"""Spend within a budget's scope, from the roll-ups. It knows no budget's amount.

Values of a scope are globs, as everywhere in the config; SQLite's GLOB matches as they do.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from costtop.store.calls.rollups import MINUTE, QUARTER

_LIKE = "IN (SELECT id FROM names WHERE text GLOB ?)"
_WHERE = {
    "feature": f"p.feature {_LIKE}",
    "model": f"p.model {_LIKE}",
    "user": f"c.user {_LIKE}",
    "project": f"c.project {_LIKE}",
    "source": f"s.source {_LIKE}",
    "session": "s.root IN (SELECT r.id FROM sessions r JOIN names n ON n.id = r.source"
    " WHERE n.text || '/' || r.session GLOB ? OR r.session GLOB ?)",
}


def quarters(
    db: sqlite3.Connection, scope: Mapping[str, str], since: int, until: int
) -> Iterator[tuple[int, int, int]]:
    """(start in ms, cost, unpriced calls) of each quarter hour in [since, until), in order."""
    where = "".join(f" AND {_WHERE[key]}" for key in sorted(scope))
    rows = db.execute(
        "SELECT p.quarter, sum(p.cost), sum(p.unpriced) FROM spend p"
        " JOIN sessions s ON s.id = p.session LEFT JOIN contexts c ON c.id = p.context"
        f" WHERE p.quarter >= ? AND p.quarter < ?{where} GROUP BY 1 ORDER BY 1",
        (since // QUARTER, -(-until // QUARTER), *_values(scope)),
    )
    for quarter, cost, unpriced in rows:
        yield quarter * QUARTER, cost, unpriced


def minutes(
    db: sqlite3.Connection, scope: Mapping[str, str], since: int, until: int
) -> Iterator[tuple[int, int, int]]:
    """The same of each minute, from the calls themselves: for a few days only."""
    where = "".join(f" AND {_WHERE[key]}" for key in sorted(scope))
    rows = db.execute(
        f"SELECT p.at / {MINUTE}, sum(p.cost), sum(p.cost IS NULL) FROM calls p"
        " JOIN sessions s ON s.id = p.session LEFT JOIN contexts c ON c.id = p.context"
        " WHERE p.session IN (SELECT id FROM sessions WHERE last >= ?)"
        f" AND p.at >= ? AND p.at < ?{where} GROUP BY 1 ORDER BY 1",
        (since, since, until, *_values(scope)),
    )
    for minute, cost, unpriced in rows:
        yield minute * MINUTE, cost or 0, unpriced


def spent(
    db: sqlite3.Connection, scope: Mapping[str, str], since: int, until: int
) -> tuple[int, int]:
    """(cost, unpriced calls) in [since, until)."""
    cost = unpriced = 0
    for _, more, calls in quarters(db, scope, since, until):
        cost += more
        unpriced += calls
    return cost, unpriced


def _values(scope: Mapping[str, str]) -> Iterable[str]:
    for key in sorted(scope):
        yield from (scope[key],) * (2 if key == "session" else 1)
