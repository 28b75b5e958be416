"""D6, model shift: the session has moved to a dearer model that its peers hardly use.

A session that starts on an unusual model is not meant, nor a move to a cheaper one.
"""

from typing import NamedTuple

from costtop.analysis.ledger import full_price
from costtop.detect.rules.excess import projected
from costtop.detect.sessions.claim import Verdict
from costtop.detect.sessions.course import OTHER, Course
from costtop.detect.sessions.peers import View
from costtop.detect.settings import Settings
from costtop.model import Spend
from costtop.money import dollars

RULE = "model_shift"
_RARE = 0.05  # share of the group's turns


class Shift(NamedTuple):
    """Turns on another model than the first, and what they cost beyond its price."""

    turns: int = 0
    first: int = 0
    dollars: int = 0  # nano
    last: int = 0


_NONE = Shift()


def judge(
    course: Course, spend: Spend, moved: int, view: View, settings: Settings
) -> Verdict | None:
    """Premium over the first model's price, for a model rare among peers, and the gates."""
    model = spend.call.model
    if model == course.first_model or moved == OTHER:
        return None
    if spend.rates is None or course.first_rates is None or spend.cost is None:
        return None
    before: Shift = course.begin(RULE, moved, _NONE)
    premium = spend.cost - full_price(spend.call.tokens, course.first_rates)
    shift = Shift(before.turns + 1, before.first or course.turns, before.dollars + premium, premium)
    course.state[RULE] = shift
    usual = view.usual()
    if usual is None or premium <= 0 or view.share(model) >= _RARE:
        return None
    rate = min(premium, shift.dollars / shift.turns)
    total = projected(course, view, settings, shift.dollars, rate)
    if total is None:
        return None
    return Verdict(
        RULE, RULE, view.share(model), _RARE, shift.dollars, total,
        f"turn {shift.first} moved from {course.first_model} to {model}, which peers hardly use,"
        f" ${dollars(shift.dollars)} dearer so far",
        None,
        shift.first,
        (("from_model", course.first_model), ("to_model", model)),
    )  # fmt: skip
