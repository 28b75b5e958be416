"""The configuration: one frozen tree read from config.toml, every field with its default.

It is read once at the edge and passed down. Budgets set by command stand in budgets.toml, a file of
costtop's own, so that the user's commented file is never rewritten.
"""

import math
import os
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from costtop import config_mistakes, durations, money, periods
from costtop.attribution import tickets
from costtop.config_mistakes import Mistake, Place
from costtop.errors import ConfigError, UsageError
from costtop.nouns.budget_nouns import Budget
from costtop.paths import Paths
from costtop.settings import budget_settings, fleet_settings, plan_entries
from costtop.settings.budget_settings import BudgetEntry
from costtop.settings.fleet_settings import Fleet
from costtop.settings.plan_entries import PlanEntry
from costtop.shown.currency import CODES

Severity = Literal["notice", "warning", "critical"]
LISTS = ("source", "feature", "budget", "notify", "plan")  # tables that are given many times
RULE_KEYS = ("cwd", "branch", "project", "user", "host", "model", "source", "tag")


LEAST_KEPT = 90 * durations.DAY  # what learns and judges looks back 28 days
LEAST_REPEAT = 10 * durations.MINUTE
LEAST_BEAT = durations.MINUTE
LEAST_SENT = durations.SECOND


class SourceEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A log besides the built-in ones."""

    name: str
    format: str = "costtop"
    paths: tuple[str, ...]
    user: str = ""
    host: str = ""


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What users and hosts are called whose agents do not say it."""

    user: str = ""
    users: dict[str, str] = {}
    host: str = ""
    hash: bool = False


class FeatureRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Gives calls a feature by globs on cwd, branch, project, user, host, model, source or tag."""

    name: str
    match: dict[str, str]


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
    session: str = ""
    min_tier: int = 0
    quiet: str = ""
    max_per_hour: int = 20
    digest: str = "5m"
    resolved: bool = False
    repeat: str = ""
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


class Otel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where spend is sent to as OpenTelemetry metrics."""

    endpoint: str = ""
    every: str = "1m"
    headers_file: str = ""


