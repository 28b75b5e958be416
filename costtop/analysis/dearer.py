"""The verdict on a feature: does its work get dearer, or can that not be told.

Two questions: what whole tasks cost (`trend`), and what a turn and a new token cost at like length
(`task_price`). Of the errors that are allowed, one in twenty, the second gets nearly all: whole
tasks differ by factors, and hardly ever tell.
"""

from collections.abc import Sequence
from typing import Literal

from costtop.analysis import task_price, trend
from costtop.analysis.task_price import LikePrice, PricedTask
from costtop.analysis.trend import TaskPoint, TooFew, Trend
from costtop.named_tuples import NamedTuple

LEVEL = 0.05  # how often a verdict of rising or falling may be wrong
WORTH = 0.2  # change from which it matters
_LIKE = 0.95  # of the level, for the price at like length

Verdict = Literal["rising", "falling", "steady", "cannot tell", "too few"]


class Dearer(NamedTuple):
    """What is known of a feature's tasks over the span."""

    whole: Trend | TooFew  # the cost of a whole task
    like: tuple[LikePrice, LikePrice] | None  # a turn, a new token; None of too few tasks
    p: float  # of all questions together; 1.0 of too few

    @property
    def telling(self) -> LikePrice | Trend | None:
        """The one that says most against "as before"."""
        if self.like is None or isinstance(self.whole, TooFew):
            return None
        like = min(self.like, key=lambda one: one.p)
        return like if like.p / _LIKE <= self.whole.p / (1 - _LIKE) else self.whole


def dearer(tasks: Sequence[PricedTask], shuffles: int = 999) -> Dearer:
    """What completed tasks tell, in any order; the same tasks give the same answer."""
    whole = trend.trend(
        [TaskPoint(one.at, one.day, one.log_cost) for one in tasks], shuffles=shuffles
    )
    if isinstance(whole, TooFew):
        return Dearer(whole, None, 1.0)
    like = task_price.prices(tasks, shuffles=shuffles)
    p = min(min(one.p for one in like) / _LIKE, whole.p / (1 - _LIKE))
    return Dearer(whole, like, min(1.0, p))


def verdict(found: Dearer, *, sure: bool) -> Verdict:
    """Rising or falling where that is `sure` and matters; steady only where whole tasks are."""
    most = found.telling
    if most is None or isinstance(found.whole, TooFew):
        return "too few"
    if sure and abs(most.change) >= WORTH:
        return "rising" if most.change > 0 else "falling"
    return "steady" if is_steady(found.whole) else "cannot tell"


def is_steady(one: LikePrice | Trend) -> bool:
    """Whether a change that matters is excluded."""
    return one.low >= -WORTH and one.high <= WORTH
