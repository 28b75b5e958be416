"""Words a budget and what has changed of it: for answers, journal and messages. It changes none."""

from costtop import periods
from costtop.model import Budget
from costtop.money import exactly


def words(budget: Budget) -> str:
    """What was understood: a shell may have eaten half of an amount."""
    amount, scope, tiers, action = _parts(budget)
    of = f" {scope}" if budget.scope else ""
    held = "" if budget.action == "notify" else f", {action}"
    return f"{amount}{of}, {tiers}{held}"


def change(before: Budget | None, after: Budget | None) -> str:
    """What has become of a budget: "is changed: $10.00 a day → $30.00 a day. Now …"."""
    if after is None:
        return "is removed"
    if before is None:
        return f"is set: {words(after)}"
    if before == after:
        return f"stays as it is: {words(after)}"
    pairs = zip(_parts(before), _parts(after), strict=True)
    changed = ", ".join(f"{old} → {new}" for old, new in pairs if old != new)
    return f"is changed: {changed}. Now {words(after)}"


def _parts(budget: Budget) -> tuple[str, ...]:
    """Amount with its period, scope, tiers and action, each in words."""
    hours = periods.hours(budget.period)
    each = f"in {hours} hours" if hours else f"a {budget.period}"
    scope = " ".join(f"{key}={value}" for key, value in budget.scope) or "everything"
    tiers = f"tiers {' '.join(map(str, budget.tiers))} %"
    return f"${exactly(budget.amount)} {each}", scope, tiers, _action(budget)


def _action(budget: Budget) -> str:
    """What follows at 100 %, and where that does not hold by itself."""
    said = f"at 100 %: {budget.action}"
    if budget.action not in {"gate", "stop"} or budget.escalate == "none":
        return said
    return f"{said}, where it does not hold: {budget.escalate}"