class Git(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether git is asked about folders in which agents work."""

    read: bool = True


class TaskSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a task is completed."""

    completed_by: Literal["answer", "commit", "pr"] = "answer"


class Tickets(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What in a branch's name is a ticket."""

    pattern: str = tickets.DEFAULT


class Display(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The currency in which people read sums, and what a dollar is worth in it."""

    currency: str = "USD"
    rate: float = 0.0
    rates: str = ""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All settings."""

    timezone: str = ""
    source: tuple[SourceEntry, ...] = ()
    feature: tuple[FeatureRule, ...] = ()
    budget: tuple[BudgetEntry, ...] = ()
    plan: tuple[PlanEntry, ...] = ()
    anomaly: Anomaly = Anomaly()
    notify: tuple[Endpoint, ...] = ()
    receive: Receive = Receive()
    prices: Prices = Prices()
    metrics: Metrics | None = None
    otel: Otel = Otel()
    git: Git = Git()
    tasks: TaskSettings = TaskSettings()
    tickets: Tickets = Tickets()
    identity: Identity = Identity()
    display: Display = Display()
    fleet: Fleet | None = None
    off: tuple[str, ...] = ()
    read_only: bool = False
    session_titles: bool = False
    keep_details: str = ""
    heartbeat: str = ""
    heartbeat_every: str = "5m"


def load(paths: Paths) -> Config:
    """The configuration of this instance; raises ConfigError naming file, line and remedy."""
    config = _read(paths.config)
    own = _read(paths.budgets)
    names = {entry.name for entry in own.budget}
    kept = tuple(entry for entry in config.budget if entry.name not in names)
    return msgspec.structs.replace(config, budget=kept + own.budget)


def own_budgets(paths: Paths) -> tuple[BudgetEntry, ...]:
    """The budgets that were set by command, which budgets.toml holds."""
    return _read(paths.budgets).budget


def written_budgets(paths: Paths) -> tuple[BudgetEntry, ...]:
    """The budgets that the user wrote into config.toml."""
    return _read(paths.config).budget


def source(path: Path) -> tuple[str, dict[str, Any]]:
    """The text of such a file and its tree, empty where there is none; raises ConfigError."""
    try:
        given = path.read_bytes()
    except FileNotFoundError:
        return "", {}
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    import tomllib  # many a home has no such file

    try:
        text = given.decode()
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said, _, at = str(error).partition(" (at line ")
        line = at.partition(",")[0]
        where = f"{path}:{line}" if line.isdigit() else str(path)
        raise ConfigError(f"{where}: not valid TOML: {said}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not valid TOML: it is not UTF-8") from None


def where(path: Path, place: Place) -> str:
    """`config.toml:12`: where the file has what stands at this place of the tree."""
    line = config_mistakes.line_of(place, config_mistakes.lines(source(path)[0]))
    return str(path) if line is None else f"{path}:{line}"


def _read(path: Path) -> Config:
    text, tree = source(path)
    try:
        try:
            config = msgspec.convert(plan_entries.plain(tree), Config)
        except msgspec.ValidationError as error:
            raise config_mistakes.of(error, Config) from None
        check(config)
    except Mistake as mistake:
        raise ConfigError(config_mistakes.worded(str(path), text, tree, mistake)) from None
    return config


def check(config: Config) -> None:
    """What types cannot say: amounts, periods, durations, tiers, rules; raises Mistake."""
    for number, entry in enumerate(config.budget):
        budget_settings.check(entry, ("budget", number), config.budget[:number])
    for number, rule in enumerate(config.feature):
        for key in rule.match:
            if key not in RULE_KEYS:
                remedy = f'feature "{rule.name}": match "{key}"; '
                remedy += config_mistakes.one_of(key, RULE_KEYS)
                raise Mistake(("feature", number, "match", key), remedy)
    for login, name in config.identity.users.items():
        if not name.strip():
            raise Mistake(("identity", "users", login), f'a name for {login}, such as "ana"')
    if not 0 < config.anomaly.multiplier < math.inf:  # which NaN is not either
        raise Mistake(("anomaly", "multiplier"), "a number over 0, such as 5.0")
    _amount(config.anomaly.floor, ("anomaly", "floor"))
    _amount(config.anomaly.session_cap, ("anomaly", "session_cap"))
    _duration(config.anomaly.finished_after, ("anomaly", "finished_after"))
    _span(config.keep_details, ("keep_details",), LEAST_KEPT, "90d")
    if config.tickets.pattern and (remedy := tickets.wrong(config.tickets.pattern)):
        raise Mistake(("tickets", "pattern"), remedy)
    plan_entries.check(config.plan)
    if config.fleet is not None:
        fleet_settings.check(config.fleet)
    _check_display(config.display)
    for number, endpoint in enumerate(config.notify):
        _duration(endpoint.digest, ("notify", number, "digest"))
        _span(endpoint.repeat, ("notify", number, "repeat"), LEAST_REPEAT, "4h")
    _span(config.heartbeat_every, ("heartbeat_every",), LEAST_BEAT, "5m")
    if config.heartbeat and not config.heartbeat.startswith(("https://", "http://")):
        raise Mistake(("heartbeat",), "an address to be asked for, with https:// before it")
    _span(config.otel.every, ("otel", "every"), LEAST_SENT, "1m")
    if config.otel.endpoint and not config.otel.endpoint.startswith(("https://", "http://")):
        raise Mistake(("otel", "endpoint"), "where a collector listens: http://127.0.0.1:4318")
    try:
        zone(config)
    except ConfigError:
        near = config_mistakes.one_word_of(config.timezone, available_timezones())
        raise Mistake(("timezone",), f"no time zone; write one like Europe/Berlin{near}") from None


def _check_display(display: Display) -> None:
    """A known currency, and one way to convert to it; raises Mistake."""
    if display.currency not in CODES:
        from difflib import get_close_matches

        near = get_close_matches(display.currency.upper(), sorted(CODES), 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise Mistake(("display", "currency"), f'a currency by its code, such as "EUR"{meant}')
    if display.rate and not (0 < display.rate < math.inf):
        raise Mistake(("display", "rate"), "what a dollar is worth, more than 0, such as 0.92")
    if display.currency == "USD":
        if display.rate not in (0.0, 1.0) or display.rates:
            raise Mistake(("display",), "dollars need no rate; name a currency besides")
        return
    if bool(display.rate) == bool(display.rates):
        remedy = (
            f"{display.currency} needs rate (such as 0.92) or rates (a file of days with rates)"
        )
        raise Mistake(("display",), f"{remedy}, one of them")


def _amount(given: str | float, place: Place) -> None:
    try:
        money.parse(given)
    except money.NotMoney:
        raise Mistake(place, config_mistakes.amount(given)) from None


def _span(given: str, place: Place, least: int, such_as: str) -> None:
    """A span of at least so many ms; "" is none."""
    if given:
        _duration(given, place)
        if milliseconds(given) < least:
            words = durations.words(least)
            raise Mistake(place, f'a span of {words} or more, such as "{such_as}"')


def _duration(given: str, place: Place) -> None:
    try:
        milliseconds(given)
    except ConfigError:
        raise Mistake(place, config_mistakes.duration(given)) from None


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


def details_kept(config: Config) -> int:
    """How long details of finished sessions are kept, ms; 0 is for ever."""
    return milliseconds(config.keep_details) if config.keep_details else 0


def budgets(config: Config) -> tuple[Budget, ...]:
    """The budgets as nouns; raises ConfigError for a bad period, tier or scope."""
    made = tuple(budget_settings.budget_of(entry) for entry in config.budget)
    return tuple(map(budget_settings.labelled, made)) if config.plan else made
