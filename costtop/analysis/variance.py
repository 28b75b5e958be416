"""Whether sessions' costs have become more uneven than they were: Brown-Forsythe on ln cost.

It does not say which session: that is the detectors' matter. On dollars themselves a single session
would decide the test.
"""

import math
from collections.abc import Sequence

from costtop.analysis.quantiles import mean, median, upper_spread
from costtop.named_tuples import NamedTuple


class Spread(NamedTuple):
    """The upper spread of ln cost now over before, with its p-value."""

    before: float
    now: float
    ratio: float
    p: float
    top_share: float  # of the dollars now, in the dearest 5 % of sessions

    @property
    def uneven(self) -> bool:
        """Worth a word: p < 0.01 and at least 1.3 times as wide."""
        return self.p < 0.01 and self.ratio >= 1.3


def spread(before: Sequence[int], now: Sequence[int]) -> Spread | None:
    """Compare sessions' costs in nano-dollars; None with fewer than five priced on either side."""
    old = sorted(math.log(cost) for cost in before if cost > 0)
    new = sorted(math.log(cost) for cost in now if cost > 0)
    if len(old) < 5 or len(new) < 5:
        return None
    wide, wider = upper_spread(old), upper_spread(new)
    ratio = wider / wide if wide > 0 else math.inf
    return Spread(wide, wider, ratio, brown_forsythe(old, new)[1], top_share(now))


def top_share(costs: Sequence[int], part: float = 0.05) -> float:
    """The share of the dollars in the dearest `part` of the sessions, at least one of them."""
    whole = sum(costs)
    count = max(1, round(len(costs) * part))
    return sum(sorted(costs, reverse=True)[:count]) / whole if whole > 0 else 0.0


def brown_forsythe(*groups: Sequence[float]) -> tuple[float, float]:
    """F and p of the test of equal spread around the medians (scipy's levene, center="median")."""
    gaps = [[abs(value - median(sorted(group))) for value in group] for group in groups]
    count, total = len(groups), sum(len(group) for group in groups)
    grand = mean([gap for group in gaps for gap in group])
    between = math.fsum(len(group) * (mean(group) - grand) ** 2 for group in gaps)
    within = math.fsum((gap - mean(group)) ** 2 for group in gaps for gap in group)
    if within == 0:
        return (math.inf, 0.0) if between > 0 else (0.0, 1.0)
    free = total - count
    statistic = between / (count - 1) / (within / free)
    return statistic, beyond_f(statistic, count - 1, free)


def beyond_f(statistic: float, over: int, under: int) -> float:
    """P(F > statistic) with these degrees of freedom, by the incomplete beta function."""
    if statistic <= 0:
        return 1.0
    return _beta(under / (under + over * statistic), under / 2, over / 2)


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function (Lentz's continued fraction)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _beta(1 - x, b, a)
    front = (
        math.exp(
            a * math.log(x)
            + b * math.log1p(-x)
            + math.lgamma(a + b)
            - math.lgamma(a)
            - math.lgamma(b)
        )
        / a
    )
    tiny = 1e-300
    d = 1 / (1 - (a + b) * x / (a + 1) or tiny)
    c, result = 1.0, d
    for m in range(1, 400):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / ((1 + step * d) or tiny)
            c = (1 + step / c) or tiny
            result *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return front * result
