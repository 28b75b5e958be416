"""Past days: a calendar, spend with use beside it, and a way into any of them. It sums nothing."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from costtop.queries.live.view import Snapshot
from costtop.queries.spending.days import Day
from costtop.tui.draw.figures import cash, si
from costtop.tui.draw.ink import Line, Span, line
from costtop.tui.list.columns import Column, Look
from costtop.tui.screens.tabbed import BACK_KEYS, costtop_of, frame
from costtop.tui.widgets.calendar import heat_map, trend
from costtop.tui.widgets.pane import Pane
from costtop.tui.widgets.spent import change
from costtop.tui.widgets.table import Table

_DAYS = 364  # days read: 52 weeks
_AGAIN = 30_000  # ms: a year is not read every second
_KEYBAR = (
    ("F1", "Help", "app.help"), ("←→", "Day", ""), ("⏎", "Go there", "screen.travel"),
    ("Esc", "Back", "app.tab(1)"), ("F10", "Quit", "app.quit"),
)  # fmt: skip


def _weekday(day: Day, look: Look) -> Span:
    from datetime import date

    return Span(date.fromisoformat(day.key).strftime("%a %d %b %Y"), "strong")


def _each(day: Day, look: Look) -> Span:
    return Span(cash(day.cost // day.tasks) if day.tasks else "-")


COLUMNS: tuple[Column[Day], ...] = (
    Column("day", "DAY", 15, 0, _weekday),
    Column("cost", "$", 9, 0, lambda d, look: Span(cash(d.cost, floor=d.floor), "strong"),
           align=">"),
    Column("sessions", "SESSIONS", 8, 2, lambda d, look: Span(si(d.sessions)), align=">"),
    Column("calls", "CALLS", 7, 3, lambda d, look: Span(si(d.calls)), align=">"),
    Column("tokens", "TOKENS", 7, 1, lambda d, look: Span(si(d.tokens)), align=">"),
    Column("tasks", "TASKS", 6, 4, lambda d, look: Span(str(d.tasks or "-")), align=">"),
    Column("each", "$/TASK", 8, 3, _each, align=">"),
)  # fmt: skip


class DaysScreen(Screen[None]):
    """The last year by day."""

    BINDINGS: ClassVar = [
        *BACK_KEYS,
        Binding("left", "step(1)", "A day back", id="day_back"),
        Binding("right", "step(-1)", "A day on", id="day_on"),
        Binding("enter", "travel", "Go to that day's end", id="travel"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._days: tuple[Day, ...] = ()
        self._read_at = 0

    def compose(self) -> ComposeResult:
        """Head, tabs, calendar, bars, list, keys."""
        yield Pane("head")
        yield Pane("tabs")
        yield Pane("calendar")
        yield Pane("bars")
        yield Table[Day](lambda day: day.key, name="rows")
        yield Pane("keys", base="label")

    def on_mount(self) -> None:
        """Follows the app's snapshot."""
        self.query_one("#rows", Table).set_columns(COLUMNS)
        self.query_one("#rows", Table).focus()
        self.watch(self.app, "snapshot", self._snapped)

    def _snapped(self, snapshot: Snapshot) -> None:
        if snapshot.at and abs(snapshot.at - self._read_at) >= _AGAIN:
            self._read_at = snapshot.at
            app = costtop_of(self)
            app.look(self, lambda: app.world.days(_DAYS, snapshot.at), self._take)
        self._draw()

    def _take(self, days: tuple[Day, ...]) -> None:
        self._days = days
        self._draw()

    def on_resize(self) -> None:
        """Draws to the new size."""
        self._draw()

    @on(Table.Moved)
    def _draw(self) -> None:
        frame(self, 5, self._right(), _KEYBAR)
        if not self._days:
            return
        table, (width, height) = self.query_one("#rows", Table), self.size
        table.show(self._days[::-1], Look())
        day = table.cursor_key
        shaded = self.app.has_class("mono") or self.app.has_class("ascii")
        self.query_one("#calendar", Pane).show(
            heat_map(self._days, day, width, shaded) if height >= 20 else []
        )
        bars = trend(self._days, day, width, 4 if height < 36 else 6) if height >= 28 else []
        self.query_one("#bars", Pane).show(bars)

    def _right(self) -> Line:
        """This week against the one before."""
        if len(self._days) < 14:
            return ()
        week = sum(day.cost for day in self._days[-7:])
        before = sum(day.cost for day in self._days[-14:-7])
        return line((f"7 days ${cash(week)} ", "dim"), change(week, before), "  ")

    def action_step(self, by: int) -> None:
        """Another day."""
        self.query_one("#rows", Table).action_move(by)

    @on(Table.Opened)
    async def action_travel(self) -> None:
        """The list of sessions as it stood at the end of the day."""
        day = self.query_one("#rows", Table).selected
        app = costtop_of(self)
        if day is not None:
            now = app.snapshot.at
            app.travel(None if day.end > now and app.at is None else day.end - 1)
            await app.action_tab(1)
