"""Whether a task of the same length gets dearer: cost a turn and cost a new token, at like length.

Whole tasks differ by factors, so that a third more is lost in their noise; at like length far less
is left of it. The logarithm of cost is fitted on that of turns (or new tokens) within days, what
is left is looked at for a trend over the span. p comes from shuffling whole days, for tasks of a
day resemble each other, and for both questions at once. Dearer may be asked with nine tenths of
the errors that are allowed, cheaper with one.
"""

import math
import random
from collections.abc import Sequence
from itertools import groupby
from typing import Literal

from costtop.analysis.quantiles import median
from costtop.named_tuples import NamedTuple

Per = Literal["turn", "new token"]
_DEARER = 0.9  # share of the allowed errors
_FAR = 3.0  # spreads, to which residuals are held: one odd task must not decide
_NEWEST, _EXTRA = 0.75, 0.15  # from where on the span weighs more, in the test; and how much
_MAD = 1.4826  # of a normal's spread in its median absolute deviation
_WITHIN = 20  # tasks beyond one a day from which the fit is made within days


class PricedTask(NamedTuple):
    """One completed task: when, the number of its local day, and logarithms."""

    at: int
    day: int
    log_cost: float
    log_turns: float
    log_new: float  # of its new tokens: not read from a cache, and put out


class LikePrice(NamedTuple):
    """The trend of one price over the span; `change` 0.3 is 30 % dearer at its end."""

    per: Per
    change: float
    low: float  # 95 % interval
    high: float
    p: float  # of the direction that it took, both questions allowed for
    spread: float  # of the logarithm, at like length


class _Residuals(NamedTuple):
    """What the fit leaves: sums and counts by day, and the spread."""

    days: list[tuple[float, int]]  # (sum, tasks)
    spread: float


def prices(
    tasks: Sequence[PricedTask], seed: int = 0, shuffles: int = 999
) -> tuple[LikePrice, LikePrice]:
    """A turn's price and a new token's; for enough days and tasks (`trend.LEAST_DAYS`)."""
    tasks = sorted(tasks)
    places = _places(tasks)
    turns = _residuals(tasks, [(t.log_turns, t.log_turns**2) for t in tasks])
    tokens = _residuals(tasks, [(t.log_new, t.log_turns) for t in tasks])
    both = (turns, tokens)
    p = _shuffled(both, places, random.Random(seed), shuffles)  # noqa: S311 - no secret
    one, two = (
        _price(per, found, places, p_value)
        for per, found, p_value in zip(_PERS, both, p, strict=True)
    )
    return one, two


_PERS: tuple[Per, Per] = ("turn", "new token")


def _places(tasks: Sequence[PricedTask]) -> list[float]:
    """Where each day lies in the span, 0 to 1."""
    days = [day for day, _ in groupby(task.day for task in tasks)]
    span = max(1, days[-1] - days[0])
    return [(day - days[0]) / span for day in days]


def _residuals(tasks: Sequence[PricedTask], lengths: Sequence[tuple[float, float]]) -> _Residuals:
    """What is left of ln cost when its length is taken out."""
    slopes = _fit(tasks, lengths)
    plain = [
        task.log_cost - slopes[0] * one - slopes[1] * two
        for task, (one, two) in zip(tasks, lengths, strict=True)
    ]
    middle = median(sorted(plain))
    spread = _MAD * median(sorted(abs(each - middle) for each in plain))
    reach = _FAR * spread
    held = [min(max(each - middle, -reach), reach) for each in plain]
    days: list[tuple[float, int]] = []
    pairs = zip((task.day for task in tasks), held, strict=True)
    for _, group in groupby(pairs, key=lambda pair: pair[0]):
        mine = [each for _, each in group]
        days.append((math.fsum(mine), len(mine)))
    return _Residuals(days, spread)


