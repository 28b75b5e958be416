"""`costtop mark`, `unmark`, `pause`, `resume`, `kill`, `override`: what the keys of the screen do.

What a deed will do is said before, what it did after. It judges no process; the daemon does.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from costtop import durations, paths
from costtop.cli.control import far_deeds, pausing
from costtop.cli.tables import put, put_json, put_said
from costtop.control import client, protocol
from costtop.errors import CosttopError, UsageError
from costtop.files import user_name
from costtop.paths import Paths
from costtop.queries.sessions import lookup
from costtop.store.db import open_reader
from costtop.store.sessions import session_names

if TYPE_CHECKING:
    import argparse

    from costtop.cli.parser import Parser

_SAYS = {
    "mark": ("Says of sessions that they are watched, runaway or fine.", "7b4acd3 --as runaway"),
    "unmark": ("Takes marks back.", "7b4acd3"),
    "pause": (
        "Halts sessions' processes until resume; one with a hook and a terminal is held.",
        *("7b4acd3", "7b4acd3 --dry-run", "7b4acd3 --hold"),
    ),
    "resume": ("Lets paused sessions go on.", "7b4acd3"),
    "kill": (
        "Ends sessions: SIGINT, then SIGTERM, then SIGKILL.",
        *("7b4acd3", "7b4acd3 --up-to TERM", "7b4acd3 --dry-run", "build-7:7b4acd3"),
    ),
    "override": (
        "Lets what a breaker holds back pass for a while.",
        *("daily", "7b4acd3 --for 2h", "--all --for 10m", "daily --end"),
    ),
}
Order = Callable[[str], protocol.Command]
"""The command for a session key."""


def add(parser: "Parser", name: str) -> None:
    """Adds one of the six."""
    about, *examples = _SAYS[name]
    parser.says(about, *(f"costtop {name} {one}" for one in examples))
    parser.set_defaults(run=override if name == "override" else run, verb=name)
    if name == "override":
        what = "a budget, or the beginning of a session's id"
        parser.add_argument("what", metavar="BUDGET|SESSION", nargs="?", default="", help=what)
        parser.add_argument("--for", dest="span", default="30m", help="30m, 2h, … (default 30m)")
        parser.add_argument("--all", action="store_true", help="everything that is held back")
        parser.add_argument("--end", action="store_true", help="take an override back")
        return
    session = "its short id, with or without @, or a unique beginning of its id; HOST:SESSION"
    parser.add_argument("session", metavar="SESSION", nargs="+", help=session)
    if name == "mark":
        kinds = ("watch", "runaway", "fine")
        parser.add_argument("--as", dest="kind", choices=kinds, help="how")
        parser.add_argument("--note", help="why; what is not given stays as it was")
        far_deeds.add_json(parser)
    else:
        _add_signals(parser, name)


def _add_signals(parser: "Parser", name: str) -> None:
    if name in {"unmark", "resume"}:
        far_deeds.add_json(parser)
    if name in {"pause", "resume", "kill"}:
        pid = "the process, typed where costtop is not sure which one it is"
        parser.add_argument("--pid", type=int, metavar="PID", help=pid)
    if name == "kill":
        rungs = ("INT", "TERM", "KILL")
        parser.add_argument("--up-to", dest="rung", choices=rungs, default="KILL", help="how hard")
    if name in {"kill", "pause", "resume"}:
        parser.add_argument("-y", "--yes", action="store_true", help="ask nothing")
    if name == "pause":
        either = parser.add_mutually_exclusive_group()
        hold = "by its hook: it waits at its next tool, its terminal stays its own"
        either.add_argument("--hold", action="store_true", help=hold)
        now = "halt it now, though its terminal falls to the shell"
        either.add_argument("--now", action="store_true", help=now)
    if name in {"kill", "pause"}:
        parser.add_argument("-n", "--dry-run", action="store_true", help="say what would be done")
        planned = "what would be done, or what another machine answers, as JSON"
        parser.add_argument("--json", action="store_true", help=planned)


def run(options: "argparse.Namespace") -> int:
    """Does it to every session; one that is refused does not spare the others."""
    found = paths.find()
    if far := far_deeds.parted(found, options.session):
        return far_deeds.ask_each(found, options, far, options.verb)
    called = named(found, options.session)
    typed = dict.fromkeys(called, getattr(options, "pid", None))
    if len(called) > 1 and any(typed.values()):
        raise UsageError("--pid names the process of one session: give one session")
    held: set[str] = set()
    if options.json and options.verb in {"mark", "unmark", "resume"}:
        return each_as_json(found, called, options.verb, lambda key: _command(options, key, None))
    if options.json:
        if not options.dry_run:
            raise UsageError("--json says what would be done: give --dry-run with it")
        put_json({"schema": 1, "plans": [_planned(found, options, *one) for one in called.items()]})
        return 0
    if options.verb in {"kill", "pause"}:
        plans = _told(found, options, called)
        if options.verb == "pause":
            held = pausing.held(options, called, plans)
        if options.dry_run:
            return 0
        if not _agreed(options, plans, typed):
            return 1
        called = pausing.wanted(options, called, plans, held)
    return each(found, called, lambda key: _command(options, key, typed[key], hold=key in held))


def each(found: Paths, called: Mapping[str, str], order: Order) -> int:
    """Sends one command a session and prints what was done; 1 where one was refused.

    `called` has by key what people call each.
    """
    failed: list[CosttopError] = []
    for key, name in called.items():
        try:
            answer = client.ask(found, order(key))
        except client.NoDaemon:
            raise
        except CosttopError as error:
            failed.append(error)
            print(f"costtop: {name}: {error}", file=sys.stderr)
            continue
        for line in answer.get("said", ()):
            put(line if str(line).startswith(name) else f"{name}: {line}")
    return failed[0].exit_code if failed else 0


def each_as_json(found: Paths, called: Mapping[str, str], verb: str, order: Order) -> int:
    """The same, told as JSON: in the form of what other machines answer."""
    answers: list[dict[str, Any]] = []
    code = 0
    for key, name in called.items():
        try:
            said = client.ask(found, order(key)).get("said", ())
            state, words = "done", " · ".join(map(str, said))
        except client.NoDaemon:
            raise
        except CosttopError as error:
            state, words, code = "failed", str(error), code or error.exit_code
        short = name.partition(" ")[0]
        about = {"host": None, "team": None, "session": key, "short": short}
        answers.append({**about, "verb": verb, "state": state, "answer": words})
    put_json({"schema": 1, "answers": answers})
    return code


def named(found: Paths, prefixes: Iterable[str]) -> dict[str, str]:
    """The keys of the sessions that prefixes name, each once, with what people call them."""
    with closing(open_reader(found.database)) as db:
        keys = (lookup.session(db, prefix) for prefix in prefixes)
        return {key: session_names.said(db, key) for key in keys}


def _told(found: Paths, options: "argparse.Namespace", called: Mapping[str, str]) -> dict[str, Any]:
    """Says what would be done to whom; the daemon's plan of each session that has one."""
    plans: dict[str, Any] = {}
    for key, name in called.items():
        try:
            plan = client.ask(found, protocol.Plan(key, options.verb, options.pid))
        except client.NoDaemon:
            raise
        except CosttopError as error:
            if options.dry_run:  # else the deed itself says why
                put(f"{name}: {error}")
            continue
        planned = plans[key] = {**plan, "called": name}
        put(f"{name}: process {planned['pid']} ({planned['confidence']}: {planned['evidence']})")
        for line in planned["said"]:
            if _climbs(line, options):
                put(f"  {line}")
    return plans


