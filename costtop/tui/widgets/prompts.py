"""The lines in which a filter and a search are typed, one at a time. They narrow no list."""

from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Input

from costtop.tui.list.arrange import sought
from costtop.tui.list.columns import Shown
from costtop.tui.widgets.table import Table


class Prompts(Widget):
    """Two lines, both closed at first."""

    DEFAULT_CSS = "Prompts { height: auto; }"

    def compose(self) -> ComposeResult:
        """The filter's and the search's."""
        asked = "cost>5 model~opus !idle"
        yield Input(placeholder=asked, classes="prompt", id="filter", compact=True)
        yield Input(placeholder="search", classes="prompt", id="search", compact=True)

    def open(self, wanted: str, otherwise: Widget) -> None:
        """Opens one of the two and goes there; "" closes both and goes to `otherwise`.

        At once, not at the next idle moment: what is typed ahead must not fall on the list's keys.
        """
        for prompt in self.query(Input):
            prompt.display = prompt.id == wanted
        self.screen.set_focus(self.query_one(f"#{wanted}", Input) if wanted else otherwise)

    def clear(self) -> None:
        """Nothing is filtered or searched."""
        for prompt in self.query(Input):
            prompt.value = ""

    def seek(self, table: Table[Shown], first: int, step: int) -> None:
        """Puts the cursor on the nearest row, from `first` rows on, whose names hold the text."""
        text = self.query_one("#search", Input).value.casefold()
        found = sought(table.rows, table.cursor_key, text, first, step)
        if found:
            table.select(found)
