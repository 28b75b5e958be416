"""Budgets set by command, written with tomli-w into their own file. It leaves config.toml alone."""

import sqlite3
from typing import Any

import msgspec
import tomli_w

from costtop import config as configuration
from costtop import config_mistakes
from costtop.alerts import budget_wording
from costtop.config import Config
from costtop.control.protocol import RemoveBudget, SetBudget
from costtop.daemon.session_scopes import addressed
from costtop.durations import now_ms
from costtop.errors import ConfigError, NothingFound, UsageError
from costtop.files import private_directory, replace
from costtop.nouns.budget_nouns import PLAN
from costtop.paths import Paths
from costtop.queries.gates import gates, unheld
from costtop.queries.plans import window_words
from costtop.queries.sessions import lookup
from costtop.settings.budget_settings import BudgetEntry, budget_of
from costtop.store import meta
from costtop.store.sessions import session_names

_HEAD = (
    "# Written by costtop (costtop budget set, and the screen). Your own go into config.toml.\n\n"
)


def change(db: sqlite3.Connection | None, paths: Paths, command: SetBudget | RemoveBudget) -> str:
    """Writes the change and returns what was done; raises UsageError for a budget that is wrong.

    `db` knows the sessions that a scope names by their short ids; None where nothing was ever read.
    """
    own = {entry.name: entry for entry in configuration.own_budgets(paths)}
    match command:
        case SetBudget():
            known = {entry.name: entry for entry in configuration.load(paths).budget}
            said = _set(db, own, known.get(command.name), command)
        case RemoveBudget():
            said = _remove(paths, own, command)
    _write(paths, list(own.values()))
    return said


def keep(db: sqlite3.Connection, paths: Paths, name: str) -> None:
    """Tells readers of one budget as it stands now: a change by command is no news later.

    The others stay as they hold: one of them may have been edited and wait for its time.
    """
    known = {one.name: one for one in meta.budgets(db) if one.name != name}
    fresh = configuration.budgets(addressed(db, configuration.load(paths)))
    known |= {one.name: one for one in fresh if one.name == name}
    meta.put(db, {"budgets": meta.encode_budgets(known.values())})


def _set(
    db: sqlite3.Connection | None,
    own: dict[str, BudgetEntry],
    known: BudgetEntry | None,
    command: SetBudget,
) -> str:
    """Changes what the command names; the rest stays, also of a budget from config.toml."""
    values = {} if known is None else msgspec.to_builtins(known)
    names = zip(BudgetEntry.__struct_encode_fields__, BudgetEntry.__struct_fields__, strict=True)
    asked = {written: getattr(command, name) for written, name in names}
    values |= {name: value for name, value in asked.items() if value is not None}
    if command.scope and "session" in command.scope and db is not None:
        values["scope"] = {**command.scope, "session": lookup.glob_of(db, command.scope["session"])}
    of_plan = str(values.get("period", "")).startswith(PLAN)
    if of_plan and command.amount is None:
        values.pop("amount", None)  # it watched dollars before
    elif not values.get("amount"):
        new = f"there is no budget {command.name} yet; a new one needs an amount"
        raise UsageError(new if known is None else f"budget {command.name}: it needs an amount")
    try:
        entry = msgspec.convert(values, BudgetEntry)
        configuration.check(Config(budget=(entry,)))
        budget = budget_of(entry)
    except msgspec.ValidationError as error:
        raise _wrong(command.name, config_mistakes.of(error, BudgetEntry)) from None
    except config_mistakes.Mistake as mistake:
        raise _wrong(command.name, mistake) from None
    own[command.name] = entry
    before = None if known is None else budget_of(known)
    if db is None:
        return f"budget {command.name} {budget_wording.change(before, budget)}"
    was = before and session_names.scope_said(db, before)
    said = budget_wording.change(was, session_names.scope_said(db, budget))
    now = now_ms()
    untold = window_words.untold(db, budget, now)
    held = unheld(gates(db, now), budget, now)
    return "; ".join([f"budget {command.name} {said}", *untold, *held])


def _wrong(name: str, mistake: config_mistakes.Mistake) -> UsageError:
    """What is wrong with a budget, with its field where the remedy does not name it."""
    place = [str(part) for part in mistake.place if part not in ("budget", 0)]
    head = f'budget "{name}": '
    said = mistake.remedy.removeprefix(head)
    field = "" if said is not mistake.remedy or not place else f"{'.'.join(place)}: "
    return UsageError(f"{head}{field}{said}")


def _remove(paths: Paths, own: dict[str, BudgetEntry], command: RemoveBudget) -> str:
    below = {entry.name: entry for entry in configuration.written_budgets(paths)}
    if own.pop(command.name, None):
        if (left := below.get(command.name)) is not None:
            words = budget_wording.words(budget_of(left))
            return f"budget {command.name} is removed; that of {paths.config} holds again: {words}"
        return f"budget {command.name} is removed"
    if command.name in below:
        raise ConfigError(f"budget {command.name} stands in {paths.config}; take it out there")
    raise NothingFound(f"there is no budget {command.name}; see: costtop budget list")


def _write(paths: Paths, entries: list[BudgetEntry]) -> None:
    private_directory(paths.budgets.parent)
    trees = [msgspec.to_builtins(entry) for entry in entries]
    told = [{key: value for key, value in one.items() if value != ""} for one in trees]
    tree: dict[str, Any] = {"budget": told}
    replace(paths.budgets, (_HEAD + tomli_w.dumps(tree)).encode(), synced=True)
