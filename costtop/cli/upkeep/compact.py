"""`costtop compact`: the details of old finished sessions go, every sum stays."""

import argparse
from contextlib import closing
from functools import partial
from typing import Any

from costtop import config as configuration
from costtop import paths
from costtop.cli.parser import Parser
from costtop.cli.progress import Watch
from costtop.cli.tables import put, put_json
from costtop.cli.upkeep.scan import LongWork, alone_or_asked
from costtop.control.protocol import Compact
from costtop.durations import DAY, now_ms, parse
from costtop.errors import UsageError
from costtop.paths import Paths
from costtop.store.db import open_reader

_WORK = LongWork("compact", "compacting", "sessions")


def add(parser: Parser, name: str) -> None:
    """Adds `compact`."""
    parser.says(
        "Deletes the tools and minutes of sessions that ended long ago. Their calls and every sum"
        " stay; reports by tool, curves and replays of those days say that they are gone.",
        "costtop compact",
        "costtop compact --older 180d",
    )
    parser.add_argument("--older", metavar="AGE", default="", help="90d or more (default: 90d)")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Has it done by whoever has the database, and says what has gone."""
    found = paths.find()
    kept = configuration.details_kept(configuration.load(found)) or configuration.LEAST_KEPT
    age = _age(options.older) if options.older else kept
    with closing(open_reader(found.database)):  # says so where nothing is stored
        gone = _compacted(now_ms() - age)
    if options.json:
        put_json({"schema": 1, **gone})
        return 0
    put(
        f"compacted: {gone['sessions']} sessions older than {age // DAY} days,"
        f" {gone['tools']} tools, {gone['minutes']} minutes;"
        f" {gone['freed_bytes'] / 1e6:.1f} MB freed"
    )
    return 0


def _age(text: str) -> int:
    age = parse(text)
    if age < configuration.LEAST_KEPT:
        raise UsageError(f"--older {text}: an age of 90 days or more, such as 90d")
    return age


def _compacted(before: int) -> dict[str, Any]:
    return alone_or_asked(partial(_alone, before), Compact(before), "gone", _WORK)


def _alone(before: int, found: Paths, watch: Watch | None) -> dict[str, Any]:
    from costtop.daemon.jobs.thin_all import compact_alone

    return compact_alone(found, before, watch)
