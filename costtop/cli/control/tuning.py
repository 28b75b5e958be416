"""`costtop alerts replay`, the tuning bench: what rules would have told of history, and which."""

import argparse
import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from costtop import config as configuration
from costtop import money, paths
from costtop.cli import catching_up, progress
from costtop.cli.parser import Parser
from costtop.cli.spans import add_span, asked
from costtop.cli.tables import plain, put, put_json
from costtop.durations import now_ms
from costtop.queries.alerts import alert_json
from costtop.queries.sessions.short_id_fields import beside
from costtop.store.sessions import session_names

if TYPE_CHECKING:
    from costtop.daemon.alerting.rule_bench import Bench

_SHOWN = 20  # sessions in the table; the JSON has all


def add(parser: Parser) -> None:
    """The options of `replay`."""
    add_span(parser, "30d")
    parser.add_argument("--source", metavar="S", default="", help="only calls of this source")
    about = "tries a setting, such as anomaly.multiplier=8 or budget.daily.amount=30"
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help=about)
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(options: argparse.Namespace) -> int:
    """Prints what would have been told, of which sessions, by which rules; with --set twice."""
    from costtop.daemon.alerting.rule_bench import bench
    from costtop.daemon.alerting.tried_settings import tried

    config = configuration.load(paths.find())
    tz, now = configuration.zone(config), now_ms()
    changed = tried(config, options.set)
    since, until = asked(options, now, tz)
    db, span = catching_up.open_fresh(paths.find()), (since or 0, until or now)
    with progress.bar("replaying history", "calls") as watch:
        found = bench(db, changed, *span, options.source, watch)
        before = bench(db, config, *span, options.source, watch) if options.set else None
    if options.json:
        put_json(_tree(db, found, before, options.set))
    else:
        _print(db, found, before, options.set, tz)
    return 0


def _tree(
    db: sqlite3.Connection, found: "Bench", before: "Bench | None", tried: list[str]
) -> dict[str, Any]:
    """Alert JSON with what each rule contributes, and what the settings tried have changed."""
    tree = {**alert_json.replayed(db, found.made, found.sessions), **_shares(found)}
    tree["pushed"] = beside(db, tree["pushed"])
    if before is not None:
        gone, fresh = _moved(found, before)
        tree["tried"] = {
            "set": tried,
            "as_configured": {
                "pushed_per_1000_sessions": before.per_1000,
                **_configured(db, before),
            },
            "pushed_besides": fresh,
            "pushed_no_more": gone,
        }
    return tree


def _configured(db: sqlite3.Connection, before: "Bench") -> dict[str, Any]:
    shares = _shares(before)
    return shares | {"pushed": beside(db, shares["pushed"])}


def _shares(found: "Bench") -> dict[str, Any]:
    from costtop.daemon.alerting.rule_bench import per_1000

    return {
        "pushed": [
            {
                "session": one.session,
                "at": alert_json.iso(one.at),
                "cost_usd": alert_json.dollars(one.cost),
                "excess_usd": alert_json.dollars(one.excess),
                "rules": list(one.rules),
                "messages": one.messages,
            }
            for one in found.pushed
        ],
        "rules": [
            {
                "rule": one.rule,
                "alerts": one.alerts,
                "messages": one.messages,
                "pushed_sessions": one.sessions,
                "pushed_per_1000_sessions": per_1000(one.sessions, found.sessions),
                "without_per_1000_sessions": per_1000(one.without, found.sessions),
                "only": list(one.only),
            }
            for one in found.rules
        ],
    }


def _moved(found: "Bench", before: "Bench") -> tuple[list[str], list[str]]:
    """Sessions that are pushed no more, and ones that are now, each the dearest first."""
    now, then = ({one.session for one in each.pushed} for each in (found, before))
    gone = [one.session for one in before.pushed if one.session not in now]
    return gone, [one.session for one in found.pushed if one.session not in then]


def _print(
    db: sqlite3.Connection,
    found: "Bench",
    before: "Bench | None",
    tried: list[str],
    tz: ZoneInfo,
) -> None:
    rows = [
        (_minute(one.one.finding.at, tz), one.one.finding.severity, one.one.finding.title)
        for one in found.made
    ]
    table = plain(("AT", "SEVERITY", "TITLE"), rows, frozenset())
    put(table if rows else "nothing would have fired")
    if found.rules:
        put("")
        put(_rules(found))
    if found.pushed:
        put("")
        put(_sessions(db, found, tz))
    put("")
    if before is not None:
        _compare(db, found, before, tried)
    told = "" if found.per_1000 is None else f"; {_rate(found)}"
    put(f"{len(rows)} alerts over {found.sessions} sessions{told}")


def _rate(found: "Bench") -> str:
    return f"{found.per_1000} of 1000 sessions would have had a message pushed"


def _rules(found: "Bench") -> str:
    """What each rule says, and what would be left without it."""
    from costtop.daemon.alerting.rule_bench import per_1000

    head = ("RULE", "ALERTS", "MESSAGES", "SESSIONS", "PER 1000", "WITHOUT IT", "ONLY BY IT")
    rows = []
    for one in found.rules:
        counts = (one.alerts, one.messages, one.sessions, per_1000(one.sessions, found.sessions))
        left = per_1000(one.without, found.sessions)
        rows.append((one.rule, *map(_number, (*counts, left, len(one.only)))))
    return plain(head, rows, frozenset(range(1, 7)))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _sessions(db: sqlite3.Connection, found: "Bench", tz: ZoneInfo) -> str:
    """Which sessions would have been pushed, the dearest first."""
    head = ("PUSHED SESSION", "AT", "COST $", "EXCESS $", "RULES")
    rows = [
        (
            session_names.said(db, one.session),
            _minute(one.at, tz),
            money.dollars(one.cost),
            money.dollars(one.excess),
            ", ".join(one.rules),
        )
        for one in found.pushed[:_SHOWN]
    ]
    more = len(found.pushed) - len(rows)
    table = plain(head, rows, frozenset({2, 3}))
    return f"{table}\nand {more} more; all with --json" if more else table


def _compare(db: sqlite3.Connection, found: "Bench", before: "Bench", tried: list[str]) -> None:
    """What the settings tried would have changed."""
    gone, fresh = _moved(found, before)
    put(f"with {', '.join(tried)}: {_number(before.per_1000)} → {_number(found.per_1000)} of 1000")
    for words, names in (("no more", gone), ("besides", fresh)):
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            shown = ", ".join(session_names.said(db, name) for name in names[:_SHOWN])
            put(f"  pushed {words}: {shown}{more}")


def _minute(at: int, tz: ZoneInfo) -> str:
    return datetime.fromtimestamp(at // 1000, tz).strftime("%Y-%m-%d %H:%M")
