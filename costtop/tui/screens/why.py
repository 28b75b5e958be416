"""Why a day, or the span of a screen, cost what it did: what `costtop why` says, to scroll in."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll

from costtop.tui.draw.changed_cells import SparingScreen
from costtop.tui.draw.ink import Line, line
from costtop.tui.draw.key_bar import keybar
from costtop.tui.host import host_of
from costtop.tui.widgets.header import titled
from costtop.tui.widgets.pane import Pane

_KEYBAR = (
    ("Esc", "Back", "screen.dismiss"),
    ("F1", "Help", "app.help"),
    ("F10", "Quit", "app.quit"),
)


class WhyScreen(SparingScreen):
    """The answer for a span in words, and a feature of it (or "")."""

    BINDINGS: ClassVar = [
        Binding("escape,backspace,w", "dismiss", "Back", id="back", key_display="Esc w"),
        Binding("down,j", "scroll(1)", "Down", show=False),
        Binding("up,k", "scroll(-1)", "Up", show=False),
        Binding("pagedown", "scroll(15)", "Page down", show=False),
        Binding("pageup", "scroll(-15)", "Page up", show=False),
    ]

    def __init__(self, span: str, feature: str = "") -> None:
        super().__init__()
        self._span, self._feature = span, feature
        self._told: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """Head, the text, keys."""
        yield Pane("head")
        with VerticalScroll(can_focus=False):
            yield Pane("told")
        yield Pane("keys", base="label")

    def on_mount(self) -> None:
        """Asks once: the answer is of the moment when it was asked."""
        host = host_of(self)
        backend, now = host.backend, host.snapshot.at
        host.look(self, lambda: backend.why(self._span, self._feature, now), self._take)
        self.draw()

    def _take(self, told: tuple[str, ...]) -> None:
        self._told = told
        self.draw()

    def on_resize(self) -> None:
        """Draws to the new size."""
        self.draw()

    def draw(self) -> None:
        """Draws all of it."""
        host, (width, height) = host_of(self), self.size
        told = self._told or (f"reading why {self._span} cost what it did …",)
        tight = height < len(told) + 2
        lines = [_inked(one) for one in told if one or not tight]
        self.query_one("#head", Pane).show(titled(host.snapshot, host.mood, self.size))
        self.query_one("#told", Pane).show(lines)
        self.query_one("#keys", Pane).show([keybar(_KEYBAR, width)])

    def action_scroll(self, lines: int) -> None:
        """Scrolls the text."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def _inked(text: str) -> Line:
    """Headings stand out from what they head; what can be typed is told apart."""
    said, command, typed = text.partition("costtop ")
    if command:
        return line(f" {said}", (command + typed, "accent"))
    return line((f" {text}", "text" if text.startswith(" ") else "strong"))
