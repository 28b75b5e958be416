"""The session under the cursor at a glance: the hint line, the pane below or beside the list."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from textual.screen import Screen
from textual.timer import Timer

from costtop.durations import SECOND
from costtop.queries.live.view import SessionRow
from costtop.queries.sessions.session import SessionDetail
from costtop.tui.host import host_of
from costtop.tui.widgets.pane import Pane
from costtop.tui.widgets.session_pane_lines import aside, aside_width, below, has_room

_AGAIN = 5 * SECOND  # between two readings of the session
_MOVED = 3 * SECOND  # the same where it has spent since
_REST = 0.12  # s: keys that repeat come faster


class Rest:
    """Does what follows a move of the cursor: at once after a lone one, after a run at its end."""

    def __init__(self, screen: Screen[Any], then: Callable[[], None]) -> None:
        self._screen, self._then = screen, then
        self._at = 0.0  # of the last move, s
        self._timer: Timer | None = None

    def moved(self) -> None:
        """The cursor has moved."""
        before, self._at = self._at, monotonic()
        if self._timer is not None:
            self._timer.stop()
        if self._at - before > _REST:
            self._then()
        else:
            self._timer = self._screen.set_timer(_REST, self._then)


class SessionPane(Pane):
    """Shows the curve and the causes of one session, which it reads now and then."""

    def __init__(self, name: str, *, beside: bool = False) -> None:
        """`beside` the list where the window is wide, else below it where that is high."""
        super().__init__(name)
        self.wanted = True  # the user has not hidden it
        self._beside = beside
        self._row: SessionRow | None = None
        self._detail: SessionDetail | None = None
        self._read_at = 0
        self._drawn: object = None  # what the picture was drawn of

    def about(self, row: SessionRow | None, key: str) -> None:
        """Shows the session `key` ("source/session") of this row, or nothing."""
        host = host_of(self)
        now = host.snapshot.at
        self._row = row
        self.display = (
            row is not None and self.wanted and has_room(self.screen.size, beside=self._beside)
        )
        if row is None or not self.display:
            self._drawn = None
            self.show([])
            return
        if self._due(row, key, now):
            self._read_at = now
            host.look(self.screen, lambda: host.backend.session(key, now), self._take, "glance")
        known = self._detail if self._detail and self._detail.key == key else None
        if known is not None or not self.lines:  # the one before stays until this one is read
            self._draw(row, known, now)

    def _due(self, row: SessionRow, key: str, now: int) -> bool:
        """Whether the session is to be read: another one, or what was read is of before."""
        detail = self._detail
        if detail is None or detail.key != key:
            return True
        moved = detail.total != row.cost
        return now - self._read_at >= (_MOVED if moved else _AGAIN)

    def _take(self, detail: SessionDetail | None) -> None:
        row = self._row
        if detail is not None:
            self._detail = detail
            if row is not None and detail.key == f"{row.source}/{row.session}":
                self.about(row, detail.key)
        elif row is not None and self.display:
            self._draw(row, None, host_of(self).snapshot.at)  # nothing is known of it

    def on_resize(self) -> None:
        """The list has another height, and so has what stands beside it."""
        if self._beside and self.display and self._row is not None:
            self.about(self._row, f"{self._row.source}/{self._row.session}")

    def _draw(self, row: SessionRow, detail: SessionDetail | None, now: int) -> None:
        size, zone = self.screen.size, host_of(self).snapshot.zone
        high = self.container_size.height or size.height
        drawn = (row, detail, now // _AGAIN, size, high)
        if drawn != self._drawn:
            self._drawn = drawn
            wide = aside_width(size.width)
            if self._beside:
                self.show(aside(row, detail, now, zone, (wide, high)))
            else:
                self.show(below(row, detail, now, zone, size.width))
