"""One session: what it is and what it costs. It reads the snapshot; it stops nothing by itself."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import Screen

from costtop.snapshot.view import SessionRow, Snapshot
from costtop.tui.ink import line
from costtop.tui.widgets.facts import facts
from costtop.tui.widgets.header import title
from costtop.tui.widgets.pane import Pane


class SessionScreen(Screen[None]):
    """The session with `key`, live."""

    BINDINGS: ClassVar = [
        Binding("escape,backspace", "dismiss", "Back", id="back", key_display="Esc")
    ]

    def __init__(self, row: SessionRow) -> None:
        super().__init__()
        self._row = row

    def compose(self) -> ComposeResult:
        """Title, facts, hint."""
        yield Pane("head")
        with VerticalScroll():
            yield Pane("facts")
        yield Pane("hint")

    def on_mount(self) -> None:
        """Follows the app's snapshot."""
        self.watch(self.app, "snapshot", self._draw)

    def on_resize(self) -> None:
        """Draws to the new size."""
        self._draw(self.app.snapshot)  # type: ignore[attr-defined]

    def _draw(self, snapshot: Snapshot) -> None:
        for row in snapshot.sessions:
            for one in (row, *row.children):
                if one.key == self._row.key:
                    self._row = one
        mood = self.app.mood  # type: ignore[attr-defined]
        self.query_one("#head", Pane).show([title(snapshot, mood, self.size.width)])
        self.query_one("#facts", Pane).show(facts(self._row, snapshot.at, snapshot.zone))
        self.query_one("#hint", Pane).show([line((" Esc back   k end it   m mark it", "dim"))])
