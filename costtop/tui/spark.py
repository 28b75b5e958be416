"""Sparklines: one bar a bucket, all rows on one shared log scale. It reads no clock.

Every row's own scale would lie: ten cents an hour would look as tall as thirty dollars. Bars go from
▁ to ▇ and never to █, so that neighbouring rows do not merge into a wall (SCREEN.md finding 11).
"""

import math
from collections.abc import Iterable, Sequence

BARS = "▁▂▃▄▅▆▇"
_FLOOR = 1_000_000  # nano-dollars a bucket, a tenth of a cent: the lowest bar


def scale(rows: Iterable[Sequence[int]]) -> int:
    """The dearest bucket of all rows: the top of the shared scale."""
    return max((max(row, default=0) for row in rows), default=0)


def sparkline(buckets: Sequence[int], width: int, top: int) -> str:
    """`width` bars for cost buckets (oldest first), newest at the right; nothing is a space."""
    return "".join(bar(cost, top) for cost in _gathered(buckets, width)).rjust(width)


def bar(cost: int, top: int) -> str:
    """One bar for a bucket on the log scale from a tenth of a cent to `top`."""
    if cost <= 0:
        return " "
    if top <= _FLOOR:
        return BARS[0]
    height = math.log(max(cost, _FLOOR) / _FLOOR) / math.log(top / _FLOOR)
    return BARS[min(len(BARS) - 1, int(height * (len(BARS) - 1) + 0.5))]


def _gathered(buckets: Sequence[int], width: int) -> Sequence[int]:
    """At most `width` buckets: neighbours share a bar, which shows the dearer of them."""
    if len(buckets) <= width:
        return buckets
    if width <= 0:
        return ()
    step = -(-len(buckets) // width)
    first = len(buckets) % step
    cuts = ([buckets[:first]] if first else []) + [
        buckets[at : at + step] for at in range(first, len(buckets), step)
    ]
    return [max(part) for part in cuts]
