"""`costtop service`: the daemon as a service of systemd or launchd, started at login."""

import argparse
import sys
from typing import TYPE_CHECKING

from costtop import paths
from costtop.cli.parser import Parser
from costtop.cli.tables import put, put_json
from costtop.durations import now_ms
from costtop.errors import CosttopError
from costtop.store import daemon_status

if TYPE_CHECKING:
    from costtop.daemon.lifecycle.login_service import Service

_VERBS = ("install", "remove", "status")


def add(parser: Parser, name: str) -> None:
    """Adds `service`."""
    parser.says(
        "The daemon as a service of systemd or launchd: started at login, and after a crash.",
        "costtop service install",
        "costtop service install --dry-run",
        "costtop service status --json",
        "costtop service remove",
    )
    parser.add_argument("verb", choices=_VERBS, metavar="|".join(_VERBS))
    parser.add_argument("-n", "--dry-run", action="store_true", help="change nothing")
    parser.add_argument("--json", action="store_true", help="the status as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Does it, or says how it stands: 1 where no service is installed."""
    from costtop.daemon.lifecycle import login_service

    found = paths.find()
    if options.verb == "status":
        return _status(found, login_service.status(found), as_json=options.json)
    if options.dry_run:
        return _shown(login_service.status(found), login_service.wanted(found), options.verb)
    done = login_service.remove if options.verb == "remove" else login_service.install
    for line in done(found):
        put(line)
    return 0


def _shown(service: "Service", text: str, verb: str) -> int:
    from costtop.daemon.lifecycle.login_service import NONE

    if not service.manager:
        raise CosttopError(NONE)
    print(f"costtop: would {verb} {service.file}", file=sys.stderr)
    if verb == "install":
        put(text.rstrip())
    return 0


def _status(found: paths.Paths, service: "Service", *, as_json: bool) -> int:
    said = daemon_status.read(found.status)
    pid = said.get("pid") if daemon_status.is_fresh(said, now_ms()) else None
    if as_json:
        tree = service._asdict() | {"file": str(service.file), "daemon_pid": pid}
        put_json({"schema": 1, **tree})
    else:
        put("\n".join(_words(service)))
        put(f"the daemon runs (pid {pid})" if pid else "no daemon runs")
    return 0 if service.installed else 1


def _words(service: "Service") -> list[str]:
    if not service.manager:
        from costtop.daemon.lifecycle.login_service import NONE

        return [NONE]
    if not service.installed:
        return [f"{service.manager}: not installed; costtop service install"]
    states = ", ".join(filter(None, (service.enabled, service.active)))
    lines = [f"{service.manager}: {service.name} is installed{states and f' ({states})'}"]
    lines.append(f"  {service.file}")
    if not service.current:
        lines.append("  it was written by another costtop or shell: costtop service install")
    return lines
