"""Spend and use by local day: the calendar and the bars."""

import sqlite3
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.durations import DAY, QUARTER
from costtop.named_tuples import NamedTuple
from costtop.queries.sessions.task_costs import NONE, OF_COMPLETED, by_task, price
from costtop.store.calls import floors
from costtop.store.db import snapshot
from costtop.store.plans import paid_plans
from costtop.sum_floors import EXACT, Floor


class Day(NamedTuple):
    """One local day; nano-dollars and tokens."""

    key: str  # 2026-11-23
    start: int  # ms UTC
    end: int
    cost: int
    floor: bool
    calls: int
    tokens: int
    sessions: int
    tasks: int  # completed
    each: int | None = None  # the price of one
    short: Floor = EXACT  # what the cost is short of
    billed: int | None = None  # with its share of plans' prices; None: the user pays no plan


def read(db: sqlite3.Connection, days: int, now: int, tz: ZoneInfo) -> tuple[Day, ...]:
    """The last `days` local days up to today, oldest first, those without spend too."""
    spans = periods.days(now - (days - 1) * DAY, now + 1, tz)[-days:]
    with snapshot(db):
        sums = [_sum(db, span.start, span.end) for span in spans]
        done = _done(db, [span.start for span in spans], spans[-1].end)
    paid = _billed(db, spans, now, tz)
    return tuple(
        Day._make(
            (
                *(*span, *found, count),
                price(cost, told) if told else price(found[0], count),
                short,
                paid.get(span.key),
            )
        )
        for span, (*found, short), (count, told, cost) in zip(spans, sums, done, strict=True)
    )


def _billed(
    db: sqlite3.Connection, spans: Sequence[periods.Span], now: int, tz: ZoneInfo
) -> Mapping[str, int]:
    """What is billed by day, as reports have it; nothing without a plan."""
    plans = paid_plans.of(db)
    if not plans:
        return {}
    from costtop.plans import billing
    from costtop.queries.spending import report

    found = report.read(db, "day", tz, spans[0].start, spans[-1].end, now=now)
    told = {line.key: line.paid for line in found.lines}
    idle = [span for span in spans if span.key not in told]
    return told | {
        span.key: sum(billing.share(plan, span.start, span.end, tz) for plan in plans)
        for span in idle
    }


def _done(db: sqlite3.Connection, starts: list[int], end: int) -> list[tuple[int, int, int]]:
    """By day: completed tasks, those that calls name, and what those cost."""
    times = (starts[0], end)
    spent = by_task(db, OF_COMPLETED, times)
    rows = db.execute(
        "SELECT session, task, finished FROM tasks"
        " WHERE status = 'completed' AND finished >= ? AND finished < ?",
        times,
    )
    days = [(0, 0, 0)] * len(starts)
    for *task, finished in rows:
        cost, calls, _ = spent.get((task[0], task[1]), NONE)
        told = calls > 0
        nth = bisect_right(starts, finished) - 1
        count, of_calls, costs = days[nth]
        days[nth] = (count + 1, of_calls + told, costs + cost)
    return days


def _sum(db: sqlite3.Connection, start: int, end: int) -> tuple[int, bool, int, int, int, Floor]:
    span = (start // QUARTER, end // QUARTER)
    within = "p.quarter >= ? AND p.quarter < ?"
    cost, calls, tokens, sessions = db.execute(
        "SELECT coalesce(sum(p.cost), 0), coalesce(sum(p.calls), 0),"
        " coalesce(sum(p.input + p.output), 0), count(DISTINCT s.root)"
        f" FROM spend p JOIN sessions s ON s.id = p.session WHERE {within}",
        span,
    ).fetchone()
    short = floors.of(db, within, span)
    return cost, short.shows(cost, calls), calls, tokens, sessions, short
