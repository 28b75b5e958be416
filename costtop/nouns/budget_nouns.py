"""Budgets, and what a spent one holds back: nouns beside those of `model`, which has them too."""

from typing import Literal

from costtop.named_tuples import NamedTuple

BudgetAction = Literal["notify", "gate", "pause", "stop", "kill"]
Escalation = Literal["none", "pause", "kill"]
Globs = tuple[tuple[str, str], ...]
"""(field, glob) of each part of a scope."""


PLAN = "plan:"  # begins the period of a budget that watches a window of a plan
OF_FLEET = "fleet:"  # begins the name of a budget that is not this machine's own
WHOLE = 10_000  # hundredths of a per cent: all of a plan's window


class Budget(NamedTuple):
    """An amount for a period and a scope, with the tiers at which it speaks."""

    name: str
    period: str  # day | week | month | hours:N | plan:5h
    amount: int  # nano-dollars; of a plan's window WHOLE
    tiers: tuple[int, ...] = (50, 80, 100)  # per cent, ascending
    scope: Globs = ()  # (("feature", "checkout"),): all must match; of a plan: source, home, plan
    action: BudgetAction = "notify"  # at `act_at`
    escalate: Escalation = "pause"  # where a gate or a stop does not hold an agent
    act_at: int = 100  # per cent
    excepted: Globs = ()  # what matches all of it is not held; () spares nothing
    watch: str = ""  # billed, or the value: "value" where the user pays a plan, else ""

    @property
    def watched(self) -> str:
        """What it counts, behind an amount: " billed", " value"; "" where there is but one."""
        return f" {self.watch}" if self.watch else ""

    @property
    def limit(self) -> int:
        """From what on its action is done, in the unit of the amount."""
        return -(-self.amount * self.act_at // 100)

    @property
    def of_plan(self) -> bool:
        """Whether it watches windows of a plan: per cents, no dollars."""
        return self.period.startswith(PLAN)


class Breaker(NamedTuple):
    """A budget that is spent, or a session that is to stop: what holds sessions back.

    From `opened` on the gate refuses tools; processes wait for `confirmed` and `due`; ms UTC.
    """

    budget: str  # "" for a session's own
    period: str
    action: BudgetAction
    scope: Globs  # all must match: as Budget.scope, and ("home", folder) of an account
    why: str
    opened: int
    confirmed: int | None = None
    due: int | None = None
    until: int | None = None  # it holds no longer than this
    escalate: Escalation = "none"  # what may follow where its gate does not hold
    excepted: Globs = ()  # what matches all of it is not held
    id: int = 0  # its row; 0: not stored yet
