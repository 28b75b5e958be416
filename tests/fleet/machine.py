"""A machine of a fleet: a real daemon in the test's home, whose config names the test's server."""

import json
from pathlib import Path

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
