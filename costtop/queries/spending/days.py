"""Spend and use by local day: the calendar and the bars. It formats nothing."""

import sqlite3
from typing import NamedTuple
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.durations import DAY
from costtop.store.calls import floors
from costtop.store.calls.rollups import QUARTER
from costtop.store.db import snapshot


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


def read(db: sqlite3.Connection, days: int, now: int, tz: ZoneInfo) -> tuple[Day, ...]:
    """The last `days` local days up to today, oldest first, those without spend too."""
    spans = periods.days(now - (days - 1) * DAY, now + 1, tz)[-days:]
    with snapshot(db):
        sums = [_sum(db, span.start, span.end) for span in spans]
    return tuple(
        Day(span.key, span.start, span.end, *found) for span, found in zip(spans, sums, strict=True)
    )


def _sum(db: sqlite3.Connection, start: int, end: int) -> tuple[int, bool, int, int, int, int]:
    span = (start // QUARTER, end // QUARTER)
    within = "p.quarter >= ? AND p.quarter < ?"
    cost, calls, tokens, sessions = db.execute(
        "SELECT coalesce(sum(p.cost), 0), coalesce(sum(p.calls), 0),"
        " coalesce(sum(p.input + p.output), 0), count(DISTINCT s.root)"
        f" FROM spend p JOIN sessions s ON s.id = p.session WHERE {within}",
        span,
    ).fetchone()
    tasks = db.execute(
        "SELECT count(*) FROM tasks WHERE status = 'completed' AND finished >= ? AND finished < ?",
        (start, end),
    ).fetchone()[0]
    floor = floors.of(db, within, span).shows(cost, calls)
    return cost, floor, calls, tokens, sessions, tasks
