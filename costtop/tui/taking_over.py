"""How Textual takes over a screen that was drawn by hand: the same cells, no key lost.

Until the list is laid out nothing of what Textual draws is shown, and no key is read.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen
from textual.widget import Widget

from costtop.named_tuples import NamedTuple
from costtop.queries.live.view import Snapshot
from costtop.tui.draw import palette, pens
from costtop.tui.draw.changed_cells import pen_of
from costtop.tui.draw.pens import Pen, look
from costtop.tui.early_terminal import EarlyTerminal
from costtop.tui.widgets.pane import inks_of
from costtop.tui.widgets.table import Table

_WAIT = 0.05  # s
COVERED_STEP, COVERED_LOOKS = 0.01, 200  # s between two looks whether all is placed; at most


class Opening(NamedTuple):
    """A terminal that shows a frame already."""

    snapshot: Snapshot
    terminal: EarlyTerminal
    begun: Callable[[], str]  # waits for what begins a daemon beside; what was done, in words
    is_seen: Event  # set once what Textual draws is seen


def driver(opening: Opening | None) -> type[Driver] | None:
    """A driver for such a terminal; None for Textual's own choice."""
    return None if opening is None else _covered(opening)


def _covered(opening: Opening) -> type[Driver]:
    class CoveredDriver(LinuxDriver):
        """Enters no other screen, and reads no key before the list is there to take it."""

        def write(self, data: str) -> None:
            if data := opening.terminal.hand_over(data):
                super().write(data)

        def start_application_mode(self) -> None:
            is_first = not opening.terminal.is_handed_over
            super().start_application_mode()  # type: ignore[no-untyped-call]
            if is_first:
                self.attrs_before = opening.terminal.settings

        def run_input_thread(self) -> None:
            while not opening.is_seen.wait(_WAIT):
                if self.exit_event.is_set():
                    return
            super().run_input_thread()

    return CoveredDriver


def placed(screen: Screen[Any]) -> tuple[object, ...] | None:
    """Where all of the list's screen stands; None while the list itself has no place."""
    tables = [one for one in screen.query(Table) if one.rows and one.size.height]
    return tuple(one.region for one in screen.query("*")) if tables else None


def full(screen: Screen[Any]) -> LayoutUpdate:
    """All cells of a screen."""
    return screen._compositor.render_full_update()  # noqa: SLF001 - as changed_cells.py


def keep_pens(app: App[Any], file: Path) -> None:
    """Writes down the colours of the list, where one is there."""
    tables = [one for one in app.screen_stack[-1].query(Table) if one.rows]
    if not tables:
        return
    with suppress(OSError):  # the next start has one line less
        pens.keep(file, look(app.theme, mono=app.has_class("mono")), _pens(app, tables[0]))


def _pens(app: App[Any], table: Widget) -> dict[str, Pen]:
    """Those of all inks on the background of the list, and of its scrollbar.

    What this screen showed is not all: the next one may begin with a lamp, or a row in alarm.
    """
    system = COLOR_SYSTEMS.get(app.console.color_system or "", ColorSystem.TRUECOLOR)
    inks = inks_of(table)
    names = {*inks, *palette.names()}
    found = {ink: _pen(table, inks[ink], system) for ink in names}
    styles = table.styles
    back = styles.scrollbar_background
    bar = (back + styles.scrollbar_color).rich_color
    thumb = Style(color=bar, bgcolor=back.rich_color, reverse=True)
    cells = {"bar": thumb, "bar-end": thumb, "bar-back": Style(bgcolor=back.rich_color)}
    return found | {ink: _pen(table, style, system) for ink, style in cells.items()}


def _pen(widget: Widget, style: Style, system: ColorSystem) -> Pen:
    """The pen of a style behind the filters of the screen."""
    segments = [Segment(" ", style)]
    for one in widget.get_line_filters():
        segments = one.apply(segments, widget.background_colors[1])
    return pen_of(segments[0].style or Style(), system)
