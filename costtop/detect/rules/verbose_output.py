"""D4, verbose output: replies are lastingly much longer than peers' replies.

It does not look at what was written, only at how many tokens it took.
"""

from costtop.detect.rules import cusum
from costtop.detect.rules.excess import projected
from costtop.detect.sessions.claim import Verdict
from costtop.detect.sessions.course import OTHER, Course
from costtop.detect.sessions.peers import View
from costtop.detect.settings import Settings
from costtop.model import Spend
from costtop.money import dollars

RULE = "verbose_output"
_START = 10.0
_STEEP = 0.8  # deviations a turn beyond the slack: a long session that is a bit wordy is no runaway


def judge(
    course: Course, spend: Spend, moved: int, view: View, settings: Settings
) -> Verdict | None:
    """The CUSUM of ln output beyond its calibrated peak, and the dollar gates.

    A long reply is paid twice: as output, and as context of every turn after it.
    """
    if moved == OTHER:
        return None
    pace = view.pace("output")
    if pace is None:
        return None
    before: cusum.Cusum = course.begin(RULE, moved, cusum.START)
    state = cusum.advance(before, course.output, 1, pace)
    price = course.prices
    fresh = state.tokens - before.tokens
    rate = 0
    if state.turns:
        paid = fresh * price.out + before.tokens * price.read
        state = state._replace(dollars=before.dollars + paid)
        rate = state.tokens // state.turns * (price.out + price.paid) + state.tokens * price.read
    course.state[RULE] = state
    if state.sum > course.peaks.get("output_peak", 0.0):
        course.peaks["output_peak"] = state.sum
    limit = view.limit("output_peak", _START)
    if state.sum <= max(limit, _STEEP * state.turns):
        return None
    excess = state.dollars // 1000
    total = projected(course, view, settings, excess, rate / 1000)
    if total is None:
        return None
    each = state.tokens // state.turns
    return Verdict(
        RULE, RULE, state.sum, limit, excess, total,
        f"for {state.turns} turns each reply has been {each:,} tokens longer than usual,"
        f" ${dollars(excess)} so far",
        pace.peers,
        course.turns - state.turns + 1,
        (("extra_tokens", state.tokens),),
    )  # fmt: skip
