"""`costtop reprice`: every stored call at today's lists and rules, with what that changes."""

import argparse
from typing import Any

from costtop.cli.parser import Parser
from costtop.cli.progress import Watch
from costtop.cli.tables import plain, put, put_json
from costtop.cli.upkeep.scan import LongWork, alone_or_asked
from costtop.control import protocol
from costtop.paths import Paths

_WORK = LongWork("reprice", "pricing anew", "calls")
_HEAD = ("MODEL", "CALLS", "BEFORE $", "AFTER $", "NEWLY PRICED", "NO LONGER")


def add(parser: Parser, name: str) -> None:
    """Adds `reprice`."""
    parser.says("Prices stored calls anew, and says what changes.", "costtop reprice")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Reprices here, or asks the daemon that holds the database to."""
    changes = alone_or_asked(_reprice, protocol.Reprice(), "changes", _WORK)
    if options.json:
        put_json({"schema": 1, "currency": "USD", "changes": changes})
    elif not changes:
        put("nothing changes: every call is priced by today's lists")
    else:
        rows = [[str(value) for value in row.values()] for row in changes]
        put(plain(_HEAD, rows, frozenset({1, 2, 3, 4, 5})))
    return 0


def _reprice(found: Paths, watch: Watch | None) -> list[dict[str, Any]]:
    from costtop.daemon.jobs.reprice_all import reprice_alone

    return reprice_alone(found, watch)
