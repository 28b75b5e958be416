"""Decides which endpoints hear a notification, and whether now or in a digest. It sends nothing.

Budgets and blindness speak at once. Sessions are many: the first speaks at once, those that follow
within moments are gathered, and a flood becomes one digest every few minutes.
"""

import re

from costtop.alerts.choose import kind
from costtop.errors import ConfigError
from costtop.model import SEVERITIES, Finding, Hold, Notification, Severity, Traffic
from costtop.named_tuples import NamedTuple
from costtop.scope import matches

TOGETHER = 2_000  # ms: a second session so soon after the first may be the start of a flood
GATHER = 10_000  # ms for which such followers are gathered
FEW = 3  # gathered ones that are told right after; more wait for the digest
BURST = 6  # messages about sessions within one digest interval
RESERVE = 5  # of the hourly cap, kept for digests and what is critical
BACKLOG = 10  # undelivered letters after which more are held for a digest

_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-3]):([0-5]\d)")


class Route(NamedTuple):
    """Which notifications one endpoint takes, and how many. Empty means: any."""

    label: str
    min_severity: Severity = "warning"
    rules: tuple[str, ...] = ()  # rule names, or families: budget session blind
    feature: str = ""
    user: str = ""
    budget: str = ""
    session: str = ""  # a glob on "source/id", or the id alone
    min_tier: int = 0
    quiet: tuple[int, int] | None = None  # minutes of the local day [from, to)
    per_hour: int = 20
    digest: int = 300_000  # ms between digests
    resolved: bool = False  # also tell that a level has ended
    direct: bool = False  # a file: every line at once, no cap, no quiet hours
    repeat: int = 0  # ms after which what is critical and unacknowledged is told again; 0: never
    summaries: tuple[str, ...] = ()  # day, week


def takes(route: Route, one: Notification) -> bool:
    """Whether the endpoint wants this notification at all."""
    return not refused(route, one)


def refused(route: Route, one: Notification) -> str:
    """Why the endpoint does not want this notification; "" where it does."""
    finding = one.finding
    family = kind(finding.rule)
    if finding.resolved and not (route.resolved or family == "blind"):
        return "it does not ask for what is over (resolved)"
    if not _severe_enough(route, finding):
        return f"its min_severity is {route.min_severity}"
    if route.rules and not {finding.rule, family, _asked_as(family)} & {*route.rules}:
        return f"its rules are {', '.join(route.rules)}"
    for field in ("feature", "user", "budget"):
        wanted = getattr(route, field)
        if wanted not in ("", getattr(finding, field)):
            return f"its {field} is {wanted}"
    if route.session and not matches([("session", route.session)], finding._asdict()):
        return f"its session is {route.session}"
    if finding.rule == "budget_tier" and (finding.tier or 0) < route.min_tier:
        return f"its min_tier is {route.min_tier}"
    return ""


def _asked_as(family: str) -> str:
    """Who asks for sessions hears what many of them have in common."""
    return "session" if family == "common" else family


def _severe_enough(route: Route, finding: Finding) -> bool:
    severity: Severity = finding.severity
    if finding.rule == "budget_tier" and severity == "notice":
        severity = "warning"  # a tier that the user set is one they want to hear of
    return SEVERITIES.index(severity) >= SEVERITIES.index(route.min_severity)


def hears_deeds(route: Route, severity: Severity) -> bool:
    """Whether the endpoint is told what was done by command or by itself."""
    grave = SEVERITIES.index(severity) >= SEVERITIES.index(route.min_severity)
    named = route.feature or route.user or route.budget or route.session
    return grave and not named and (not route.rules or "deed" in route.rules)


def hold(route: Route, one: Notification, together: int, traffic: Traffic, minute: int) -> Hold:
    """Why the endpoint hears it later, or "" for now.

    `together` counts the session notifications of this moment; `minute` is that of the local day.
    """
    finding = one.finding
    critical = finding.severity == "critical"
    if route.direct:
        return ""
    if is_quiet(route, minute) and not critical:
        return "quiet hours"
    if traffic.hour >= route.per_hour - (0 if critical else min(RESERVE, route.per_hour // 4)):
        return "rate cap"
    if traffic.backlog >= BACKLOG:
        return "grouped"
    if finding.severity == "notice" and finding.rule != "budget_tier":
        return "digest"
    return _crowd(together, traffic) if kind(finding.rule) == "session" else ""


def _crowd(together: int, traffic: Traffic) -> Hold:
    followers = together > 1 and traffic.burst > 0
    close = traffic.since_last is not None and traffic.since_last < TOGETHER
    crowded = traffic.held > 0 or traffic.burst >= BURST or followers or close
    return "grouped" if crowded else ""


def digest_is_due(route: Route, traffic: Traffic, minute: int) -> bool:
    """Whether what is held back for the endpoint may go now, as one message."""
    if not traffic.held or traffic.backlog or traffic.hour >= route.per_hour:
        return False
    if is_quiet(route, minute):
        return False
    rested = traffic.since_last is None or traffic.since_last >= route.digest
    if traffic.patient:
        return rested and traffic.held_for >= route.digest
    if traffic.held <= FEW and traffic.burst < BURST:
        return traffic.held_for >= GATHER
    return rested


def quiet_hours(text: str) -> tuple[int, int] | None:
    """(from, to) in minutes of the day of "22:00-08:00"; None for ""; raises ConfigError."""
    if not text:
        return None
    found = _HOURS.fullmatch(text.strip())
    if not found:
        raise ConfigError(f'quiet = "{text}" is no span of hours; write it as "22:00-08:00"')
    start, start_minute, end, end_minute = map(int, found.groups())
    return start * 60 + start_minute, end * 60 + end_minute


def is_quiet(route: Route, minute: int) -> bool:
    """Whether the minute of the local day lies in the quiet hours, which may span midnight."""
    if route.quiet is None:
        return False
    start, end = route.quiet
    return start <= minute < end if start <= end else minute >= start or minute < end
