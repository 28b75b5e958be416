"""Words a budget and what has changed of it: for answers, journal and messages. It changes none."""

from costtop import periods
from costtop.money import exactly
from costtop.nouns.budget_nouns import PLAN, Budget


def words(budget: Budget) -> str:
    """What was understood: a shell may have eaten half of an amount."""
    amount, scope, tiers, action, excepted = _parts(budget)
    of = f" {scope}" if budget.scope else ""
    held = "" if budget.action == "notify" else f", {action}"
    besides = f", {excepted}" if budget.excepted else ""
    return f"{amount}{of}, {tiers}{held}{besides}"


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
    """Amount with its period, scope, tiers, action and exceptions, each in words."""
    scope = " ".join(f"{key}={value}" for key, value in budget.scope) or "everything"
    tiers = f"tiers {' '.join(map(str, budget.tiers))} %"
    excepted = " ".join(f"{key}={value}" for key, value in budget.excepted) or "nothing"
    return _amount(budget), scope, tiers, _action(budget), f"except {excepted}"


def _amount(budget: Budget) -> str:
    if budget.of_plan:
        return f"the {budget.period.removeprefix(PLAN)} window of a plan"
    hours = periods.hours(budget.period)
    each = f"in {hours} hours" if hours else f"a {budget.period}"
    return f"${exactly(budget.amount)}{budget.watched} {each}"


def _action(budget: Budget) -> str:
    """What follows at a per cent, and where that does not hold by itself."""
    said = f"at {budget.act_at} %: {budget.action}"
    if budget.action not in {"gate", "stop"} or budget.escalate == "none":
        return said
    return f"{said}, where it does not hold: {budget.escalate}"
