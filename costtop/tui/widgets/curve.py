"""A curve in braille with real axes: a cell holds two by four dots. A picture from points.

The area under the curve is filled, so that it reads well in a small pane and in one colour.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence

from costtop.durations import HOUR
from costtop.shown import currency
from costtop.tui.draw.figures import bill, clock
from costtop.tui.draw.ink import Line, Span, line

_DOTS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))  # by column, from the bottom up
_CELLS = [
    [chr(0x2800 + sum(_DOTS[0][:left]) + sum(_DOTS[1][:right])) for right in range(5)]
    for left in range(5)
]
_LABEL = 9  # cells left of the plot


def _dollars(nanos: int) -> str:
    return bill(nanos, width=7) if nanos else f"{currency.shown().mark}0"


def curve(
    points: Sequence[tuple[int, int]],
    width: int,
    height: int,
    zone: str,
    until: int | None = None,
    marks: Sequence[tuple[int, str]] = (),
    *,
    top: int = 0,
    words: Callable[[int], str] = _dollars,
) -> list[Line]:
    """Cost over time: `height` lines of plot, one of axis, one of clock.

    `points` are (ms, nano-dollars so far), rising; between two the cost stands still. `marks` are
    moments with a word that stands under the axis. `top` is what the plot reaches to, if not to the
    last point; `words` says an amount, if it is no cost. Nothing to draw gives no lines: costs that
    are not known are no flat line at $0.
    """
    columns = width - _LABEL - 1
    if len(points) < 2 or not (top or points[-1][1]) or columns < 8 or height < 1:
        return []
    start, end = points[0][0], max(until or 0, points[-1][0], points[0][0] + 1)
    top = top or points[-1][1]
    levels = _levels(points, start, end, top, columns * 2, height * 4)
    lines = []
    for row in range(height):
        label = _label(row, height, top, words)
        cells = _cells(levels, (height - 1 - row) * 4, height * 4)
        heat = f"h{5 - round(row / max(height - 1, 1) * 3)}"  # brighter the higher
        tick = ("┤" if label else "│", "rule")
        lines.append(line((f"{label:>{_LABEL - 1}} ", "dim"), tick, (cells, heat)))
    return [*lines, _axis(start, end, columns, marks), _clocks(start, end, columns, zone, marks)]


def _levels(
    points: Sequence[tuple[int, int]], start: int, end: int, top: int, steps: int, dots: int
) -> list[int]:
    """Height in dots at each half cell."""
    times = [at for at, _ in points]
    found = []
    for step in range(steps):
        at = start + (end - start) * (step + 1) // steps
        value = points[bisect_right(times, at) - 1][1]
        found.append(max(round(value / top * dots), 1 if value else 0))
    return found


def _cells(levels: Sequence[int], floor: int, dots: int) -> str:
    """A row of braille that begins `floor` dots above the axis of `dots`."""
    filled = [0] * (floor + 1) + [1, 2, 3] + [4] * (dots - floor)
    heights = [filled[level] for level in levels]
    cells = zip(heights[::2], heights[1::2], strict=True)
    return "".join([_CELLS[left][right] for left, right in cells])


def _label(row: int, height: int, top: int, words: Callable[[int], str]) -> str:
    if row == 0:
        return words(top)
    if row == height - 1 and height > 2:
        return words(0)
    if height >= 5 and row == height // 2:
        return words(round(top * (1 - (row + 0.5) / height)))
    return ""


def _axis(start: int, end: int, columns: int, marks: Sequence[tuple[int, str]]) -> Line:
    cells = ["─"] * columns
    for at, _ in marks:
        if start <= at <= end:
            cells[_column(at, start, end, columns)] = "┴"
    return line((" " * _LABEL + "└" + "".join(cells), "rule"))


def _clocks(
    start: int, end: int, columns: int, zone: str, marks: Sequence[tuple[int, str]]
) -> Line:
    form = "%H:%M" if end - start < 20 * HOUR else "%b %d %H:%M"
    first, last = clock(start, zone, form), clock(end, zone, form)
    cells = list(first.ljust(columns - len(last)) + last)
    free = len(first)
    for at, word in sorted(marks):
        column = _column(at, start, end, columns)
        if start <= at <= end and free < column < columns - len(last) - len(word):
            cells[column : column + len(word)] = word
            free = column + len(word)
    return (Span(" " * (_LABEL + 1) + "".join(cells), "dim"),)


def _column(at: int, start: int, end: int, columns: int) -> int:
    return min((at - start) * columns // (end - start), columns - 1)
