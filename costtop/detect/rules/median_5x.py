"""The plain rule: a session that costs more than 5x the median of finished peers, at once.

It learns nothing and is exact: the comparison is made in ints, on the very event that crosses.
"""

from costtop.analysis.why import times
from costtop.detect.rules.rule import EVER, Claim, Memory, Moment
from costtop.detect.sessions.peers import PeerView
from costtop.money import dollars


def quiet(peers: PeerView) -> int:
    """A cost that is not beyond it, nano-dollars; the comparison is made on twice the cost."""
    usual, settings = peers.usual(), peers.peers.settings
    if usual is None:
        return EVER
    return max(settings.floor, int(settings.multiplier * usual.twice_median) // 2)


def judge(at: Moment, memory: Memory[None]) -> Claim | None:
    """C > multiplier x M and C > floor, with M of the finest group that has enough peers."""
    cost, settings = at.session.cost, at.settings
    if cost <= settings.floor:
        return None
    usual = at.peers.usual()
    if usual is None or cost * 2 <= settings.multiplier * usual.twice_median:
        return None
    ratio = cost * 2 / usual.twice_median if usual.twice_median else float("inf")
    return Claim(
        statistic=ratio,
        limit=settings.multiplier,
        excess=cost - usual.median,
        projected=cost - usual.median,
        words=lambda: (
            f"it has cost {times(round(ratio, 4))} the ${dollars(usual.median)} that is usual"
            f" ({usual.peers} finished peers)"
        ),
    )
