"""Paints only the cells that changed, with as few bytes as say them.

Textual paints all lines of all widgets between the first and the last change anew, writes each line
from the widget's left edge, and every run of one style with all of its colours and a reset.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import Compositor, CompositorUpdate
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from costtop.named_tuples import NamedTuple
from costtop.tui.draw.pens import Pen, alike_in_blanks, turned

_Spans = dict[int, list[tuple[int, int]]]  # by line: columns [from, to) that are still to be made
_WEIGHTS = (
    ("bold", "1"), ("dim", "2"), ("italic", "3"), ("underline", "4"), ("blink", "5"),
    ("reverse", "7"), ("conceal", "8"), ("strike", "9"), ("underline2", "21"), ("overline", "53"),
)  # fmt: skip


class ChangedPiece(NamedTuple):
    """Cells [first, last) of a strip, to be written from (x, y) on."""

    y: int
    x: int
    strip: Strip
    first: int
    last: int


class SparingCompositor(Compositor):
    """A compositor whose partial updates make and write the changed cells alone."""

    def render_partial_update(self) -> "Changes | None":  # type: ignore[override]
        """The changed cells, None where there are none."""
        screen, regions = self.size.region, self._dirty_regions.copy()
        self._dirty_regions.clear()
        left: _Spans = {}
        for y, first, last in self._regions_to_spans(screen.intersection(one) for one in regions):
            if first < last:
                left.setdefault(y, []).append((first, last))
        return Changes(sorted(self._pieces(left), key=_place)) if left else None

    def _pieces(self, left: _Spans) -> Iterator[ChangedPiece]:
        """What is seen in those columns, from the front: what is behind it stays away."""
        for widget, (region, clip) in self.visible_widgets.items():
            if not left:
                return
            seen = region.intersection(clip)
            lines = [y for y in left if seen.y <= y < seen.bottom and _meets(left[y], seen)]
            if lines:
                yield from _of_widget(widget, region, seen, left, sorted(lines))


def _place(piece: ChangedPiece) -> tuple[int, int]:
    return piece.y, piece.x


def _meets(spans: list[tuple[int, int]], seen: Region) -> bool:
    return any(first < seen.right and last > seen.x for first, last in spans)


def _of_widget(
    widget: Widget, region: Region, seen: Region, left: _Spans, lines: list[int]
) -> Iterator[ChangedPiece]:
    """The pieces of one widget, which are taken out of what is `left`."""
    top = lines[0]
    wanted = Region(0, top - region.y, region.width, lines[-1] - top + 1)
    strips = widget.render_lines(wanted)
    for y in lines:
        rest: list[tuple[int, int]] = []
        for first, last in left[y]:
            x, end = max(first, seen.x), min(last, seen.right)
            if x >= end:
                rest.append((first, last))
                continue
            yield ChangedPiece(y, x, strips[y - top], x - region.x, end - region.x)
            rest += [one for one in ((first, x), (end, last)) if one[0] < one[1]]
        if rest:
            left[y] = rest
        else:
            del left[y]


class SparingScreen(Screen[None]):
    """A screen that is painted so."""

    def __init__(self) -> None:
        super().__init__()
        self._compositor = SparingCompositor()


class Changes(CompositorUpdate):
    """Changed cells, in the order of the screen."""

    def __init__(self, pieces: list[ChangedPiece]) -> None:
        self.pieces = pieces

    def render_segments(self, console: Console) -> str:
        """What a terminal is to be sent; it is left without ink, weight and ground."""
        system = COLOR_SYSTEMS.get(console.color_system or "", ColorSystem.TRUECOLOR)
        return "".join(written(self.pieces, system))


def written(pieces: Iterable[ChangedPiece], system: ColorSystem) -> Iterator[str]:
    """The pieces as text and codes for a terminal; at the end it writes plainly again."""
    pen, at = Pen(), (-1, -1)
    for y, x, strip, first, last in pieces:
        if at != (y, x):
            yield f"\x1b[{y + 1};{x + 1}H"
        at = y, x + last - first
        for text, style in _cells(strip, first, last):
            wanted = pen_of(style, system) if style is not None else Pen()
            if pen != wanted and not (text.isspace() and alike_in_blanks(pen, wanted)):
                yield turned(pen, wanted)
                pen = wanted
            yield text
    yield "\x1b[0m"


def _cells(strip: Strip, first: int, last: int) -> Iterator[tuple[str, Style | None]]:
    """The cells [first, last) of a strip, run by run."""
    at = 0
    for segment in strip:
        if at >= last:
            return
        text, style, control = segment
        if control:
            continue
        cells = len(text) if text.isascii() else cell_len(text)
        if at + cells > first:
            start, stop = max(first - at, 0), min(last - at, cells)
            if stop - start != cells:
                text = text[start:stop] if len(text) == cells else _split(segment, start, stop)
            yield text, style
        at += cells


def _split(segment: Segment, start: int, stop: int) -> str:
    """Some cells of a segment with wide letters; half of one is a blank."""
    return segment.split_cells(stop)[0].split_cells(start)[1].text


@lru_cache(maxsize=2_048)
def pen_of(style: Style, system: ColorSystem) -> Pen:
    """How a terminal of so many colours writes in a style."""
    weight = ";".join(code for name, code in _WEIGHTS if getattr(style, name))
    ink, behind = style.color, style.bgcolor
    return Pen(
        weight,
        ";".join(ink.downgrade(system).get_ansi_codes()) if ink else "39",
        ";".join(behind.downgrade(system).get_ansi_codes(foreground=False)) if behind else "49",
    )
