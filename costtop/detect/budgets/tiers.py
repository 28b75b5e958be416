"""What is said of a budget's tier: reached, or over again. It counts nothing."""

from zoneinfo import ZoneInfo

from costtop import periods
from costtop.detect.budgets.account import Tally
from costtop.model import Budget, Finding, Severity
from costtop.money import bill, exactly
from costtop.named_tuples import NamedTuple


class Said(NamedTuple):
    """What is on record of a budget's period: a tier, a burn or a forecast."""

    rule: str
    severity: Severity
    tier: int | None
    amount: int | None  # of the budget when it was said
    window: int = 0  # ms that a burn was measured over
    still: bool = False  # it holds, as far as was known


def reached(
    budget: Budget,
    tally: Tally,
    tier: int,
    said: list[int],
    spent: int,
    at: int,
    now: int,
    tz: ZoneInfo,
) -> Finding:
    late, scope = tally.span.end <= now, dict(budget.scope)
    top = tier == said[-1]
    passed = ", ".join(f"{each} %" for each in said)
    percent = spent * 100 // budget.amount
    floor, when = tally.floor, periods.label(budget.period, at, tz)
    so_far = f"{bill(spent, floor=floor, of=budget.amount)}{budget.watched}"
    text = f"{budget.name} has spent {so_far} of ${exactly(budget.amount)} ({when}), {percent} %"
    if len(said) > 1:
        text += f"; {passed} were passed at once"
    if late:
        text += "; the period is closed, this came late"
    evidence: list[tuple[str, str | int | float]] = [
        ("amount", budget.amount),
        ("spent", spent),
        ("percent", percent),
        ("passed", passed),
    ]
    evidence += [("spoken_by", said[-1])] if not top else []
    evidence += [("floor", 1)] if floor else []
    evidence += [("watch", budget.watch)] if budget.watch else []
    title = f"budget {budget.name}: {tier} % of ${exactly(budget.amount)}"
    return Finding(
        "budget_tier",
        "critical" if tier >= 100 and not late else "warning",
        at,
        f"{title} (late)" if late else title,
        text + ".",
        budget=budget.name,
        period=tally.span.key,
        tier=tier,
        cost=spent,
        excess=max(0, spent - budget.amount),
        evidence=tuple(evidence),
        late=late,
        amount=budget.amount,
        feature=scope.get("feature", ""),
        user=scope.get("user", ""),
    )


def ended(
    budget: Budget,
    key: str,
    tier: int,
    spent: int,
    now: int,
    reason: str,
    *,
    floor: bool = False,
) -> Finding:
    at = bill(spent, floor=floor, of=budget.amount) + budget.watched
    text = (
        f"{budget.name} is at {at} of ${exactly(budget.amount)} again"
        if reason == "below"
        else f"the period {key} of {budget.name} has ended"
    )
    return Finding(
        "budget_tier",
        "notice",
        now,
        f"budget {budget.name}: {tier} % is over",
        text + ".",
        budget=budget.name,
        period=key,
        tier=tier,
        cost=spent,
        evidence=(("reason", reason),),
        resolved=True,
        amount=budget.amount,
    )


def outdated(budget: Budget, key: str, said: Said, now: int) -> Finding:
    """What was said of an amount that the budget has no longer is over."""
    about = f"{said.tier} % of " if said.tier is not None else ""
    old, fresh = f"${exactly(said.amount or 0)}", f"${exactly(budget.amount)}"
    return Finding(
        said.rule,
        said.severity,
        now,
        f"budget {budget.name}: {about}{old} is over",
        f"the amount of {budget.name} is {fresh} now, it was {old}.",
        budget=budget.name,
        period=key,
        tier=said.tier,
        evidence=(("reason", "changed"),),
        resolved=True,
        amount=said.amount,
    )
