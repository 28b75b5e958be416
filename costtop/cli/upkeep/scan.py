"""`costtop scan`: read everything new once. The reading itself lives in `costtop.daemon`."""

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from costtop import paths
from costtop.cli import progress
from costtop.cli.progress import Watch
from costtop.cli.tables import put
from costtop.control import protocol
from costtop.daemon import lean_process
from costtop.named_tuples import NamedTuple
from costtop.paths import Paths

if TYPE_CHECKING:
    import argparse

    from costtop.cli.parser import Parser

T = TypeVar("T")
_LONG = 3600.0  # s; a first import of years takes its time


def add(parser: "Parser", name: str) -> None:
    """Adds `scan`."""
    parser.says(
        "Reads everything new from every source once.", "costtop scan", "costtop scan --json"
    )
    parser.add_argument("--json", action="store_true", help="counts as JSON")
    parser.set_defaults(run=run)


def run(options: "argparse.Namespace") -> int:
    """Scans here, or asks the daemon that holds the database to."""
    counts = alone_or_asked(_scan, protocol.Scan(), "counts", LongWork("import", "reading logs"))
    if options.json:
        put(json.dumps({"schema": 1, **counts}))
    else:
        put("  ".join(f"{name} {value}" for name, value in counts.items()))
    return 0


def _scan(found: Paths, watch: Watch | None) -> dict[str, Any]:
    with lean_process.imports():
        from costtop.daemon.jobs.scan_once import scan

    return scan(found, watch)


class LongWork(NamedTuple):
    """Long work, as the daemon's status and as people call it, and what is counted of it."""

    name: str
    doing: str
    unit: str = progress.BYTES


def alone_or_asked(
    alone: Callable[[Paths, Watch | None], T], command: protocol.Command, said: str, work: LongWork
) -> T:
    """Does it here where no daemon holds the database; else asks that to, for `said` of it.

    A terminal shows how far it is.
    """
    from costtop.daemon.lifecycle import instance

    found = paths.find()
    if instance.is_free(found.lock):
        with progress.bar(work.doing, work.unit) as watch:
            return alone(found, watch)
    from costtop.control import client

    with progress.polled(work.doing, partial(progress.of_daemon, found, work.name), work.unit):
        answered: T = client.ask(found, command, timeout=_LONG)[said]
    return answered
