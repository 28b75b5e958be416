"""What a group of finished sessions usually costs, shrunk towards the groups that it is part of.

It judges nothing and remembers nothing; `peers.PeerView` does.
"""

import math

from costtop.analysis.quantiles import NORMAL_90, quantile, twice_median
from costtop.detect.sessions.peer_group import Group, Level
from costtop.detect.settings import Settings
from costtop.named_tuples import NamedTuple

PARENT = 3  # finished sessions that the parent's estimate is worth
_PRIOR_SPREAD = (0.9, 10)  # of ln cost, and what it is worth: the real median is 0.86
OUTLYING = 2.6  # spreads of ln cost: 5 in 1000 real sessions lie beyond (DETECTION, D1)


class Usual(NamedTuple):
    """What sessions of a group usually cost, in nano-dollars."""

    peers: int  # finished sessions in the group that gave the median
    twice_median: int
    log_mid: float  # ln of the usual cost, shrunk towards the parent groups
    middle: int  # the usual cost so shrunk
    outlying: int  # 2.6 spreads above it: rarer than one in two hundred
    high: int  # the 95 % point
    most: int  # the dearest
    level: Level  # the group

    @property
    def median(self) -> int:
        return self.twice_median // 2


class CostBand(NamedTuple):
    """What is usual of a number: middle and upper spread of its logarithm."""

    mid: float
    spread: float
    peers: int


def usual_of(groups: tuple[Group, ...], settings: Settings) -> Usual | None:
    """Of the finest group with enough sessions, its middle shrunk towards its parents'."""
    least, told = max(1, settings.min_peers), []
    for group in groups:
        ordered = group.numbers("cost")
        if len(ordered) >= least:
            told.append((group, ordered))
    log_mid: float | None = None
    for _, ordered in reversed(told):
        count, own = len(ordered), math.log(max(1, twice_median(ordered) / 2))
        if log_mid is not None:
            own = (count * own + PARENT * log_mid) / (count + PARENT)
        log_mid = own
    if log_mid is None:
        return None
    (group, ordered), (prior, worth) = told[0], _PRIOR_SPREAD
    count = len(ordered)
    spread = math.log(max(1, quantile(ordered, 0.9))) - math.log(max(1, quantile(ordered, 0.5)))
    spread /= NORMAL_90
    spread = math.sqrt((count * spread**2 + worth * prior**2) / (count + worth))
    return Usual(
        peers=count,
        twice_median=twice_median(ordered),
        log_mid=log_mid,
        middle=int(math.exp(log_mid)),
        outlying=int(math.exp(log_mid + OUTLYING * spread)),
        high=int(quantile(ordered, 0.95)),
        most=int(ordered[-1]),
        level=group.level,
    )
