"""`costtop fleet preview`: the exact rows that would leave this machine. Nothing is sent."""

import argparse
import secrets
from contextlib import closing
from typing import Any

from costtop import config, money, paths
from costtop.cli.parser import Parser
from costtop.cli.tables import count, plain, put, put_json
from costtop.durations import QUARTER, iso
from costtop.errors import NothingFound
from costtop.fleet.naming import Naming, hash_key
from costtop.fleet.next_shipment import ShippingOutbox, newest
from costtop.fleet.shipment import (
    FAILED,
    SHORT,
    Shipment,
    ShippedCall,
    ShippedLine,
    SumShipment,
)
from costtop.paths import Paths
from costtop.settings.fleet_settings import Fleet
from costtop.store import outgoing
from costtop.store.db import open_reader
from costtop.store.unsent import ToldSession
from costtop.store.unsent_sums import StoredTotals

_CALLS = (
    *("AT", "SOURCE", "SESSION", "AGENT", "MODEL", "FEATURE", "PROJECT", "USER"),
    *("IN", "CACHED", "WRITTEN", "OUT", "COST", ""),
)
_NAMES = ("MODEL", "FEATURE", "PROJECT", "USER", "CALLS", "COST")
_SPEND = ("QUARTER OF AN HOUR", *_NAMES)
_SESSIONS = ("SOURCE", "SESSION", "AGENT", *_NAMES)
_MOST = 2_000


def add(parser: Parser) -> None:
    """Adds `fleet preview`."""
    parser.says(
        "The exact rows that would leave this machine next, the newest day first; nothing is sent."
        " Where no fleet is set up: what would leave with the settings as they are by default."
        " --json has every column.",
        "costtop fleet preview",
        "costtop fleet preview --limit 500 --json",
    )
    parser.add_argument("--limit", type=int, default=20, help="calls, up to 2,000 (20)")
    parser.add_argument("--json", action="store_true", help="as JSON, every column that leaves")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints them; raises NothingFound where nothing is stored."""
    found = paths.find()
    fleet = config.load(found).fleet
    limit = max(1, min(options.limit, _MOST))
    naming = _naming(fleet, found)
    with closing(open_reader(found.database)) as db:
        waiting = outgoing.waiting(db) if outgoing.joined(db) else None
        detail = fleet.detail if fleet else "calls"
        batch = ShippingOutbox(db, naming, detail).next(limit)
        shipment = batch.shipment if batch else newest(db, naming, limit, detail)
    if not any(shipment[1:] if isinstance(shipment, SumShipment) else shipment):
        raise NothingFound("nothing is stored yet that could leave")
    told = _told(fleet, joined=waiting is not None, waits=batch is not None)
    if options.json:
        put_json(_tree(shipment, told, waiting))
    else:
        put("\n".join([told, "", *_lines(shipment)]))
    return 0


def _naming(fleet: Fleet | None, found: Paths) -> Naming:
    if fleet is None:  # the hashes are those of this look alone: no key is made for it
        return Naming(Fleet(url_env="NONE").send, secrets.token_bytes(32))
    return Naming(fleet.send, hash_key(fleet, found))


def _told(fleet: Fleet | None, *, joined: bool, waits: bool) -> str:
    """What the rows are, in a sentence."""
    if fleet is None or not fleet.ships:
        return "no fleet is set up: nothing leaves. With [fleet] these would leave first:"
    named = ", ".join(fleet.send) or "no names"
    sent = f"sent as they are: {named}; other names as hashes"
    if not joined:
        return f"these leave first once the daemon has read [fleet] ({sent}):"
    if not waits:
        return f"nothing waits; the newest that has left ({sent}):"
    return f"these leave next ({sent}):"


def _lines(shipment: Shipment | SumShipment) -> list[str]:
    if isinstance(shipment, SumShipment):
        return _sum_lines(shipment)
    rows = [_row(call, shipment.sessions[call.of]) for call in shipment.calls]
    lines = [plain(_CALLS, rows, frozenset(range(8, 13)))] if rows else []
    of_calls = {call.of for call in shipment.calls}
    others = [one for n, one in enumerate(shipment.sessions) if n not in of_calls]
    if others:
        lines += ["", "of these sessions what is said of them changed:"]
        lines += [f"  {one.source} {one.session} {one.agent}".rstrip() for one in others]
    if shipment.gone:
        lines += ["", "these calls are gone here, by their keys:"]
        lines += [f"  {key.hex()}" for key in shipment.gone]
    return lines


def _sum_lines(shipment: SumShipment) -> list[str]:
    """Quarters of an hour, then sessions; the minutes of sessions stand in --json."""
    spend = [
        [
            *(iso(one.quarter * QUARTER), one.model, one.feature, one.project, one.user),
            *_sums(one),
        ]
        for one in shipment.spend
    ]
    sessions = [
        [
            *(one.source, one.session, one.agent, one.model, one.feature, one.project, one.user),
            *_sums(sums),
        ]
        for one, sums in zip(shipment.sessions, shipment.totals, strict=True)
    ]
    lines = [plain(_SPEND, [[one or "-" for one in row] for row in spend], frozenset({5, 6}))]
    if sessions:
        rows = [[one or "-" for one in row] for row in sessions]
        lines += ["", plain(_SESSIONS, rows, frozenset({7, 8}))]
    return lines


def _sums(one: ShippedLine | StoredTotals) -> tuple[str, str]:
    floor = "≥ " if one.unpriced or one.short else ""
    return str(one.calls), f"{floor}${money.exactly(one.cost)}"


def _row(call: ShippedCall, session: ToldSession) -> list[str]:
    cost = "unpriced" if call.cost is None else f"${money.exactly(call.cost)}"
    notes = [word for flag, word in ((FAILED, "failed"), (SHORT, "≥")) if call.flags & flag]
    tokens = (call.input, call.cache_read, call.cache_write, call.output)
    return [
        *(iso(call.at), session.source, session.session, session.agent or "-"),
        *(one or "-" for one in (call.model, call.feature, call.project, call.user)),
        *map(count, tokens),
        *(cost, " ".join(notes)),
    ]


def _tree(
    shipment: Shipment | SumShipment, told: str, waiting: outgoing.StillUnsent | None
) -> dict[str, Any]:
    head = {
        "schema": 1,
        "what": told,
        "waiting": None if waiting is None else waiting._asdict(),
        "sessions": [one._asdict() for one in shipment.sessions],
    }
    if isinstance(shipment, SumShipment):
        return head | {
            "totals": [one._asdict() for one in shipment.totals],
            "quarters": list(shipment.quarters),
            "spend": [one._asdict() for one in shipment.spend],
            "minutes": [one._asdict() for one in shipment.minutes],
            "gone": [list(one) for one in shipment.gone],
        }
    return head | {
        "calls": [one._asdict() | {"key": one.key.hex()} for one in shipment.calls],
        "gone": [key.hex() for key in shipment.gone],
    }
