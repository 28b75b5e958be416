"""`costtop forget SESSION… | --before DATE`: what is stored of them is deleted, for good."""

import argparse
import sys
from contextlib import closing
from typing import Any

from costtop import money, paths
from costtop.cli.parser import Parser
from costtop.cli.tables import put, put_json
from costtop.control import client
from costtop.control.protocol import Forget
from costtop.durations import now_ms
from costtop.errors import NothingFound, UsageError
from costtop.files import user_name
from costtop.paths import Paths
from costtop.queries.sessions import lookup
from costtop.store import meta
from costtop.store.db import open_reader
from costtop.store.sessions import session_names

_LONG = 3600.0  # s


def add(parser: Parser, name: str) -> None:
    """Adds `forget`."""
    parser.says(
        "Deletes what is stored of sessions, or of all before a day: calls, tools, tasks, alerts,"
        " marks. No log brings it back; sums of the rest stay exact. Logs themselves stay.",
        "costtop forget 9f767c4",
        "costtop forget --before 2026-01-01 --dry-run",
        "costtop forget --before 90d --yes",
    )
    parser.add_argument("session", metavar="SESSION", nargs="*", help="short id, id or beginning")
    parser.add_argument("--before", metavar="DATE", help="all that began before: 2026-01-01, 90d")
    parser.add_argument("-y", "--yes", action="store_true", help="ask nothing")
    parser.add_argument("-n", "--dry-run", action="store_true", help="say what would go")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Says what goes, asks, and has it deleted by whoever has the database."""
    if bool(options.session) == bool(options.before):
        raise UsageError("name sessions, or a day: costtop forget --before 2026-01-01")
    found = paths.find()
    sessions, before, planned = _planned(found, options)
    if not planned["calls"] and options.before:
        raise NothingFound(f"nothing is stored from before {options.before}")
    if options.dry_run:
        return _say(options, {**planned, "done": False})
    if not options.yes and not _agreed(planned):
        return 1
    gone = _forgotten(found, sessions, before)
    return _say(options, {"of": planned["of"], **gone, "done": True})


def _planned(
    found: Paths, options: argparse.Namespace
) -> tuple[tuple[str, ...], int | None, dict[str, Any]]:
    from costtop.daemon.jobs.forget_all import rules_of
    from costtop.store.forgetting import removal

    now = now_ms()
    with closing(open_reader(found.database)) as db:
        before = _start(options.before, now, db) if options.before else None
        sessions = tuple(dict.fromkeys(lookup.session(db, one) for one in options.session))
        gone = removal.counted(db, rules_of(db, sessions, before, now))
        called = [session_names.said(db, key) for key in sessions]
    return sessions, before, {"of": called, "calls": gone.calls, "cost_usd": money.exact(gone.cost)}


def _start(text: str, now: int, db: Any) -> int:
    from costtop.cli.spans import between

    start, _ = between(text, None, now, meta.shared(db).zone)
    if start is None:
        raise UsageError(f"{text!r} is no day; everything goes with: costtop uninstall")
    return start


def _calls(gone: dict[str, Any]) -> str:
    of = f" of {', '.join(gone['of'])}" if gone["of"] else ""
    return f"{gone['calls']} calls{of} (${gone['cost_usd']})"


def _agreed(planned: dict[str, Any]) -> bool:
    what = f"{_calls(planned)} and all about them"
    if not sys.stdin.isatty():
        raise UsageError(f"{what} would be deleted for good; say so with --yes")
    return input(f"Delete {what} for good? [y/N] ").strip().lower() in {"y", "yes"}


def _forgotten(found: Paths, sessions: tuple[str, ...], before: int | None) -> dict[str, Any]:
    from costtop.daemon.lifecycle import instance

    by = user_name()
    if not instance.is_free(found.lock):
        told: dict[str, Any] = client.ask(found, Forget(sessions, before, by), _LONG)["gone"]
        return told
    from costtop.daemon.jobs.forget_all import forget_alone

    return forget_alone(found, sessions, before, by)


def _say(options: argparse.Namespace, gone: dict[str, Any]) -> int:
    if options.json:
        put_json({"schema": 1, **gone})
        return 0
    verb = "deleted" if gone["done"] else "would be deleted"
    more = [f"{gone[name]} {name}" for name in ("sessions", "alerts", "marks") if gone.get(name)]
    what = ", ".join([_calls(gone), *more])
    put(f"{verb}: {what}")
    if gone.get("kept"):
        put(f"backups of before hold it still: {gone['kept']}; delete them: costtop backup --list")
    return 0
