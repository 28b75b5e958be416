"""Lines of inked text, and their runs of cells.

A picture of the screen is a pure function from values to `Line`s. Here is the one place where text
leaves for the terminal: every span is cleaned again and cut to whole cells, so no picture has to
think of either. It loads nothing of Textual: the first frame is there before that is.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Protocol

from costtop.named_tuples import NamedTuple
from costtop.text import clean
from costtop.tui.draw.cells import cell_len, set_cell_size

_LONGEST = 1_000  # cells; wider than any terminal


class Extent(Protocol):
    """Cells of a window: Textual's Size, and the first frame's own."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


class Span(NamedTuple):
    """Text in one ink; `act` is an action of ours for a click, never text from a log."""

    text: str
    ink: str = "text"
    act: str = ""


Line = tuple[Span, ...]


def line(*parts: str | tuple[str, str] | Span) -> Line:
    """A line of plain strings, (text, ink) pairs and spans."""
    return tuple(
        part if isinstance(part, Span) else Span(part) if isinstance(part, str) else Span(*part)
        for part in parts
    )


def fit(text: str, width: int, align: str = "<") -> str:
    """`text` cleaned and exactly `width` cells wide; what is cut off shows as an ellipsis."""
    if width <= 0:
        return ""
    text = clean(text, _LONGEST)
    cells = cell_len(text)
    if cells > width:
        return set_cell_size(text, width - 1) + "…"
    pad = " " * (width - cells)
    return pad + text if align == ">" else text + pad


def whole(text: str, width: int) -> str:
    """Facts between middle dots, as many as fit: what is more goes from the right, never cut."""
    while cell_len(text) > width and (cut_off := text.rpartition(" · "))[1]:
        text = cut_off[0]
    return text


def tail(line: Line, width: int) -> Line:
    """The last `width` cells of a line of single-cell signs; what is short of it is blank."""
    missing = width - sum(len(span.text) for span in line)
    if missing >= 0:
        return (Span(" " * missing), *line)
    kept: list[Span] = []
    for span in line:
        kept.append(span._replace(text=span.text[-missing:]) if missing < 0 else span)
        missing = min(missing + len(span.text), 0)
    return tuple(kept)


def width_of(line: Line) -> int:
    """Cells that the line takes."""
    return sum(cell_len(span.text) for span in line)


def spread(left: Line, right: Line, width: int) -> Line:
    """`left` and `right` at both ends of `width` cells; the left gives way where they meet."""
    room = width - width_of(right)
    if room <= 0:
        return left
    return (*cut(left, room), *right)


def cut(line: Line, width: int) -> Line:
    """`line` made exactly `width` cells wide."""
    kept: list[Span] = []
    left = width
    for span in line:
        if left <= 0:
            return tuple(kept)
        cells = cell_len(span.text)
        kept.append(span if cells <= left else span._replace(text=fit(span.text, left)))
        left -= min(cells, left)
    return (*kept, Span(" " * left)) if left else tuple(kept)


def facts(line: Line, width: int) -> Line:
    """As many spans as fit whole, from the left: of text between middle dots as much as fits."""
    kept: list[Span] = []
    left = width
    for span in line:
        cells = cell_len(span.text.rstrip())
        if cells > left:
            text = whole(span.text, left)
            if cell_len(text) <= left and text.strip():
                kept.append(span._replace(text=text))
            break
        kept.append(span)
        left -= cell_len(span.text)
    return tuple(kept)


def joined(spans: Iterable[Span]) -> list[Span]:
    """Neighbours of one ink as one span: fewer segments to paint."""
    return [
        Span("".join(map(_text, alike)), ink, act)
        for (ink, act), alike in groupby(spans, itemgetter(1, 2))
    ]


_text = itemgetter(0)


def rule(left: Line, right: Line, width: int) -> Line:
    """A titled rule, the only frame there is: it costs one line, no columns, and copies clean."""
    start = (Span("─ ", "rule"), *left, Span(" ", "rule"))
    end = (Span(" ", "rule"), *right, Span(" ─", "rule")) if right else ()
    room = width - width_of(end)
    if width_of(start) > room:
        return cut(start, width) if room < 0 else (*cut(start, room), *end)
    return (*start, Span("─" * (room - width_of(start)), "rule"), *end)


def plain(line: Line) -> str:
    """The text of a line, as copied or tested."""
    return "".join(span.text for span in line)


def runs(line: Line, width: int, base: str = "text") -> Iterator[tuple[str, int, str, str]]:
    """(text, its cells, ink, act) of a line: `width` cells, the rest of it in the `base` ink."""
    left = width
    for span in line:
        text = _safe(span.text)
        cells = cell_len(text)
        if cells > left:
            text, cells = set_cell_size(text, left), left
        yield text, cells, span.ink, span.act
        left -= cells
        if left <= 0:
            return
    if left > 0:
        yield " " * left, left, base, ""


@lru_cache(maxsize=4_096)
def _safe(text: str) -> str:
    return clean(text, _LONGEST)


def wrapped(text: str, width: int, indent: int = 0) -> list[str]:
    """`text` in lines of at most `width` cells, later ones indented; words stay whole."""
    lines: list[str] = []
    current = ""
    for word in clean(text, 4_000).split():
        room = width - (indent if lines else 0)
        if current and cell_len(current) + 1 + cell_len(word) > room:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}" if current else word
    lines.append(current)
    return [(" " * indent if n else "") + one for n, one in enumerate(lines)]
