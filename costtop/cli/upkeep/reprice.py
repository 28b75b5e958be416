"""`costtop reprice`: every stored call at today's lists and rules, with what that changes."""

import argparse
import json

from costtop import paths
from costtop.cli.tables import plain, put
from costtop.control import client, protocol

_LONG = 3600.0  # s
_HEAD = ("MODEL", "CALLS", "BEFORE $", "AFTER $", "NEWLY PRICED", "NO LONGER")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str) -> None:
    """Adds `reprice`."""
    parser = commands.add_parser(name, help="price stored calls anew, say what changes")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Reprices here, or asks the daemon that holds the database to."""
    from costtop.daemon.lifecycle import instance

    found = paths.find()
    if instance.is_free(found.lock):
        from costtop.daemon.jobs.reprice_all import reprice_alone

        changes = reprice_alone(found)
    else:
        changes = client.ask(found.socket, protocol.Reprice(), timeout=_LONG)["changes"]
    if options.json:
        put(json.dumps({"schema": 1, "currency": "USD", "changes": changes}, indent=1))
    elif not changes:
        put("nothing changes: every call is priced by today's lists")
    else:
        put(plain(_HEAD, [[str(value) for value in row.values()] for row in changes],
                  frozenset({1, 2, 3, 4, 5})))  # fmt: skip
    return 0
