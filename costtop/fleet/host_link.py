"""A host's connection to its fleet's server: opened when there is a word to say, tried again later.

Each new connection begins an epoch. After a failure it waits, each time longer and by chance, so
that a fleet does not come back all at once.
"""

import random
import time
from collections.abc import Callable

import psycopg

from costtop.durations import now_ms
from costtop.errors import FleetError
from costtop.fleet import server_link, ship_to_server
from costtop.fleet.server_link import LinkFault
from costtop.fleet.ship_to_server import HeartbeatAnswer, ShipmentAnswer
from costtop.fleet.shipment import Shipment, SumShipment

_FIRST, _MOST = 0.5, 60.0  # s of the longest wait after the first failure, and after many


class HostLink:
    """The one connection; `facts` is what the server said of this host last."""

    def __init__(self, open_: Callable[[], psycopg.Connection], version: str, schema: int) -> None:
        self._open, self._version, self._schema = open_, version, schema
        self._db: psycopg.Connection | None = None
        self._vain, self._again = 0, 0.0
        self.facts: HeartbeatAnswer | None = None
        self.fault: LinkFault | None = None  # why nothing can be said now
        self.away_since: int | None = None  # ms UTC
        self.heard = 0  # ms UTC of the server's last answer
        self.spoke = self.beaten = float("-inf")  # monotonic: of the same, and of a heartbeat's
        self.acked = 0  # how far the server has taken what was sent

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._db is not None

    def wait(self) -> float:
        """Seconds until the next try; 0 where nothing failed."""
        return max(0.0, self._again - time.monotonic())

    def db(self, lag_ms: int) -> psycopg.Connection:
        """The connection, opened where there is none: then this host has an epoch of its own."""
        if self._db is not None and self._db.broken:
            self.close()
        if self._db is None:
            self._db = self._open()
            self._beat(self._db, lag_ms, anew=True)
        return self._db

    def beat(self, lag_ms: int) -> HeartbeatAnswer:
        """A heartbeat; the first word of a connection is one by itself, see `db`."""
        return self._beat(self.db(lag_ms), lag_ms, anew=False)

    def _beat(self, db: psycopg.Connection, lag_ms: int, *, anew: bool) -> HeartbeatAnswer:
        self.facts = ship_to_server.beat(
            db, self._version, self._schema, now_ms(), lag_ms, anew=anew
        )
        self.answered()
        self.beaten, self.acked = self.spoke, self.facts.acked
        return self.facts

    def ship(self, lag_ms: int, upto: int, shipment: Shipment | SumShipment) -> ShipmentAnswer:
        """One batch."""
        db = self.db(lag_ms)
        assert self.facts is not None
        answer = ship_to_server.ship(db, self.facts.epoch, upto, shipment)
        self.answered()
        self.acked = max(self.acked, answer.acked)
        return answer

    def answered(self) -> None:
        """The server has answered a word; another one it may refuse as before."""
        self.heard, self.spoke = now_ms(), time.monotonic()

    def well(self) -> None:
        """All that was due has been taken: what failed before is over."""
        self._vain, self._again = 0, 0.0
        self.fault = self.away_since = None

    def failed(self, error: psycopg.Error | FleetError) -> None:
        """Notes a failure, and when to try again. The connection is not used any more."""
        said = LinkFault("fleet-unsafe", str(error))
        self.fault = server_link.fault(error) if isinstance(error, psycopg.Error) else said
        self.away_since = self.away_since or now_ms()
        self.close()
        most = min(_MOST, _FIRST * 2.0 ** min(self._vain, 10))
        self._vain += 1
        self._again = time.monotonic() + random.uniform(0, most)  # noqa: S311 - spreads tries

    def close(self) -> None:
        """Closes the connection; the next word opens another."""
        db, self._db = self._db, None
        if db is not None:
            db.close()
