"""What each host of a fleet is to keep to, as rows of the server. Pure arithmetic on values.

A budget that holds gives each active host a share of what is left: a host that cannot reach the
fleet may spend so much and no more. Money is int nano-dollars.
"""

from collections.abc import Iterable, Sequence

from costtop.fleet.steward_rows import Row
from costtop.model import Breaker
from costtop.settings.fleet_settings import FleetBudget
from costtop.steward.fleet_judge import Stood

ACTIVE = 300_000  # ms: a host that said nothing for so long is given nothing
_SHARES = 2  # hosts do not spend alike: each may have so many even shares


def share(left: int, active: int, allowance: int | None) -> int:
    """What one host may spend by itself of what is left of a budget."""
    even = max(0, left) * _SHARES // max(1, active)
    return even if allowance is None else min(even, allowance)


def rows(
    budgets: Sequence[FleetBudget], stood: Iterable[Stood], opened: Sequence[Breaker], active: int
) -> list[Row]:
    """A row for each budget of dollars that holds, with its breaker where one is open.

    A budget that only tells guards nobody, nor does one of plans' windows: an account's folder is
    known to its own machine alone, whose own budget can hold it.
    """
    settings = {one.budget.name: one for one in budgets}
    found = []
    for each in stood:
        budget = each.budget
        mine = [one for one in opened if one.budget == budget.name]
        if budget.action == "notify":
            continue
        one = settings[budget.name]
        left = budget.limit - each.spent
        row = {
            "budget": budget.name,
            "period": each.span.key,
            "action": budget.action,
            "share": share(left, active, one.allowance),
            "offline": one.offline,
            "scope": dict(budget.scope),
            "excepted": dict(budget.excepted),
            "escalate": budget.escalate,
            "why": "",
            "until": each.span.end,
        }
        found.append({**row, **(_held(mine[0]) if mine else {})})
    return found


def _held(one: Breaker) -> Row:
    return {
        "why": one.why,
        "action": one.action,
        "escalate": one.escalate,
        "opened": one.opened,
        "confirmed": one.confirmed,
        "due": one.due,
        "until": one.until,
    }


def breaker(row: Row) -> Breaker:
    """The open breaker of such a row, for the leader that takes over."""
    return Breaker(
        budget=row["budget"],
        period=row["period"],
        action=row["action"],
        scope=tuple(sorted(row["scope"].items())),
        why=row["why"],
        opened=row["opened"],
        confirmed=row["confirmed"],
        due=row["due"],
        until=row["until"],
        escalate=row["escalate"],
        excepted=tuple(sorted(row["excepted"].items())),
    )
