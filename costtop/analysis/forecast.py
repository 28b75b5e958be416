"""Where spend is going: the end of day and month with intervals, the time to a tier.

It reads no calendar: days come as values, of a kind (a weekday or a weekend day) and with 24 local
hours. All intervals are empirical: they come from how wrong the same forecast was on the days
before (split conformal), so that their coverage can be checked and shown (DETECTION 3.8).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from costtop.analysis.quantiles import quantile

_PROFILE_DAYS, _RESIDUAL_DAYS = 28, 60
_LEAST_DAYS = 5  # of history before there is a forecast
_LEAST_RESIDUALS = 8
_WORTH = 0.5  # of a usual day, that the usual level counts against today's
_LEAST_PART = 0.01  # of a usual day: added to both sides of a ratio, for the rest may be nothing
_DRAWS = 400  # of the bootstrap
_WIDE = (-1.2, 1.2)  # of ln remaining, while too few days tell


class SpendDay(NamedTuple):
    """One local day: whether it is a weekend (or holiday), and spend by hour, nano-dollars."""

    weekend: bool
    hours: tuple[int, ...]


class Foreseen(NamedTuple):
    """What a period will have cost, nano-dollars: the middle and the 80 % interval."""

    spent: int
    expected: int
    low: int
    high: int
    days: int  # that the interval was learnt from; 0: it is a guess

    @property
    def rest(self) -> int:
        """What is still to come, in the middle."""
        return self.expected - self.spent


class Crossing(NamedTuple):
    """When an amount will be passed, in hours from now, and how probable it is this period."""

    chance: float
    hours: float | None  # None: not this period
    low: float | None
    high: float | None


def end_of_day(history: Sequence[SpendDay], today: SpendDay, hour: float) -> Foreseen | None:
    """The day's total, foreseen at a local hour (13.5 is half past one); None: too little history.

    `history` ends yesterday; `today.hours` holds what was spent so far. The usual profile of such
    days, times today's level, which is shrunk towards the usual one.
    """
    spent = sum(today.hours)
    rest = _rest(history, today, hour)
    if rest is None:
        return None
    errors = residuals(history, today.weekend, hour)
    known = len(errors) if len(errors) >= _LEAST_RESIDUALS else 0
    low, high = _ends(rest, errors, _least(history, today.weekend))
    return Foreseen(spent, spent + round(rest), spent + round(low), spent + round(high), known)


def chance_today(history: Sequence[SpendDay], today: SpendDay, hour: float, amount: int) -> float:
    """P(the day ends at or beyond an amount), by how wrong earlier forecasts were."""
    spent = sum(today.hours)
    if spent >= amount:
        return 1.0
    rest, least = _rest(history, today, hour), _least(history, today.weekend)
    if rest is None or not least:
        return 0.0
    limit = math.log((amount - spent + least) / (rest + least))
    return _beyond(residuals(history, today.weekend, hour), limit)


def residuals(history: Sequence[SpendDay], weekend: bool, hour: float) -> list[float]:
    """ln(actual rest / foreseen rest) at this hour on the days before, ascending (`_LEAST_PART`).

    Days of the other kind come in only while there are few of this one.
    """
    found: list[float] = []
    for kinds in ((weekend,), (weekend, not weekend)):
        found = []
        for nth in range(max(_LEAST_DAYS, len(history) - _RESIDUAL_DAYS), len(history)):
            day = history[nth]
            if day.weekend in kinds:
                found += _residual(history[:nth], day, hour)
        if len(found) >= _LEAST_RESIDUALS:
            break
    return sorted(found)


def end_of_month(
    history: Sequence[SpendDay], spent: int, rest_of_today: int, left: Sequence[bool], seed: int = 0
) -> Foreseen | None:
    """The total of a month (or a week); `left` says of each day after today if it is a weekend day.

    Means of such days; the interval by a two-stage bootstrap: which days the history might have
    held, then which days will come, with a 5 % uncertainty of the level.
    """
    if len(history) < _LEAST_DAYS:
        return None
    totals = _totals(history, left, seed)
    pools, everything = _pools(history)
    middle = sum(_mean(pools[kind] or everything) for kind in left)
    base = spent + rest_of_today
    return Foreseen(
        spent,
        base + round(middle),
        base + round(quantile(totals, 0.1)),
        base + round(quantile(totals, 0.9)),
        len(history),
    )


def chance_of_month(
    history: Sequence[SpendDay], gone: int, left: Sequence[bool], amount: int, seed: int = 0
) -> float:
    """P(the month ends at or beyond an amount), `gone` being spent by the end of today."""
    if gone >= amount:
        return 1.0
    if len(history) < _LEAST_DAYS:
        return 0.0
    totals = _totals(history, left, seed)
    return sum(gone + total >= amount for total in totals) / len(totals)


def _pools(history: Sequence[SpendDay]) -> tuple[dict[bool, list[int]], list[int]]:
    """Totals of recent days by kind (weekend or not), and of all."""
    pools = {
        kind: [sum(day.hours) for day in history[-_RESIDUAL_DAYS:] if day.weekend == kind]
        for kind in (False, True)
    }
    return pools, [*pools[False], *pools[True]]


def _totals(history: Sequence[SpendDay], left: Sequence[bool], seed: int) -> list[float]:
    """What such days may cost together, ascending: the bootstrap."""
    import random  # heavy for `--once`, which may have no forecast to make

    pools, everything = _pools(history)
    rng = random.Random(seed)  # noqa: S311 - a reproducible bootstrap, no secret
    totals: list[float] = []
    for _ in range(_DRAWS):
        level = math.exp(rng.gauss(0, 0.05))
        draws = {
            kind: rng.choices(pool or everything, k=len(pool or everything))
            for kind, pool in pools.items()
        }
        totals.append(level * sum(rng.choice(draws[kind]) for kind in left))
    return sorted(totals)


def crossing(
    history: Sequence[SpendDay], today: SpendDay, hour: float, amount: int
) -> Crossing | None:
    """When today's spend passes an amount; an hour is given if the chance is at least 0.2."""
    spent = sum(today.hours)
    if spent >= amount:
        return Crossing(1.0, 0.0, 0.0, 0.0)
    path = _path(history, today, hour)
    if path is None:
        return None
    chance = chance_today(history, today, hour, amount)
    if chance < 0.2:
        return Crossing(chance, None, None, None)
    rest, errors = math.fsum(path), residuals(history, today.weekend, hour)
    low, high = _ends(rest, errors, _least(history, today.weekend))
    needed = amount - spent
    return Crossing(
        chance,
        _when(path, needed, hour),
        _when(_scaled(path, high), needed, hour),
        _when(_scaled(path, low), needed, hour),
    )


