"""A fleet to try things on: hosts that ship, and what an owner of the tables sees of it."""

from collections.abc import Sequence
from typing import Any

import psycopg

from costtop.fleet import schema
from costtop.fleet.ship_to_server import HeartbeatAnswer, ShipmentAnswer, ask, beat, ship
from costtop.fleet.shipment import Shipment, ShippedCall
from costtop.store.unsent import ToldSession
from tests.fleet.postgres import Postgres

TEAMS = {"a": "red", "b": "red", "c": "blue", "d": "red"}
NOON = 1_795_608_000_000  # 2026-11-25, 12:00 UTC
DAY = 86_400_000


class Fleet:
    """Connections of hosts by their letter, opened when asked for, and one of the owner."""

    def __init__(self, server: Postgres, database: str, port: int, hosts: str = "abc") -> None:
        self.server, self.database, self.port = server, database, port
        self.links: dict[str, psycopg.Connection] = {}
        self.epochs: dict[str, int] = {}
        self.admin = self.again()
        for host in hosts:
            self.enrol(host)

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_: object) -> None:
        for each in (*self.links.values(), self.admin):
            each.close()

    def again(self) -> psycopg.Connection:
        """Another connection of the owner, where the server has ended the first."""
        return psycopg.connect(self.server.url(self.database, "admin"), autocommit=True)

    def enrol(self, host: str) -> None:
        """Takes a host in; its login is known to the server already."""
        role = f"costtop_host_{host}"
        self.admin.execute(f"GRANT costtop_host TO {role}".encode())
        self.admin.execute("SELECT costtop.enrol(%s, %s, %s)", (host, TEAMS[host], role))

    def connect(self, host: str) -> psycopg.Connection:
        """A connection of the host's own role, as its forwarder has it."""
        url = self.server.url(self.database, f"costtop_host_{host}", self.port)
        return psycopg.connect(url, autocommit=True, prepare_threshold=None)

    def link(self, host: str) -> psycopg.Connection:
        """The host's connection, with an epoch of its own."""
        if host not in self.links or self.links[host].closed:
            self.links[host] = self.connect(host)
            self.epochs[host] = self.beat(host, anew=True).epoch
        return self.links[host]

    def beat(self, host: str, *, anew: bool = False, now: int = NOON) -> HeartbeatAnswer:
        """A heartbeat of the host."""
        db = self.links.get(host) or self.link(host)
        return beat(db, "1.0", len(schema.steps()), now, 0, anew=anew)

    def ask(self, host: str) -> list[dict[str, Any]]:
        """The commands that wait for the host."""
        found: list[dict[str, Any]] = ask(self.link(host))["commands"]
        return found

    def cut(self, host: str) -> None:
        """Closes the host's connection; the next word opens another one."""
        self.links.pop(host).close()

    def ship(
        self, host: str, calls: Sequence[ShippedCall] = (), gone: Sequence[bytes] = (),
        upto: int = 0, sessions: Sequence[ToldSession] | None = None,
    ) -> ShipmentAnswer:  # fmt: skip
        """A batch of the host; its sessions are s0, s1, … unless they are given."""
        db = self.link(host)
        if sessions is None:
            sessions = [session(i) for i in range(1 + max((x.of for x in calls), default=-1))]
        return ship(db, self.epochs[host], upto, Shipment(sessions, calls, gone))

    def rows(self, question: str, *given: Any) -> list[Any]:
        """What the owner of the tables sees; single columns as plain values."""
        found = self.admin.execute(question.encode(), given).fetchall()
        return [row[0] if len(row) == 1 else row for row in found]

    def sums(self) -> dict[str, Any]:
        """(calls, unpriced, cost, tokens) by each of the tables; equal wherever all is well.

        Minutes are kept for eight days only: they are compared in tests of their own days.
        """
        asked = {
            "calls": "SELECT count(*), count(*) - count(cost), coalesce(sum(cost), 0),"
            " coalesce(sum(input::bigint + output), 0) FROM costtop.calls",
            "spend": _SUMS.format("input + output", "spend"),
            "sessions": _SUMS.format("input + output", "sessions"),
            "minutes": _SUMS.format("tokens", "minutes"),
        }
        return {name: tuple(map(int, self.rows(sql)[0])) for name, sql in asked.items()}


_SUMS = (
    "SELECT coalesce(sum(calls), 0), coalesce(sum(unpriced), 0), coalesce(sum(cost), 0),"
    " coalesce(sum({}), 0) FROM costtop.{}"
)


def clear(admin: psycopg.Connection) -> None:
    """Takes every row out but the one of `meta`. Rows are few: quicker than TRUNCATE.

    The tests' calls are of 2026: their minutes are kept, whatever today is.
    """
    admin.execute("UPDATE costtop.meta SET minutes_from = 0")
    counted = "calls keys overtold minutes spend sessions names grants commands hosts teams"
    written = "leader budgets standing guards alerts outbox windows"
    for table in (*counted.split(), *written.split()):
        admin.execute(f"DELETE FROM costtop.{table}".encode())
    admin.execute("TRUNCATE costtop.deeds")  # nobody deletes a deed


def session(number: int, **said: Any) -> ToldSession:
    """Session s0, s1, …"""
    name = f"s{number}"
    return ToldSession(
        source="claude-code", session=name, agent="", root=name, user="ann", project="shop",
        feature="checkout", model="opus", started=NOON, last=NOON,
    )._replace(**said)  # fmt: skip


def call(number: int, **said: Any) -> ShippedCall:
    """A call with a key of its own, at noon, of 100 + 10 tokens and a cent."""
    return ShippedCall(
        key=number.to_bytes(16, "big"), of=0, at=NOON, model="opus", feature="checkout",
        project="shop", user="ann", input=100, output=10, cost=10_000_000, computed=10_000_000,
    )._replace(**said)  # fmt: skip
