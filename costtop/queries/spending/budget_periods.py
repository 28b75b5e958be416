"""Budgets with their present period and the periods before it. It sets none."""

import json
import sqlite3
from typing import NamedTuple
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.queries.moment import moment
from costtop.store.calls.scope_sums import spent

PAST = 8  # periods of history


class BudgetLine(NamedTuple):
    """One budget, how it stands, how it stood."""

    name: str
    period: str
    amount: int
    tiers: tuple[int, ...]
    scope: tuple[tuple[str, str], ...]
    action: str
    spent: int
    floor: bool
    starts: int  # ms UTC
    resets: int
    past: tuple[int, ...]  # spent in the periods before, oldest first


def read(db: sqlite3.Connection, now: int, tz: ZoneInfo) -> tuple[BudgetLine, ...]:
    """The budgets that the daemon knows, in the order of the config."""
    with moment(db):
        row = db.execute("SELECT value FROM meta WHERE key = 'budgets'").fetchone()
        return tuple(_line(db, one, now, tz) for one in json.loads(row[0] if row else "[]"))


def _line(db: sqlite3.Connection, tree: dict[str, object], now: int, tz: ZoneInfo) -> BudgetLine:
    period, scope = str(tree["period"]), dict(tree["scope"])  # type: ignore[call-overload]
    starts, ends = periods.reach(period, now, tz), periods.end_of(period, now, tz)
    cost, unpriced = spent(db, scope, starts, ends)
    past = []
    if periods.hours(period) is None:
        at = now
        for _ in range(PAST):
            span = periods.before(period, at, tz)
            past.append(spent(db, scope, span.start, span.end)[0])
            at = span.start
    return BudgetLine(
        str(tree["name"]), period, int(tree["amount"]), tuple(tree["tiers"]),  # type: ignore[call-overload,arg-type]
        tuple(sorted(scope.items())), str(tree.get("action", "notify")), cost, unpriced > 0,
        starts, ends, tuple(past[::-1]),
    )  # fmt: skip
