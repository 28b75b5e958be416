"""By which rates rows stand in the live list: one that hardly changes does not move its row.

A row is placed anew where its rate has moved by a tenth, and three seconds after it last was: names
can be read and hit while all rates tick.
"""

from collections.abc import Mapping, Sequence
from operator import attrgetter

from costtop.durations import SECOND
from costtop.queries.live.view import SessionRow

_PART = 10  # of the placed rate: less of a change moves nothing
_RESTS = 3 * SECOND


class CalmOrder:
    """The rates by which rows were placed, and when."""

    def __init__(self) -> None:
        self._placed: dict[str, int] = {}
        self._at: dict[str, int] = {}

    def rates(self, rows: Sequence[SessionRow], now: int) -> Mapping[str, int]:
        """Nano-dollars an hour to sort by, of each row key."""
        before, moved = self._placed.get, self._at.get
        placed: dict[str, int] = {}
        at: dict[str, int] = {}
        for key, rate in zip(map(_key, rows), map(_rate, rows), strict=True):
            old, since = before(key), moved(key, 0)
            if old is None or old == rate:
                placed[key] = rate
            elif abs(rate - old) * _PART < old or (rate and now - since < _RESTS):
                placed[key] = old
            else:
                placed[key], since = rate, now
            if since:
                at[key] = since
        self._placed, self._at = placed, at
        return placed


_key = attrgetter("key")
_rate = attrgetter("rate")
