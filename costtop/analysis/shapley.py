"""Splits the difference between two values of one function over its arguments, fairly and exactly.

It knows no sessions and no money but ints. Each argument's share is its Shapley value: the mean,
over all orders in which the arguments could change from reference to actual, of what its own change
adds. The shares sum to the difference; nothing is clamped, a saving is a negative share.
"""

import math
from collections.abc import Callable, Sequence

Value = Callable[[Sequence[float]], float]


def shares(value: Value, reference: Sequence[float], actual: Sequence[float]) -> list[float]:
    """The Shapley value of each argument of `value`, for up to about ten of them (2^n values).

    Arguments that do not differ get 0 and cost nothing.
    """
    moving = [
        nth for nth, pair in enumerate(zip(reference, actual, strict=True)) if pair[0] != pair[1]
    ]
    count = len(moving)
    worths = _worths(value, reference, actual, moving)
    weights = [1 / (count * math.comb(count - 1, size)) for size in range(count)]
    found = [0.0] * len(reference)
    for bit, nth in enumerate(moving):
        mask = 1 << bit
        found[nth] = math.fsum(
            weights[subset.bit_count()] * (worths[subset | mask] - worths[subset])
            for subset in range(1 << count)
            if not subset & mask
        )
    return found


def exact(parts: Sequence[float], total: int) -> list[int]:
    """The parts as ints that sum to `total`: floors, then the largest remainders, in order.

    What the floats miss of `total` beyond rounding goes to the largest part.
    """
    floors = [math.floor(part) for part in parts]
    left = total - sum(floors)
    order = sorted(range(len(parts)), key=lambda nth: floors[nth] - parts[nth])
    if 0 <= left <= len(parts):
        for nth in order[:left]:
            floors[nth] += 1
    elif floors:
        floors[max(range(len(parts)), key=lambda nth: abs(parts[nth]))] += left
    return floors


def _worths(
    value: Value, reference: Sequence[float], actual: Sequence[float], moving: Sequence[int]
) -> list[float]:
    """The function at every mixture: bit b of the index says that moving[b] is actual."""
    worths: list[float] = []
    mixture = list(reference)
    for subset in range(1 << len(moving)):
        for bit, nth in enumerate(moving):
            mixture[nth] = actual[nth] if subset >> bit & 1 else reference[nth]
        worths.append(value(mixture))
    return worths
