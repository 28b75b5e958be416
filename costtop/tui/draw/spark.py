"""Sparklines: one bar a bucket, all rows on one shared log scale.

Every row's own scale would lie: ten cents an hour would look as tall as thirty dollars. Bars end at
▇ and never reach █, so that neighbouring rows do not merge into a wall (SCREEN.md finding 11).
"""

import math
from collections.abc import Iterable, Sequence

BARS = "▁▂▃▄▅▆▇"
_SPAN = 300  # the scale's top is so many times its lowest bar: two and a half decades


def scale(rows: Iterable[Sequence[int]]) -> int:
    """The top of the shared scale: the dearest bucket of all rows, rounded up by an eighth at most.

    Rounded, so that a growing bucket does not move every bar of every row at every tick.
    """
    dearest = max(map(max, filter(None, rows)), default=0)
    step = 1 << max(dearest.bit_length() - 3, 0)
    return -(-dearest // step) * step


def sparkline(buckets: Sequence[int], width: int, top: int) -> str:
    """`width` bars for cost buckets (oldest first), newest at the right; nothing is a space."""
    return "".join(bar(cost, top) for cost in _gathered(buckets, width)).rjust(width)


def bar(cost: int, top: int) -> str:
    """One bar for a bucket on the log scale that ends at `top`; whatever is spent is seen."""
    if cost <= 0:
        return " "
    part = 1 + math.log(min(cost / max(top, 1), 1)) / math.log(_SPAN)
    return BARS[max(round(part * (len(BARS) - 1)), 0)]


def _gathered(buckets: Sequence[int], width: int) -> Sequence[int]:
    """At most `width` buckets: neighbours share a bar, which shows the dearer of them."""
    count = len(buckets)
    if count <= width:
        return buckets
    return [
        max(buckets[n * count // width : (n + 1) * count // width]) for n in range(max(width, 0))
    ]
