"""Where spend is going: the end of day, week and month of everything or of a budget's scope.

It reads roll-ups; the arithmetic is `analysis.forecast`, and how often such intervals held on the
user's own days is what the daemon has measured (`measured`, kept in `meta`). Money is int
nano-dollars, times are ms UTC.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.analysis import forecast
from costtop.analysis.forecast import Crossing, Foreseen, SpendDay
from costtop.named_tuples import NamedTuple
from costtop.queries.live.view import Forecast
from costtop.queries.plans import watched_spend
from costtop.store import meta
from costtop.store.calls import scope_sums
from costtop.store.calls.scope_sums import VALUE

HISTORY = 60  # days that a forecast looks back on
PERIODS = ("day", "week", "month")
MEASURED = "forecast_measured"  # meta: JSON of `Measured`
if TYPE_CHECKING:
    from costtop.analysis.backtest import DayRecord, MonthRecord

_LIKE_A_LINE = 0.95  # of its error: from there on the forecast knows no more than the line
_DAY, _HOUR = 86_400_000, 3_600_000


class Outlook(NamedTuple):
    """One period of one scope: what it will have cost, and what that does to a budget."""

    period: str
    spent: int
    expected: int
    low: int
    high: int
    breach: float  # P(it ends at or beyond the amount)
    hits: tuple[tuple[int, int], ...]  # (tier in per cent, ms UTC) to come


class Measured(NamedTuple):
    """How often the 80 % interval held on the user's own days."""

    at: int
    day: tuple[tuple[float, ...], ...]  # (hour of the day, days, share, error), ascending
    month: tuple[tuple[float, ...], ...]  # (day of the month, stretches, share, error); `error` is
    # that of the forecast over that of a straight line, missing where it was not measured yet


class Past(NamedTuple):
    """Whole local days with their starts, oldest first, and today so far."""

    starts: tuple[int, ...]
    days: tuple[SpendDay, ...]
    today: SpendDay


