"""`costtop alerts`: what fired, how its messages went, acknowledge, silence, test, replay.

It reads the database and asks the daemon to write; only `test` speaks to endpoints itself.
"""

import argparse
import json
from typing import Any

from costtop import config as configuration
from costtop import paths
from costtop.cli.reports.report import moment
from costtop.cli.tables import plain, put
from costtop.control import client, protocol
from costtop.durations import now_ms
from costtop.errors import CosttopError, NothingFound, UsageError
from costtop.files import user_name
from costtop.queries.alerts import alert_json
from costtop.queries.sessions import lookup
from costtop.store.alerts.alerts import find as find_alert
from costtop.store.db import open_reader

Parser = argparse.ArgumentParser


def add(commands: "argparse._SubParsersAction[Parser]", name: str) -> None:
    """Adds `costtop alerts` with its verbs; without one it lists."""
    parser = commands.add_parser(name, help="what fired, deliveries, silences, a test message")
    parser.set_defaults(run=_list, json=False, all=False, since=None)
    verbs = parser.add_subparsers(metavar="VERB", parser_class=type(parser))
    listed = _verb(verbs, "list", "what fired, newest first", _list)
    listed.add_argument("--json", action="store_true", help="as JSON")
    listed.add_argument("--all", action="store_true", help="also what was history at first start")
    listed.add_argument("--since", metavar="D", help="2026-11-01, 7d, 12h or today")
    show = _verb(verbs, "show", "one alert: why, and what was decided and sent", _show)
    show.add_argument("alert", metavar="ALERT", help="any unique beginning of its id")
    show.add_argument("--json", action="store_true", help="as JSON")
    ack = _verb(verbs, "ack", "say that you have seen it: told again only if worse", _ack)
    ack.add_argument("alert", metavar="ALERT", nargs="+", help="any unique beginning of its id")
    _add_silence(_verb(verbs, "silence", "do not tell of a session, rule, feature, budget", _hush))
    test = _verb(verbs, "test", "send a test to each endpoint and say what came back", _test)
    test.add_argument("label", metavar="LABEL", nargs="*", help="only these endpoints")
    replay = _verb(verbs, "replay", "today's rules over stored history", _replay)
    replay.add_argument("--since", metavar="D", default="30d", help="default 30d")
    replay.add_argument("--until", metavar="D", help="default now")
    replay.add_argument("--source", metavar="S", default="", help="only calls of this source")
    replay.add_argument("--json", action="store_true", help="as JSON")


def _verb(verbs: "argparse._SubParsersAction[Parser]", name: str, text: str, run: Any) -> Parser:
    parser = verbs.add_parser(name, help=text)
    parser.set_defaults(run=run)
    return parser


def _add_silence(parser: Parser) -> None:
    for name in ("session", "rule", "feature", "budget"):
        parser.add_argument(f"--{name}", default="", help=f"this {name}")
    parser.add_argument("--for", dest="span", metavar="2h", help="until that time has passed")
    parser.add_argument("--until-grows", type=int, metavar="PERCENT", help="until it costs so more")
    parser.add_argument("--note", default="", help="why")
    parser.add_argument("--list", action="store_true", help="those in force")
    parser.add_argument("--end", type=int, metavar="ID", help="end one now")


def _list(options: argparse.Namespace) -> int:
    tz = configuration.zone(configuration.load(paths.find()))
    since = moment(options.since, now_ms(), tz, end=False) or 0
    tree = alert_json.listing(_reader(), since=since, history=options.all)
    if options.json:
        put(json.dumps(tree, indent=1))
        return 0
    rows = [_row(one) for one in tree["alerts"]]
    head = ("ID", "AT", "SEVERITY", "STATE", "WHY TOLD OR NOT", "SENT", "TITLE")
    put(plain(head, rows, frozenset()) if rows else "no alerts")
    for endpoint in tree["endpoints"]:
        if endpoint["state"] != "ok":
            put(f"endpoint {endpoint['label']}: {endpoint['state']} ({endpoint['error']})")
    return 0


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    sent = " ".join(f"{each['endpoint']}:{each['state']}" for each in one["deliveries"])
    at = str(one["at"])[:16].replace("T", " ")
    return (one["id"], at, one["severity"], one["state"], one["reason"], sent or "-", one["title"])