def crossing_later(
    history: Sequence[SpendDay], today: SpendDay, hour: float, left: Sequence[bool], amount: int
) -> Crossing | None:
    """When a month (or week) passes `amount` from now on; `left` are the days after today.

    Today as foreseen, then a mean day of its kind for each, spread evenly; no interval.
    """
    path = _path(history, today, hour)
    if path is None:
        return None
    chance = chance_of_month(history, round(math.fsum(path)), left, amount)
    if chance < 0.2:
        return Crossing(chance, None, None, None)
    pools, everything = _pools(history)
    for kind in left:
        path += [_mean(pools[kind] or everything) / 24] * 24
    return Crossing(chance, _when(path, amount, hour), None, None)


def _rest(history: Sequence[SpendDay], today: SpendDay, hour: float) -> float | None:
    path = _path(history, today, hour)
    return None if path is None else math.fsum(path)


def _path(history: Sequence[SpendDay], today: SpendDay, hour: float) -> list[float] | None:
    """Foreseen spend of each hour that is left, the running one in part."""
    profile = _profile(history, today.weekend)
    if profile is None:
        return None
    whole = math.fsum(profile)
    now = min(23, int(hour))
    part = hour - now
    gone = math.fsum(profile[:now]) + part * profile[now]
    level = (sum(today.hours) + _WORTH * whole) / (gone + _WORTH * whole) if whole else 0.0
    return [level * (1 - part) * profile[now], *(level * each for each in profile[now + 1 :])]


def _profile(history: Sequence[SpendDay], weekend: bool) -> list[float] | None:
    if len(history) < _LEAST_DAYS:
        return None
    recent = history[-_PROFILE_DAYS:]
    same = [day for day in recent if day.weekend == weekend] or list(recent)
    return [math.fsum(day.hours[hour] for day in same) / len(same) for hour in range(24)]


def _residual(before: Sequence[SpendDay], day: SpendDay, hour: float) -> list[float]:
    now = min(23, int(hour))
    running = round(day.hours[now] * (hour - now))
    so_far = SpendDay(day.weekend, (*day.hours[:now], running))
    rest, least = _rest(before, so_far, hour), _least(before, day.weekend)
    if rest is None or not least:
        return []
    actual = sum(day.hours) - sum(so_far.hours)
    return [math.log((actual + least) / (rest + least))]


def _least(history: Sequence[SpendDay], weekend: bool) -> float:
    """What is next to nothing of such a day, nano-dollars; 0.0 where nothing is known of them."""
    return _LEAST_PART * math.fsum(_profile(history, weekend) or ())


def _ends(rest: float, errors: Sequence[float], least: float) -> tuple[float, float]:
    """The 80 % interval of the rest; next to nothing, at its lower end, is nothing."""
    low, high = ((rest + least) * math.exp(error) - least for error in _interval(errors))
    return low if low > least else 0.0, max(0.0, high)


def _interval(errors: Sequence[float]) -> tuple[float, float]:
    """The 80 % interval of ln(actual / foreseen), with the (n + 1) of split conformal."""
    count = len(errors)
    if count < _LEAST_RESIDUALS:
        return _WIDE
    high = min(count - 1, math.ceil((count + 1) * 0.9) - 1)
    low = max(0, math.floor((count + 1) * 0.1) - 1)
    return errors[low], errors[high]


def _beyond(errors: Sequence[float], limit: float) -> float:
    if len(errors) < _LEAST_RESIDUALS:
        low, high = _WIDE
        return min(1.0, max(0.0, 0.1 + 0.8 * (high - limit) / (high - low)))
    return sum(error >= limit for error in errors) / len(errors)


def _scaled(path: Sequence[float], rest: float) -> list[float]:
    """The same course of the rest of the day, with another sum."""
    whole = math.fsum(path)
    return [each * rest / whole for each in path] if whole else list(path)


def _when(path: Sequence[float], needed: float, hour: float) -> float | None:
    """Hours from now until the path's sum reaches `needed`."""
    gone, start = 0.0, hour
    for nth, amount in enumerate(path):
        length = 1 - (hour - int(hour)) if nth == 0 else 1.0
        if amount > 0 and gone + amount >= needed:
            return start - hour + length * (needed - gone) / amount
        gone += amount
        start += length
    return None


def _mean(numbers: Sequence[float]) -> float:
    return math.fsum(numbers) / len(numbers) if numbers else 0.0
