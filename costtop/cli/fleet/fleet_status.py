"""`costtop fleet status`: how this machine stands with its fleet, and who else is in it."""

import argparse
from contextlib import closing
from typing import Any

from costtop import config, paths
from costtop.cli.fleet.owner_login import needs_driver, reached
from costtop.cli.parser import Parser
from costtop.cli.tables import plain, put, put_json
from costtop.durations import iso, moment_of, now_ms, short, words
from costtop.errors import FleetError, NothingFound, StoreError
from costtop.paths import Paths
from costtop.settings.fleet_settings import Fleet, place_of
from costtop.store import daemon_status
from costtop.store.db import open_reader

_HEAD = ("HOST", "TEAM", "VERSION", "LAST WORD", "LAG", "SKEW", "")


def add(parser: Parser) -> None:
    """Adds `fleet status`."""
    parser.says(
        "How this machine stands with its fleet: the server, what waits, the clocks; and where the"
        " config has a reader's login, the other machines. Exit code 1 where it does not ship.",
        "costtop fleet status",
        "costtop fleet status --json",
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints it; 0 where this machine ships, or reads where it is only to read."""
    found = paths.find()
    fleet = config.load(found).fleet
    if fleet is None:
        raise NothingFound("this machine is in no fleet; a new one: costtop fleet init --help")
    needs_driver()
    said = daemon_status.read(found.status)
    running = daemon_status.is_fresh(said, now_ms())
    tree: dict[str, Any] = {"schema": 1, "ships": fleet.ships, "daemon_running": running}
    if fleet.ships:
        tree["host"] = (_of_daemon(said) if running else _asked(fleet)) | _waiting(found)
    tree |= _read(fleet)
    if options.json:
        put_json(tree)
    else:
        put("\n".join(_lines(tree)))
    return 0 if _is_well(tree) else 1


def _of_daemon(said: dict[str, Any]) -> dict[str, Any]:
    """The daemon's word on it, which is a few seconds old at most."""
    return dict(said.get("fleet") or {"reachable": False, "trouble": "the daemon has not said yet"})


def _waiting(found: Paths) -> dict[str, Any]:
    """What waits, by the store itself as it is now."""
    from costtop.store import outgoing

    try:
        with closing(open_reader(found.database, unfinished=True)) as db:
            waits = outgoing.waiting(db)
    except StoreError:
        return {}
    return {"waiting": waits.live, "history_waits": waits.history is not None, "aside": waits.aside}


def _asked(fleet: Fleet) -> dict[str, Any]:
    """Without a daemon: whether the server answers this host. It begins no epoch."""
    from costtop.fleet import ship_to_server
    from costtop.fleet.server_url import url_of

    try:
        with reached(url_of(fleet, "host"), insecure=fleet.insecure, name="costtop status") as db:
            ship_to_server.ask(db)
    except FleetError as error:
        return {"reachable": False, "trouble": str(error)}
    return {"reachable": True, "trouble": ""}


def _read(fleet: Fleet) -> dict[str, Any]:
    """What a reader's login sees; its trouble where it sees nothing."""
    if not any(place_of(fleet, "reader")):
        return {"hosts": None, "leaders": None, "reader_trouble": ""}
    from costtop.fleet.mirror import reading_link
    from costtop.fleet.server_url import url_of

    try:
        with reached(url_of(fleet, "reader"), insecure=fleet.insecure, name="costtop status") as db:
            machines, leaders = reading_link.machines(db), reading_link.leaders(db)
    except FleetError as error:
        return {"hosts": None, "leaders": None, "reader_trouble": str(error)}
    return {
        "hosts": [_tree(one._asdict(), "seen") for one in machines],
        "leaders": [_tree(one._asdict(), "since") for one in leaders],
        "reader_trouble": "",
    }


def _tree(row: dict[str, Any], moment: str) -> dict[str, Any]:
    at = row[moment]
    return row | {moment: None if at is None else iso(at)}


def _is_well(tree: dict[str, Any]) -> bool:
    if tree["ships"]:
        host = tree["host"]
        return bool(tree["daemon_running"] and host["reachable"] and not host["trouble"])
    return not tree["reader_trouble"]


def _lines(tree: dict[str, Any]) -> list[str]:
    lines = _host_lines(tree) if tree["ships"] else ["this machine ships nothing, it only reads"]
    if tree["reader_trouble"]:
        lines.append(f"reading   {tree['reader_trouble']}")
    for one in tree["leaders"] or ():
        span = words(now_ms() - moment_of(one["since"]))
        where = f"{one['host']} leads {one['team']}, for {span} (epoch {one['epoch']})"
        lines.append(f"steward   {where}")
    if tree["hosts"] is not None:
        rows = [_row(one) for one in tree["hosts"]]
        lines += ["", plain(_HEAD, rows, frozenset({3, 4, 5}))]
    return lines


def _host_lines(tree: dict[str, Any]) -> list[str]:
    host = tree["host"]
    named = f"{host['host']}, team {host['team']}" if host.get("host") else "not heard of yet"
    reach = "reachable" if host["reachable"] else "not reachable"
    if since := host.get("unreachable_since"):
        reach += f" for {words(now_ms() - since)}"
    if seen := host.get("seen"):
        reach += f", last word {words(now_ms() - seen)} ago"
    lines = [f"host      {named}", f"server    {reach}"]
    if host["trouble"]:
        lines.append(f"trouble   {host['trouble']}")
    if "acked" in host:
        waits = f"{host['waiting']} rows wait" if host.get("waiting") else "nothing waits"
        waits += ", older days are under way" if host.get("history_waits") else ""
        lines.append(f"shipped   up to {host['acked']}, {waits}, lag {words(host['lag_ms'])}")
        lines.append(f"clock     {host['skew_ms'] / 1000:+.1f} s beside the server's")
    if host.get("aside"):
        lines.append(f"refused   {host['aside']} rows are set aside: costtop doctor")
    if not tree["daemon_running"]:
        lines.append("daemon    none is running, so nothing is shipped: costtop start")
    return lines


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    ago = "never" if one["ago"] is None else f"{short(one['ago'])} ago"
    skew = f"{one['skew'] / 1000:+.1f}s"
    state = "silent" if one["silent"] else ""
    return (one["host"], one["team"], one["version"], ago, short(one["lag"]), skew, state)
