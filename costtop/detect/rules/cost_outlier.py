"""D1, the adaptive outlier: dearer than nearly all finished peers, whatever their spread.

It names no mechanism; `explain` does.
"""

from costtop.detect.sessions.claim import Verdict
from costtop.detect.sessions.course import Course
from costtop.detect.sessions.peers import View
from costtop.detect.settings import Settings
from costtop.model import Spend
from costtop.money import dollars

RULE = "cost_outlier"


def judge(
    course: Course, spend: Spend, moved: int, view: View, settings: Settings
) -> Verdict | None:
    """C > exp(mu + 2.6 sigma) and the excess over exp(mu) is worth it (DETECTION 3.2)."""
    cost = course.cost
    if cost <= settings.floor:
        return None
    usual = view.usual()
    if usual is None or cost <= usual.outlying:
        return None
    excess = cost - usual.middle
    if excess <= max(settings.floor, usual.median // 2):
        return None
    return Verdict(
        RULE, None, cost, usual.outlying, excess, excess,
        f"${dollars(cost)} is beyond what {usual.peers} finished peers lead one to expect"
        f" (usual ${dollars(usual.median)}, limit ${dollars(usual.outlying)})",
        usual.peers,
    )  # fmt: skip
