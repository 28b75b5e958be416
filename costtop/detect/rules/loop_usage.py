"""D7u, the loop seen by usage alone: turns whose token counts are nearly equal, over and over.

For logs that say nothing of tools. Identical failing calls append identical counts; ordinary work
does not (at most two matches in real sessions, seven are asked).
"""

from collections import deque

from costtop.detect.rules import loop
from costtop.detect.sessions.claim import Verdict
from costtop.detect.sessions.course import TURN, Course, retry
from costtop.detect.sessions.peers import View
from costtop.detect.settings import Settings
from costtop.model import Spend
from costtop.money import dollars

RULE = "retry_loop_usage"
_RING = 16
_MATCHES = 7

Ring = deque[tuple[int, int, int, int]]
"""Turn, growth, output, cost."""


def judge(
    course: Course, spend: Spend, moved: int, view: View, settings: Settings
) -> Verdict | None:
    """Seven earlier turns of sixteen alike, and their dollars worth it (DETECTION 3.2, D7u)."""
    step = course.step
    if moved != TURN or step is None or step.growth is None or loop.RULE in course.state:
        return None
    growth, output, turn = step.growth, course.output, course.turns
    ring: Ring | None = course.state.get(RULE)
    if ring is None:
        ring = course.state[RULE] = deque(maxlen=_RING)
    near, close = max(8.0, 0.03 * growth), max(6.0, 0.15 * output)
    alike = [each for each in ring
             if abs(each[1] - growth) <= near and abs(each[2] - output) <= close]  # fmt: skip
    cost = spend.cost or 0
    ring.append((turn, growth, output, cost))
    if len(alike) < _MATCHES:
        return None
    spent = cost + sum(each[3] for each in alike[1:])
    usual = view.usual()
    middle = usual.median if usual else 0
    if spent <= max(settings.floor // 2, 3 * middle // 20):
        return None
    for each in (*alike[1:], (turn,)):
        retry(course, each[0])
    likely = spent + int(spent / len(alike) * view.residual(turn))
    return Verdict(
        RULE, "retry_loop", len(alike), _MATCHES, spent, likely,
        f"{len(alike)} of the {_RING} turns before turn {turn} had the same token counts as it,"
        f" as repeated failing calls do; ${dollars(spent)} of ${dollars(course.cost)}",
        None,
        alike[0][0],
        (("matches", len(alike)),),
    )  # fmt: skip
