"""`costtop scan`: read everything new once. The reading itself lives in `costtop.daemon`."""

import argparse
import json

from costtop import paths
from costtop.cli.tables import put

_LONG = 3600.0  # s; a first import of years takes its time


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str) -> None:
    """Adds `scan`."""
    parser = commands.add_parser(name, help="read everything new from every source once")
    parser.add_argument("--json", action="store_true", help="counts as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Scans here, or asks the daemon that holds the database to."""
    from costtop.daemon.lifecycle import instance

    found = paths.find()
    if instance.is_free(found.lock):
        from costtop.daemon.jobs.scan_once import scan

        counts = scan(found)
    else:
        from costtop.control import client, protocol

        answer = client.ask(found.socket, protocol.Scan(), timeout=_LONG)
        counts = answer["counts"]
    if options.json:
        put(json.dumps({"schema": 1, **counts}))
    else:
        put("  ".join(f"{name} {value}" for name, value in counts.items()))
    return 0
