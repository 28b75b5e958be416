"""Where today and the month are going, and what the cache saved: for the head of the screen.

It reads roll-ups only and is asked once a minute; the arithmetic is `analysis.forecast`. Money is
int nano-dollars, times are ms UTC.
"""

import sqlite3
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.analysis import forecast
from costtop.analysis.forecast import Day
from costtop.snapshot.moment import moment
from costtop.snapshot.spending import latest_rates
from costtop.snapshot.view import BudgetMeter, Forecast
from costtop.store.rollups import QUARTER

_DAY, _HOUR = 86_400_000, 3_600_000
_HISTORY = 60  # days


class Outlook(NamedTuple):
    """What is to come, and what today would have cost without a cache."""

    forecasts: tuple[Forecast, ...] = ()
    saved: int | None = None


def read(
    db: sqlite3.Connection, now: int, tz: ZoneInfo, budgets: tuple[BudgetMeter, ...], month: int
) -> Outlook:
    """The outlook at `now`; `month` is what the month has cost so far."""
    today = periods.start_of("day", now, tz)
    with moment(db):
        days = _days(db, now, tz)
        saved = _saved(db, today)
    if not days:
        return Outlook((), saved)
    *history, present = days
    hour = (now - today) / _HOUR
    day = forecast.end_of_day(history, present, hour)
    if day is None:
        return Outlook((), saved)
    left = [_weekend(span.start, tz) for span in periods.days(
        periods.end_of("day", now, tz), periods.end_of("month", now, tz), tz)]  # fmt: skip
    whole = forecast.end_of_month(history, month, day.rest, left)
    found = [
        Forecast(
            "day", day.expected, day.low, day.high, _hits(history, present, now, hour, budgets)
        )
    ]
    if whole is not None:
        found.append(Forecast("month", whole.expected, whole.low, whole.high))
    return Outlook(tuple(found), saved)


def _hits(
    history: list[Day], today: Day, now: int, hour: float, budgets: tuple[BudgetMeter, ...]
) -> tuple[tuple[int, int], ...]:
    """When the day's budget will meet its next tiers."""
    budget = next((b for b in budgets if b.period == "day" and not b.scope), None)
    hits = []
    for tier in budget.tiers if budget else ():
        assert budget is not None
        amount = budget.amount * tier // 100
        if budget.spent < amount:
            met = forecast.crossing(history, today, hour, amount)
            if met is not None and met.hours is not None:
                hits.append((tier, now + round(met.hours * _HOUR)))
    return tuple(hits)


def _days(db: sqlite3.Connection, now: int, tz: ZoneInfo) -> list[Day]:
    """The last days with today, from the first that has any spend."""
    spans = periods.days(now - _HISTORY * _DAY, now + 1, tz)
    rows = db.execute(
        "SELECT quarter, sum(cost) FROM spend WHERE quarter >= ? AND quarter < ? GROUP BY quarter",
        (spans[0].start // QUARTER, spans[-1].end // QUARTER),
    ).fetchall()
    if not rows:
        return []
    hours: dict[int, list[int]] = {span.start: [0] * 24 for span in spans}
    for quarter, cost in rows:
        local = datetime.fromtimestamp(quarter * QUARTER // 1000, tz)
        start = periods.start_of("day", quarter * QUARTER, tz)
        if start in hours:
            hours[start][local.hour] += cost
    first = periods.start_of("day", rows[0][0] * QUARTER, tz)
    return [Day(_weekend(span.start, tz), tuple(hours[span.start])) for span in spans
            if span.start >= first]  # fmt: skip


def _weekend(at: int, tz: ZoneInfo) -> bool:
    return datetime.fromtimestamp(at // 1000, tz).weekday() >= 5


def _saved(db: sqlite3.Connection, since: int) -> int:
    """What today's cache reads would have cost more as plain input, less what writes cost more."""
    rates = dict(latest_rates(db, since))
    rows = db.execute(
        "SELECT n.text, sum(p.cache_read), sum(p.cache_write), sum(p.cache_write_1h) FROM spend p"
        " JOIN names n ON n.id = p.model WHERE p.quarter >= ? GROUP BY p.model",
        (since // QUARTER,),
    )
    pico = 0
    for model, read_, written, hour in rows:
        if (rate := rates.get(model)) is not None:
            pico += read_ * (rate.input - rate.cache_read)
            pico -= (written - hour) * (rate.cache_write - rate.input)
            pico -= hour * (rate.cache_write_1h - rate.input)
    return pico // 1000
