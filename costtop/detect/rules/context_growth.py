"""D3, context runaway: every turn adds far more to the context than peers' turns do.

It does not look at the size of the context itself, which is honest in a long session.
"""

from costtop.detect.rules import cusum
from costtop.detect.rules.excess import projected
from costtop.detect.sessions.claim import Verdict
from costtop.detect.sessions.course import LEAST_GROWTH, OTHER, Course
from costtop.detect.sessions.peers import View
from costtop.detect.settings import Settings
from costtop.model import Spend
from costtop.money import dollars

RULE = "context_growth"
_START = 10.0  # of the sum, while there are too few peaks to calibrate
# Deviations a turn beyond the slack; growth is widely spread, a sixfold one is but two of them.
_STEEP = 0.3


def judge(
    course: Course, spend: Spend, moved: int, view: View, settings: Settings
) -> Verdict | None:
    """The CUSUM of ln growth beyond its calibrated peak, and the dollar gates."""
    step = course.step
    if moved == OTHER or step is None or step.growth is None:
        return None
    pace = view.pace("growth")
    if pace is None:
        return None
    before: cusum.Cusum = course.begin(RULE, moved, cusum.START)
    state = cusum.advance(before, step.growth, LEAST_GROWTH, pace)
    price = course.prices
    fresh = state.tokens - before.tokens
    rate = state.tokens * price.read + (state.tokens // max(1, state.turns)) * price.paid
    if state.turns:
        paid = before.tokens * price.read + fresh * price.paid
        state = state._replace(dollars=before.dollars + paid)
    course.state[RULE] = state
    if state.sum > course.peaks.get("growth_peak", 0.0):
        course.peaks["growth_peak"] = state.sum
    limit = view.limit("growth_peak", _START)
    if state.sum <= max(limit, _STEEP * state.turns):
        return None
    excess = state.dollars // 1000
    total = projected(course, view, settings, excess, rate / 1000)
    if total is None:
        return None
    each = state.tokens // state.turns
    return Verdict(
        RULE, RULE, state.sum, limit, excess, total,
        f"for {state.turns} turns each has added {each:,} tokens more to the context than usual,"
        f" ${dollars(excess)} so far",
        pace.peers,
        course.turns - state.turns + 1,
        (("extra_tokens", state.tokens),),
    )  # fmt: skip
