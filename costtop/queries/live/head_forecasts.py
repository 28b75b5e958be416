"""What is to come and what the cache saved, added to a snapshot. It reads no running session.

Forecasts, those of `queries.spending.spend_forecast`, take some ten milliseconds and are asked for
once a minute; what the cache saved is a sum, read with every frame.
Money is int nano-dollars, times are ms UTC.
"""

import sqlite3
from zoneinfo import ZoneInfo

from costtop.durations import QUARTER
from costtop.named_tuples import NamedTuple
from costtop.queries.live.view import BudgetMeter, Forecast, Snapshot
from costtop.queries.spending import spend_forecast
from costtop.queries.spending.charged_rates import latest_rates
from costtop.queries.spending.spend_forecast import Outlooks
from costtop.store.db import snapshot


class HeadForecasts(NamedTuple):
    """What is to come."""

    forecasts: tuple[Forecast, ...] = ()
    budgets: tuple[tuple[str, spend_forecast.Outlook], ...] = ()  # by name


def read(
    db: sqlite3.Connection, now: int, tz: ZoneInfo, budgets: tuple[BudgetMeter, ...]
) -> HeadForecasts:
    """The outlook at `now`."""
    with snapshot(db):
        outlooks = Outlooks(db, now, tz)
        seen = tuple(
            (meter.name, found)
            for meter in budgets
            if not meter.of_plan and (found := _outlook(outlooks, meter))
        )
        hits = {
            found.period: found.hits for name, found in reversed(seen) if not _scope(budgets, name)
        }
        forecasts = tuple(
            one._replace(hits=hits.get(one.period, ())) for one in outlooks.forecasts()
        )
        return HeadForecasts(forecasts, seen)


def _outlook(outlooks: Outlooks, one: BudgetMeter) -> spend_forecast.Outlook | None:
    return outlooks.of(one.period, dict(one.scope), one.amount, one.tiers, one.watch)


def shown(taken: Snapshot, outlook: HeadForecasts) -> Snapshot:
    """The snapshot with the outlook in it."""
    seen = dict(outlook.budgets)
    meters = tuple(_metered(meter, seen.get(meter.name)) for meter in taken.budgets)
    return taken._replace(forecasts=outlook.forecasts, budgets=meters)


def _metered(meter: BudgetMeter, seen: spend_forecast.Outlook | None) -> BudgetMeter:
    if seen is None:
        return meter
    return meter._replace(
        expected=seen.expected, low=seen.low, high=seen.high, breach=seen.breach, hits=seen.hits
    )


def _scope(budgets: tuple[BudgetMeter, ...], name: str) -> tuple[tuple[str, str], ...]:
    return next(meter.scope for meter in budgets if meter.name == name)


def saved(db: sqlite3.Connection, since: int) -> int:
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
