"""The first frame, drawn by hand before Textual is loaded, in the cells in which that draws it.

It is a picture of one snapshot, of the same lines as those of the screen, with nothing yet of what
the screen reads besides: the day, the session under the cursor, incidents.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil

from costtop.named_tuples import NamedTuple
from costtop.queries.live.day_chart import DayChart
from costtop.queries.live.view import SessionRow, Snapshot
from costtop.tui.draw.ascii import asciified
from costtop.tui.draw.ink import Line, cut, line, rule, runs
from costtop.tui.draw.key_bar import TOP_BAR, TOP_MORE, keybar
from costtop.tui.draw.pens import Pen, alike_in_blanks, turned
from costtop.tui.host import Mood
from costtop.tui.list import filter as filters
from costtop.tui.list.arrange import View
from costtop.tui.list.columns import chosen, sighted
from costtop.tui.list.frame_memory import FrameMemory
from costtop.tui.list.row_lines import RowLines
from costtop.tui.list.shown_rows import CellLook, Shown, ground
from costtop.tui.preferences import Preferences
from costtop.tui.widgets import burn_chart, header
from costtop.tui.widgets.session_pane_lines import (
    aside,
    aside_width,
    below,
    has_room,
    heading,
    hint,
)

BAR = ("bar", "bar-end", "bar-back")  # pens of the scrollbar, which is in no table of inks
_BARS = "▁▂▃▄▅▆▇ "
_Inked = tuple[Line, str]  # a line, and the ink of what is left of its width


class Room(NamedTuple):
    """The cells there are."""

    width: int
    height: int


class FirstFrame(NamedTuple):
    """What there is to draw, and how."""

    snapshot: Snapshot
    settings: Preferences
    mood: Mood
    window: Room
    ascii_only: bool = False


class _List(NamedTuple):
    """The rows, the one under the cursor, and what their cells have to know."""

    rows: Sequence[Shown]
    look: CellLook
    view: View
    under: SessionRow | None


def drawn(frame: FirstFrame, pens: Mapping[str, Pen]) -> str:
    """The bytes for a blank terminal; raises KeyError for an ink without a pen."""
    made: list[str] = []
    pen = Pen()
    for y, pieces in enumerate(_pieces(frame)):
        made.append(f"\x1b[{y + 1};1H")
        for text, ink in pieces:
            wanted = pens[ink]
            if pen != wanted and not (text.isspace() and alike_in_blanks(pen, wanted)):
                made.append(turned(pen, wanted))
                pen = wanted
            made.append(asciified(text) if frame.ascii_only else text)
    return "".join((*made, "\x1b[0m"))


def _pieces(frame: FirstFrame) -> Iterator[list[tuple[str, str]]]:
    """The runs of cells of each line of the window."""
    width = frame.window.width
    shown = _listed(frame)
    upper, lower = _above(frame, shown), _under(frame, shown)
    high = frame.window.height - len(upper) - len(lower)
    beside = _width_beside(frame, shown)
    table = _table(frame, shown, Room(width - beside, high))
    for inked in upper:
        yield _cells(inked, width)
    row, at = shown.under, frame.snapshot.at
    pane = aside(row, None, at, frame.snapshot.zone, (beside, high)) if row and beside else []
    for n, cells in enumerate(table):
        yield [*cells, *(_cells((pane[n], "text"), beside) if pane else ())]
    for inked in lower:
        yield _cells(inked, width)


def _cells(inked: _Inked, width: int) -> list[tuple[str, str]]:
    return [(text, ink) for text, _, ink, _ in runs(inked[0], width, inked[1])]


def _listed(frame: FirstFrame) -> _List:
    snapshot, settings = frame.snapshot, frame.settings
    memory, view = FrameMemory(), settings.view()
    memory.calls.look(snapshot)
    kept = filters.parse("")
    rows = memory.arranged(snapshot, snapshot.sessions, view, kept, is_live=True)
    first = rows[0] if rows else None
    if first is not None and first.members:  # an open group: its first
        first = None if first.folded else rows[1]
    under = first.row if first is not None else None
    return _List(rows, memory.look(snapshot, view.group, settings.columns), view, under)


def _width_beside(frame: FirstFrame, shown: _List) -> int:
    there = shown.under is not None and has_room(frame.window, beside=True)
    return aside_width(frame.window.width) if there else 0


def _above(frame: FirstFrame, shown: _List) -> list[_Inked]:
    """Head, the day, and the rule with the tabs."""
    snapshot, window, settings = frame.snapshot, frame.window, frame.settings
    lines = header.head(snapshot, frame.mood, window, settings.meters, "")
    lines += _day(snapshot, window) if settings.meters else []
    beside = _width_beside(frame, shown)
    none, value = filters.parse(""), bool(snapshot.billed)
    right = header.switched_on(shown.view, none, window.width, burns=True, value=value)
    tabs = header.tabs(1, snapshot, right, window.width - beside)
    lines.append((*tabs, *(heading(shown.under, beside) if beside else ())))
    return [(one, "text") for one in lines]


def _day(snapshot: Snapshot, window: Room) -> list[Line]:
    """The day as it stands until it is read."""
    rows, width = burn_chart.rows_of(window), window.width
    if rows is None:
        return []
    day, look, burn = DayChart(), burn_chart.Look("UTC", 0), header.burn(snapshot, width)
    if not rows:
        return [cut(burn_chart.strip(day, look, (*burn, *line(" ")), width), width)]
    summary = burn_chart.summary(day, width, 0.0, max(snapshot.today, 0))
    plot = burn_chart.chart(day, width, rows, look)
    return [rule(burn, summary, width), *(cut(one, width) for one in plot)]


def _under(frame: FirstFrame, shown: _List) -> list[_Inked]:
    """The pane below the list, the hint, and the keys."""
    snapshot, window, row = frame.snapshot, frame.window, shown.under
    lines: list[Line] = []
    if row is not None and has_room(window, beside=False):
        lines = below(row, None, snapshot.at, snapshot.zone, window.width)
    elif row is not None and not has_room(window, beside=True):
        lines = [hint(row, [], snapshot.at, window.width)]
    keys: _Inked = (keybar(TOP_BAR, window.width, TOP_MORE), "label")
    return [*((one, "text") for one in lines), keys]


def _table(frame: FirstFrame, shown: _List, room: Room) -> Iterator[list[tuple[str, str]]]:
    """The lines of the list, with its scrollbar."""
    has_bar = len(shown.rows) + 1 > room.height and not frame.ascii_only
    width = room.width - has_bar
    bar = _bar(room.height, len(shown.rows) + 1) if has_bar else [()] * room.height
    for inked, cell in zip(_rows(frame, shown, room), bar, strict=True):
        yield [*_cells(inked, width), *cell]


def _rows(frame: FirstFrame, shown: _List, room: Room) -> list[_Inked]:
    lines = RowLines[Shown]()
    view = shown.view
    keys, value = sighted(frame.settings.columns, view.sort), bool(frame.snapshot.billed)
    lines.set_columns(chosen(keys, value=value), view.sort, view.falling)
    seen = list(shown.rows[: room.height - 1])
    grounds = ["cursor" if n == 0 else ground(row) for n, row in enumerate(seen)]
    lines.refit(room.width - 1)
    while True:
        drawn = [lines.row(row, shown.look, on) for row, on in zip(seen, grounds, strict=True)]
        if not (lines.outgrown and lines.refit(room.width - 1)):
            break
    bases = [f"text@{on}" if on else "text" for on in grounds]
    rows = [(lines.head(), "head"), *zip(drawn, bases, strict=True)]
    return [*rows, *([((), "text")] * (room.height - len(rows)))]


def _bar(size: int, virtual: int) -> Iterator[Sequence[tuple[str, str]]]:
    """The scrollbar's cell of each line, as Textual draws it at the top: to the eighth."""
    end, eighths = divmod(ceil(max(1, size / (virtual / size)) * 8), 8)
    for n in range(size):
        if n == end and eighths:
            yield ((_BARS[7 - eighths], BAR[1]),)
        else:
            yield ((" ", BAR[0] if n < end else BAR[2]),)
