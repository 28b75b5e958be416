"""Budgets set by command, written with tomli-w into their own file. It leaves config.toml alone."""

from typing import Any

import msgspec
import tomli_w

from costtop import config as configuration
from costtop import money, periods
from costtop.config import BudgetEntry
from costtop.control.protocol import RemoveBudget, SetBudget
from costtop.errors import ConfigError, CosttopError, NothingFound, UsageError
from costtop.files import private_directory, replace
from costtop.model import Budget
from costtop.paths import Paths

_HEAD = (
    "# Written by costtop (costtop budget set, and the screen). Your own go into config.toml.\n\n"
)


def change(paths: Paths, command: SetBudget | RemoveBudget) -> str:
    """Writes the change and returns what was done; raises UsageError for a budget that is wrong."""
    own = {entry.name: entry for entry in configuration.own_budgets(paths)}
    match command:
        case SetBudget():
            said = _set(own, command)
        case RemoveBudget():
            said = _remove(paths, own, command)
    _write(paths, list(own.values()))
    return said


def _set(own: dict[str, BudgetEntry], command: SetBudget) -> str:
    values = {name: getattr(command, name) for name in BudgetEntry.__struct_fields__}
    try:
        entry = msgspec.convert(values, BudgetEntry)
        budget = configuration.budget_of(entry)
    except (msgspec.ValidationError, CosttopError) as error:
        raise UsageError(f"budget {command.name!r}: {error}") from None
    known = command.name in own
    own[command.name] = entry
    return f"budget {command.name} is {'changed' if known else 'set'}: {_words(budget)}"


def _words(budget: Budget) -> str:
    """What was understood: a shell may have eaten half of an amount."""
    hours = periods.hours(budget.period)
    each = f"in {hours} hours" if hours else f"a {budget.period}"
    scope = "".join(f" {key}={value}" for key, value in budget.scope)
    held = "" if budget.action == "notify" else f", at 100 %: {budget.action}"
    tiers = " ".join(map(str, budget.tiers))
    return f"${money.dollars(budget.amount)} {each}{scope}, tiers {tiers} %{held}"


def _remove(paths: Paths, own: dict[str, BudgetEntry], command: RemoveBudget) -> str:
    if own.pop(command.name, None):
        return f"budget {command.name} is removed"
    if any(entry.name == command.name for entry in configuration.load(paths).budget):
        raise ConfigError(f"budget {command.name} stands in {paths.config}; take it out there")
    raise NothingFound(f"there is no budget {command.name}; see: costtop budget list")


def _write(paths: Paths, entries: list[BudgetEntry]) -> None:
    private_directory(paths.budgets.parent)
    tree: dict[str, Any] = {"budget": [msgspec.to_builtins(entry) for entry in entries]}
    replace(paths.budgets, (_HEAD + tomli_w.dumps(tree)).encode())
