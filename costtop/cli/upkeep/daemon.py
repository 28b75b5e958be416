"""`costtop daemon`, `start`, `stop`, `status`. The daemon itself lives in `costtop.daemon`."""

import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from costtop import paths
from costtop.cli.tables import put, put_json
from costtop.durations import now_ms
from costtop.errors import StoreError, UsageError
from costtop.named_tuples import NamedTuple
from costtop.store import daemon_status

if TYPE_CHECKING:
    import argparse
    import sqlite3

    from costtop.cli.parser import Parser

_SCAN = 600.0  # s that a daemon waits for a scan to end: a first import takes its time
_SAYS = {
    "daemon": (
        "Runs the daemon in the foreground, for systemd; or starts, stops or asks the one behind.",
        *("", "stop", "--read-only"),
    ),
    "start": ("Starts the daemon in the background.", "", "--read-only"),
    "stop": (
        "Stops the daemon; with sessions: ends their turns at the next tool, by the agent's hook.",
        *("", "7b4acd3", "7b4acd3 --note 'wrong branch'"),
    ),
    "status": ("How the daemon is, and plans' windows; exit code 1 where none runs.", "", "--json"),
}


def add(parser: "Parser", name: str) -> None:
    """Adds one of the four."""
    about, *examples = _SAYS[name]
    parser.says(about, *(f"costtop {name} {one}".rstrip() for one in examples))
    parser.set_defaults(run=_VERBS[name], session=[], note="", json=False, name=name)
    if name == "daemon":
        verbs = ("start", "stop", "status")
        parser.add_argument("verb", choices=(*verbs, None), nargs="?", metavar="|".join(verbs))
    if name in {"daemon", "status"}:
        about = "as JSON" if name == "status" else "status as JSON"
        parser.add_argument("--json", action="store_true", help=about)
    if name in {"daemon", "start"}:
        parser.add_argument("--read-only", action="store_true", help="change nothing, only look")
    if name == "stop":
        soft = "soft stop: its hook ends the turn at the next tool; also HOST:SESSION"
        parser.add_argument("session", metavar="SESSION", nargs="*", help=soft)
        parser.add_argument("--note", default="", help="why; the agent is told")
        about = "of sessions: what was done, as JSON"
        parser.add_argument("--json", action="store_true", help=about)


def _daemon(options: "argparse.Namespace") -> int:
    if options.json and options.verb != "status":
        raise UsageError("--json is for: costtop daemon status")
    if options.verb is not None:
        return _VERBS[options.verb](options)
    from costtop.daemon import lean_process
    from costtop.daemon.lifecycle import instance

    found = paths.find()
    with instance.hold(found, wait=_SCAN) as lock:  # first, for all else takes its time to load
        with lean_process.asyncio(), lean_process.imports():  # to stay 6 MB smaller
            from costtop.daemon.main import run

        return run(found, lock, read_only=options.read_only)


def _start(options: "argparse.Namespace") -> int:
    from costtop.daemon.lifecycle.start import start

    put(start(paths.find(), ("--read-only",) if options.read_only else ()).words)
    return 0


def _stop(options: "argparse.Namespace") -> int:
    found = paths.find()
    if options.session:
        return _stop_sessions(found, options)
    if options.json:
        raise UsageError("--json tells of sessions: costtop stop SESSION --json")
    from costtop.daemon.lifecycle import stopping

    said = stopping.stop(found)
    did = "stopped" in said
    put(said + ("; a session: costtop stop SESSION" if did and options.name != "daemon" else ""))
    for line in stopping.elsewhere() if not did and sys.stdout.isatty() else ():
        put(f"  {line}")
    return 0


def _stop_sessions(found: paths.Paths, options: "argparse.Namespace") -> int:
    from costtop.cli.control import act, far_deeds
    from costtop.control import protocol
    from costtop.files import user_name

    if far := far_deeds.parted(found, options.session):
        return far_deeds.ask_each(found, options, far, "stop")
    called = act.named(found, options.session)

    def order(key: str) -> protocol.Command:
        return protocol.StopSession(key, options.note, user_name())

    if options.json:
        return act.each_as_json(found, called, "stop", order)
    return act.each(found, called, order)


