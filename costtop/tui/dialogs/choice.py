"""Dialogs that ask one question: one of a few things, or one line to type.

Of a few things, the cursor starts where the asker says: on Cancel wherever the answer touches
another process. Moving is by arrows or by the option's own key; only Enter or a click answers.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, TypeVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from costtop.named_tuples import NamedTuple
from costtop.tui.draw.ascii import asciified
from costtop.tui.draw.ink import Line, line
from costtop.tui.widgets.pane import Pane

T = TypeVar("T")


class Choice(NamedTuple):
    """One thing to choose."""

    id: str
    key: str  # one character that moves the cursor to it
    label: str


class Chosen(NamedTuple):
    """What was chosen, and the note beside it where one was asked for."""

    id: str
    note: str = ""


class Choose(ModalScreen[Chosen | None]):
    """Asks `title`, shows `about`, offers `choices`; answers None when it is left."""

    BINDINGS: ClassVar = [Binding("escape,q", "dismiss", "Cancel", id="cancel", key_display="Esc")]

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        about: Sequence[Line] = (),
        *,
        start: str = "",
        note: str | None = None,
        check: Callable[[Chosen], str] = lambda answer: "",
    ) -> None:
        """`check` says why an answer will not do, "" where it does: then the dialog stays."""
        super().__init__()
        self._check = check
        self._title, self._choices, self._about = title, choices, about
        self._start, self._note = start, note

    def compose(self) -> ComposeResult:
        """Title, what is at stake, the choices, the note."""
        with VerticalScroll(classes="dialog"):
            yield Pane("about")
            yield OptionList(*(self._option(choice) for choice in self._choices), markup=False)
            if self._note is not None:
                yield Input(placeholder=self._note, id="note")
            yield Pane("foot", classes="foot")

    def _option(self, choice: Choice) -> Option:
        text = f" {choice.key}  {choice.label}"
        ascii_only = self.app.has_class("ascii")
        return Option(Text(asciified(text) if ascii_only else text), id=choice.id)

    def on_mount(self) -> None:
        """Puts the cursor where it belongs."""
        self.query_one("#about", Pane).show([line((self._title, "strong")), *self._about, ()])
        hint = "Enter choose   Esc cancel" + ("   Tab note" if self._note is not None else "")
        self.query_one("#foot", Pane).show([line((hint, "dim"))])
        options = self.query_one(OptionList)
        ids = [choice.id for choice in self._choices]
        options.highlighted = ids.index(self._start) if self._start in ids else 0
        options.focus()

    def on_key(self, event: events.Key) -> None:
        """An option's own key moves the cursor there; it does not answer."""
        if isinstance(self.focused, Input) or not self.query(OptionList):
            return  # typed ahead of the dialog: it moves nothing
        for number, choice in enumerate(self._choices):
            if event.character and event.character == choice.key:
                self.query_one(OptionList).highlighted = number
                event.stop()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter or a click answers."""
        note = self.query_one("#note", Input).value if self._note is not None else ""
        answer = Chosen(event.option.id or "", note)
        if wrong := self._check(answer):
            self.query_one("#foot", Pane).show([line((f"! {wrong}", "bad"))])
        else:
            self.dismiss(answer)

    def on_input_submitted(self) -> None:
        """Enter in the note goes back to the choices: it never answers by itself."""
        self.query_one(OptionList).focus()


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
