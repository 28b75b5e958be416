"""Budgets as people write them: entries of the configuration, checked and made into nouns."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from costtop import config_mistakes, money, periods
from costtop.config_mistakes import Mistake, Place
from costtop.errors import ConfigError
from costtop.nouns.budget_nouns import WHOLE, Budget

Action = Literal["notify", "gate", "pause", "stop", "kill"]
Escalate = Literal["none", "pause", "kill"]
SCOPES = ("feature", "user", "project", "model", "source", "session")
PLAN_SCOPES = ("source", "home", "plan")
"""What tells the windows of plans apart; `agent` is another word for the first."""


class BudgetWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a budget says, be it a machine's or a fleet's."""

    name: str
    period: str = "day"
    amount: str | float = ""
    tiers: tuple[int, ...] = (50, 80, 100)
    scope: dict[str, str] = {}
    action: Action = "notify"
    act_at: int = 100
    excepted: dict[str, str] = msgspec.field(default_factory=dict, name="except")
    escalate: Escalate = "pause"


class BudgetEntry(BudgetWords, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An amount for a period and a scope; of a plan's window its tiers alone."""

    watch: Literal["value", "billed"] = "value"


def check(entry: BudgetEntry, place: Place, before: Sequence[BudgetEntry]) -> None:
    """What types cannot say of the entry at `place`, after those `before` it; raises Mistake."""
    try:
        window = periods.plan(periods.check(entry.period))
    except ConfigError:
        raise Mistake((*place, "period"), config_mistakes.period(entry.period)) from None
    if window is None:
        _check_amount(entry.amount, place)
    elif entry.amount != "":
        what = f"a window of a plan ({entry.period}) is counted in per cents"
        raise Mistake((*place, "amount"), f"{what}: take the amount out, tiers are all it needs")
    elif entry.watch != "value":
        raise Mistake((*place, "watch"), f"a window of a plan ({entry.period}) bills nothing")
    if not _is_tier(entry.act_at):
        raise Mistake((*place, "act_at"), "a per cent between 1 and 1000, such as 90")
    known = {"scope": SCOPES if window is None else (*PLAN_SCOPES, "agent"), "except": SCOPES}
    for table, given in (("scope", entry.scope), ("except", entry.excepted)):
        _check_keys(entry, (*place, table), given, known[table])
    try:
        made = budget_of(entry)
    except ConfigError as error:
        raise Mistake(place, str(error)) from None
    if any(one.name == made.name for one in before):
        raise Mistake((*place, "name"), f'two budgets are named "{made.name}"; names must differ')


def _check_amount(given: str | float, place: Place) -> None:
    if given == "":
        raise Mistake(place, "amount is missing here")
    try:
        money.parse(given)
    except money.NotMoney:
        raise Mistake((*place, "amount"), config_mistakes.amount(given)) from None


def _check_keys(
    entry: BudgetEntry, place: Place, given: Mapping[str, str], known: Sequence[str]
) -> None:
    for key in given:
        if key not in known:
            words = config_mistakes.one_of(key, known)
            if key in SCOPES:
                words = f"all of an account fills its window; {words}, or spare it by except"
            remedy = f'budget "{entry.name}": {place[-1]} "{key}"; {words}'
            raise Mistake((*place, key), remedy)


def budget_of(entry: BudgetEntry) -> Budget:
    """The budget as a noun; raises ConfigError or NotMoney naming what is wrong with it."""
    where = f'budget "{entry.name}"'
    try:
        of_plan = periods.plan(periods.check(entry.period)) is not None
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    amount = WHOLE if of_plan else money.parse(entry.amount)
    if amount <= 0:
        raise ConfigError(f"{where}: the amount must be more than $0")
    if not entry.tiers or not all(_is_tier(tier) for tier in entry.tiers):
        raise ConfigError(f"{where}: tiers are per cents between 1 and 1000, such as [50, 80, 100]")
    if not _is_tier(entry.act_at):
        raise ConfigError(f"{where}: act_at is a per cent between 1 and 1000, such as 90")
    scope = entry.scope
    if of_plan:
        scope = {"source" if key == "agent" else key: glob for key, glob in scope.items()}
        if "home" in scope:
            scope["home"] = os.path.expanduser(scope["home"])
    return Budget(
        name=entry.name,
        period=entry.period,
        amount=amount,
        tiers=tuple(sorted(set(entry.tiers))),
        scope=_sorted(scope, PLAN_SCOPES if of_plan else SCOPES, f"{where}: scope"),
        action=entry.action,
        escalate=entry.escalate,
        act_at=entry.act_at,
        excepted=_sorted(entry.excepted, SCOPES, f"{where}: except"),
        watch=entry.watch if entry.watch == "billed" else "",
    )


def entry_of(budget: Budget) -> BudgetEntry:
    """The entry that makes this budget."""
    return BudgetEntry(
        name=budget.name,
        period=budget.period,
        amount="" if budget.of_plan else money.exact(budget.amount),
        tiers=budget.tiers,
        scope=dict(budget.scope),
        action=budget.action,
        act_at=budget.act_at,
        excepted=dict(budget.excepted),
        escalate=budget.escalate,
        watch="billed" if budget.watch == "billed" else "value",
    )


def labelled(budget: Budget) -> Budget:
    """The budget as it is called where the user pays a plan: what it counts has a name."""
    return budget if budget.watch or budget.of_plan else budget._replace(watch="value")


def _is_tier(given: int) -> bool:
    return 0 < given <= 1000


def _sorted(
    given: Mapping[str, str], known: Iterable[str], where: str
) -> tuple[tuple[str, str], ...]:
    for key in given:
        if key not in known:
            raise ConfigError(f'{where} "{key}"; one of {", ".join(known)}')
    return tuple(sorted(given.items()))
