"""The pane below the list, kept up with the session under the cursor. Its picture is `below`."""

from typing import TYPE_CHECKING, cast

from costtop.queries.live.view import SessionRow
from costtop.queries.sessions.session import SessionDetail
from costtop.tui.widgets import below
from costtop.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from costtop.tui.app import CosttopApp

_LEAST = (80, 30)  # cells of the screen: below it the list has all the room
_AGAIN = 5_000  # ms between two readings of the session


class Glance(Pane):
    """Shows the curve and the causes of one session, which it reads now and then."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.wanted = True  # the user has not hidden it
        self._row: SessionRow | None = None
        self._detail: SessionDetail | None = None
        self._read_at = 0
        self._drawn: object = None  # what the picture was drawn of

    def about(self, row: SessionRow | None, key: str) -> None:
        """Shows the session `key` ("source/session") of this row, or nothing."""
        size, now = self.screen.size, self._costtop.snapshot.at
        self._row = row
        if row is None or not self.wanted or size.width < _LEAST[0] or size.height < _LEAST[1]:
            self._drawn = None
            self.show([])
            return
        if self._detail is None or self._detail.key != key or now - self._read_at >= _AGAIN:
            self._read_at = now
            world = self._costtop.world
            self._costtop.look(self.screen, lambda: world.session(key, now), self._take)
        self._draw(row, self._detail if self._detail and self._detail.key == key else None, now)

    @property
    def _costtop(self) -> "CosttopApp":
        return cast("CosttopApp", self.app)

    def _take(self, detail: SessionDetail | None) -> None:
        if detail is not None:
            self._detail = detail
            if self._row is not None and detail.key == f"{self._row.source}/{self._row.session}":
                self.about(self._row, detail.key)

    def _draw(self, row: SessionRow, detail: SessionDetail | None, now: int) -> None:
        width, zone = self.screen.size.width, self._costtop.snapshot.zone
        drawn = (row, detail, now // _AGAIN, width)
        if drawn != self._drawn:
            self._drawn = drawn
            self.show(below.below(row, detail, now, zone, width))
