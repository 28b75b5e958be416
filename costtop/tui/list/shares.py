"""How much of a budget a session is. Pure; it sums nothing."""

from collections.abc import Sequence

from costtop.queries.live.view import BudgetMeter, SessionRow
from costtop.scope import FIELDS, matches


def budget_share(row: SessionRow, budgets: Sequence[BudgetMeter]) -> float | None:
    """Its cost over the amount of the tightest budget that covers it; None where none does."""
    about = {field: getattr(row, field) for field in FIELDS}
    about["session"] = f"{row.source}/{row.session}"
    amounts = [one.amount for one in budgets if one.amount > 0 and matches(one.scope, about)]
    return row.cost / min(amounts) if amounts else None
