"""D8, fan-out: a session starts far more subagents than its peers do.

How much each of them costs is not its matter, only that together they are worth an alert.
"""

from costtop.analysis.quantiles import quantile
from costtop.detect.sessions.claim import Verdict
from costtop.detect.sessions.course import Course
from costtop.detect.sessions.peers import View
from costtop.detect.settings import Settings
from costtop.model import Spend
from costtop.money import dollars

RULE = "fan_out"
_LEAST = 8  # distinct subagents
_RECENT = 12  # turns of the root agent


def judge(
    course: Course, spend: Spend, moved: int, view: View, settings: Settings
) -> Verdict | None:
    """At least 8 subagents, over twice the 95 % point of peers, and dear enough.

    Half of them must have begun lately, unless they are far too many: a long session may well start
    one now and then.
    """
    count = len(course.agents)
    if count < _LEAST or course.agent_cost <= settings.floor:
        return None
    usual = view.usual()
    middle = usual.median if usual else 0
    if course.agent_cost <= max(settings.floor, middle // 2):
        return None
    ordered = view.chosen().numbers("agents")
    high = quantile(ordered, 0.95) if ordered else 0.0
    if count <= 2 * high or not (count > 4 * high or _sudden(course)):
        return None
    cost = course.agent_cost
    return Verdict(
        RULE, RULE, count, max(_LEAST, 2 * high), cost, cost,
        f"{count} subagents have spent ${dollars(cost)} (95 % of peers start at most {high:.0f})",
        evidence=(("subagents", count),),
    )  # fmt: skip


def _sudden(course: Course) -> bool:
    since = course.turns - _RECENT
    return 2 * sum(turn > since for turn in course.agents.values()) >= len(course.agents)
