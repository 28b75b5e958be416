"""Quantiles and spreads of sorted numbers. It does not sort and keeps no windows.

All take a sequence in ascending order, so that a caller who keeps one sorted pays O(1).
"""

import math
from collections.abc import Sequence

NORMAL_90 = 1.2815515655446004  # the 90 % point of the standard normal


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of the numbers lie, linear between neighbours (R type 7).

    Raises ValueError for an empty sequence.
    """
    if not ordered:
        raise ValueError("no numbers, no quantile")
    place = (len(ordered) - 1) * share
    low = int(place)
    if low + 1 >= len(ordered):
        return ordered[-1]
    below = ordered[low]
    return below + (ordered[low + 1] - below) * (place - low)


def median(ordered: Sequence[float]) -> float:
    """The middle value, or the mean of the two middle ones."""
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2


def twice_median(ordered: Sequence[float]) -> int:
    """Twice the median of ints, so that it stays an exact int; raises ValueError when empty."""
    if not ordered:
        raise ValueError("no numbers, no median")
    return int(ordered[(len(ordered) - 1) // 2]) + int(ordered[len(ordered) // 2])


def upper_spread(ordered: Sequence[float]) -> float:
    """(Q90 - Q50) in units of a normal deviation: robust, and right for a skewed upper side."""
    return (quantile(ordered, 0.9) - quantile(ordered, 0.5)) / NORMAL_90


def mean(numbers: Sequence[float]) -> float:
    """The arithmetic mean, 0.0 of nothing."""
    return math.fsum(numbers) / len(numbers) if numbers else 0.0


def tail(peaks: Sequence[float], alpha: float, start: float) -> float:
    """The value that a session's peak passes with probability `alpha` (DETECTION 3.2, h).

    An exponential tail from robust quantiles of the sorted peaks, so that a few per cent of
    anomalies among them do not blind it. Under 30 peaks it is `start`, blended in up to 150.
    """
    count = len(peaks)
    if count < 30:
        return start
    far = math.log(0.1 / alpha)
    q50, q90 = quantile(peaks, 0.5), quantile(peaks, 0.9)
    limit = q90 + (q90 - q50) / math.log(5) * far
    if count >= 60:
        limit = max(limit, q90 + (quantile(peaks, 0.95) - q90) / math.log(2) * far)
    weight = min(1.0, (count - 30) / 120)
    return start + weight * (limit - start)
