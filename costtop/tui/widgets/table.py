"""The table: rows of inked cells, selected by key.

Textual's DataTable keeps a row *number* selected and repaints everything (195 ms a tick for 500
rows, SCREEN.md finding 1). This one holds on to the key of its row, renders the lines that are
visible, and paints again only the cells that changed.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from costtop.tui.draw.ink import Line
from costtop.tui.list.row_lines import RowLines
from costtop.tui.list.shown_rows import CellLook, Column
from costtop.tui.widgets.pane import changed_cells, cropped, inked

T = TypeVar("T")
_KEYS = (
    ("up", "move(-1)", "Up", "up"),
    ("down", "move(1)", "Down", "down"),
    ("pageup", "page(-1)", "Page up", "page_up"),
    ("pagedown", "page(1)", "Page down", "page_down"),
    ("home", "move(-1000000)", "First", "first"),
    ("end", "move(1000000)", "Last", "last"),
)


class Table(ScrollView, Generic[T], can_focus=True):
    """Rows of `T` under a header; `key` names a row for good."""

    BINDINGS: ClassVar = [Binding(key, does, about, id=name) for key, does, about, name in _KEYS]
    DEFAULT_CSS = "Table { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; }"

    class Moved(Message):
        """The cursor stands on another row."""

    class Opened(Message):
        """Enter or a click on the selected row."""

    class HeadClicked(Message):
        """A click on the head of a column."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    def __init__(
        self,
        key: Callable[[T], str],
        *,
        name: str,
        token: Callable[[T, CellLook], Hashable] | None = None,
        ground: Callable[[T], str] | None = None,
    ) -> None:
        """`token` says by what a row's cells are determined: while it is the same, so are they.

        `ground` names what a row lies on: "alarm", "panel" or "" for the table's own.
        """
        super().__init__(id=name)
        self._token = token or (lambda row, look: (row, look))
        self._ground = ground or (lambda row: "")
        self._kept: dict[str, tuple[Hashable, Line]] = {}  # by row key: token and line
        self._known: dict[str, tuple[Hashable, Line]] = {}  # those of the frame before
        self.rows: Sequence[T] = ()
        self.cursor_key = ""
        self.follows = False
        self.newest_first = False  # a cursor on the first row stays there when new ones come
        self.on_top = False  # the cursor stays on the first row until the user moves it
        self._key = key
        self._index = 0
        self._drawn = RowLines[T]()
        self._look = CellLook()
        self._lines: dict[int, Line] = {}  # by row number, what was painted last

    @property
    def selected(self) -> T | None:
        """The row under the cursor."""
        return self.rows[self._index] if self._index < len(self.rows) else None

    @property
    def following(self) -> T | None:
        """The row after it."""
        return self.rows[self._index + 1] if self._index + 1 < len(self.rows) else None

    @property
    def _room(self) -> int:
        """Cells for columns: the scrollbar's is kept free, so that it moves no column."""
        return max(self.outer_size.width - 1, 0)

    def set_columns(
        self, columns: Sequence[Column[T]], sorted_by: str = "", falling: bool = True
    ) -> None:
        """Shows these columns, and which of them the rows are sorted by."""
        if self._drawn.set_columns(columns, sorted_by, falling):
            self._refit()
            self.refresh()

    def show(self, rows: Sequence[T], look: CellLook) -> None:
        """Shows these rows; the cursor stays on its key, or near where it was if that is gone."""
        self.rows, self._look = rows, look
        before, self._index = self._index, self._found()
        if self.virtual_size.height != len(rows) + 1:
            self.virtual_size = Size(self.size.width, len(rows) + 1)
        if not self._drawn.is_fitted_to(self._room):
            self._refit()
        if self.follows or before == self._index:
            self._reveal()
        self._repaint()

    def select(self, key: str) -> None:
        """Puts the cursor on the row with `key`, if it is there."""
        keys = self._keys()
        if key in keys:
            self._go(keys.index(key))

    def _keys(self) -> list[str]:
        """Those of all rows; a list that makes its rows when they are seen knows its own."""
        own = getattr(self.rows, "keys", None)
        return list(own() if own else map(self._key, self.rows))

    def _found(self) -> int:
        """The number of the row that the cursor is on."""
        if self.rows and (self.on_top or (self.newest_first and self._index == 0)):
            self.cursor_key = self._key(self.rows[0])
            return 0
        if self._index < len(self.rows) and self._key(self.rows[self._index]) == self.cursor_key:
            return self._index
        keys = self._keys()
        if self.cursor_key in keys:
            return keys.index(self.cursor_key)
        number = max(min(self._index, len(self.rows) - 1), 0)
        self.cursor_key = self._key(self.rows[number]) if self.rows else ""
        return number

    def action_move(self, by: int) -> None:
        """The cursor some rows down."""
        self._go(self._index + by)

    def action_page(self, by: int) -> None:
        """The cursor some pages down."""
        self._go(self._index + by * max(self.size.height - 2, 1))

    def _go(self, number: int) -> None:
        if not self.rows:
            return
        number = max(min(number, len(self.rows) - 1), 0)
        self.on_top = False
        self.cursor_key = self._key(self.rows[number])
        self._index = number
        self._reveal()
        self._repaint()
        self.post_message(self.Moved())

    def _reveal(self) -> None:
        """Scrolls as little as shows the cursor."""
        top, height = self.scroll_offset.y, self.size.height - 1
        if height <= 0 or not self.rows:
            return
        if self._index < top:
            self.scroll_to(y=self._index, animate=False, immediate=True)
        elif self._index >= top + height:
            self.scroll_to(y=self._index - height + 1, animate=False, immediate=True)

    def _repaint(self) -> None:
        """Asks for the cells that differ from what was painted last."""
        old, self._lines = self._lines, {}
        known, self._kept = self._kept, {}
        self._known = known  # a row that only moved is not drawn again
        top, (width, height) = self.scroll_offset.y, self.size
        for y in range(1, height):
            number = top + y - 1
            changed = changed_cells(old.get(number, ()), self._line(number), width)
            if changed:
                self.refresh(Region(changed[0], y, changed[1] - changed[0], 1))
        self._known = {}
        if self._drawn.outgrown:
            self._refit()
            self._repaint()

    def _line(self, number: int) -> Line:
        found = self._lines.get(number)
        if found is None:
            found = self._lines[number] = (
                self._known_line(number) if number < len(self.rows) else ()
            )
        return found

    def _known_line(self, number: int) -> Line:
        row = self.rows[number]
        key, token = self._key(row), (self._token(row, self._look), number == self._index)
        before = self._known.get(key)
        if before and before[0] == token:
            made = before[1]
        else:
            made = self._drawn.row(row, self._look, self._ground_of(number))
        self._kept[key] = token, made
        return made

    def _ground_of(self, number: int) -> str:
        return "cursor" if number == self._index else self._ground(self.rows[number])

    def render_line(self, y: int) -> Strip:
        """The head, or a row."""
        return inked(self, (self._based(y),), self.size.width)[0]

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips of some lines."""
        return cropped(inked(self, map(self._based, crop.line_range), crop.right), crop)

    def _based(self, y: int) -> tuple[Line, str]:
        """The head, or a row, and the ink of what is left of its width."""
        if y == 0:
            return self._drawn.head(), "head"
        number = self.scroll_offset.y + y - 1
        ground = self._ground_of(number) if number < len(self.rows) else ""
        return self._line(number), f"text@{ground}" if ground else "text"

    def _refit(self) -> None:
        if not self._drawn.refit(self._room):
            return
        self._lines.clear()
        self._kept.clear()
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        """Other columns may fit now."""
        self.virtual_size = Size(event.size.width, len(self.rows) + 1)
        self._drawn.forget_needs()
        self._refit()
        self._reveal()
        self._repaint()

    def on_click(self, event: events.Click) -> None:
        """Selects a row, opens the selected one, or sorts by a column."""
        event.stop()
        if event.y == 0:
            if (column := self._column_at(event.x)) is not None:
                self.post_message(self.HeadClicked(column.key))
            return
        number = self.scroll_offset.y + event.y - 1
        if number == self._index and number < len(self.rows):
            self.post_message(self.Opened())
        elif number < len(self.rows):
            self._go(number)

    def _column_at(self, x: int) -> Column[Any] | None:
        for column, width in self._drawn.fitted:
            if x <= width:
                return column
            x -= width + 1
        return None
