"""The two words that a host has for the fleet's server: a batch, and that it lives. No retries.

Both are one statement with no state in the session, so they pass a pool that lends connections by
the transaction. Who the host is the server knows from its login, and from nothing that is sent.
"""

import psycopg

from costtop.fleet.shipment import Shipment, columns
from costtop.named import NamedTuple

# A deadlock, a conflict of transactions, a server that ends or starts: the same batch goes again.
_PASSING = {"40P01", "40001", "55P03", "57P01", "57P02", "57P03"}
OTHER_EPOCH, LIMIT, TOO_MANY_NAMES = "CT001", "CT002", "CT003"  # what `ingest` refuses by

_TYPES = (
    "bigint bigint text[] int[] text[] text[] text[] int[] int[] int[] int[] bigint[] bigint[]"
    " bigint[] bytea[] int[] bigint[] int[] int[] int[] int[] int[] int[] int[] int[] int[] int[]"
    " smallint[] bigint[] bigint[] bigint[] bytea[]"
).split()
_INGEST = (
    "SELECT acked, window_ms, schema, added, changed, removed FROM costtop.ingest("
    + ", ".join(f"%s::{one}" for one in _TYPES)
    + ")"
).encode()
_HEARTBEAT = b"""
SELECT host, team, epoch, acked, window_ms, idle_ms, schema, skew_ms, strays, partitions
FROM costtop.heartbeat(%s::text, %s::int, %s::bigint, %s::bigint, %s::boolean)"""


class ShipmentAnswer(NamedTuple):
    """The server's answer to a batch: how far it has been taken, and what became of its rows."""

    acked: int
    window_ms: int  # how long to gather rows for the next one
    schema: int
    added: int
    changed: int
    removed: int


class HeartbeatAnswer(NamedTuple):
    """The server's answer to a heartbeat."""

    host: str
    team: str
    epoch: int  # what batches of this connection must say
    acked: int
    window_ms: int
    idle_ms: int  # when to come again without anything to ship
    schema: int
    skew_ms: int  # this machine's clock less the server's
    strays: int  # rows that stand in no partition of their own
    partitions: int  # made on this occasion


def ship(db: psycopg.Connection, epoch: int, upto: int, shipment: Shipment) -> ShipmentAnswer:
    """One batch, one transaction; any number of times. Raises psycopg.Error, see `passes`."""
    row = db.execute(_INGEST, (epoch, upto, *columns(shipment))).fetchone()
    assert row is not None
    return ShipmentAnswer(*row)


def beat(
    db: psycopg.Connection, version: str, schema: int, now: int, lag_ms: int, *, anew: bool
) -> HeartbeatAnswer:
    """Says that this host lives; `anew` on each new connection, before its first batch."""
    row = db.execute(_HEARTBEAT, (version, schema, now, lag_ms, anew)).fetchone()
    assert row is not None
    return HeartbeatAnswer(*row)


def passes(error: psycopg.Error) -> bool:
    """Whether the same batch may be taken a moment later; also where the connection was cut."""
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError)
    return error.sqlstate in _PASSING or error.sqlstate.startswith(("08", "53"))