def _show(options: argparse.Namespace) -> int:
    db = _reader()
    one = alert_json.detail(db, find_alert(db, options.alert))
    if options.json:
        put(json.dumps(one, indent=1))
        return 0
    put(plain(("", ""), [("title", one["title"]), *_facts(one)], frozenset()).lstrip("\n "))
    for each in one["decisions"]:
        put(f"  {each['at']}  {each['reason']}{'  (told)' if each['spoke'] else ''}")
    for each in one["deliveries"]:
        fate = each["sent_at"] or each["error"] or each["held_for"] or ""
        put(f"  {each['endpoint']}  {each['state']}  {fate}")
    return 0


def _facts(one: dict[str, Any]) -> list[tuple[str, str]]:
    named = ("severity", "rule", "session", "budget", "period", "tier", "at", "turn", "cost_usd")
    more = ("excess_usd", "cause", "why", "state", "reason")
    facts = [(name, str(one[name])) for name in named + more if one[name] is not None]
    return facts + [(f"  {name}", str(value)) for name, value in one["evidence"].items()]


def _ack(options: argparse.Namespace) -> int:
    for ref in options.alert:
        _ask(protocol.Acknowledge(ref, user_name()))
    return 0


def _hush(options: argparse.Namespace) -> int:
    if options.list:
        for one in alert_json.listing(_reader())["silences"]:
            put(json.dumps(one))
        return 0
    if options.end is not None:
        return _ask(protocol.EndSilence(options.end, user_name()))
    session = lookup.session(_reader(), options.session) if options.session else ""
    span = configuration.milliseconds(options.span) if options.span else None
    command = protocol.BeginSilence(
        session=session,
        rule=options.rule,
        feature=options.feature,
        budget=options.budget,
        span=span,
        grows=options.until_grows,
        note=options.note,
        by=user_name(),
    )
    return _ask(command)


def _test(options: argparse.Namespace) -> int:
    import asyncio

    from costtop.alerts.wording import trial as worded
    from costtop.model import Letter
    from costtop.notify.send import trial

    config = configuration.load(paths.find())
    unknown = set(options.label) - {one.label for one in config.notify}
    if unknown or not config.notify:
        named = ", ".join(sorted(unknown)) or "any endpoint"
        raise NothingFound(f"config.toml has no [[notify]] for {named}")
    asked = [one for one in config.notify if not options.label or one.label in options.label]
    now = now_ms()
    letters = [
        Letter(one.label, "test", "notice", *worded(one.label), now, f"test-{now}-{one.label}")
        for one in asked
    ]
    done = asyncio.run(trial(asked, letters))
    for each in done:
        put(f"{each.label}  {each.schema}  {each.said}  ({each.seconds:.1f} s)")
    return 0 if all(each.ok for each in done) else 1


def _replay(options: argparse.Namespace) -> int:
    from costtop.daemon.alerting.history_replay import replayed

    config = configuration.load(paths.find())
    tz, now = configuration.zone(config), now_ms()
    since = moment(options.since, now, tz, end=False) or 0
    until = moment(options.until, now, tz, end=True) or now
    if until <= since:
        raise UsageError("--until is before --since")
    tree = replayed(_reader(), config, since, until, options.source)
    if options.json:
        put(json.dumps(tree, indent=1))
        return 0
    rows = [
        (one["at"][:16].replace("T", " "), one["severity"], one["title"]) for one in tree["alerts"]
    ]
    put(
        plain(("AT", "SEVERITY", "TITLE"), rows, frozenset())
        if rows
        else "nothing would have fired"
    )
    rate = tree["pushed_per_1000_sessions"]
    told = "" if rate is None else f"; {rate} of 1000 sessions would have had a message pushed"
    put(f"{len(rows)} alerts over {tree['sessions']} sessions{told}")
    return 0


def _reader() -> Any:
    return open_reader(paths.find().database)


def _ask(command: protocol.Command) -> int:
    answer = client.ask(paths.find().socket, command)
    for line in answer.get("said", []):
        put(str(line))
    if not answer.get("ok"):
        raise CosttopError(str(answer.get("error")))
    return 0
