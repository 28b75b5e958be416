"""D2, age-matched: dearer than peers were at the same turn, so that it need not get old first.

It names no mechanism. Comparing with those who reached that age, and not with finished totals,
keeps long honest sessions quiet and catches one at turn 6 that costs what peers cost at 40.
"""

import math

from costtop.detect.sessions.claim import Verdict
from costtop.detect.sessions.course import Course
from costtop.detect.sessions.peers import View
from costtop.detect.settings import Settings
from costtop.model import Spend
from costtop.money import dollars

RULE = "age_outlier"
_START = 4.0  # deviations, while there are too few peaks to calibrate
_LEAST_SPREAD = 0.12


def judge(
    course: Course, spend: Spend, moved: int, view: View, settings: Settings
) -> Verdict | None:
    """Deviation (ln C - m_n) / s_n beyond the calibrated peak, and the excess is worth it."""
    pace = view.at_age(course.turns) if course.cost > 0 else None
    if pace is None:
        return None
    z = (math.log(course.cost) - pace.mid) / max(pace.spread, _LEAST_SPREAD)
    if z > course.peaks.get("age_peak", 0.0):
        course.peaks["age_peak"] = z
    if course.cost <= settings.floor or z < 2:
        return None
    limit = view.limit("age_peak", _START)
    usual = view.usual()
    if z <= limit or usual is None:
        return None
    middle = int(math.exp(pace.mid))
    excess = course.cost - middle
    if excess <= max(settings.floor, usual.median // 2):
        return None
    return Verdict(
        RULE, None, z, limit, excess, excess,
        f"${dollars(course.cost)} at turn {course.turns}, where {pace.peers} peers had spent"
        f" ${dollars(middle)}",
        pace.peers,
        evidence=(("usual_at_age", middle),),
    )  # fmt: skip
