"""The state of spending in one line, as status bars show it. It reads and writes nothing."""

from collections.abc import Sequence

from costtop.money import dollars
from costtop.queries.live.view import BudgetMeter


def words(today: tuple[int, int], burn: int, meters: Sequence[BudgetMeter]) -> str:
    """Today, the budget that is nearest to its end, and the burn: "today $14.20 · daily 71 % · …".

    `today` is (cost, unpriced calls); `burn` nano-dollars an hour.
    """
    cost, unpriced = today
    floor = "≥" if unpriced else ""
    parts = [f"today {floor}${dollars(cost)}"]
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
