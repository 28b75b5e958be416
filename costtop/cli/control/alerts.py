"""`costtop alerts`: what fired, how its messages went, acknowledge, silence, test, replay.

It reads the database and asks the daemon to write; only `test` speaks to endpoints itself.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from costtop import config as configuration
from costtop import durations, paths
from costtop.cli.control import far_deeds, routing, tuning
from costtop.cli.parser import Parser, Verbs
from costtop.cli.spans import between
from costtop.cli.tables import plain, put, put_json, put_said
from costtop.config import Endpoint
from costtop.control import client, protocol
from costtop.durations import now_ms
from costtop.errors import NothingFound, UsageError
from costtop.files import user_name
from costtop.queries.alerts import alert_json
from costtop.queries.sessions import lookup
from costtop.store import meta
from costtop.store.alerts.alerts import find as find_alert
from costtop.store.db import open_reader

if TYPE_CHECKING:
    from costtop.notify.send import Trial

_TARGETS = ("session", "rule", "feature", "budget")
_ALERT = "a beginning of its id, or its session's short id"


def add(parser: Parser, name: str) -> None:
    """Adds `costtop alerts` with its verbs; without one it lists."""
    parser.says(
        "What fired, how its messages went, silences, a test message. Where messages are sent"
        " stands in a [[notify]] of the configuration: costtop config edit.",
        "costtop alerts",
        "costtop alerts show 7433142b",
        "costtop alerts silence --budget daily --for 2h",
        "costtop alerts test",
    )
    parser.set_defaults(run=_list, json=False, all=False, since=None, fleet=False)
    parser.add_argument("--json", action="store_true", help="the list as JSON")
    verbs = parser.verbs("VERB")
    listed = _verb(verbs, "list", _list, "What fired, newest first.", "--since 7d", "--json")
    listed.add_argument("--json", action="store_true", help="as JSON")
    listed.add_argument("--all", action="store_true", help="also what was history at first start")
    listed.add_argument("--since", metavar="D", help="7d, 24h, yesterday, 2026-11-01")
    listed.add_argument("--fleet", action="store_true", help="what the fleet's steward found")
    show = _verb(verbs, "show", _show, "One alert: why, what was decided and sent.", "7433142b")
    show.add_argument("alert", metavar="ALERT", help=_ALERT)
    show.add_argument("--json", action="store_true", help="as JSON")
    show.add_argument("--fleet", action="store_true", help="one of the fleet's")
    about = "Says that you have seen it: told again only if it gets worse."
    ack = _verb(verbs, "ack", _ack, about, "7433142b", "@9f767c4")
    ack.add_argument("alert", metavar="ALERT", nargs="+", help=_ALERT)
    _add_silence(verbs)
    about = "Sends a test to each endpoint and says what came back."
    test = _verb(verbs, "test", _test, about, "", "phone")
    test.add_argument("--json", action="store_true", help="as JSON")
    test.add_argument("label", metavar="LABEL", nargs="*", help="only these endpoints")
    about = "Who would be told of such an alert, when, and why others would not be."
    examples = ("--tier 80 --budget daily", "--rule retry_loop --feature checkout", "--at 23:30")
    routing.add(_verb(verbs, "route", routing.run, about, *examples))
    about = "Today's rules over stored history: what would have been told."
    examples = ("november", "--since 7d --source codex", "--set anomaly.multiplier=8")
    tuning.add(_verb(verbs, "replay", tuning.run, about, *examples))


def _verb(verbs: Verbs, name: str, run: Any, about: str, *examples: str) -> Parser:
    parser = verbs.add_parser(name)
    parser.says(about, *(f"costtop alerts {name} {one}".rstrip() for one in examples))
    parser.set_defaults(run=run)
    return parser


def _add_silence(verbs: Verbs) -> None:
    about = (
        "Tells nothing of a session, rule, feature or budget for a while. The daemon has to run:"
        " costtop start."
    )
    examples = (
        "--budget daily --for 2h",
        "--session 7b4acd3 --until-grows 50",
        "--list",
        "--end 3",
    )
    parser = _verb(verbs, "silence", _silence, about, *examples)
    for name in _TARGETS:
        parser.add_argument(f"--{name}", default="", help=f"this {name}")
    parser.add_argument("what", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--for", dest="span", metavar="2h", help="for so long, or for ever")
    parser.add_argument("--until-grows", type=int, metavar="PERCENT", help="until it costs so more")
    parser.add_argument("--note", default="", help="why")
    parser.add_argument("--list", action="store_true", help="those in force")
    parser.add_argument("--json", action="store_true", help="those in force, as JSON lines")
    parser.add_argument("--end", type=int, metavar="ID", help="end one now")


def _list(options: argparse.Namespace) -> int:
    tz = configuration.zone(configuration.load(paths.find()))
    since = between(options.since, None, now_ms(), tz)[0] or 0
    tree = alert_json.listing(_reader(options), since=since, history=options.all)
    if options.json:
        put_json(tree)
        return 0
    rows = [_row(one, tz) for one in tree["incidents"]]
    head = ("ID", "AT", "SEVERITY", "STATE", "N", "TOLD", "WHAT")
    put(plain(head, rows, frozenset()) if rows else "no alerts")
    for endpoint in tree["endpoints"]:
        if endpoint["state"] != "ok":
            put(f"endpoint {endpoint['label']}: {endpoint['state']} ({endpoint['error']})")
    return 0


def _row(one: dict[str, Any], tz: ZoneInfo) -> tuple[str, ...]:
    """One line an incident: with how many alerts it has, and how it was told."""
    count = str(len(one["alerts"]))
    what = (one["severity"], one["state"], count, one["told_words"], one["title"])
    return (one["id"], _minute(one["at"], tz), *what)


def _minute(at: str, tz: ZoneInfo) -> str:
    """A time of JSON as tables have it: local."""
    return datetime.fromisoformat(at).astimezone(tz).strftime("%Y-%m-%d %H:%M")


def _show(options: argparse.Namespace) -> int:
    db = _reader(options)
    one = alert_json.detail(db, find_alert(db, options.alert))
    if options.json:
        put_json(one)
        return 0
    put(plain(("", ""), [("title", one["title"]), *_facts(one)], frozenset()).lstrip("\n "))
    for each in one["also"]:
        put(f"  {each['rule']}  {each['severity']}  turn {each['turn']}  {each['why']}")
    for each in one["decisions"]:
        put(f"  {each['at']}  {each['reason']}{'  (told)' if each['spoke'] else ''}")
    for each in one["deliveries"]:
        fate = each["sent_at"] or each["error"] or each["held_for"] or ""
        put(f"  {each['endpoint']}  {each['state']}  {fate}")
    return 0


def _facts(one: dict[str, Any]) -> list[tuple[str, str]]:
    named = ("severity", "rule", "session", "budget", "period", "tier", "at", "turn", "cost_usd")
    more = ("excess_usd", "cause", "why", "state", "reason")
    shown = one | {"session": one["short"] and f"{one['short']}  ({one['session']})"}
    facts = [(name, str(shown[name])) for name in named + more if shown[name] is not None]
    now = one["incident_now"]
    facts += [("now", now["title"]), ("why now", now["why"]), ("told", now["told_words"])]
    return facts + [(f"  {name}", str(value)) for name, value in one["evidence"].items()]


def _ack(options: argparse.Namespace) -> int:
    for ref in options.alert:
        _ask(protocol.Acknowledge(ref, user_name()))
    return 0


def _silence(options: argparse.Namespace) -> int:
    if options.list or options.json:
        return _list_silences(options)
    if options.end is not None:
        return _ask(protocol.EndSilence(options.end, user_name()))
    if options.what is not None:
        meant = f"costtop alerts silence --session {shlex.quote(options.what)}"
        others = ", ".join(f"--{name}" for name in _TARGETS if name != "session")
        raise UsageError(f"say of what: {meant}, or {others}")
    if sys.stdin.isatty() and not any(getattr(options, name) for name in _TARGETS):
        _ask_target(options)
    if far := far_deeds.parted(paths.find(), [options.session] if options.session else []):
        return far_deeds.ask_each(paths.find(), options, far, "silence")
    session = lookup.session(_reader(), options.session) if options.session else ""
    if options.span is None and options.until_grows is None and sys.stdin.isatty():
        options.span = input("For how long? 30m, 2h, 7d or ever: ").strip()
    ever = options.span == "ever"
    command = protocol.BeginSilence(
        session=session,
        rule=options.rule,
        feature=options.feature,
        budget=options.budget,
        span=None if ever or options.span is None else durations.parse(options.span),
        grows=options.until_grows,
        note=options.note,
        by=user_name(),
        ever=ever,
    )
    return _ask(command)


def _ask_target(options: argparse.Namespace) -> None:
    """Asks a person of what nothing is to be told."""
    typed = input("Of what? A session, a budget or a rule: ").strip()
    if typed in lookup.budgets(_reader()):
        options.budget = typed
    elif "_" in typed:  # which no short id has
        options.rule = typed
    else:
        options.session = typed


def _list_silences(options: argparse.Namespace) -> int:
    db = _reader()
    silences, tz = alert_json.listing(db)["silences"], meta.shared(db).zone
    if options.json:
        for one in silences:
            put(json.dumps(one))
        return 0
    rows = [
        (str(one["id"]), _about(one), _ends(one, tz), one["by"] or "-", one["note"] or "-")
        for one in silences
    ]
    put(
        plain(("ID", "ABOUT", "UNTIL", "BY", "NOTE"), rows, frozenset({0}))
        if rows
        else "no silence"
    )
    return 0


def _about(one: dict[str, Any]) -> str:
    named = {"session": one["short"] or one["session"]}
    named |= {name: one[name] for name in ("rule", "feature", "budget")}
    return ", ".join(f"{name} {value}" for name, value in named.items() if value)


def _ends(one: dict[str, Any], tz: ZoneInfo) -> str:
    grows = f"it costs {one['grows_percent']} % more" if one["grows_percent"] else ""
    return grows or (_minute(one["until"], tz) if one["until"] else "it is ended")


def _test(options: argparse.Namespace) -> int:
    from costtop.notify import tested_endpoints

    config = configuration.load(paths.find())
    unknown = set(options.label) - {one.label for one in config.notify}
    if unknown or not config.notify:
        named = ", ".join(sorted(unknown)) or "any endpoint"
        raise NothingFound(f"config.toml has no [[notify]] for {named}")
    asked = [one for one in config.notify if not options.label or one.label in options.label]
    done, now = tried_now(asked), now_ms()
    tested_endpoints.keep(
        paths.find(), [(one, each.ok) for one, each in zip(asked, done, strict=True)], now
    )
    if options.json:
        facts = ("label", "schema", "ok", "said", "seconds")
        told = [{name: getattr(each, name) for name in facts} for each in done]
        put_json({"schema": 1, "endpoints": told})
    for each in () if options.json else done:
        put(f"{each.label}  {each.schema}  {each.said}  ({each.seconds:.1f} s)")
    return 0 if all(each.ok for each in done) else 1


def tried_now(asked: Sequence[Endpoint]) -> "list[Trial]":
    """Sends a test to each of these endpoints, in or out of the config; keeps nothing of it."""
    import asyncio

    from costtop.alerts.wording import trial as worded
    from costtop.model import Letter
    from costtop.notify.send import trial

    now = now_ms()
    letters = [
        Letter(one.label, "test", "notice", *worded(one.label), now, f"test-{now}-{one.label}")
        for one in asked
    ]
    return asyncio.run(trial(asked, letters))


def _reader(options: argparse.Namespace | None = None) -> Any:
    """This machine's store, or the fleet's."""
    if options is None or not options.fleet:
        return open_reader(paths.find().database)
    from costtop.cli.reports import fleet_reading

    return fleet_reading.live(paths.find())


def _ask(command: protocol.Command) -> int:
    put_said(client.ask(paths.find(), command))
    return 0
