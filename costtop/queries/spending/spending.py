"""Spend by one key over a span, beside the span before: the screens of features and models.

The sums are those of `report`; here stand the comparison, the trend by day and the spread between
sessions. It formats nothing. Money is int nano-dollars, times are ms UTC.
"""

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from costtop import compared_spans, periods, span_words
from costtop.analysis.quantiles import quantile
from costtop.durations import QUARTER
from costtop.model import Rates
from costtop.named_tuples import NamedTuple
from costtop.queries.spending import report, sum_keys
from costtop.queries.spending.charged_rates import latest_rates
from costtop.queries.spending.report_line import Line
from costtop.store.db import snapshot

if TYPE_CHECKING:
    from costtop.queries.pulls.merged_pulls import MergedPulls

TREND_DAYS = 14
SPANS = ("today", "7 days", "30 days", "month")
_DAY = 86_400_000
_NO_END = 1 << 42  # quarter hours
_FEWEST = 5  # sessions for a spread


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
    merged: "MergedPulls | None" = None  # only by pull request


def bounds(span: str, now: int, tz: ZoneInfo) -> tuple[int, int, int, int]:
    """[since, until) of a span in words, and of the one before, as far as this one has come."""
    found = span_words.parse(span, now, tz)
    return *compared_spans.so_far(found, now), *compared_spans.before(found, now, tz)


def read(db: sqlite3.Connection, by: str, span: str, now: int, tz: ZoneInfo) -> Spending:
    """Spend by `by` in the named span up to now."""
    since, until, earlier, upto = bounds(span, now, tz)
    # Whole quarters: the one that runs is in.
    present = report.read(db, by, tz, since, until + QUARTER, now=now)
    past = report.read(db, by, tz, earlier, upto)
    before = {line.key: line.cost for line in past.lines}
    with snapshot(db):
        if by in sum_keys.ATTRIBUTED:
            from costtop.queries.pulls import work_shares

            work_shares.prepare(db)
        trends = _trends(db, by, now, tz)
        spreads = _spreads(db, by, since, until, tz)
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
        merged=_merged(db, present) if by == "pr" else None,
    )


def _merged(db: sqlite3.Connection, present: report.Report) -> "MergedPulls":
    from costtop.queries.pulls import merged_pulls

    return merged_pulls.read(db, present)


def _trends(db: sqlite3.Connection, by: str, now: int, tz: ZoneInfo) -> dict[str, tuple[int, ...]]:
    days = periods.days(now - (TREND_DAYS - 1) * _DAY, now + 1, tz)[-TREND_DAYS:]
    since, named = days[0].start // QUARTER, sum_keys.Labels(db, by, tz)
    rows = db.execute(
        f"SELECT {sum_keys.column(by)}, p.quarter, sum(p.cost) {_spent(by, since, _NO_END)}"
        " WHERE p.quarter >= ? GROUP BY 1, 2",
        (since,),
    )
    starts = [day.start for day in days]
    trends: dict[str, list[int]] = {}
    for number, quarter, cost in rows:
        day = _place(starts, quarter * QUARTER)
        trends.setdefault(named(number), [0] * TREND_DAYS)[day] += cost
    return {key: tuple(costs) for key, costs in trends.items()}


def _spent(by: str, since: int, until: int) -> str:
    """The rows to be summed; which quarter hours of them count is said besides."""
    if by not in sum_keys.ATTRIBUTED:
        return report.FROM
    from costtop.queries.pulls import work_shares

    return work_shares.rows((since, until), ())


def _place(starts: Sequence[int], at: int) -> int:
    from bisect import bisect_right

    return max(bisect_right(starts, at) - 1, 0)


def _spreads(
    db: sqlite3.Connection, by: str, since: int, until: int, tz: ZoneInfo
) -> dict[str, tuple[int | None, int | None]]:
    """Median and 90 % of what a session spent with each key, where there are enough sessions."""
    first, last = since // QUARTER, until // QUARTER
    rows = db.execute(
        f"SELECT {sum_keys.column(by)}, s.root, sum(p.cost) {_spent(by, first, last + 1)}"
        " WHERE p.quarter >= ? AND p.quarter <= ? GROUP BY 1, 2",
        (first, last),
    )
    named, sums = sum_keys.Labels(db, by, tz), dict[str, dict[int, int]]()
    for number, root, cost in rows:
        of_root = sums.setdefault(named(number), {})
        of_root[root] = of_root.get(root, 0) + cost
    costs = {key: [*of_root.values()] for key, of_root in sums.items()}
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
