"""What the latest calls of each session cost, as the screen sees the sums grow: frame by frame."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from costtop.durations import SECOND
from costtop.queries.live.view import SessionRow, Snapshot
from costtop.tui.draw.figures import cash


class Added(NamedTuple):
    """What the latest calls of a row cost, as the screen saw it."""

    cost: int
    at: int  # ms UTC


NOTHING_ADDED: Mapping[str, Added] = MappingProxyType({})
BRIGHT, SEEN = 2 * SECOND, 10 * SECOND  # how long a latest call stands out, and stands


class LatestCalls:
    """Remembers the sums of the frame before, and for ten seconds what came to them."""

    def __init__(self) -> None:
        self.added: dict[str, Added] = {}
        self.latest = ""  # the newest of all, in words
        self._costs: dict[str, int] = {}
        self._at = 0

    def look(self, snapshot: Snapshot) -> None:
        """Takes in a frame; one of another day tells nothing new."""
        costs = {row.key: row for row in snapshot.sessions}
        if 0 < snapshot.at - self._at < SEEN:
            self._compare(costs, snapshot.at)
        elif snapshot.at != self._at:
            self.added, self.latest = {}, ""
        self._costs = {key: row.cost for key, row in costs.items()}
        self._at = snapshot.at

    def _compare(self, rows: dict[str, SessionRow], now: int) -> None:
        kept = {key: one for key, one in self.added.items() if now - one.at < SEEN}
        new = {
            key: Added(row.cost - self._costs.get(key, row.cost), now)
            for key, row in rows.items()
            if row.cost > self._costs.get(key, row.cost)
        }
        self.added = kept | new
        if new:
            key = max(new, key=lambda one: new[one].cost)
            self.latest = f"+{cash(new[key].cost)} {rows[key].called}"
        elif not kept:
            self.latest = ""
