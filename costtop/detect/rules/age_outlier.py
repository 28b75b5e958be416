"""D2, age-matched: dearer than peers were at the same turn, so that it need not get old first.

Comparing with those who reached that age, and not with finished totals, keeps long honest sessions
quiet and catches one at turn 6 that costs what peers cost at 40.
"""

import math

from costtop.detect.rules.rule import Claim, Memory, Moment
from costtop.money import dollars

_START = 4.0  # deviations, while there are too few peaks to calibrate
_LEAST_SPREAD = 0.12


def judge(at: Moment, memory: Memory[None]) -> Claim | None:
    """Deviation (ln C - m_n) / s_n beyond the calibrated peak, and the excess is worth it."""
    cost, turns, peers = at.session.cost, at.session.turns, at.peers
    band = peers.at_age(turns) if cost > 0 else None
    if band is None:
        return None
    mid, spread, _ = band
    z = (math.log(cost) - mid) / max(_LEAST_SPREAD, spread)
    if z > memory.peak:
        memory.peak = z
    if cost <= at.settings.floor or z < 2:
        return None
    limit = peers.limit("age_peak", _START)
    usual = peers.usual()
    if z <= limit or usual is None:
        return None
    middle = int(math.exp(band.mid))
    excess = cost - middle
    if excess <= max(at.settings.floor, usual.median // 2):
        return None
    return Claim(
        statistic=z,
        limit=limit,
        excess=excess,
        projected=excess,
        words=lambda: (
            f"${dollars(cost)} at turn {turns}, where {band.peers} peers had spent"
            f" ${dollars(middle)}"
        ),
        learnt=band.peers,
        evidence=(("usual_at_age", middle),),
    )