class Outlooks:
    """Forecasts as of one moment; remembers what it has read of each scope."""

    def __init__(self, db: sqlite3.Connection, now: int, tz: ZoneInfo) -> None:
        self._db, self._now, self._tz = db, now, tz
        self._known: dict[tuple[tuple[tuple[str, str], ...], str], Past | None] = {}

    def past(self, of: Mapping[str, str] | None = None, watch: str = "") -> Past | None:
        """The days of a scope since its first spend; None where there is none.

        `watch` is a budget's: what is billed counts, or the value.
        """
        key = tuple(sorted((of or {}).items())), watched_spend.rollup(self._db, watch)
        if key not in self._known:
            self._known[key] = past(self._db, dict(key[0]), self._now, self._tz, key[1])
        return self._known[key]

    def of(
        self,
        period: str,
        of: Mapping[str, str] | None = None,
        amount: int = 0,
        tiers: Sequence[int] = (),
        watch: str = "",
    ) -> Outlook | None:
        """The outlook of a calendar period; None for others, and while too few days are known."""
        found = self.past(of, watch) if period in PERIODS else None
        if found is None:
            return None
        hour = (self._now - periods.start_of("day", self._now, self._tz)) / _HOUR
        return _outlook(found, period, min(hour, 24.0), self._now, self._tz, amount, tiers)

    def forecasts(self) -> tuple[Forecast, ...]:
        """Day and month of everything, as the screen's head and `--once` show them."""
        found = []
        held = measured(self._db)
        for period in ("day", "month"):
            seen = self.of(period)
            if seen is not None:
                at = datetime.fromtimestamp(self._now // 1000, self._tz)
                tested, share, beats = _held(held, period, at)
                found.append(
                    Forecast(
                        period,
                        seen.expected,
                        seen.low,
                        seen.high,
                        coverage=share,
                        tested=tested,
                        beats_line=beats,
                    )
                )
        return tuple(found)


def past(
    db: sqlite3.Connection, of: dict[str, str], now: int, tz: ZoneInfo, counted: str = VALUE
) -> Past | None:
    """The last HISTORY local days of a scope by hour; None where nothing was spent in them."""
    spans = periods.days(now - HISTORY * _DAY, now + 1, tz)
    hours: dict[int, list[int]] = {}
    for at, cost, _ in scope_sums.quarters(db, of, spans[0].start, spans[-1].end, counted):
        start = periods.start_of("day", at, tz)
        local = datetime.fromtimestamp(at // 1000, tz)
        hours.setdefault(start, [0] * 24)[local.hour] += cost
    if not hours:
        return None
    kept = [span.start for span in spans if span.start >= min(hours)]
    days = [SpendDay(_weekend(at, tz), tuple(hours.get(at, [0] * 24))) for at in kept]
    return Past(tuple(kept[:-1]), tuple(days[:-1]), days[-1])


def measured(db: sqlite3.Connection) -> Measured | None:
    """What the daemon has measured last; None before it has."""
    text = meta.get(db, MEASURED)
    if not text:
        return None
    at, day, month = json.loads(text)
    return Measured(at, tuple(map(tuple, day)), tuple(map(tuple, month)))


def measure(found: Past, now: int) -> Measured:
    """Backtests both forecasts on these days; about a second of processor time."""
    from costtop.analysis.backtest import backtest, backtest_month

    days = [
        (one.hour, one.days, round(one.coverage, 3), _error(one)) for one in backtest(found.days)
    ]
    month = [
        (one.on, one.months, round(one.coverage, 3), _error(one))
        for one in backtest_month(found.days)
    ]
    return Measured(now, tuple(days), tuple(month))


def _error(one: "DayRecord | MonthRecord") -> float:
    return round(one.wape / one.linear, 3) if one.linear else 1.0


def _held(
    found: Measured | None, period: str, at: datetime
) -> tuple[int, float | None, bool | None]:
    """(days tested, share in which the interval held, better than a line), as of this hour."""
    rows = () if found is None else found.day if period == "day" else found.month
    now = at.hour if period == "day" else at.day
    best = [row for row in rows if row[0] <= now] or list(rows[:1])
    if not best:
        return 0, None, None
    _, tested, share, *error = best[-1]
    return int(tested), share, error[0] < _LIKE_A_LINE if error else None


def _outlook(
    found: Past, period: str, hour: float, now: int, tz: ZoneInfo, amount: int, tiers: Sequence[int]
) -> Outlook | None:
    history, today = found.days, found.today
    day = forecast.end_of_day(history, today, hour)
    if day is None:
        return None
    start = periods.start_of(period, now, tz)
    earlier = sum(
        sum(one.hours) for at, one in zip(found.starts, history, strict=True) if at >= start
    )
    spent = earlier + day.spent
    if period == "day":
        return _of_today(found, day, hour, now, amount, tiers)
    left = [
        _weekend(span.start, tz)
        for span in periods.days(
            periods.end_of("day", now, tz), periods.end_of(period, now, tz), tz
        )
    ]
    whole = forecast.end_of_month(history, spent, day.rest, left)
    if whole is None:
        return None
    met = {
        tier: forecast.crossing_later(history, today, hour, left, amount * tier // 100 - spent)
        for tier in tiers
        if spent * 100 < amount * tier
    }
    breach = forecast.chance_of_month(history, spent + day.rest, left, amount)
    low, high = whole.low, whole.high
    if not left:  # the last day: what is uncertain is its own rest
        low, high = earlier + day.low, earlier + day.high
        breach = forecast.chance_today(history, today, hour, amount - earlier)
    return Outlook(
        period=period,
        spent=spent,
        expected=whole.expected,
        low=low,
        high=high,
        breach=breach,
        hits=_hits(met, now),
    )


def _of_today(
    found: Past, day: Foreseen, hour: float, now: int, amount: int, tiers: Sequence[int]
) -> Outlook:
    history, today = found.days, found.today
    met = {
        tier: forecast.crossing(history, today, hour, amount * tier // 100)
        for tier in tiers
        if day.spent * 100 < amount * tier
    }
    return Outlook(
        period="day",
        spent=day.spent,
        expected=day.expected,
        low=day.low,
        high=day.high,
        breach=forecast.chance_today(history, today, hour, amount),
        hits=_hits(met, now),
    )


def _hits(met: Mapping[int, Crossing | None], now: int) -> tuple[tuple[int, int], ...]:
    return tuple(
        (tier, now + round(one.hours * _HOUR))
        for tier, one in met.items()
        if one is not None and one.hours is not None
    )


def _weekend(at: int, tz: ZoneInfo) -> bool:
    return datetime.fromtimestamp(at // 1000, tz).weekday() >= 5
