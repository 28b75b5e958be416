"""Spend by one key over a span, beside the span before: the screens of features and models.

The sums are those of `report`; here stand the comparison, the trend by day and the spread between
sessions. It formats nothing. Money is int nano-dollars, times are ms UTC.
"""

import sqlite3
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from costtop import against, periods, span_words
from costtop.analysis.quantiles import quantile
from costtop.durations import QUARTER
from costtop.model import Rates
from costtop.named import NamedTuple
from costtop.queries.spending import report
from costtop.queries.spending.rates import latest_rates
from costtop.queries.spending.report_line import Line
from costtop.store.db import snapshot
from costtop.store.sessions import owner_columns

TREND_DAYS = 14
SPANS = ("today", "7 days", "30 days", "month")
_DAY = 86_400_000
_FEWEST = 5  # sessions for a spread
_KEYED = {
    "feature": "p.feature",
    "model": "p.model",
    "user": owner_columns.user(),
    "project": "c.project",
    "source": "s.source",
    "host": owner_columns.host(),
    "label": "(SELECT label FROM sessions WHERE id = s.root)",
}
_FROM = "FROM spend p JOIN sessions s ON s.id = p.session LEFT JOIN contexts c ON c.id = p.context"


class Spent(NamedTuple):
    """One feature, model, project, ... in the span."""

    sums: Line
    before: int  # nano-dollars of the same key in the span before
    trend: tuple[int, ...]  # cost of each of the last TREND_DAYS local days, oldest first
    median: int | None  # cost of a session with it, in the span
    p90: int | None


class Spending(NamedTuple):
    """The answer for one screen."""

    by: str
    span: str
    since: int
    until: int
    lines: tuple[Spent, ...]  # dearest first
    total: Line
    before: Line
    rates: tuple[tuple[str, Rates], ...]  # latest known of each model in the span; only by model


def bounds(span: str, now: int, tz: ZoneInfo) -> tuple[int, int, int, int]:
    """[since, until) of a span in words, and of the one before, as far as this one has come."""
    found = span_words.parse(span, now, tz)
    return *against.so_far(found, now), *against.before(found, now, tz)


def read(db: sqlite3.Connection, by: str, span: str, now: int, tz: ZoneInfo) -> Spending:
    """Spend by `by` in the named span up to now."""
    since, until, earlier, upto = bounds(span, now, tz)
    # Whole quarters: the one that runs is in.
    present = report.read(db, by, tz, since, until + QUARTER, now=now)
    past = report.read(db, by, tz, earlier, upto)
    before = {line.key: line.cost for line in past.lines}
    with snapshot(db):
        trends = _trends(db, by, now, tz)
        spreads = _spreads(db, by, since, until)
        rates = latest_rates(db, since) if by == "model" else ()
    lines = [
        Spent(
            line,
            before.get(line.key, 0),
            trends.get(line.key, (0,) * TREND_DAYS),
            *spreads.get(line.key, (None, None)),
        )
        for line in present.lines
    ]
    return Spending(
        by=by,
        span=span,
        since=since,
        until=until,
        lines=tuple(lines),
        total=present.total,
        before=past.total,
        rates=rates,
    )


def _named(by: str) -> str:
    text = f"(SELECT text FROM names WHERE id = {_KEYED[by]})"
    return f"coalesce(nullif({text}, ''), '{report.UNTAGGED}')"


def _trends(db: sqlite3.Connection, by: str, now: int, tz: ZoneInfo) -> dict[str, tuple[int, ...]]:
    days = periods.days(now - (TREND_DAYS - 1) * _DAY, now + 1, tz)[-TREND_DAYS:]
    rows = db.execute(
        f"SELECT {_named(by)}, p.quarter, sum(p.cost) {_FROM} WHERE p.quarter >= ? GROUP BY 1, 2",
        (days[0].start // QUARTER,),
    )
    starts = [day.start for day in days]
    trends: dict[str, list[int]] = {}
    for key, quarter, cost in rows:
        day = _place(starts, quarter * QUARTER)
        trends.setdefault(key, [0] * TREND_DAYS)[day] += cost
    return {key: tuple(costs) for key, costs in trends.items()}


def _place(starts: Sequence[int], at: int) -> int:
    from bisect import bisect_right

    return max(bisect_right(starts, at) - 1, 0)


def _spreads(
    db: sqlite3.Connection, by: str, since: int, until: int
) -> dict[str, tuple[int | None, int | None]]:
    """Median and 90 % of what a session spent with each key, where there are enough sessions."""
    rows = db.execute(
        f"SELECT {_named(by)}, sum(p.cost) {_FROM} WHERE p.quarter >= ? AND p.quarter <= ?"
        " GROUP BY 1, s.root",
        (since // QUARTER, until // QUARTER),
    )
    costs: dict[str, list[int]] = {}
    for key, cost in rows:
        costs.setdefault(key, []).append(cost)
    return {
        key: (round(quantile(sorted(many), 0.5)), round(quantile(sorted(many), 0.9)))
        for key, many in costs.items()
        if len(many) >= _FEWEST
    }


def at_rates(line: Line, rates: Rates) -> int:
    """What the line's tokens would have cost at these rates, nano-dollars. An estimate.

    Another model would have needed other tokens; the same ones are assumed.
    """
    plain = line.input - line.cache_read - line.cache_write
    short = line.cache_write - line.cache_write_1h
    pico = (
        plain * rates.input
        + line.cache_read * rates.cache_read
        + short * rates.cache_write
        + line.cache_write_1h * rates.cache_write_1h
        + line.output * rates.output
    )
    return (pico + 500) // 1000
