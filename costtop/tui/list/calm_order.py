"""By which rates rows stand in the live list: one that hardly changes does not move its row.

A row is placed anew where its rate has moved by a tenth, and three seconds after it last was: names
can be read and hit while all rates tick.
"""

from collections.abc import Mapping, Sequence
from operator import attrgetter

from costtop.durations import SECOND
from costtop.queries.live.view import SessionRow
from costtop.tui.list.moved_rows import changed

_PART = 10  # of the placed rate: less of a change moves nothing
_RESTS = 3 * SECOND


class CalmOrder:
    """The rates by which rows were placed, and when."""

    def __init__(self) -> None:
        self._rows: Sequence[SessionRow] = ()
        self._placed: dict[str, int] = {}
        self._at: dict[str, int] = {}
        self._held: dict[str, SessionRow] = {}  # rows that are placed by another rate than theirs
        self.turn = 0  # another number where a row was placed anew

    def rates(self, rows: Sequence[SessionRow], now: int) -> Mapping[str, int]:
        """Nano-dollars an hour to sort by, of each row key."""
        moved = changed(self._rows, rows)
        if moved is None:
            self._placed = {
                key: self._placed[key] for key in map(_key, rows) if key in self._placed
            }
            self._held, moved = {}, rows
        held, self._held, self._rows = self._held, {}, rows
        for row in (held | {row.key: row for row in moved}).values():
            self._place(row, now)
        return self._placed

    def _place(self, row: SessionRow, now: int) -> None:
        key, rate = row.key, row.rate
        old, since = self._placed.get(key), self._at.get(key, 0)
        if old == rate:
            return
        if old is not None and (abs(rate - old) * _PART < old or (rate and now - since < _RESTS)):
            self._held[key] = row
            return
        self._placed[key] = rate
        self.turn += 1
        if old is not None:
            self._at[key] = now


_key = attrgetter("key")
