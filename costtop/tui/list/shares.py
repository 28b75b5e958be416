"""How much of a budget a session is. Pure; it sums nothing."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from costtop.queries.live.view import BudgetMeter, SessionRow

_READ = {"feature", "user", "project", "model", "source", "session"}


def budget_share(row: SessionRow, budgets: Sequence[BudgetMeter]) -> float | None:
    """Its cost over the amount of the tightest budget that covers it; None where none does."""
    shares = [row.cost / one.amount for one in budgets if one.amount > 0 and covers(one, row)]
    return max(shares, default=None)


def covers(budget: BudgetMeter, row: SessionRow) -> bool:
    """Whether the session's spend counts against the budget: every glob of its scope matches."""
    return all(
        name in _READ and fnmatchcase(str(getattr(row, name)), glob) for name, glob in budget.scope
    )
