"""What of plans' prices falls on a span of time, and which plans a question is about."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from costtop.named_tuples import NamedTuple
from costtop.nouns.paid_plan import PaidPlan
from costtop.plans import billing


class PlanPrice(NamedTuple):
    """A plan with what of its price falls on a span, nano-dollars."""

    plan: PaidPlan
    share: int


def of_span(
    plans: Sequence[PaidPlan], since: int, until: int, tz: ZoneInfo
) -> tuple[PlanPrice, ...]:
    """The plans that hold within [since, until), ms UTC; `tz` is the user's zone."""
    found = (PlanPrice(plan, billing.share(plan, since, until, tz)) for plan in plans)
    return tuple(one for one in found if one.plan.holds(since, until))


def total(prices: Sequence[PlanPrice]) -> int:
    """All shares together."""
    return sum(one.share for one in prices)
