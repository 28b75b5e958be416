"""One line of a report: its sums, and how they are added up."""

from collections.abc import Sequence

from costtop.named_tuples import NamedTuple
from costtop.queries.sessions.task_costs import price
from costtop.queries.spending.completed_tasks import Done, Key
from costtop.sum_floors import EXACT, Floor, together

SUMS = (
    "sum(p.calls), sum(p.errors), sum(p.unpriced), sum(p.cost), sum(p.reported),"
    " sum(p.reported_calls), sum(p.input), sum(p.cache_read), sum(p.cache_write),"
    " sum(p.cache_write_1h), sum(p.output), sum(p.reasoning)"
)
WIDTH = SUMS.count("sum(")

PlanShares = tuple[tuple[str, int], ...]
"""(name of a plan, nano-dollars of its price), in the order of the config."""


class Line(NamedTuple):
    """One row of a report; sums in tokens and nano-dollars."""

    key: str  # several keys joined by commas
    calls: int
    errors: int
    unpriced: int
    cost: int
    reported: int
    reported_calls: int
    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    output: int
    reasoning: int
    sessions: int
    tasks: int | None  # completed; None where tasks cannot be told apart by this key
    short: Floor = EXACT
    tasks_told: int | None = None  # of these tasks: those that calls name
    tasks_cost: int | None = None  # of those: all of their calls, also before the span
    keys: Key = ()
    counted: bool = True  # False: its calls are shared with other lines, so it has no number
    billed: int | None = None  # beyond the prices of plans; None: there is no plan
    plan_shares: PlanShares = ()  # what of plans' prices falls on it

    @property
    def floor(self) -> bool:
        """Whether people see the cost as a floor."""
        return self.short.shows(self.cost, self.calls)

    @property
    def plan_share(self) -> int:
        """What of all plans' prices falls on it, nano-dollars."""
        return sum(share for _, share in self.plan_shares)

    @property
    def paid(self) -> int:
        """What is billed of it, its share of plans' prices with it; its cost without a plan."""
        return self.plan_share + (self.cost if self.billed is None else self.billed)

    @property
    def cost_per_task(self) -> int | None:
        """The price of a completed task, nano-dollars: what those cost that calls name.

        Where calls name none, all spend by all of them; None without one.
        """
        return price(self.tasks_cost, self.tasks_told) if self.tasks_told else self.spend_per_task

    @property
    def spend_per_task(self) -> int | None:
        """All spend of the line by its completed tasks: with what was given up, or is no task."""
        return price(self.cost, self.tasks)


class LineSum:
    """A line being added up."""

    __slots__ = ("roots", "short", "sums")

    def __init__(self, width: int) -> None:
        self.sums = [0] * width
        self.roots: set[int] = set()
        self.short = EXACT

    def add(self, sums: Sequence[int], roots: set[int], short: Floor = EXACT) -> None:
        self.sums = [a + b for a, b in zip(self.sums, sums, strict=True)]
        self.roots |= roots
        if short is not EXACT:
            self.short = together([self.short, short])

    def line(
        self, keys: Key, tasks: Done | None, *, counted: bool, shares: PlanShares = ()
    ) -> Line:
        done = (None, None, None) if tasks is None else tasks
        sums = (*self.sums[:WIDTH], len(self.roots), done[0], self.short, *done[1:])
        billed = (None, *self.sums[WIDTH:])[-1]
        return Line._make((",".join(keys), *sums, keys, counted, billed, shares))
