"""Spend against use: what of a change in spend is more tasks, longer tasks, dearer turns.

It does not ask whether that was worth it. Shapley over spend = tasks x turns a task x dollars a
turn, in int nano-dollars, so that the parts sum to the change exactly.
"""

from collections.abc import Sequence

from costtop.analysis import shapley
from costtop.named_tuples import NamedTuple


class Period(NamedTuple):
    """What a period cost and did."""

    spend: int  # nano-dollars
    tasks: int  # completed
    turns: int


class SpendChange(NamedTuple):
    """The change of spend between two periods, and its parts; nano-dollars."""

    spend: int
    tasks: int  # because more (or fewer) tasks were done
    length: int  # because a task took more turns
    price: int  # because a turn cost more

    @property
    def idle(self) -> bool:
        """Spend rose and the number of tasks did not."""
        return self.spend > 0 and self.tasks <= 0


def change(before: Period, after: Period) -> SpendChange:
    """How `after` came to cost more than `before`."""
    parts = shapley.shares(_spend, _factors(before), _factors(after))
    tasks, length, price = shapley.exact(parts, after.spend - before.spend)
    return SpendChange(after.spend - before.spend, tasks, length, price)


def _factors(period: Period) -> tuple[float, float, float]:
    """Tasks, turns a task, dollars a turn; a period without tasks counts as one long one."""
    tasks = max(1, period.tasks) if period.turns or period.spend else 0
    turns = max(1, period.turns) if period.spend else period.turns
    if not tasks:
        return 0.0, 0.0, 0.0
    return float(tasks), turns / tasks, period.spend / turns if turns else 0.0


def _spend(factors: Sequence[float]) -> float:
    return factors[0] * factors[1] * factors[2]
