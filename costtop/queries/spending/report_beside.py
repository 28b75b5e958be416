"""A report beside what it is compared with: the span before, or the median of like spans.

A day, week or month of a report is compared with its own kind: the one before, or the same weekdays
(the weeks, the months) before it. What goes on is compared with as much of the others.
"""

import sqlite3
from collections.abc import Mapping
from typing import Literal
from zoneinfo import ZoneInfo

from costtop import compared_spans, periods
from costtop.analysis.quantiles import twice_median
from costtop.durations import QUARTER
from costtop.named_tuples import NamedTuple
from costtop.queries.spending import report
from costtop.span_words import WordedSpan

Against = Literal["before", "like"]
_Span = tuple[int, int]


class Compared(NamedTuple):
    """What rows cost elsewhere, nano-dollars by key; a key that is missing is not known there."""

    against: Against
    name: str  # the span before | Fridays | …
    spans: tuple[_Span, ...]  # of the whole, latest first
    costs: Mapping[str, int]
    total: int | None


def read(
    db: sqlite3.Connection, found: report.Report, span: WordedSpan, kind: Against, now: int
) -> Compared:
    """What the report's rows are compared with; `span` is what it was asked of."""
    tz = periods.zone(found.zone)
    start, end = compared_spans.so_far(span, now)
    end = -(-end // QUARTER) * QUARTER  # whole quarters: the one that runs is in
    name, spans = _spans(db, span, (start, end), tz, kind)
    past = [report.read(db, found.by, tz, *one, filters=found.filters) for one in spans]
    total = _median([one.total.cost for one in past]) if past else None
    costs: dict[str, int] = {}
    if found.by in periods.CALENDAR:
        for line in found.lines:
            if line.key == report.OTHER:
                continue  # days that are no span together
            cost = _of_period(db, found, line.key, (start, end), kind)
            if cost is not None:
                costs[line.key] = cost
    elif past:
        by_key = [{line.key: line.cost for line in one.lines} for one in past]
        for key in {key for one in by_key for key in one} | {line.key for line in found.lines}:
            costs[key] = _median([one.get(key, 0) for one in by_key])
        if any(line.key == report.OTHER for line in found.lines):
            costs[report.OTHER] = _median([_beyond(found, one) for one in past])
    return Compared(kind, name, spans, costs, total)


def _beyond(found: report.Report, past: report.Report) -> int:
    """What all else cost then, nano-dollars, where only the dearest of now have rows."""
    shown = {line.key for line in found.lines if line.key != report.OTHER}
    return past.total.cost - sum(line.cost for line in past.lines if line.key in shown)


def _median(costs: list[int]) -> int:
    """As `costtop why` has it: of an even number the mean of the two in the middle."""
    return twice_median(sorted(costs)) // 2


def _spans(
    db: sqlite3.Connection, span: WordedSpan, times: _Span, tz: ZoneInfo, kind: Against
) -> tuple[str, tuple[_Span, ...]]:
    """What the whole span is compared with, of those since anything is known."""
    first = report.first_time(db)
    if kind == "before":
        before = compared_spans.before(span._replace(start=times[0]), times[1], tz)
        return "the span before", (before,) if first is not None and before[1] > first else ()
    like = None if first is None else compared_spans.like(*times, tz, first)
    return (like.name, like.spans) if like else ("like days", ())


def _of_period(
    db: sqlite3.Connection, found: report.Report, key: str, times: _Span, kind: Against
) -> int | None:
    """What one day, week or month is compared with; None of one that the span's beginning cuts."""
    period, tz = found.by, periods.zone(found.zone)
    start, end = periods.bounds(period, key, tz)
    if start < times[0]:
        return None
    end = min(end, times[1])
    name, spans = _spans(db, WordedSpan("", period, start, end), (start, end), tz, kind)
    past = [report.read(db, "total", tz, *one, filters=found.filters) for one in spans]
    costs = [one.total.cost for one in past]
    return _median(costs) if name and costs else None
