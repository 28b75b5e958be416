"""How a budget stands, for scripts: ok, at a warning tier, over, or that it cannot be told."""

from collections.abc import Iterable
from typing import Literal

from costtop.named_tuples import NamedTuple
from costtop.queries.live.view import BudgetMeter

State = Literal["ok", "warning", "over", "nothing", "unknown"]
CODES: dict[State, int] = {"ok": 0, "warning": 10, "over": 11, "nothing": 20, "unknown": 30}
"""The exit code of each: a contract."""
_WORST: tuple[State, ...] = ("over", "unknown", "warning", "ok")


class BudgetState(NamedTuple):
    """What is said of one budget."""

    name: str
    state: State
    tier: int | None  # the highest that is reached, per cent


def judged(meter: BudgetMeter) -> BudgetState:
    """How one budget stands in its period.

    What is over stays over whatever a sum is short of. Below every tier it is only known where all
    calls have a price.
    """
    if meter.of_plan and not meter.windows:
        return BudgetState(meter.name, "unknown", None)
    reached = [tier for tier in meter.tiers if 100 * meter.spent >= tier * meter.amount]
    tier = max(reached, default=None)
    holds_at = 100 if meter.holds_at is None else min(100, meter.holds_at)
    if 100 * meter.spent >= holds_at * meter.amount:
        return BudgetState(meter.name, "over", tier)
    if tier is None and meter.short.unpriced:
        return BudgetState(meter.name, "unknown", None)
    return BudgetState(meter.name, "ok" if tier is None else "warning", tier)


def worst(states: Iterable[BudgetState]) -> State:
    """How all stand together; "nothing" without any."""
    told = {one.state for one in states}
    return next((state for state in _WORST if state in told), "nothing")
