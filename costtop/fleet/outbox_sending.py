"""The outbox of a host, batch by batch to the server. What was taken is told to the daemon.

A batch that is refused for one row is parted until that row stands alone: it is set aside, so that
nothing waits for it. All else that fails is left to whoever asked, and the batch stands as before.
"""

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from costtop.durations import DAY, iso
from costtop.fleet import ship_to_server
from costtop.fleet.daemon_pipe import say
from costtop.fleet.host_link import HostLink
from costtop.fleet.naming import Naming
from costtop.fleet.next_shipment import AT_ONCE, OutgoingBatch, ShippingOutbox
from costtop.fleet.shipment import Shipment, ShippedCall, SumShipment
from costtop.store import outgoing
from costtop.store.db import open_reader
from costtop.store.outgoing import BatchTaken
from costtop.store.unsent import ToldSession

_MANY = 2000  # calls of a batch of what was stored before: the most that the server takes
_NEVER = 1 << 22  # days since 1970 that no call is of
_AHEAD = 8  # batches that the daemon has not crossed out yet
# Of a row: a limit, a number or text that no column takes, a value that is missing or not allowed.
_OF_ROWS = (ship_to_server.LIMIT, ship_to_server.TOO_MANY_NAMES)


class Outflow:
    """What is still to be sent, and what is on its way to be crossed out."""

    def __init__(
        self, database: Path, naming: Naming, link: HostLink, detail: str = "calls"
    ) -> None:
        self._db = open_reader(database, unfinished=True)
        self._outbox, self._link = ShippingOutbox(self._db, naming, detail), link
        self._sent: deque[BatchTaken] = deque()
        self._limit = AT_ONCE
        self.live = True  # what was sent last had changed; else it was stored before
        self.aside = 0  # rows that the server refuses
        self.waiting = 0  # rows that have changed
        self.history: str | None = None  # the day of what went last of before; None: all went

    def crossed(self, number: int) -> None:
        """The daemon has crossed out so many batches, in their order."""
        for _ in range(min(number, len(self._sent))):
            self._sent.popleft()

    @property
    def is_even(self) -> bool:
        """Whether all that was sent is crossed out: then a count is worth its while."""
        return not self._sent

    @property
    def is_held(self) -> bool:
        """Whether the daemon has to cross out first."""
        return len(self._sent) >= _AHEAD

    def next(self) -> OutgoingBatch | None:
        """What to send now; None where nothing waits."""
        batch = self._outbox.next(self._limit, tuple(self._sent))
        self.live = batch is None or batch.live
        self._limit = AT_ONCE if self.live else _MANY
        return batch

    def send(self, batch: OutgoingBatch, lag_ms: int) -> dict[str, Any]:
        """Ships a batch and tells the daemon; the news of the answer. Raises psycopg.Error."""
        refused: list[int] = []
        if isinstance(batch.shipment, SumShipment):  # a whole: no row of it can be set aside
            news = self._link.ship(lag_ms, batch.upto, batch.shipment).news
        else:
            news = self._ship(batch.shipment, batch.rows, lag_ms, batch.upto, refused)
        self._sent.append(batch.done)
        if refused:
            say({"aside": refused})
        say({"sent": list(batch.done)})
        return news

    def _ship(
        self, shipment: Shipment, rows: Sequence[int], lag: int, upto: int, refused: list[int]
    ) -> dict[str, Any]:
        """One piece; only the last says how far all has gone."""
        try:
            return self._link.ship(lag, upto, shipment).news
        except psycopg.Error as error:
            if not is_of_row(error):
                raise
        news: dict[str, Any] = {}
        pieces = parts(shipment)
        if not pieces:
            refused += rows
            return self._link.ship(lag, upto, Shipment()).news if upto else news
        for number, piece in enumerate(pieces):
            mine, rows = rows[: len(piece.calls)], rows[len(piece.calls) :]
            last = number == len(pieces) - 1
            news = self._ship(piece, mine, lag, upto if last else 0, refused) or news
        return news

    def count(self) -> None:
        """Counts what waits and what is set aside."""
        found = outgoing.waiting(self._db)
        self.waiting, self.aside = found.live, found.aside
        self.history = None if found.history is None else day(found.history)

    def is_forgotten(self, acked: int) -> bool:
        """Whether the server, which has heard up to there, lacks what it once had."""
        return acked < outgoing.acked(self._db)


def day(number: int) -> str:
    """A day since 1970, as people write it; "" before the first."""
    return iso(number * DAY)[:10] if number < _NEVER else ""


def is_of_row(error: psycopg.Error) -> bool:
    """Whether the server refuses a row of the batch for what it is."""
    state = error.sqlstate or ""
    if not state:
        return isinstance(error, psycopg.DataError)  # the driver's own: a character of no text
    return state in _OF_ROWS or state.startswith(("22", "23"))


def parts(shipment: Shipment) -> list[Shipment]:
    """A shipment as several that say the same in all; [] where it is one row."""
    sessions, calls, gone = shipment
    used = {call.of for call in calls}
    idle = [one for n, one in enumerate(sessions) if n not in used]
    rest = [Shipment(idle, (), gone)] if idle or gone else []
    if len(calls) > 1:
        middle = len(calls) // 2
        return [_of(sessions, calls[:middle]), _of(sessions, calls[middle:]), *rest]
    if calls:
        return [_of(sessions, calls), *rest] if rest else []
    if len(sessions) > 1:
        middle = len(sessions) // 2
        return [Shipment(sessions[:middle], (), gone), Shipment(sessions[middle:])]
    return [Shipment(sessions), Shipment((), (), gone)] if sessions and gone else []


def _of(sessions: Sequence[ToldSession], calls: Sequence[ShippedCall]) -> Shipment:
    """Calls with the sessions that they are of, and no other."""
    used = sorted({call.of for call in calls})
    place = {of: n for n, of in enumerate(used)}
    moved = [call._replace(of=place[call.of]) for call in calls]
    return Shipment([sessions[of] for of in used], moved)
