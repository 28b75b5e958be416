"""Lines of inked text as strips for Textual, in a theme's colours. It draws no picture."""

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from costtop.tui.draw.ascii import asciified
from costtop.tui.draw.ink import Line, runs
from costtop.tui.draw.palette import Inks


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
