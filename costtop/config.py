"""The configuration: one frozen tree read from config.toml, every field with its default.

It is read once at the edge and passed down. Budgets set by command stand in budgets.toml, a file of
costtop's own, so that the user's commented file is never rewritten.
"""

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from costtop import durations, money, periods
from costtop.errors import ConfigError, UsageError
from costtop.model import Budget
from costtop.paths import Paths

Action = Literal["notify", "gate", "pause", "stop", "kill"]
Severity = Literal["notice", "warning", "critical"]
RULE_KEYS = ("cwd", "branch", "project", "user", "host", "model", "source", "tag")


class SourceEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A log besides the built-in ones."""

    name: str
    format: str = "costtop"
    paths: tuple[str, ...]


class FeatureRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Gives calls a feature by globs on cwd, branch, project, user, host, model, source or tag."""

    name: str
    match: dict[str, str]


class BudgetEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An amount for a period and a scope."""

    name: str
    period: str = "day"
    amount: str | float
    tiers: tuple[int, ...] = (50, 80, 100)
    scope: dict[str, str] = {}
    action: Action = "notify"


class Anomaly(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a session is unusual."""

    multiplier: float = 5.0
    min_peers: int = 5
    floor: str | float = "$0.25"
    finished_after: str = "30m"
    plain_rule: Literal["warning", "notice"] = "warning"
    session_cap: str | float = "$10"


class Endpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where messages go: an Apprise URL, given directly, by file or by environment variable."""

    label: str
    url: str = ""
    url_file: str = ""
    url_env: str = ""
    min_severity: Severity = "warning"
    rules: tuple[str, ...] = ()
    feature: str = ""
    user: str = ""
    budget: str = ""
    min_tier: int = 0
    quiet: str = ""
    max_per_hour: int = 20
    digest: str = "5m"
    resolved: bool = False
    summary: tuple[Literal["day", "week"], ...] = ()
    insecure: bool = False


class Otlp(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The OTLP/HTTP receiver."""

    port: int = 4318
    host: str = "127.0.0.1"
    token_file: str = ""


class Receive(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What costtop listens to besides files."""

    otlp: Otlp | None = None


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where prices come from beside genai-prices, and which cost counts."""

    override: str = ""
    litellm: str = ""
    counts: Literal["computed", "reported"] = "computed"
    refresh: bool = False
    refresh_url: str = ""


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The Prometheus endpoint."""

    port: int = 9464
    host: str = "127.0.0.1"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All settings."""

    timezone: str = ""
    source: tuple[SourceEntry, ...] = ()
    feature: tuple[FeatureRule, ...] = ()
    budget: tuple[BudgetEntry, ...] = ()
    anomaly: Anomaly = Anomaly()
    notify: tuple[Endpoint, ...] = ()
    receive: Receive = Receive()
    prices: Prices = Prices()
    metrics: Metrics | None = None
    off: tuple[str, ...] = ()
    read_only: bool = False


def load(paths: Paths) -> Config:
    """The configuration of this instance; raises ConfigError naming file, key and remedy."""
    config = _read(paths.config)
    own = _read(paths.budgets)
    names = {entry.name for entry in own.budget}
    kept = tuple(entry for entry in config.budget if entry.name not in names)
    config = msgspec.structs.replace(config, budget=kept + own.budget)
    _check(config, paths.config)
    return config


def own_budgets(paths: Paths) -> tuple[BudgetEntry, ...]:
    """The budgets that were set by command, which budgets.toml holds."""
    return _read(paths.budgets).budget


def written_budgets(paths: Paths) -> tuple[BudgetEntry, ...]:
    """The budgets that the user wrote into config.toml."""
    return _read(paths.config).budget


def _read(path: Path) -> Config:
    try:
        with open(path, "rb") as file:
            tree = tomllib.load(file)
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    try:
        return msgspec.convert(tree, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {_explained(str(error), tree)}") from None


def _explained(error: str, tree: dict[str, Any]) -> str:
    """msgspec's message with a guess at what was meant."""
    unknown = re.search(r"unknown field `(\w+)`", error)
    if not unknown:
        return error
    known = {name for struct in _STRUCTS for name in struct.__struct_fields__}
    close = difflib.get_close_matches(unknown.group(1), known, 1)
    return f"{error}; did you mean `{close[0]}`?" if close else error


_STRUCTS: tuple[type[msgspec.Struct], ...] = (
    Config,
    SourceEntry,
    FeatureRule,
    BudgetEntry,
    Anomaly,
    Endpoint,
    Otlp,
    Receive,
    Prices,
    Metrics,
)


def _check(config: Config, path: Path) -> None:
    """What types cannot say: amounts, periods, durations, tiers, rules, the time zone."""
    try:
        budgets(config)
        for rule in config.feature:
            for key in rule.match:
                if key not in RULE_KEYS:
                    known = ", ".join(RULE_KEYS)
                    raise ConfigError(f'feature "{rule.name}": match "{key}"; one of {known}')
        money.parse(config.anomaly.floor)
        money.parse(config.anomaly.session_cap)
        for endpoint in config.notify:
            milliseconds(endpoint.digest)
        milliseconds(config.anomaly.finished_after)
        zone(config)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    except money.NotMoney as error:
        raise ConfigError(f"{path}: {error}") from None


def zone(config: Config) -> ZoneInfo:
    """The user's time zone; raises ConfigError for an unknown one."""
    return periods.zone(config.timezone or system_zone())


def system_zone() -> str:
    """The IANA name of the system's time zone: TZ, else where /etc/localtime points, else UTC."""
    name = os.environ.get("TZ", "").removeprefix(":")
    if not name:
        name = os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    try:
        return "UTC" if name == "Etc/UTC" else periods.zone(name).key
    except ConfigError:
        return "UTC"


def milliseconds(duration: str) -> int:
    """Milliseconds of "30m", "2h", "1d" or "90s"; raises ConfigError for anything else."""
    try:
        return durations.parse(duration)
    except UsageError:
        raise ConfigError(
            f'"{duration}" is not a duration; write it as "30m", "2h" or "1d"'
        ) from None


def budgets(config: Config) -> tuple[Budget, ...]:
    """The budgets as nouns; raises ConfigError for a bad period, tier, scope or double name."""
    made = tuple(budget_of(entry) for entry in config.budget)
    names = [budget.name for budget in made]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f'two budgets are named "{name}"; names must differ')
    return made


_SCOPES = ("feature", "user", "project", "model", "source", "session")


def budget_of(entry: BudgetEntry) -> Budget:
    """The budget as a noun; raises ConfigError or NotMoney naming what is wrong with it."""
    where = f'budget "{entry.name}"'
    try:
        periods.check(entry.period)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    amount = money.parse(entry.amount)
    if amount <= 0:
        raise ConfigError(f"{where}: the amount must be more than $0")
    if not entry.tiers or any(not 0 < tier <= 1000 for tier in entry.tiers):
        raise ConfigError(f"{where}: tiers are per cents between 1 and 1000, such as [50, 80, 100]")
    for key in entry.scope:
        if key not in _SCOPES:
            raise ConfigError(f'{where}: scope "{key}"; one of {", ".join(_SCOPES)}')
    return Budget(
        name=entry.name,
        period=entry.period,
        amount=amount,
        tiers=tuple(sorted(set(entry.tiers))),
        scope=tuple(sorted(entry.scope.items())),
        action=entry.action,
    )
