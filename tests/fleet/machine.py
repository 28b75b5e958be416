"""A machine of a fleet: a real daemon in the test's home, whose config names the test's server."""

import contextlib
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

from costtop import paths
from tests.e2e.instance import Instance
from tests.fleet.fleet import Fleet


def joined(
    instance: Instance, fleet: Fleet, host: str = "a", port: int = 0, more: str = ""
) -> None:
    """Writes the config of an instance that ships as `host`; `more` are lines of `[fleet]`."""
    url = fleet.server.url(fleet.database, f"costtop_host_{host}", port or fleet.port)
    place: Path = instance.paths.config.with_name("fleet.url")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch(0o600)
    place.write_text(url)
    instance.paths.config.write_text(f"[fleet]\nurl_file = {json.dumps(str(place))}\n{more}\n")


def children(pid: int) -> dict[int, str]:
    """A process's children by pid, with what they call themselves."""
    found = {}
    for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            found[int(one)] = Path(f"/proc/{one}/comm").read_text().strip()
        except OSError:
            continue
    return found


def forwarder(pid: int) -> int:
    """The daemon's child that ships; 0 while there is none."""
    named = (one for one, name in children(pid).items() if name == "costtop-fleet")
    return next(named, 0)


def beside(instance: Instance, name: str) -> tuple[Instance, dict[str, str]]:
    """Another machine that sees the same logs, and the environment that its commands need."""
    environ = {**os.environ, "COSTTOP_HOME": str(instance.home / name)}
    other = Instance(instance.home)
    other.paths = paths.find(environ)
    return other, environ


def told(instance: Instance) -> dict[str, Any]:
    """What its daemon says of its fleet; {} before it has said anything."""
    found: dict[str, Any] = instance.status().get("fleet", {})
    return found


def own_sums(instance: Instance) -> tuple[int, int, int, int]:
    """(calls, unpriced, cost, tokens) of the machine's own store, as `Fleet.sums` has them."""
    asked = "SELECT count(*), count(*) - count(cost), coalesce(sum(cost), 0)"
    asked += ", coalesce(sum(input + output), 0) FROM calls"
    with contextlib.closing(
        sqlite3.connect(f"file:{instance.paths.database}?mode=ro", uri=True)
    ) as db:
        return tuple(map(int, db.execute(asked).fetchone()))  # type: ignore[return-value]


def agrees(instance: Instance, fleet: Fleet) -> bool:
    """Whether the fleet has all that the machine has, in every table of its sums."""
    mine = own_sums(instance)
    sums = fleet.sums()
    return all(sums[name] == mine for name in ("calls", "spend", "sessions"))
