"""What the latest calls of each session cost, as the screen sees the sums grow: frame by frame."""

from collections.abc import Sequence
from operator import attrgetter

from costtop.durations import MINUTE, SECOND
from costtop.named_tuples import NamedTuple
from costtop.queries.live.view import SessionRow, Snapshot
from costtop.tui.draw.figures import cash
from costtop.tui.list.moved_rows import MovedRows


class Added(NamedTuple):
    """What the latest calls of a row cost, as the screen saw it."""

    cost: int
    at: int  # ms UTC


_LATE = 5 * MINUTE  # a call this long ago is no latest one
BRIGHT, SEEN = 2 * SECOND, 10 * SECOND  # how long a latest call stands out, and stands


class LatestCalls:
    """Remembers the sums of the frame before, and for ten seconds what came to them."""

    def __init__(self, moved: MovedRows | None = None) -> None:
        self._moved = moved or MovedRows()
        self.latest = ""  # the newest of all, in words
        self._frames: list[tuple[int, dict[str, int]]] = []  # newest first: when, and by how much
        self._costs: dict[str, int] = {}  # of the frame before, by row key
        self._rows: Sequence[SessionRow] = ()
        self._at = 0

    def get(self, key: str) -> Added | None:
        """What came last to the row with this key, where that is not long ago."""
        for at, grown in self._frames:
            if key in grown:
                return Added(grown[key], at)
        return None

    def look(self, snapshot: Snapshot) -> None:
        """Takes in a frame; one of another day tells nothing new."""
        rows, known = snapshot.sessions, self._costs
        moved = self._moved.between(self._rows, rows)
        if moved is None:
            moved, self._costs = rows, {}
        keys, costs = list(map(_key, moved)), list(map(_cost, moved))
        if 0 < snapshot.at - self._at < SEEN:
            before = zip(keys, costs, map(known.get, keys), strict=True)
            grown = {key: cost - old for key, cost, old in before if old is not None and cost > old}
            self._compare(moved, grown, snapshot.at)
        elif snapshot.at != self._at:
            self._frames, self.latest = [], ""
        self._costs.update(zip(keys, costs, strict=True))
        self._rows, self._at = rows, snapshot.at

    def _compare(self, moved: Sequence[SessionRow], grown: dict[str, int], at: int) -> None:
        if grown:
            since = at - _LATE  # by calls of now, not by logs of long ago that are read late
            lasts = zip(moved, map(_last, moved), strict=True)
            for row in [row for row, last in lasts if last is None or last < since]:
                grown.pop(row.key, None)
        seen = [frame for frame in self._frames if at - frame[0] < SEEN]
        self._frames = [(at, grown), *seen] if grown else seen
        if grown:
            key = max(grown, key=grown.__getitem__)
            called = next(row.called for row in moved if row.key == key)
            self.latest = f"+{cash(grown[key])} {called}"
        elif not seen:
            self.latest = ""


NOTHING_ADDED = LatestCalls()
_key = attrgetter("key")
_cost = attrgetter("cost")
_last = attrgetter("last")
