"""What is said of a budget's tier: reached, or over again. It counts nothing."""

from zoneinfo import ZoneInfo

from costtop import periods
from costtop.detect.budgets.account import Tally
from costtop.model import Budget, Finding
from costtop.money import dollars


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
    floor, when = tally.unpriced, periods.label(budget.period, at, tz)
    text = (
        f"{budget.name} has spent ${dollars(spent, floor=floor)} of ${dollars(budget.amount)}"
        f" ({when}), {percent} %"
    )
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
    if not top:
        evidence.append(("spoken_by", said[-1]))
    if floor:
        evidence.append(("floor", 1))
    title = f"budget {budget.name}: {tier} % of ${dollars(budget.amount)}"
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
        feature=scope.get("feature", ""),
        user=scope.get("user", ""),
    )


def ended(budget: Budget, key: str, tier: int, spent: int, now: int, reason: str) -> Finding:
    text = (
        f"{budget.name} is at ${dollars(spent)} of ${dollars(budget.amount)} again"
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
    )
