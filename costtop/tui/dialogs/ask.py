"""A dialog with one line to type into, checked before it answers. It does nothing with it."""

from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from costtop.tui.draw.ink import line
from costtop.tui.widgets.pane import Pane

T = TypeVar("T")


class Ask(ModalScreen[T | None], Generic[T]):
    """Asks `title`; `read` makes the answer of what is typed, or None: then the dialog stays."""

    BINDINGS: ClassVar = [Binding("escape", "dismiss", "Cancel", id="cancel", key_display="Esc")]

    def __init__(self, title: str, hint: str, read: Callable[[str], T | None]) -> None:
        super().__init__()
        self._title, self._hint, self._read = title, hint, read

    def compose(self) -> ComposeResult:
        """Title, the line, the keys."""
        with VerticalScroll(classes="dialog", can_focus=False):
            yield Pane("about")
            yield Input(placeholder=self._hint, id="answer")
            yield Pane("foot", classes="foot")

    def on_mount(self) -> None:
        """Shows what is asked; the cursor is in the line."""
        self.query_one("#about", Pane).show([line((self._title, "strong"))])
        self.query_one("#foot", Pane).show([line(("Enter take it   Esc cancel", "dim"))])
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter answers, where the answer makes sense."""
        answer = self._read(event.value)
        if answer is None:
            self.query_one("#foot", Pane).show([line((f"! {self._hint}", "bad"))])
        else:
            self.dismiss(answer)
