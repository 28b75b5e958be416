"""What the latest calls of each session cost, as the screen sees the sums grow: frame by frame."""

from operator import attrgetter
from typing import NamedTuple

from costtop.durations import SECOND
from costtop.queries.live.view import Snapshot
from costtop.tui.draw.figures import cash


class Added(NamedTuple):
    """What the latest calls of a row cost, as the screen saw it."""

    cost: int
    at: int  # ms UTC


BRIGHT, SEEN = 2 * SECOND, 10 * SECOND  # how long a latest call stands out, and stands


class LatestCalls:
    """Remembers the sums of the frame before, and for ten seconds what came to them."""

    def __init__(self) -> None:
        self.latest = ""  # the newest of all, in words
        self._frames: list[tuple[int, dict[str, int]]] = []  # newest first: when, and by how much
        self._costs: dict[str, int] = {}
        self._at = 0

    def get(self, key: str) -> Added | None:
        """What came last to the row with this key, where that is not long ago."""
        for at, grown in self._frames:
            if key in grown:
                return Added(grown[key], at)
        return None

    def look(self, snapshot: Snapshot) -> None:
        """Takes in a frame; one of another day tells nothing new."""
        rows = snapshot.sessions
        costs = dict(zip(map(_key, rows), map(_cost, rows), strict=True))
        if 0 < snapshot.at - self._at < SEEN:
            self._compare(costs, snapshot)
        elif snapshot.at != self._at:
            self._frames, self.latest = [], ""
        self._costs, self._at = costs, snapshot.at

    def _compare(self, costs: dict[str, int], snapshot: Snapshot) -> None:
        known = self._costs.get
        grown = {key: by for key, cost in costs.items() if (by := cost - known(key, cost)) > 0}
        seen = [frame for frame in self._frames if snapshot.at - frame[0] < SEEN]
        self._frames = [(snapshot.at, grown), *seen] if grown else seen
        if grown:
            key = max(grown, key=grown.__getitem__)
            called = snapshot.sessions[list(costs).index(key)].called
            self.latest = f"+{cash(grown[key])} {called}"
        elif not seen:
            self.latest = ""


NOTHING_ADDED = LatestCalls()
_key = attrgetter("key")
_cost = attrgetter("cost")
