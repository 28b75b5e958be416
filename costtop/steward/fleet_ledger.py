"""What a leader has said, as it is handed on: its store's ledger and the server's, kept alike.

The server's is the truth: a leader begins with it, and keeps nothing that the server did not take.
"""

import sqlite3
from collections.abc import Sequence

from costtop.durations import now_ms
from costtop.fleet import steward_rows
from costtop.fleet.steward_rows import KEPT_MS, Row, Server
from costtop.steward import guard_rows
from costtop.steward.host_rules import QUIET, UNPRICED
from costtop.store.alerts import breakers, ledger_rows

TABLES = ("alerts", "outbox")


class NotLeading(Exception):
    """Another one leads by now: what was to be written was not."""


class FleetLedger:
    """The ledger of one leader: what the server has of it, row by row."""

    def __init__(self, server: Server, epoch: int) -> None:
        self._server, self.epoch = server, epoch
        self._there: dict[str, dict[str, Row]] = {table: {} for table in TABLES}

    def take_over(self, db: sqlite3.Connection) -> None:
        """Puts what earlier leaders said in the place of what this store holds."""
        told = steward_rows.ledger(self._server, now_ms() - KEPT_MS)
        ledger_rows.replace(db, told.alerts, told.outbox)
        for row in told.guards:
            breakers.put(db, guard_rows.breaker(row))
        self._there = {table: ledger_rows.read(db, table) for table in TABLES}

    def open_hosts(self) -> list[tuple[str, str]]:
        """(rule, host) of what is open of hosts."""
        return [
            (row["rule"], row["period"])
            for row in self._there["alerts"].values()
            if row["rule"] in {QUIET, UNPRICED} and row["state"] in {"open", "acknowledged"}
        ]

    def hand_on(self, db: sqlite3.Connection, besides: dict[str, Sequence[Row]]) -> bool:
        """Writes to the server what is new here, with rows of other tables; whether letters are.

        Inside the transaction that made it, which falls with NotLeading.
        """
        here = {table: ledger_rows.read(db, table) for table in TABLES}
        fresh = {table: _fresh(here[table], self._there[table]) for table in TABLES}
        said = {**besides, **fresh}
        if any(said.values()) and not steward_rows.stand(self._server, self.epoch, said):
            raise NotLeading
        self._there = here
        return bool(fresh["outbox"])


def _fresh(here: dict[str, Row], there: dict[str, Row]) -> list[Row]:
    return [row for key, row in here.items() if there.get(key) != row]
