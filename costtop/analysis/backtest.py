"""How good the forecasts of day and month have been on the user's own days, beside two plain ones.

It forecasts nothing itself. Rolling origin: every day is foreseen from the days before it only.
"""

from collections.abc import Sequence

from costtop.analysis import forecast
from costtop.analysis.forecast import Foreseen, SpendDay
from costtop.analysis.quantiles import median
from costtop.named_tuples import NamedTuple

HOURS = (6, 9, 12, 15, 18, 21)
MONTH = 30  # days of a stretch that stands for a month, wherever it begins
ON_DAYS = (3, 7, 14, 21)  # of it, on whose evening it is foreseen
_FIRST = 21  # days that only teach


class DayRecord(NamedTuple):
    """At one hour of the day, over all days that were foreseen."""

    hour: int
    days: int
    wape: float  # sum of |error| over sum of totals
    coverage: float  # share of days inside the 80 % interval
    width: float  # mean width of the interval over the mean total
    pinball: float  # mean loss of the interval's ends, in shares of the mean total
    linear: float  # WAPE of spend so far x 24 / hour
    trailing: float  # WAPE of the median of the last 7 days


def backtest(days: Sequence[SpendDay], hours: Sequence[int] = HOURS) -> list[DayRecord]:
    """One record an hour; empty when there are too few days."""
    records: list[DayRecord] = []
    for hour in hours:
        rows = [_row(days[:nth], days[nth], hour) for nth in range(_FIRST, len(days))]
        told = [row for row in rows if row is not None]
        if told:
            records.append(_record(hour, told))
    return records


class MonthRecord(NamedTuple):
    """On one day of the month, over all stretches of 30 days; shares as in `DayRecord`."""

    on: int
    months: int  # overlapping ones
    wape: float
    coverage: float
    width: float
    linear: float  # WAPE of spend so far x 30 / days


def backtest_month(days: Sequence[SpendDay], on: Sequence[int] = ON_DAYS) -> list[MonthRecord]:
    """One record a day of the month; empty when there are too few days."""
    records: list[MonthRecord] = []
    for nth in on:
        rows = [_month(days, start, nth) for start in range(_FIRST, len(days) - MONTH + 1)]
        told = [row for row in rows if row is not None]
        whole = sum(row.actual for row in told)
        if told and whole:
            records.append(
                MonthRecord(
                    on=nth,
                    months=len(told),
                    wape=sum(abs(row.actual - row.seen.expected) for row in told) / whole,
                    coverage=sum(map(_inside, told)) / len(told),
                    width=sum(row.seen.high - row.seen.low for row in told) / whole,
                    linear=sum(abs(row.actual - row.linear) for row in told) / whole,
                )
            )
    return records


def _month(days: Sequence[SpendDay], start: int, on: int) -> "_Row | None":
    sums = [sum(day.hours) for day in days[start : start + MONTH]]
    left = [day.weekend for day in days[start + on : start + MONTH]]
    gone = sum(sums[:on])
    seen = forecast.end_of_month(days[: start + on], gone, 0, left)
    return None if seen is None else _Row(sum(sums), seen, gone * MONTH / on, 0.0)


class _Row(NamedTuple):
    actual: int
    seen: Foreseen
    linear: float
    trailing: float


def _row(before: Sequence[SpendDay], day: SpendDay, hour: int) -> _Row | None:
    so_far = SpendDay(day.weekend, day.hours[:hour])
    seen = forecast.end_of_day(before, so_far, hour)
    if seen is None:
        return None
    recent = sorted(sum(each.hours) for each in before[-7:])
    return _Row(sum(day.hours), seen, seen.spent * 24 / hour, median(recent))


def _record(hour: int, rows: Sequence[_Row]) -> DayRecord:
    whole = sum(row.actual for row in rows) or 1
    loss = sum(
        _pinball(row.actual, row.seen.low, 0.1) + _pinball(row.actual, row.seen.high, 0.9)
        for row in rows
    )
    return DayRecord(
        hour=hour,
        days=len(rows),
        wape=sum(abs(row.actual - row.seen.expected) for row in rows) / whole,
        coverage=sum(map(_inside, rows)) / len(rows),
        width=sum(row.seen.high - row.seen.low for row in rows) / whole,
        pinball=loss / whole,
        linear=sum(abs(row.actual - row.linear) for row in rows) / whole,
        trailing=sum(abs(row.actual - row.trailing) for row in rows) / whole,
    )


def _inside(row: _Row) -> bool:
    return row.seen.low <= row.actual <= row.seen.high


def _pinball(actual: float, bound: float, share: float) -> float:
    gap = actual - bound
    return max(share * gap, (share - 1) * gap)
