"""The absolute cap for a session that has no peers yet. It is silent as soon as there are any."""

from costtop.detect.sessions.claim import Verdict
from costtop.detect.sessions.course import Course
from costtop.detect.sessions.peers import View
from costtop.detect.settings import Settings
from costtop.model import Spend
from costtop.money import dollars

RULE = "session_cap"


def judge(
    course: Course, spend: Spend, moved: int, view: View, settings: Settings
) -> Verdict | None:
    """C beyond the cap of the config while no group has enough finished sessions."""
    cap = settings.session_cap
    if course.cost <= cap or view.usual() is not None:
        return None
    return Verdict(
        RULE, None, course.cost, cap, course.cost - cap, course.cost - cap,
        f"${dollars(course.cost)} is past the cap of ${dollars(cap)} that holds while fewer than"
        f" {settings.min_peers} sessions have finished",
    )  # fmt: skip
