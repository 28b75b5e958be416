"""A pane: shows lines of inked text, such as the bar of keys. What they say is drawn elsewhere.

A new picture is compared with the old one line by line, and only the cells that changed are painted
again: a ticking clock costs eight cells, not a screen.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from costtop.tui.draw import palette
from costtop.tui.draw.ascii import asciified
from costtop.tui.draw.ink import Line, runs
from costtop.tui.draw.palette import Inks

_InksOf = tuple[str, int, Color]  # theme, table of inks, background
_INKS: dict[_InksOf, Inks] = {}


class Pane(Widget):
    """Shows the lines given to `show`, from the top; the rest of it is empty."""

    DEFAULT_CSS = "Pane { height: auto; width: 1fr; }"

    def __init__(self, name: str, *, classes: str | None = None, base: str = "text") -> None:
        super().__init__(id=name, classes=classes)
        self.lines: tuple[Line, ...] = ()
        self._base = base

    def show(self, lines: Sequence[Line]) -> None:
        """Shows these lines instead of the present ones."""
        old, self.lines = self.lines, tuple(lines)
        if len(old) != len(self.lines):
            self.refresh(layout=True)
            return
        width = -1
        for y, (before, after) in enumerate(zip(old, self.lines, strict=True)):
            if before == after:
                continue
            width = self.size.width if width < 0 else width
            if changed := changed_cells(before, after, width):
                self.refresh(Region(changed[0], y, changed[1] - changed[0], 1))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as there are."""
        return len(self.lines)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """All that there is."""
        return container.width

    def _line(self, y: int) -> tuple[Line, str]:
        return self.lines[y] if y < len(self.lines) else (), self._base

    def render_line(self, y: int) -> Strip:
        """The strip of one line."""
        return inked(self, (self._line(y),), self.size.width)[0]

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips of some lines; the slow way where what is under the mouse is to be lit."""
        if self.hover_style.link_id:
            return super().render_lines(crop)
        return cropped(inked(self, map(self._line, crop.line_range), crop.right), crop)


def inked(widget: Widget, lines: Iterable[tuple[Line, str]], width: int) -> list[Strip]:
    """Strips of lines in the theme's inks, on the background of a widget without border or padding.

    With each line its base: the ink of what is left of its width.
    """
    of, ground = _known(widget), widget.background_colors[1]
    ascii_only = widget.app.has_class("ascii")
    strips = [_painted(line, width, base, of, ascii_only) for line, base in lines]
    for filter_ in widget.get_line_filters():
        strips = [strip.apply_filter(filter_, ground) for strip in strips]
    return strips


def inks_of(widget: Widget) -> Inks:
    """The styles of all inks that were asked for on the background of a widget."""
    return _INKS[_known(widget)]


def _known(widget: Widget) -> _InksOf:
    app, ground = widget.app, widget.background_colors[1]
    kind = palette.ANSI if app.has_class("ansi") else palette.COLOURED
    kind = palette.MONO if app.has_class("mono") else kind
    of = app.theme, id(kind), ground
    if of not in _INKS:
        _INKS[of] = Inks(ground, app.theme_variables, kind)
    return of


def cropped(strips: list[Strip], crop: Region) -> list[Strip]:
    """The strips without what is left of the crop."""
    return [strip.crop(crop.x, crop.right) for strip in strips] if crop.x else strips


@lru_cache(maxsize=500)  # a row that only moved is not painted again
def _painted(line: Line, width: int, base: str, of: _InksOf, ascii_only: bool) -> Strip:
    strip = paint(line, width, _INKS[of], base)
    return asciified_strip(strip) if ascii_only else strip


def changed_cells(before: Line, after: Line, width: int) -> tuple[int, int] | None:
    """The range of cells in which two lines differ, None where they are the same."""
    if before == after:
        return None
    head = _alike(before, after)
    tail = _alike(before[::-1], after[::-1], end=True)
    if sum(len(s.text) for s in before) != sum(len(s.text) for s in after):
        tail = 0
    if not all(s.text.isascii() or _narrow(s.text) for s in (*before, *after)):
        return 0, width
    return head, max(width_left(after, tail, width), head + 1)


def width_left(line: Line, tail: int, width: int) -> int:
    """Where the last `tail` cells of the line begin; the whole width where none are alike."""
    return sum(len(span.text) for span in line) - tail if tail else width


def _alike(before: Line, after: Line, end: bool = False) -> int:
    """How many cells are the same from the start, or of reversed lines from the end."""
    cells = 0
    for one, other in zip(before, after, strict=False):
        if one != other:
            if one[1:] != other[1:]:
                return cells
            texts = (one.text[::-1], other.text[::-1]) if end else (one.text, other.text)
            pairs = enumerate(zip(*texts, strict=False))
            least = min(map(len, texts))
            return cells + next((nth for nth, (was, now) in pairs if was != now), least)
        cells += len(one.text)
    return cells


def _narrow(text: str) -> bool:
    return cell_len(text) == len(text)


def paint(line: Line, width: int, inks: Inks, base: str = "text") -> Strip:
    """The strip of a line: `width` cells, the rest of the line in the `base` ink."""
    segments: list[Segment] = []
    for text, _, ink, act in runs(line, width, base):
        style = inks[ink]
        _append(segments, text, _clickable(style, act) if act else style)
    return Strip(segments, width)


def _append(segments: list[Segment], text: str, style: Style) -> None:
    """Neighbours of one style become one segment: a style costs forty bytes on the wire."""
    if segments and segments[-1].style is style:
        segments[-1] = Segment(segments[-1].text + text, style)
    else:
        segments.append(Segment(text, style))


@lru_cache(maxsize=256)
def _clickable(style: Style, act: str) -> Style:
    return style + Style.from_meta({"@click": act})


def asciified_strip(strip: Strip) -> Strip:
    """The strip in ASCII, as wide as before."""
    segments = [Segment(asciified(text), style, control) for text, style, control in strip]
    return Strip(segments, strip.cell_length)
