"""When the spend of a budget usually falls: its owner's own working hours. It judges no pace.

Learnt from the days before today alone, so that it is the same all day, and the same in a replay.
An hour counts by how often something was spent in it, not by how much: one dear night makes no
night shift.
"""

import math
from datetime import datetime
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.durations import DAY, HOUR
from costtop.named_tuples import NamedTuple
from costtop.periods import Span

LEARNT = 28  # days
_LEAST = 5  # days with spend before there are own hours


class Usual(NamedTuple):
    """What is usual, by kind of day (0 work day, 1 weekend); hours are local."""

    hours: tuple[tuple[float, ...], tuple[float, ...]]  # of a day with spend: P(some in the hour)
    days: tuple[float, float]  # P(a day of the kind has spend)
    pace: float  # nano-dollars in an hour with spend
    spends: tuple[tuple[tuple[int, ...], ...], ...]  # by kind, each day with spend: by hour


class OwnHours:
    """Spend of a budget by the hour, of the last weeks."""

    __slots__ = ("_kept", "_known", "_of", "_sums", "_tz")

    def __init__(self, tz: ZoneInfo) -> None:
        self._tz = tz
        self._sums: dict[int, int] = {}  # hours since the epoch -> nano-dollars
        self._of = -1  # start of the day that `_known` is for
        self._known: Usual | None = None
        self._kept: dict[tuple[int, int], float] = {}  # sums over a span, as `_known` has them

    def add(self, at: int, nanos: int) -> None:
        """Book spend at its moment; of a day that is over, what is known is learnt anew."""
        hour = at // HOUR
        self._sums[hour] = self._sums.get(hour, 0) + nanos
        if at < self._of:
            self._of = -1

    def usual(self, now: int) -> Usual | None:
        """What is usual as of the day of `now`; None while too few days are known."""
        if self._of <= now < self._of + 23 * HOUR:
            return self._known
        start = periods.start_of("day", now, self._tz)
        if start != self._of:
            self._of, self._known, self._kept = start, self._learn(start), {}
        return self._known

    def left(self, usual: Usual | None, now: int, until: int) -> list[tuple[int, float]]:
        """(start in ms, hours usually worked) of each hour from `now` to `until`.

        Today is a day with spend, later ones perhaps; where nothing is known every hour counts.
        """
        today = periods.end_of("day", now, self._tz)
        found: list[tuple[int, float]] = []
        at = now
        while at < until:
            after = min(until, (at // HOUR + 1) * HOUR)
            share = 1.0 if usual is None else self._share(usual, at, today)
            found.append((at, share * (after - at) / HOUR))
            at = after
        return found

    def _share(self, usual: Usual, at: int, today: int) -> float:
        local = datetime.fromtimestamp(at // 1000, self._tz)
        kind = int(local.weekday() >= 5)
        return usual.hours[kind][local.hour] * (1.0 if at < today else usual.days[kind])

    def clock(self, at: int, now: int) -> str:
        """A moment for people: "15:40", of another day "Thu 26 Nov 15:40"."""
        there, here = (datetime.fromtimestamp(one // 1000, self._tz) for one in (at, now))
        return there.strftime("%H:%M" if there.date() == here.date() else "%a %d %b %H:%M")

    def worked(self, usual: Usual, span: Span) -> float:
        """Hours that are usually worked in a whole period."""
        key = (span.start, span.end)
        if key not in self._kept:
            self._kept[key] = math.fsum(
                share for _, share in self.left(usual, span.start, span.end)
            )
        return self._kept[key]

    def rests(self, usual: Usual, now: int, until: int) -> list[float]:
        """What may follow from `now` to `until`, nano-dollars, as each of the days before had it.

        Of the days after today their mean counts, less what it is uncertain by.
        """
        local = datetime.fromtimestamp(now // 1000, self._tz)
        hour, part = local.hour, 1 - local.minute / 60
        kind = int(local.weekday() >= 5)
        key = (-1, until)
        if key not in self._kept:
            self._kept[key] = self._later(usual, periods.end_of("day", now, self._tz), until)
        later, days = self._kept[key], usual.spends[kind] or usual.spends[1 - kind]
        return [later + part * day[hour] + sum(day[hour + 1 :]) for day in days]

    def _later(self, usual: Usual, since: int, until: int) -> float:
        mean = variance = 0.0
        for span in periods.days(since, until, self._tz):
            kind = int(datetime.fromtimestamp(span.start // 1000, self._tz).weekday() >= 5)
            sums = [sum(day) for day in usual.spends[kind]]
            if sums:
                expected = usual.days[kind] * math.fsum(sums) / len(sums)
                mean += expected
                variance += usual.days[kind] * math.fsum(x * x for x in sums) / len(sums)
                variance -= expected * expected
        return max(0.0, mean - math.sqrt(max(0.0, variance)))

    def _learn(self, today: int) -> Usual | None:
        since = today - LEARNT * DAY
        self._sums = {hour: sum_ for hour, sum_ in self._sums.items() if hour * HOUR >= since}
        spends: tuple[dict[int, list[int]], dict[int, list[int]]] = ({}, {})  # kind: day: by hour
        for hour, sum_ in self._sums.items():
            if sum_ > 0 and hour * HOUR < today:
                local = datetime.fromtimestamp(hour * 3600, self._tz)
                kind = int(local.weekday() >= 5)
                spends[kind].setdefault(local.toordinal(), [0] * 24)[local.hour] += sum_
        if sum(map(len, spends)) < _LEAST:
            return None
        kinds = tuple(tuple(map(tuple, days.values())) for days in spends)
        return _usual(kinds, _days(min(self._sums) * HOUR, today, self._tz))


def _usual(spends: tuple[tuple[tuple[int, ...], ...], ...], whole: list[int]) -> Usual:
    """From the days with spend; a kind of day that has none is worked like the other."""
    worked = sum(sum_ > 0 for days in spends for day in days for sum_ in day)
    spent = sum(sum(day) for days in spends for day in days)
    hours = []
    for kind in (0, 1):
        days = spends[kind] or spends[1 - kind]
        hours.append(tuple(sum(day[hour] > 0 for day in days) / len(days) for hour in range(24)))
    first, second = (min(1.0, len(spends[kind]) / max(1, whole[kind])) for kind in (0, 1))
    return Usual((hours[0], hours[1]), (first, second), spent / worked, spends)


def _days(first: int, today: int, tz: ZoneInfo) -> list[int]:
    """How many days of each kind there were from the first to yesterday."""
    found = [0, 0]
    for span in periods.days(first, today, tz):
        local = datetime.fromtimestamp(span.start // 1000, tz)
        found[int(local.weekday() >= 5)] += 1
    return found