def _fit(
    tasks: Sequence[PricedTask], lengths: Sequence[tuple[float, float]]
) -> tuple[float, float]:
    """Slopes of ln cost over both lengths, within days where days have tasks enough.

    Within a day no trend disturbs the fit.
    """
    groups: dict[int, list[int]] = {}
    for nth, task in enumerate(tasks):
        groups.setdefault(task.day, []).append(nth)
    if len(tasks) - len(groups) < _WITHIN:
        groups = {0: list(range(len(tasks)))}
    a = b = c = d = e = 0.0  # the normal equations of two centred variables
    for mine in groups.values():
        x, y, z = (
            [value - sum(values) / len(values) for value in values]
            for values in (
                [lengths[nth][0] for nth in mine],
                [lengths[nth][1] for nth in mine],
                [tasks[nth].log_cost for nth in mine],
            )
        )
        a += sum(i * i for i in x)
        b += sum(i * j for i, j in zip(x, y, strict=True))
        c += sum(j * j for j in y)
        d += sum(i * k for i, k in zip(x, z, strict=True))
        e += sum(j * k for j, k in zip(y, z, strict=True))
    whole = a * c - b * b
    if whole <= 1e-9 * a * c or not whole:
        return (d / a if a else 0.0), 0.0
    return (c * d - b * e) / whole, (a * e - b * d) / whole


def _slope(days: Sequence[tuple[float, int]], places: Sequence[float]) -> float:
    """The trend of the residuals over the span, in ln."""
    tasks = sum(count for _, count in days)
    centre = sum(place * count for place, (_, count) in zip(places, days, strict=True)) / tasks
    over = under = 0.0
    for place, (total, count) in zip(places, days, strict=True):
        over += (place - centre) * total
        under += (place - centre) ** 2 * count
    return over / under if under else 0.0


def _price(per: Per, found: _Residuals, places: Sequence[float], p: float) -> LikePrice:
    slope = _slope(found.days, places)
    reach = _reach(found.days, places, slope)
    return LikePrice(
        per=per,
        change=math.expm1(slope),
        low=math.expm1(slope - reach),
        high=math.expm1(slope + reach),
        p=p,
        spread=found.spread,
    )


def _reach(days: Sequence[tuple[float, int]], places: Sequence[float], slope: float) -> float:
    """Half the 95 % interval of the slope, by what days (not tasks) differ."""
    tasks = sum(count for _, count in days)
    mean = sum(total for total, _ in days) / tasks
    centre = sum(place * count for place, (_, count) in zip(places, days, strict=True)) / tasks
    over = under = 0.0
    for place, (total, count) in zip(places, days, strict=True):
        left = total - count * (mean + slope * (place - centre))
        over += ((place - centre) * left) ** 2
        under += (place - centre) ** 2 * count
    free = len(days) - 2
    if free <= 0 or not under:
        return math.inf
    return _student(free) * math.sqrt(over * len(days) / free) / under


def _student(free: int) -> float:
    """The two-sided 95 % point of Student's t, for eight degrees and more."""
    return 1.96 + 2.4 / free + 3.4 / free**2


def _shuffled(
    both: Sequence[_Residuals], places: Sequence[float], rng: random.Random, shuffles: int
) -> list[float]:
    """P of so large a change in either question when whole days come in any order.

    Each is measured in spreads of its own shuffles, and compared with the larger of the two.
    """
    weights = [place + _EXTRA * (place >= _NEWEST) for place in places]
    actual = [_slope(one.days, weights) for one in both]
    order = list(range(len(places)))
    drawn: list[list[float]] = []
    for _ in range(shuffles):
        rng.shuffle(order)
        drawn.append([_slope([one.days[nth] for nth in order], weights) for one in both])
    spreads = [math.sqrt(sum(row[nth] ** 2 for row in drawn) / shuffles) for nth in (0, 1)]
    units = [spread or math.inf for spread in spreads]
    found = []
    for nth, score in enumerate(actual):
        sign, share = (1, _DEARER) if score > 0 else (-1, 1 - _DEARER)
        mine = sign * score / units[nth]
        as_far = sum(
            max(sign * one / unit for one, unit in zip(row, units, strict=True)) >= mine
            for row in drawn
        )
        found.append(min(1.0, (as_far + 1) / (shuffles + 1) / share))
    return found
