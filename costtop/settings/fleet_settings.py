"""The fleet that a machine ships to: `[fleet]` of the configuration, checked.

A URL of a server never stands in the configuration, only where it is found: in a file of mode 0600
or in an environment variable.
"""

import re
from typing import Literal, get_args

import msgspec

from costtop import config_mistakes, money
from costtop.config_mistakes import Mistake, Place
from costtop.named_tuples import NamedTuple
from costtop.nouns.budget_nouns import Budget
from costtop.settings import budget_settings
from costtop.settings.budget_settings import BudgetEntry, BudgetWords

Named = Literal["model", "feature", "project", "user"]
Verb = Literal["mark", "silence", "stop", "pause", "kill"]
Login = Literal["host", "reader", "operator", "steward"]
"""Whose URL is meant: this machine's, by which it ships; one that may read, act, or lead."""
_LONGEST = 100  # characters of a name of a host or team
_MOST = 3600  # commands an hour
_SCOPES = ("feature", "user", "project", "model")


class FleetBudgetEntry(BudgetWords, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A budget of the whole fleet: as `[[budget]]`, and what holds where the fleet is away."""

    offline: Literal["hold", "pass"] = "pass"
    allowance: str | float = ""


class Fleet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where this machine ships what it counted, what of it, and what it lets others do."""

    url_file: str = ""
    url_env: str = ""
    reader_url_file: str = ""
    reader_url_env: str = ""
    operator_url_file: str = ""
    operator_url_env: str = ""
    steward_url_file: str = ""
    steward_url_env: str = ""
    host: str = ""
    team: str = ""
    send: tuple[Named, ...] = ("model", "feature", "project", "user")
    detail: Literal["calls", "sessions", "spend"] = "calls"
    hash_key_file: str = ""
    accept: tuple[Verb, ...] = ()
    hourly: int = 3
    steward: bool = False
    alerts: Literal["edge", "steward"] = "edge"
    insecure: bool = False
    budget: tuple[FleetBudgetEntry, ...] = ()

    @property
    def ships(self) -> bool:
        """Whether this machine sends what it counts; else it only reads the fleet."""
        return bool(self.url_file or self.url_env)


class FleetBudget(NamedTuple):
    """A budget of the fleet, and what a host does that cannot reach it."""

    budget: Budget
    offline: Literal["hold", "pass"]
    allowance: int | None  # nano-dollars of a host beyond what the fleet knows; None: its share


def place_of(fleet: Fleet, whose: Login) -> tuple[str, str]:
    """(file, environment variable) that holds the URL; one of them is "", both where none is."""
    if whose == "reader":
        return fleet.reader_url_file, fleet.reader_url_env
    if whose == "operator":
        return fleet.operator_url_file, fleet.operator_url_env
    if whose == "steward":
        return fleet.steward_url_file, fleet.steward_url_env
    return fleet.url_file, fleet.url_env


def secret_files(fleet: Fleet) -> tuple[str, ...]:
    """The files that hold URLs or the key of hashes, as they are named; "" for none."""
    urls = (place_of(fleet, whose)[0] for whose in get_args(Login))
    return (*urls, fleet.hash_key_file)


def check(fleet: Fleet) -> None:
    """What types cannot say of it; raises Mistake."""
    for prefix in ("", "reader_", "operator_", "steward_"):
        _check_url(fleet, prefix)
    if not any(place for whose in get_args(Login) for place in place_of(fleet, whose)):
        raise Mistake(("fleet",), "url_file or url_env is missing: where the URL of the server is")
    for key in ("host", "team"):
        _check_name(getattr(fleet, key), ("fleet", key))
    for key in ("send", "accept"):
        given = getattr(fleet, key)
        if len(set(given)) < len(given):
            raise Mistake(("fleet", key), "each once")
    if not 0 < fleet.hourly <= _MOST:
        raise Mistake(("fleet", "hourly"), "commands an hour, from 1 on, such as 3")
    if fleet.steward and not (fleet.steward_url_file or fleet.steward_url_env):
        remedy = "a steward needs steward_url_file or steward_url_env, straight to the server"
        raise Mistake(("fleet", "steward"), remedy)
    if fleet.budget and not fleet.steward:
        remedy = "budgets of the fleet stand with its stewards: set steward = true here"
        raise Mistake(("fleet", "budget"), remedy)
    for number, entry in enumerate(fleet.budget):
        _check_budget(entry, ("fleet", "budget", number), fleet.budget[:number])


def budgets(fleet: Fleet) -> tuple[FleetBudget, ...]:
    """The budgets of the whole fleet, as nouns."""
    return tuple(
        FleetBudget(
            budget_settings.budget_of(_plain(entry)),
            entry.offline,
            None if entry.allowance == "" else money.parse(entry.allowance),
        )
        for entry in fleet.budget
    )


def _check_url(fleet: Fleet, prefix: str) -> None:
    """That there is at most one place for a URL, and that it is a place: it may be shown."""
    file, variable = (getattr(fleet, f"{prefix}url_{kind}") for kind in ("file", "env"))
    if file and variable:
        raise Mistake(
            ("fleet", f"{prefix}url_env"), f"give one of {prefix}url_file, {prefix}url_env"
        )
    # Whoever writes a URL here has a secret in a file that is shown: it is not shown once more.
    if "://" in file or re.search(r"\b(password|host|dbname|user)\s*=", file):
        remedy = "the name of a file of mode 0600 that holds the URL, not the URL itself"
        raise Mistake(("fleet", f"{prefix}url_file"), remedy, "…")
    if variable and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", variable):
        remedy = "the name of an environment variable that holds the URL, not the URL itself"
        raise Mistake(("fleet", f"{prefix}url_env"), remedy, "…")


def _check_name(given: str, place: Place) -> None:
    if given and (given.strip() != given or not given.isprintable() or len(given) > _LONGEST):
        raise Mistake(place, f"a name of up to {_LONGEST} characters, without blanks around it")
    if ":" in given:  # people type HOST:SESSION
        raise Mistake(place, 'a name without ":", which stands between a host and its session')


def _check_budget(
    entry: FleetBudgetEntry, place: Place, before: tuple[FleetBudgetEntry, ...]
) -> None:
    budget_settings.check(_plain(entry), place, [_plain(one) for one in before])
    if not budget_settings.budget_of(_plain(entry)).of_plan:
        for key in sorted(entry.scope.keys() & {"source", "session"}):
            words = f"one of {', '.join(_SCOPES)}: the fleet's sums know no {key}"
            raise Mistake((*place, "scope", key), f'budget "{entry.name}": scope "{key}"; {words}')
    if entry.allowance == "":
        return
    try:
        amount = money.parse(entry.allowance)
    except money.NotMoney:
        amount = -1
    if amount < 0:
        raise Mistake((*place, "allowance"), config_mistakes.amount(entry.allowance))


def _plain(entry: FleetBudgetEntry) -> BudgetEntry:
    """The entry without what is the fleet's alone."""
    return BudgetEntry(**{key: getattr(entry, key) for key in BudgetWords.__struct_fields__})
