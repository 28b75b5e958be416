"""The lines of a table: rows and head in the widths of their columns."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from costtop.shown import currency
from costtop.tui.draw.ink import Line, Span, cut, fit, tail
from costtop.tui.list.fit_columns import fits, fitted, titled
from costtop.tui.list.shown_rows import CellLook, Column

T = TypeVar("T")


class RowLines(Generic[T]):
    """Draws rows of `T` in columns that are as wide as their cells have needed so far."""

    def __init__(self) -> None:
        self.fitted: list[tuple[Column[T], int]] = []
        self.outgrown = False  # a cell needs more than any before
        self._columns: Sequence[Column[T]] = ()
        self._sorted, self._falling = "", True
        self._fitted_to = (-1, currency.DOLLARS)  # cells, and what sums are shown in
        self._needs: Counter[str] = Counter()  # cells, by the key of a measured column

    def set_columns(self, columns: Sequence[Column[T]], sorted_by: str, falling: bool) -> bool:
        """Takes these columns, sorted so; False where it has them already."""
        if (columns, sorted_by, falling) == (self._columns, self._sorted, self._falling):
            return False
        self._columns, self._sorted, self._falling = columns, sorted_by, falling
        self._needs.clear()
        return True

    def forget_needs(self) -> None:
        """What cells have needed is found out anew."""
        self._needs.clear()

    def is_fitted_to(self, room: int) -> bool:
        """Whether the columns are as wide as `room` cells allow, and say sums as they are shown."""
        return self._fitted_to == (room, currency.shown())

    def refit(self, room: int) -> bool:
        """Fits the columns into `room` cells; False where nothing changes."""
        shown, self._fitted_to = self._fitted_to[1], (room, currency.shown())
        self.outgrown = False
        before, self.fitted = self.fitted, fits(self._columns, room, self._needs)
        return before != self.fitted or shown != currency.shown()

    def row(self, row: T, look: CellLook, ground: str) -> Line:
        """A row on what it lies on: "cursor", "alarm", "panel" or "" for the table's own."""
        cells = [
            column.wide(row, look, width) if column.wide else column.cell(row, look)
            for column, width in self.fitted
        ]
        return _together(self._parts(cells), ground)

    def _parts(self, cells: list[Span | Line]) -> Iterator[Span]:
        """The cells in their widths, a blank after each."""
        taken = 0  # columns that the name before them needs
        for nth, ((column, given), cell) in enumerate(zip(self.fitted, cells, strict=True)):
            if taken:
                taken -= 1
                continue
            width = given
            if isinstance(cell, Span):
                if len(cell.text) > width and column.name:
                    width, taken = self._room_of(cell, nth, cells)
                if column.measured and not taken and len(cell.text) > self._needs[column.key]:
                    self._needs[column.key] = len(cell.text)
                    self.outgrown = True
                yield Span(fitted(cell.text, column, width), cell.ink)
            else:
                yield from tail(cell, width) if column.align == ">" else cut(cell, width)
            yield _BLANK

    def _room_of(self, cell: Span, nth: int, cells: list[Span | Line]) -> tuple[int, int]:
        """Cells for a name, and how many empty columns after it they take."""
        room, taken = self.fitted[nth][1], 0
        for (_, width), after in zip(self.fitted[nth + 1 :], cells[nth + 1 :], strict=True):
            if len(cell.text) <= room or not (isinstance(after, Span) and not after.text):
                break
            room, taken = room + 1 + width, taken + 1
        return room, taken

    def head(self) -> Line:
        """The titles, that of the column sorted by with its direction."""
        spans = []
        for column, width in self.fitted:
            on = column.key == self._sorted
            title = titled(column, width)
            title += ("▽" if self._falling else "△") if on else ""
            align = "<" if "{}" in column.title else column.align
            spans += [
                Span(fit(title, width, align), "sorted" if on else "head"),
                Span(" ", "head"),
            ]
        return tuple(spans)


def _together(parts: Iterable[Span], ground: str) -> Line:
    """The parts on what their row lies on, neighbours of one ink as one, blanks with either.

    Each change of ink costs forty bytes on the wire. Nothing is dim under the cursor.
    """
    on = f"@{ground}" if ground else ""
    spans: list[Span] = []
    text, ink = "", "text"
    for part in parts:
        own = "text" if ground == "cursor" and part.ink == "dim" else part.ink
        if own == ink or (part.text.isspace() and ink not in _SEEN_BLANK):
            text += part.text
            continue
        if text:
            spans.append(Span(text, ink + on))
        text, ink = part.text, own
    return (*spans, Span(text, ink + on))


_BLANK = Span(" ")
_SEEN_BLANK = {"bad", "lamp", "lamp-bad", "tagged"}  # inks that also blanks are seen in
