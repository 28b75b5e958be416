"""D1, the adaptive outlier: dearer than nearly all finished peers, whatever their spread."""

from costtop.detect.rules.rule import EVER, Claim, Memory, Moment
from costtop.detect.sessions.peers import PeerView
from costtop.money import dollars


def quiet(peers: PeerView) -> int:
    """The cost that is no outlier, nano-dollars."""
    usual = peers.usual()
    return EVER if usual is None else max(peers.peers.settings.floor, usual.outlying)


def judge(at: Moment, memory: Memory[None]) -> Claim | None:
    """C > exp(mu + 2.6 sigma) and the excess over exp(mu) is worth it (DETECTION 3.2)."""
    cost, usual = at.session.cost, at.peers.usual()
    if usual is None or cost <= at.peers.once(quiet):
        return None
    excess = cost - usual.middle
    if excess <= max(at.settings.floor, usual.median // 2):
        return None
    return Claim(
        statistic=cost,
        limit=usual.outlying,
        excess=excess,
        projected=excess,
        words=lambda: (
            f"${dollars(cost)} is beyond what {usual.peers} finished peers lead one to expect"
            f" (usual ${dollars(usual.median)}, limit ${dollars(usual.outlying)})"
        ),
        learnt=usual.peers,
    )