def _status(options: "argparse.Namespace") -> int:
    found = paths.find()
    said = daemon_status.read(found.status)
    running = daemon_status.is_fresh(said, now_ms())
    said = {"running": running, **said} if said else {"running": False}
    shorts, plans = _stored(said, found, options)
    if options.json:
        put_json(_named(said, shorts) | {"plans": plans.trees})
    else:
        put("\n".join([_plain(said), *plans.lines]))
    return 0 if running else 1


class PlanWords(NamedTuple):
    """The windows of plans: a line each for people, and as JSON."""

    lines: Sequence[str] = ()
    trees: Sequence[dict[str, object]] = ()


def _stored(
    said: dict[str, Any], found: paths.Paths, options: "argparse.Namespace"
) -> tuple[dict[str, str], PlanWords]:
    """What the database adds, which is not opened for nothing.

    That is short ids of sessions whose processes live, or have exited, and windows of plans.
    """
    keys = {*said.get("processes", {}), *said.get("exited", {})} if options.json else set()
    shorts, plans = dict.fromkeys(sorted(keys), ""), PlanWords()
    if shorts or said.get("plans", True):
        from costtop.store.db import open_reader

        with suppress(StoreError), closing(open_reader(found.database, unfinished=True)) as db:
            plans = _plans(db)
            if shorts:
                from costtop.store.sessions import short_ids

                shorts |= short_ids.of_keys(db, shorts)
    return shorts, plans


def _plans(db: "sqlite3.Connection") -> PlanWords:
    from costtop.queries.plans import known_plans

    now = now_ms()
    windows = known_plans.read(db, now)
    if not windows:
        return PlanWords()
    from costtop.queries.plans import plan_words
    from costtop.store import meta

    lines = plan_words.lines(windows, now, meta.shared(db).zone)
    return PlanWords(lines, [plan_words.tree(one) for one in windows])


def _named(said: dict[str, Any], shorts: dict[str, str]) -> dict[str, Any]:
    """With `shorts`: what to type of its sessions."""
    told = {
        key: one | {"short": shorts[key] or None} for key, one in said.get("processes", {}).items()
    }
    more = {"processes": told} if told else {}
    return said | more | {"shorts": {key: short or None for key, short in shorts.items()}}


def _plain(said: dict[str, object]) -> str:
    if not said["running"]:
        return str(said.get("trouble") or "no costtop daemon is running; start it: costtop start")
    lines = [f"costtop daemon {said.get('version', '')} (pid {said.get('pid')}) is running"]
    counts = said.get("counts")
    if isinstance(counts, dict):
        lines.append("  " + "  ".join(f"{name} {value}" for name, value in counts.items()))
    work = said.get("import")
    if isinstance(work, dict) and work.get("active"):
        today = "; today is read, budgets of the day watch" if work.get("today") else ""
        done, total = work.get("done_bytes"), work.get("total_bytes")
        lines.append(f"  importing {done} of {total} bytes{today}")
    asked = said.get("work")
    if isinstance(asked, list):
        lines += [f"  {one['doing']}: {one['done']} of {one['total']}" for one in asked]
    code = f"[{said['trouble_code']}] " if said.get("trouble_code") else ""
    lines += [f"  {code}{said['trouble']}"] if said.get("trouble") else []
    lines += [f"  {said[name]}" for name in ("watch", "blind") if said.get(name)]
    fleet = said.get("fleet")
    for one in fleet.get("holds", ()) if isinstance(fleet, dict) else ():
        lines.append(f"  {one['budget']} holds agents here: {one['why']}")
    if said.get("config"):
        lines.append(f"  the configuration was read again: {said['config']}")
    return "\n".join(lines)


_VERBS = {"daemon": _daemon, "start": _start, "stop": _stop, "status": _status}
