"""The plain rule: a session that costs more than 5x the median of finished peers, at once.

It learns nothing and is exact: the comparison is made in ints, on the very event that crosses.
"""

from costtop.detect.sessions.claim import Verdict
from costtop.detect.sessions.course import Course
from costtop.detect.sessions.peers import View
from costtop.detect.settings import Settings
from costtop.model import Spend
from costtop.money import dollars

RULE = "median_5x"


def judge(
    course: Course, spend: Spend, moved: int, view: View, settings: Settings
) -> Verdict | None:
    """C > multiplier x M and C > floor, with M of the finest group that has enough peers."""
    if course.cost <= settings.floor:
        return None
    usual = view.usual()
    if usual is None or course.cost * 2 <= settings.multiplier * usual.twice_median:
        return None
    middle = usual.median
    ratio = course.cost * 2 / usual.twice_median if usual.twice_median else float("inf")
    return Verdict(
        RULE,
        None,
        ratio,
        settings.multiplier,
        course.cost - middle,
        course.cost - middle,
        f"it has cost {ratio:.1f}x the ${dollars(middle)} that is usual"
        f" ({usual.peers} finished peers)",
    )
