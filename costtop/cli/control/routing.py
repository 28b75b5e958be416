"""`costtop alerts route`: who would be told of such an alert, when, and why others would not be.

It asks the rules that the daemon goes by, and posts nothing.
"""

import argparse
import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from costtop import config as configuration
from costtop import durations, paths
from costtop.alerts import choose, routes
from costtop.alerts.routes import Route
from costtop.cli.did_you_mean import meant, refused
from costtop.cli.parser import Parser
from costtop.cli.tables import plain, put, put_json
from costtop.detect.rules.registry import DETECTORS
from costtop.durations import now_ms
from costtop.errors import NothingFound, UsageError
from costtop.model import SEVERITIES, Finding, Notification, Severity, Traffic
from costtop.paths import Paths
from costtop.queries.sessions import lookup
from costtop.store.alerts import outbox, silences
from costtop.store.db import open_reader
from costtop.store.sessions import session_names

NAMES = (
    *(rule.name for rule in DETECTORS),
    *("budget_tier", "budget_burn", "budget_forecast", "common_cause", "blind", "store"),
    *("fleet_away", "host_quiet", "host_unpriced", "budget_share"),
)
_LATER = {
    "quiet hours": "after its quiet hours",
    "rate cap": "later: it has had its messages of this hour",
    "grouped": "with others, moments later",
    "digest": "in its digest",
}


def add(parser: Parser) -> None:
    """The options of `route`."""
    rule = "such as budget_tier or retry_loop"
    parser.add_argument("--rule", default="", metavar="RULE", help=rule)
    parser.add_argument("--severity", choices=SEVERITIES, help="of a tier by its per cents")
    parser.add_argument("--tier", type=int, metavar="PERCENT", help="of a budget")
    for name in ("budget", "feature", "user", "session"):
        parser.add_argument(f"--{name}", default="", help=f"of this {name}")
    parser.add_argument("--at", metavar="HH:MM", type=_minute, help="at this hour; else now")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(options: argparse.Namespace) -> int:
    """Prints a line an endpoint."""
    found = paths.find()
    config = configuration.load(found)
    with _opened(found) as db:
        session = lookup.session(db, options.session) if db and options.session else ""
        name = f"session {session_names.said(db, session)}" if db and session else ""
    one = _such(options, session or options.session, now_ms())
    about = ", ".join(filter(None, (one.finding.rule, one.finding.severity, name)))
    if not config.notify:
        raise NothingFound(f"nobody is told ({about}): config.toml has no [[notify]]")
    from costtop.daemon.notices.post import audience

    zone, now = configuration.zone(config), now_ms()
    local = datetime.fromtimestamp(now / 1000, zone)
    minute = local.hour * 60 + local.minute if options.at is None else options.at
    with _opened(found) as db:
        kept = silences.of_now(db, now) if db else []
        quiet = any(choose.covers(each, one.finding, now) for each in kept)
        told = [_told(db, route, one, minute, now) for route in audience(config, zone).routes]
    if options.json:
        put_json({"schema": 1, "silenced": quiet, "endpoints": told})
        return 0
    put(f"an alert such as {about}:")
    if quiet:
        put("a silence covers it: nobody is told; see: costtop alerts silence --list")
    put(plain(("ENDPOINT", "TOLD", "WHEN, OR WHY NOT"), [_row(each) for each in told], frozenset()))
    return 0


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):
        raise refused(f"{text!r} is no hour such as 23:30")
    return int(hour) * 60 + int(minute)


def _such(options: argparse.Namespace, session: str, now: int) -> Notification:
    """An alert as it was asked for; what was not said is as it is most of the time."""
    of_budget = options.tier is not None or options.budget
    rule = options.rule or ("budget_tier" if of_budget else "cost_outlier")
    if rule not in NAMES:
        near = meant(rule, NAMES) or f"; the rules are {', '.join(NAMES)}"
        raise UsageError(f"no rule {rule}{near}")
    tier = options.tier if options.tier is not None else 80 if rule == "budget_tier" else None
    usual: Severity = (
        "critical" if (tier or 0) >= 100 or choose.kind(rule) == "blind" else "warning"
    )
    finding = Finding(
        rule,
        options.severity or usual,
        now,
        rule,
        "",
        session=session,
        budget=options.budget,
        feature=options.feature,
        user=options.user,
        tier=tier,
    )
    return Notification("", rule, choose.subject(finding), finding, "first", speaks=True)


@contextlib.contextmanager
def _opened(found: Paths) -> Iterator[sqlite3.Connection | None]:
    """The database, which says what endpoints had lately; None where there is none yet."""
    if not found.database.exists():
        yield None
        return
    with contextlib.closing(open_reader(found.database)) as db:
        yield db


def _told(
    db: sqlite3.Connection | None, route: Route, one: Notification, minute: int, now: int
) -> dict[str, Any]:
    traffic = outbox.traffic(db, route.label, route.digest, now) if db else Traffic()
    why = routes.refused(route, one)
    hold = "" if why else routes.hold(route, one, 1, traffic, minute)
    repeats = route.repeat if not why and one.finding.severity == "critical" else 0
    return {
        "label": route.label,
        "told": not why,
        "why_not": why,
        "hold": hold,
        "repeat_s": repeats // 1000,
    }


def _row(told: dict[str, Any]) -> tuple[str, ...]:
    when = told["why_not"] or _LATER.get(told["hold"], "at once")
    if told["repeat_s"]:
        span = durations.words(told["repeat_s"] * 1000)
        when += f", and every {span} until somebody acknowledges it"
    return (told["label"], "yes" if told["told"] else "no", when)
