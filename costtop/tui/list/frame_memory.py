"""What the list remembers from frame to frame: latest calls, how rows stand, the trends' scale.

By rate, a row is placed anew where its rate has moved by a tenth, and three seconds after it last
was: names can be read and hit while all rates tick.
"""

from collections.abc import Mapping, Sequence
from operator import attrgetter

from costtop.durations import MINUTE, SECOND
from costtop.queries.live.view import TREND_BUCKETS, SessionRow, Snapshot
from costtop.tui.draw.spark import scale
from costtop.tui.list.arrange import View, arranged
from costtop.tui.list.filter import Filter
from costtop.tui.list.latest_calls import LatestCalls
from costtop.tui.list.moved_rows import MovedRows
from costtop.tui.list.shown_rows import CellLook, Shown

_PART = 10  # of the placed rate: less of a change moves nothing
_RESTS = 3 * SECOND


class CalmOrder:
    """The rates by which rows were placed, and when: what hardly changes does not move its row."""

    def __init__(self, moved: MovedRows | None = None) -> None:
        self._moved = moved or MovedRows()
        self._rows: Sequence[SessionRow] = ()
        self._placed: dict[str, int] = {}
        self._at: dict[str, int] = {}
        self._held: list[SessionRow] = []  # rows that are placed by another rate than theirs
        self.turn = 0  # another number where a row was placed anew

    def rates(self, rows: Sequence[SessionRow], now: int) -> Mapping[str, int]:
        """Nano-dollars an hour to sort by, of each row key."""
        moved = self._moved.between(self._rows, rows)
        if moved is None:
            self._placed = {
                key: self._placed[key] for key in map(_key, rows) if key in self._placed
            }
            self._held, moved = [], rows
        if len(moved) < len(rows):
            moved = tuple({row.key: row for row in (*self._held, *moved)}.values())
        self._held, self._rows = [], rows
        keys, placed, at = list(map(_key, moved)), self._placed, self._at
        hold = self._held.append
        rates, before, moves = map(_rate, moved), map(placed.get, keys), map(at.get, keys)
        known = zip(moved, keys, rates, before, moves, strict=True)
        for row, key, rate, old, since in known:  # of a busy list all rows: no calls in here
            if old == rate:
                continue
            if old is None:
                placed[key] = rate
            elif -old < (rate - old) * _PART < old or (rate and since and now - since < _RESTS):
                hold(row)
                continue
            else:
                placed[key], at[key] = rate, now
            self.turn += 1
        return placed


_key = attrgetter("key")
_rate = attrgetter("rate")


_SCALED = 5 * SECOND  # between two looks at the scale


class FrameMemory:
    """Is shown every frame once, and says how its rows are to be looked at."""

    def __init__(self) -> None:
        self._moved = MovedRows()
        self.calls = LatestCalls(self._moved)
        self._order = CalmOrder(self._moved)
        self._of: tuple[Sequence[SessionRow], View, Filter, int] | None = (
            None  # what `_rows` are of
        )
        self._rows: Sequence[Shown] = ()
        self._scale_of, self._top = (-1, -1), 0

    def forget_order(self) -> None:
        """The rows are placed anew, all of them."""
        self._order, self._of = CalmOrder(self._moved), None

    def arranged(
        self, snapshot: Snapshot, sessions: Sequence[SessionRow], view: View, kept: Filter,
        *, is_live: bool,
    ) -> Sequence[Shown]:  # fmt: skip
        """The rows of the list; those of before where nothing that places them has changed."""
        view, placed = (
            view._replace(budgets=snapshot.budgets),
            self._placed(snapshot, view, is_live),
        )
        of = sessions, view, kept, self._order.turn if placed else -1
        same = self._of is not None and self._of[0] is sessions and self._of[1:] == of[1:]
        if not same or kept.terms:
            self._of = of
            self._rows = arranged(sessions, view._replace(placed=placed), kept, snapshot.at)
        return self._rows

    def _placed(self, snapshot: Snapshot, view: View, is_live: bool) -> Mapping[str, int]:
        """The rates by which rows of the live list stand, by row key; others by what they show."""
        if view.sort != "rate" or not is_live:
            return {}
        return self._order.rates(snapshot.sessions, snapshot.at)

    def look(self, snapshot: Snapshot, group: str, columns: Sequence[str]) -> CellLook:
        """What the cells of that frame need to know, grouped as they are."""
        return CellLook(
            snapshot.at, self._scale(snapshot), snapshot.zone,
            budgets=snapshot.budgets, added=self.calls, group=group, silence="last" in columns,
        )  # fmt: skip

    def _scale(self, snapshot: Snapshot) -> int:
        """Of now and then: a dearer minute is drawn full until the next look."""
        of = snapshot.at // _SCALED, len(snapshot.sessions)
        if of != self._scale_of:
            lately = snapshot.at - TREND_BUCKETS * MINUTE  # what rests longer has no bars
            rows = (row.trend for row in snapshot.sessions if (row.last or 0) >= lately)
            self._scale_of, self._top = of, scale(rows)
        return self._top
