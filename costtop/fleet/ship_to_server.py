"""What a host says to the fleet's server: a batch, that it lives, what it did. No retries.

Each is one statement with no state in the session, so they pass a pool that lends connections by
the transaction. Who the host is the server knows from its login, and from nothing that is sent.
"""

import json
from collections.abc import Sequence
from typing import Any

import psycopg

from costtop.durations import running_ms
from costtop.fleet.shipment import Shipment, SumShipment, columns, tree
from costtop.named_tuples import NamedTuple

# A deadlock, a conflict of transactions, a server that ends or starts: the same batch goes again.
_PASSING = {"40P01", "40001", "55P03", "57P01", "57P02", "57P03"}
OTHER_EPOCH, LIMIT, TOO_MANY_NAMES = "CT001", "CT002", "CT003"  # what `ingest` refuses by
OTHER_DETAIL = "CT004"  # the host has shipped calls and now ships sums, or the other way round

# {"commands": [{id, session, verb, given, by, asked_on, left_ms, until}]}: what the server tells a
# host on every occasion; `until` is ms of `running_ms`.
News = dict[str, Any]

_TYPES = (
    "bigint bigint text[] int[] text[] text[] text[] int[] int[] int[] int[] bigint[] bigint[]"
    " bigint[] bytea[] int[] bigint[] int[] int[] int[] int[] int[] int[] int[] int[] int[] int[]"
    " smallint[] bigint[] bigint[] bigint[] bytea[]"
).split()
_INGEST = (
    "SELECT acked, window_ms, schema, added, changed, removed, news FROM costtop.ingest("
    + ", ".join(f"%s::{one}" for one in _TYPES)
    + ")"
).encode()
_INGEST_SUMS = b"""
SELECT acked, window_ms, schema, added, changed, removed, news
FROM costtop.ingest_sums(%s::bigint, %s::bigint, %s::text, %s::jsonb)"""
_HEARTBEAT = b"""
SELECT host, team, epoch, acked, window_ms, idle_ms, schema, skew_ms, strays, partitions,
  news
FROM costtop.heartbeat(%s::text, %s::int, %s::bigint, %s::bigint, %s::boolean)"""
_ASK = b"SELECT costtop.ask()"
_ANSWER = b"SELECT costtop.answer(%s::uuid, %s::text, %s::text)"


class ShipmentAnswer(NamedTuple):
    """The server's answer to a batch: how far it has been taken, and what became of its rows."""

    acked: int
    window_ms: int  # how long to gather rows for the next one
    schema: int
    added: int
    changed: int
    removed: int
    news: News


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
    news: News


def ship(
    db: psycopg.Connection, epoch: int, upto: int, shipment: Shipment | SumShipment
) -> ShipmentAnswer:
    """One batch, one transaction; any number of times. Raises psycopg.Error, see `passes`."""
    asked = running_ms()
    if isinstance(shipment, SumShipment):
        said = json.dumps(tree(shipment))
        row = db.execute(_INGEST_SUMS, (epoch, upto, shipment.detail, said)).fetchone()
    else:
        row = db.execute(_INGEST, (epoch, upto, *columns(shipment))).fetchone()
    assert row is not None
    return ShipmentAnswer._make((*row[:-1], _dated(row[-1], asked)))


def beat(
    db: psycopg.Connection, version: str, schema: int, now: int, lag_ms: int, *, anew: bool
) -> HeartbeatAnswer:
    """Says that this host lives; `anew` on each new connection, before its first batch."""
    asked = running_ms()
    row = db.execute(_HEARTBEAT, (version, schema, now, lag_ms, anew)).fetchone()
    assert row is not None
    return HeartbeatAnswer._make((*row[:-1], _dated(row[-1], asked)))


def ask(db: psycopg.Connection) -> News:
    """The news alone, for a host whose sessions are at work; the server writes nothing."""
    asked = running_ms()
    row = db.execute(_ASK).fetchone()
    assert row is not None
    return _dated(row[0], asked)


def accept(db: psycopg.Connection, verbs: Sequence[str]) -> None:
    """Says what this host lets operators do (`[fleet] accept`); on each new connection."""
    db.execute(b"SELECT costtop.accept(%s::text[])", (list(verbs),))


def answer(db: psycopg.Connection, command: str, state: str, why: str) -> str | None:
    """Hands in what became of a command: done, refused or expired; any number of times.

    The answer that stands there, which is the first one; None where it is no command to this host.
    """
    row = db.execute(_ANSWER, (command, state, why)).fetchone()
    assert row is not None
    return None if row[0] is None else str(row[0])


def say(db: psycopg.Connection, part: str, rows: Sequence[dict[str, Any]]) -> int:
    """What a host says of itself: "alerts" or "windows"; any number of times. How many rows."""
    row = db.execute(
        b"SELECT costtop.say(%s::text, %s::jsonb)", (part, json.dumps(list(rows)))
    ).fetchone()
    assert row is not None
    return int(row[0])


def _dated(news: News, asked: int) -> News:
    """With the last moment to begin each command, by no clock but one that never stands or jumps.

    It counts from when the question left here, so an answer that was long on its way is no excuse.
    """
    for command in news["commands"]:
        command["until"] = asked + command["left_ms"]
    return news


def passes(error: psycopg.Error) -> bool:
    """Whether the same batch may be taken a moment later; also where the connection was cut."""
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError)
    return error.sqlstate in _PASSING or error.sqlstate.startswith(("08", "53"))
