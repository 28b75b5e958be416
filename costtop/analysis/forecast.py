"""Where spend is going: the end of day and month with intervals, the time to a tier.

It reads no calendar: days come as values, of a kind (a weekday or a weekend day) and with 24 local
hours. All intervals are empirical: they come from how wrong the same forecast was on the days
before (split conformal), so that their coverage can be checked and shown (DETECTION 3.8).
"""

import math
from collections.abc import Sequence
from functools import lru_cache

from costtop.analysis.quantiles import quantile
from costtop.analysis.spend_level import Spending, draws, learn
from costtop.named_tuples import NamedTuple

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
    errors = residuals(history, today, hour)
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
    return _beyond(residuals(history, today, hour), limit)


def residuals(history: Sequence[SpendDay], today: SpendDay, hour: float) -> list[float]:
    """ln(actual rest / foreseen rest) at this hour on the days before, ascending (`_LEAST_PART`).

    Of days like today: of its kind, and begun or not by this hour. Others come in only while there
    are few of those.
    """
    begun = any(today.hours)
    found: list[list[float]] = [[], [], []]
    for nth in range(max(_LEAST_DAYS, len(history) - _RESIDUAL_DAYS), len(history)):
        day = history[nth]
        other = day.weekend != today.weekend
        unlike = any(day.hours[: int(hour) + 1]) != begun
        found[2 if other else int(unlike)] += _residual(history[:nth], day, hour)
    told: list[float] = []
    for each in found:
        told += each
        if len(told) >= _LEAST_RESIDUALS:
            break
    return sorted(told)


def end_of_month(
    history: Sequence[SpendDay], spent: int, rest_of_today: int, left: Sequence[bool], seed: int = 0
) -> Foreseen | None:
    """The total of a month (or a week); `left` says of each day after today if it is a weekend day.

    From days like those before, days off among them, at a level that may have changed lately; None
    while too few days with spend are known.
    """
    totals = _totals(tuple(history), tuple(left), seed)
    if totals is None:
        return None
    base, middle = spent + rest_of_today, math.fsum(usual_days(history, left))
    return Foreseen(
        spent,
        base + round(middle),
        base + round(min(middle, quantile(totals, 0.1))),
        base + round(max(middle, quantile(totals, 0.9))),
        len(history),
    )


def chance_of_month(
    history: Sequence[SpendDay], gone: int, left: Sequence[bool], amount: int, seed: int = 0
) -> float:
    """P(the month ends at or beyond an amount), `gone` being spent by the end of today."""
    if gone >= amount:
        return 1.0
    totals = _totals(tuple(history), tuple(left), seed)
    if totals is None:
        return 0.0
    return sum(gone + total >= amount for total in totals) / len(totals)


def usual_days(history: Sequence[SpendDay], left: Sequence[bool]) -> list[float]:
    """What each of these days costs in the middle, days off spread over all; none known: []."""
    known = _known(tuple(history))
    if known is None:
        return []
    pools = _pools(history)
    means = {kind: known.lately * _mean(pool) for kind, pool in pools.items()}
    return [means[kind] for kind in left]


def _pools(history: Sequence[SpendDay]) -> dict[bool, list[int]]:
    """Totals of recent days by kind (weekend or not); a kind that there was not is like all."""
    recent = history[-_RESIDUAL_DAYS:]
    found = {k: [sum(day.hours) for day in recent if day.weekend == k] for k in (False, True)}
    everything = [*found[False], *found[True]]
    return {kind: pool or everything for kind, pool in found.items()}


@lru_cache(maxsize=16)  # a budget's tiers and its end ask for the same days
def _known(history: tuple[SpendDay, ...]) -> Spending | None:
    recent = history[-_RESIDUAL_DAYS:]
    return learn([(day.weekend, sum(day.hours)) for day in recent], _LEAST_DAYS)


@lru_cache(maxsize=16)
def _totals(
    history: tuple[SpendDay, ...], left: tuple[bool, ...], seed: int
) -> tuple[float, ...] | None:
    """What such days may cost together, ascending; None while too little is known."""
    known = _known(history)
    return None if known is None else tuple(draws(known, left, _DRAWS, seed))


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
    rest, errors = math.fsum(path), residuals(history, today, hour)
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
    for each in usual_days(history, left):
        path += [each / 24] * 24
    return Crossing(chance, _when(path, amount, hour), None, None)


def _rest(history: Sequence[SpendDay], today: SpendDay, hour: float) -> float | None:
    path = _path(history, today, hour)
    return None if path is None else math.fsum(path)


def _path(history: Sequence[SpendDay], today: SpendDay, hour: float) -> list[float] | None:
    """Foreseen spend of each hour that is left; None while fewer than five days had any spend."""
    if sum(any(day.hours) for day in history[-_RESIDUAL_DAYS:]) < _LEAST_DAYS:
        return None
    profile = _profile(history, today.weekend)
    return None if profile is None else _course(history, today, hour, profile)


def _course(
    history: Sequence[SpendDay], today: SpendDay, hour: float, profile: list[float]
) -> list[float]:
    """The same, from the mean day of the kind; the running hour counts in part."""
    spent, now = sum(today.hours), min(23, int(hour))
    part = hour - now
    alike = _alike(history, today, now)
    profile = alike or profile
    whole = math.fsum(profile)
    gone = math.fsum(profile[:now]) + part * profile[now]
    level = (spent + _WORTH * whole) / (gone + _WORTH * whole) if whole else 0.0
    if alike and not spent:
        level = 1.0  # what began late, or never, on such days is all that is known
    return [level * (1 - part) * profile[now], *(level * each for each in profile[now + 1 :])]


def _alike(history: Sequence[SpendDay], today: SpendDay, now: int) -> list[float] | None:
    """The profile of days off and on: of those that had begun by this hour, or had not, as today.

    None while there are few of them.
    """
    begun = any(today.hours)
    same = [
        day
        for day in history[-_PROFILE_DAYS:]
        if day.weekend == today.weekend and any(day.hours[: now + 1]) == begun
    ]
    return _means(same) if len(same) >= _LEAST_DAYS else None


def _profile(history: Sequence[SpendDay], weekend: bool) -> list[float] | None:
    """The mean day of the kind; None of fewer than five days."""
    if len(history) < _LEAST_DAYS:
        return None
    recent = history[-_PROFILE_DAYS:]
    return _means([day for day in recent if day.weekend == weekend] or recent)


def _means(days: Sequence[SpendDay]) -> list[float]:
    return [sum(hour) / len(days) for hour in zip(*(day.hours for day in days), strict=True)]


def _residual(before: Sequence[SpendDay], day: SpendDay, hour: float) -> list[float]:
    now = min(23, int(hour))
    running = round(day.hours[now] * (hour - now))
    so_far = SpendDay(day.weekend, (*day.hours[:now], running))
    profile = _profile(before, day.weekend)
    least = _LEAST_PART * math.fsum(profile or ())
    if profile is None or not least:
        return []
    rest = math.fsum(_course(before, so_far, hour, profile))
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
