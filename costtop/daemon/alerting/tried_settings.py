"""A configuration with some settings tried otherwise: `anomaly.multiplier=8`."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from costtop.config import Anomaly, Config, check
from costtop.config_mistakes import Mistake
from costtop.daemon.alerting.rule_settings import settings_of
from costtop.errors import CosttopError, UsageError
from costtop.nouns.budget_nouns import PLAN
from costtop.settings.budget_settings import BudgetEntry

_Entry = TypeVar("_Entry", bound=msgspec.Struct)
_OF_BUDGET = tuple(name for name in BudgetEntry.__struct_encode_fields__ if name != "name")


def tried(config: Config, asked: Iterable[str]) -> Config:
    """The configuration with `anomaly.KEY=VALUE` or `budget.NAME.KEY=VALUE` instead.

    A budget that does not exist is made. Raises UsageError naming what is wrong and what was meant.
    """
    anomaly: dict[str, str] = {}
    budgets: dict[str, dict[str, Any]] = {}
    for one in asked:
        key, sign, value = (part.strip() for part in one.partition("="))
        if not sign or not value:
            raise UsageError(f"--set {one}: write it as anomaly.multiplier=8")
        table, _, rest = key.partition(".")
        name, _, field = rest.rpartition(".")
        if table == "anomaly" and rest in Anomaly.__struct_fields__:
            anomaly[rest] = value
        elif table == "budget" and name and field in _OF_BUDGET:
            budgets.setdefault(name, {"name": name})[field] = _parts(field, value)
        else:
            raise UsageError(f"--set {key}: no such setting{_meant(config, key)}")
    config = _with(config, anomaly, budgets)
    try:
        check(config)
        settings_of(config)
    except Mistake as mistake:
        place = ".".join(map(str, mistake.place))
        raise UsageError(f"--set {place}: {mistake.remedy}") from None
    except CosttopError as error:
        raise UsageError(f"--set: {error}") from None
    return config


def _with(
    config: Config, anomaly: Mapping[str, str], budgets: Mapping[str, Mapping[str, Any]]
) -> Config:
    own = {entry.name: entry for entry in config.budget}
    for name, values in budgets.items():
        own[name] = _changed(BudgetEntry, own.get(name), f"budget.{name}", values)
        if own[name].amount == "" and not own[name].period.startswith(PLAN):
            raise UsageError(f"--set budget.{name}: missing required field `amount`")
    return msgspec.structs.replace(
        config,
        anomaly=_changed(Anomaly, config.anomaly, "anomaly", anomaly),
        budget=tuple(own.values()),
    )


def _meant(config: Config, key: str) -> str:
    known = [f"anomaly.{name}" for name in Anomaly.__struct_fields__]
    names = [entry.name for entry in config.budget] or ["daily"]
    known += [f"budget.{name}.{field}" for name in names for field in _OF_BUDGET]
    close = difflib.get_close_matches(key, known, 1, 0.5)
    return f": did you mean {close[0]}?" if close else f"; one of {', '.join(known)}"


def _parts(field: str, value: str) -> Any:
    """A value with its parts: tiers 70,100; a scope feature=checkout,user=ana, or all."""
    if field == "tiers":
        return value.split(",")
    if field in {"scope", "except"}:
        pairs = () if value == "all" else (part.partition("=") for part in value.split(","))
        return {key: glob for key, _, glob in pairs}
    return value


def _changed(
    form: type[_Entry], known: _Entry | None, table: str, values: Mapping[str, Any]
) -> _Entry:
    tree = {} if known is None else msgspec.to_builtins(known)
    try:
        return msgspec.convert({**tree, **values}, form, strict=False)
    except msgspec.ValidationError as error:
        said, _, where = str(error).partition(" - at `$")
        key = where.rstrip("`")
        given = values.get(key.strip("."))
        for type_, words in _WANTED:
            said = words if f"`{type_}`, got" in said else said
        value = "" if given is None else f"={given}"
        raise UsageError(f"--set {table}{key}{value}: {said}") from None


_WANTED = (("float", "write a number, such as 8"), ("int", "write whole numbers, such as 50,80"))
