"""Evaluates budgets' forecasts every quarter of an hour, and measures hourly how good they are.

The arithmetic is `analysis.forecast`, the reading `queries.spending.spend_forecast`, the speaking
`evaluate`. It reads on a connection of its own, for a look at two months takes longer than a
commit may wait.
"""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from costtop.model import Budget
from costtop.queries.spending.spend_forecast import MEASURED, Measured, Outlooks, measure, measured
from costtop.store.db import open_reader

EVERY = 15 * 60_000  # ms between two evaluations: a breach is told after the second
_MEASURED_FOR = 60 * 60_000  # ms that a measurement is good


class BudgetForecast(NamedTuple):
    """One budget's forecast as of now."""

    budget: str
    breach: float  # P(it is passed before the period ends)
    expected: int  # nano-dollars at the end of the period


class BudgetForecasts(NamedTuple):
    """What one look ahead gave; `meta` is what readers are to know."""

    of_budgets: tuple[BudgetForecast, ...]
    meta: dict[str, str]


async def forecast_budgets(
    database: Path, budgets: Sequence[Budget], tz: ZoneInfo, now: int
) -> BudgetForecasts:
    """The budgets' forecasts, and a new measurement where the last one is old."""
    return await asyncio.to_thread(_read, database, budgets, tz, now)


def _read(database: Path, budgets: Sequence[Budget], tz: ZoneInfo, now: int) -> BudgetForecasts:
    db = open_reader(database)
    try:
        return forecasts_of(db, budgets, tz, now)
    finally:
        db.close()


def forecasts_of(
    db: sqlite3.Connection, budgets: Sequence[Budget], tz: ZoneInfo, now: int
) -> BudgetForecasts:
    """The same, from a connection."""
    outlooks = Outlooks(db, now, tz)
    found = []
    for budget in budgets:
        seen = outlooks.of(budget.period, dict(budget.scope), budget.amount)
        if seen is not None:
            found.append(BudgetForecast(budget.name, seen.breach, seen.expected))
    return BudgetForecasts(tuple(found), _measured(db, outlooks, now))


def _measured(db: sqlite3.Connection, outlooks: Outlooks, now: int) -> dict[str, str]:
    last, past = measured(db), outlooks.past()
    if past is None or (last is not None and 0 <= now - last.at < _MEASURED_FOR):
        return {}
    fresh: Measured = measure(past, now)
    return {MEASURED: json.dumps(fresh)}
