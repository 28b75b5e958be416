"""The state of spending in one line, as status bars show it. It reads and writes nothing."""

from collections.abc import Sequence

from costtop.floor import Sum
from costtop.money import dollars
from costtop.queries.live.view import BudgetMeter


def words(today: Sum, burn: int, meters: Sequence[BudgetMeter]) -> str:
    """Today, the budget that is nearest to its end, and the burn: "today $14.20 · daily 71 % · …".

    `burn` is nano-dollars an hour.
    """
    floor = "≥" if today.floor else ""
    parts = [f"today {floor}${dollars(today.cost)}"]
    if meters:
        parts.append(_fullest(meters))
    if burn:
        parts.append(f"${dollars(burn)}/h")
    return " · ".join(parts)


def _fullest(meters: Sequence[BudgetMeter]) -> str:
    one = max(meters, key=lambda meter: meter.spent / meter.amount)
    floor = "≥" if one.floor else ""
    mark = "!" if one.spent >= one.amount else ""
    return f"{one.name} {floor}{one.spent * 100 // one.amount} %{mark}"
