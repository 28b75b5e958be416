"""Whether a feature's cost per completed task rises: Kendall's tau-b, Theil-Sen, shuffled days.

It gathers no tasks and names no driver. Tasks of one day resemble each other, so the p-value comes
from shuffling whole days: shuffling tasks would call four times too many trends (DETECTION 3.7).
"""

import math
import random
from collections.abc import Sequence

from costtop.analysis.quantiles import median
from costtop.named_tuples import NamedTuple

LEAST_DAYS, LEAST_TASKS = 10, 30
_PAIRS_OF = 600  # tasks whose pairs give the slope; more are thinned evenly
_SURE = 1.959963984540054  # two-sided 95 % of the normal
_POWER = 2.5758293035489004 + 0.8416212335729143  # alpha 0.01 two-sided, power 0.8


class TaskPoint(NamedTuple):
    """One completed task: when, the number of its local day, ln of its cost."""

    at: int
    day: int
    log_cost: float


class Trend(NamedTuple):
    """How the cost of a task moved over the stretch; `change` 0.25 is a quarter dearer."""

    tasks: int
    days: int
    tau: float
    p: float  # two-sided, by shuffled days
    change: float  # over the whole stretch, by the fitted slope
    low: float  # 95 % interval of it
    high: float


class TooFew(NamedTuple):
    """Not enough tasks or days to say; `detectable` is the least change that would be seen."""

    tasks: int
    days: int
    detectable: float


def trend(points: Sequence[TaskPoint], seed: int = 0, shuffles: int = 999) -> Trend | TooFew:
    """The trend of one feature, deterministic for a seed."""
    points = sorted(points)
    days = len({point.day for point in points})
    if days < LEAST_DAYS or len(points) < LEAST_TASKS:
        return TooFew(len(points), days, detectable(points))
    span = points[-1].at - points[0].at
    slope, low, high = theil_sen(
        [point.at / span for point in points], [point.log_cost for point in points]
    )
    tau = kendall([point.at for point in points], [point.log_cost for point in points])
    return Trend(
        tasks=len(points),
        days=days,
        tau=tau,
        p=_shuffled(points, seed, shuffles),
        change=math.expm1(slope),
        low=math.expm1(low),
        high=math.expm1(high),
    )


def kendall(left: Sequence[float], right: Sequence[float]) -> float:
    """Kendall's tau-b, which allows for ties; 0.0 when one side does not vary. O(n^2)."""
    score = ties_left = ties_right = 0
    count = len(left)
    for nth in range(count):
        one, two = left[nth], right[nth]
        for other in range(nth):
            a, b = _sign(one - left[other]), _sign(two - right[other])
            score += a * b
            ties_left += not a
            ties_right += not b
    pairs = count * (count - 1) // 2
    scale = math.sqrt((pairs - ties_left) * (pairs - ties_right))
    return score / scale if scale else 0.0


def theil_sen(xs: Sequence[float], ys: Sequence[float]) -> tuple[float, float, float]:
    """The median slope over all pairs, and its 95 % interval (Sen 1968, without ties in x)."""
    stride = math.ceil(len(xs) / _PAIRS_OF)
    xs, ys = xs[::stride], ys[::stride]
    count = len(xs)
    slopes = sorted(
        (ys[j] - ys[i]) / (xs[j] - xs[i]) for j in range(count) for i in range(j) if xs[j] != xs[i]
    )
    if not slopes:
        return 0.0, 0.0, 0.0
    reach = _SURE * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = max(0, math.floor((len(slopes) - reach) / 2))
    high = min(len(slopes) - 1, math.ceil((len(slopes) + reach) / 2))
    return median(slopes), slopes[low], slopes[high]


def detectable(points: Sequence[TaskPoint]) -> float:
    """The least change over the stretch that alpha 0.01 would see four times in five."""
    count = len(points)
    if count < 3:
        return math.inf
    logs = [point.log_cost for point in points]
    mean = math.fsum(logs) / count
    spread = math.sqrt(math.fsum((each - mean) ** 2 for each in logs) / (count - 1))
    return math.expm1(min(50.0, _POWER * spread * math.sqrt(12 / count)))


def accepted(p_values: Sequence[float], level: float = 0.01) -> list[bool]:
    """Which of several findings stand at a false discovery rate (Benjamini and Hochberg 1995)."""
    order = sorted(range(len(p_values)), key=lambda nth: p_values[nth])
    last = -1
    for rank, nth in enumerate(order):
        if p_values[nth] <= level * (rank + 1) / len(p_values):
            last = rank
    kept = set(order[: last + 1])
    return [nth in kept for nth in range(len(p_values))]


def _shuffled(points: Sequence[TaskPoint], seed: int, shuffles: int) -> float:
    """P of a score as large when whole days come in any order.

    The score is a sum over pairs of days, so a shuffle costs days squared, not tasks squared.
    """
    days: dict[int, list[float]] = {}
    for point in points:
        days.setdefault(point.day, []).append(point.log_cost)
    groups = [days[day] for day in sorted(days)]
    count = len(groups)
    wins = [[0] * count for _ in range(count)]
    for late in range(count):
        for early in range(late):
            score = sum(_sign(y - x) for x in groups[early] for y in groups[late])
            wins[early][late], wins[late][early] = score, -score
    order = list(range(count))
    actual = abs(_total(wins, order))
    rng = random.Random(seed)  # noqa: S311 - a reproducible shuffle, no secret
    as_large = 1
    for _ in range(shuffles):
        rng.shuffle(order)
        as_large += abs(_total(wins, order)) >= actual
    return as_large / (shuffles + 1)


def _total(wins: list[list[int]], order: list[int]) -> int:
    return sum(wins[early][late] for place, late in enumerate(order) for early in order[:place])


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)
