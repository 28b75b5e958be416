"""D1, the adaptive outlier: dearer than nearly all finished peers, whatever their spread."""

from costtop.detect.rules.rule import Claim, Memory, Moment
from costtop.money import dollars


def judge(at: Moment, memory: Memory[None]) -> Claim | None:
    """C > exp(mu + 2.6 sigma) and the excess over exp(mu) is worth it (DETECTION 3.2)."""
    cost = at.session.cost
    if cost <= at.settings.floor:
        return None
    usual = at.peers.usual()
    if usual is None or cost <= usual.outlying:
        return None
    excess = cost - usual.middle
    if excess <= max(at.settings.floor, usual.median // 2):
        return None
    return Claim(
        statistic=cost,
        limit=usual.outlying,
        excess=excess,
        projected=excess,
        words=f"${dollars(cost)} is beyond what {usual.peers} finished peers lead one to expect"
        f" (usual ${dollars(usual.median)}, limit ${dollars(usual.outlying)})",
        learnt=usual.peers,
    )