def _planned(found: Paths, options: "argparse.Namespace", key: str, name: str) -> dict[str, Any]:
    """What would be done to one session, or why nothing would."""
    tree: dict[str, Any] = {"session": key, "short": name.partition(" ")[0], "refused": None}
    tree |= {"pid": None, "confidence": None, "evidence": None, "steps": []}
    try:
        plan = client.ask(found, protocol.Plan(key, options.verb, options.pid))
    except client.NoDaemon:
        raise
    except CosttopError as error:
        return tree | {"refused": str(error)}
    steps = [line for line in plan["said"] if _climbs(line, options)]
    return (
        tree | {name: plan[name] for name in ("pid", "confidence", "evidence")} | {"steps": steps}
    )


def _agreed(
    options: "argparse.Namespace", plans: Mapping[str, Any], typed: dict[str, int | None]
) -> bool:
    """Asks where a person is there to answer: yes for a kill, the number where it is unsure."""
    if not sys.stdin.isatty():
        return True
    for key, planned in plans.items():
        if planned["confidence"] == "weak" and typed[key] is None:
            unsure = f"{planned['called']}: not sure that it is this process. Type its number: "
            said = input(unsure).strip()
            typed[key] = int(said) if said.isdecimal() else None
    if options.verb != "kill" or options.yes or not plans:
        return True
    return _yes("Do it?")


def _yes(question: str) -> bool:
    return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}


def _climbs(line: str, options: "argparse.Namespace") -> bool:
    ladder = ["SIGINT", "SIGTERM", "SIGKILL"]
    rung = line.partition(":")[0]
    top = f"SIG{getattr(options, 'rung', 'KILL')}"
    return rung not in ladder or ladder.index(rung) <= ladder.index(top)


def _command(
    options: "argparse.Namespace", key: str, typed: int | None, *, hold: bool = False
) -> protocol.Command:
    by = user_name()
    match options.verb:
        case "mark":
            return protocol.MarkSession(key, options.kind, options.note, by)
        case "unmark":
            return protocol.UnmarkSession(key, by)
        case "pause":
            return protocol.Pause(key, by, typed, hold)
        case "resume":
            return protocol.Resume(key, by, typed)
        case _:
            return protocol.Kill(key, options.rung, by, typed)


def override(options: "argparse.Namespace") -> int:
    """`costtop override`: no agent's gate holds it back, for it is a command of costtop's own."""
    found = paths.find()
    if options.what and options.all:
        raise UsageError("give a budget or a session, or --all: not both")
    budget, session = _meant(found, options.what)
    span = 0 if options.end else durations.parse(options.span)
    everything = options.all
    if span and not (options.what or everything) and sys.stdin.isatty():
        everything = _yes(f"Let everything that is held back pass for {durations.words(span)}?")
        if not everything:
            return 1
    command = protocol.Override(budget, session, span, user_name(), everything)
    put_said(client.ask(found, command))
    return 0


def _meant(found: Paths, what: str) -> tuple[str, str]:
    """(budget, session) of a name: a budget of that name first."""
    if not what:
        return "", ""
    db = open_reader(found.database)
    try:
        if what in lookup.budgets(db):
            return what, ""
        return "", lookup.session(db, what)
    finally:
        db.close()
