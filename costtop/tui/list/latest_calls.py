"""What the latest calls of each session cost, as the screen sees the sums grow: frame by frame."""

from operator import attrgetter
from typing import NamedTuple

from costtop.durations import MINUTE, SECOND
from costtop.queries.live.view import Snapshot
from costtop.tui.draw.figures import cash


class Added(NamedTuple):
    """What the latest calls of a row cost, as the screen saw it."""

    cost: int
    at: int  # ms UTC


_LATE = 5 * MINUTE  # a call this long ago is no latest one
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

    @staticmethod
    def _of_now(grown: dict[str, int], snapshot: Snapshot) -> dict[str, int]:
        """What of it came by calls of now, not by logs of long ago that are read late."""
        since = snapshot.at - _LATE
        late = {
            row.key for row in snapshot.sessions if row.key in grown and (row.last or 0) < since
        }
        return {key: by for key, by in grown.items() if key not in late} if late else grown

    def _compare(self, costs: dict[str, int], snapshot: Snapshot) -> None:
        known = self._costs.get
        grown = {key: by for key, cost in costs.items() if (by := cost - known(key, cost)) > 0}
        grown = self._of_now(grown, snapshot) if grown else grown
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
