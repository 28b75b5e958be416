"""Past days: a calendar, spend with use beside it, and a way into any of them."""

from collections.abc import Callable
from datetime import date
from typing import ClassVar
from zoneinfo import ZoneInfo

from textual import on
from textual.binding import Binding

from costtop import periods
from costtop.durations import SECOND
from costtop.queries.sessions.spent_sessions import Within
from costtop.queries.spending.days import Day
from costtop.sum_floors import together
from costtop.tui.backend import Backend
from costtop.tui.draw.figures import bill, cash, clock, si, stroke
from costtop.tui.draw.ink import Line, Span, line
from costtop.tui.host import host_of
from costtop.tui.list.shown_rows import CellLook, Column
from costtop.tui.screens.tabbed import Tabbed
from costtop.tui.widgets.calendar import heat_map, trend
from costtop.tui.widgets.spending_table import change
from costtop.tui.widgets.table import Table

_DAYS = 364  # days read: 52 weeks


def _weekday(day: Day, look: CellLook) -> Span:
    return Span(date.fromisoformat(day.key).strftime("%a %d %b %Y"), "strong")


def _spent(day: Day, look: CellLook) -> Span:
    return Span(cash(day.short.known(day.cost), floor=day.floor), "strong")


def _billed(day: Day, look: CellLook) -> Span:
    return Span("-" if day.billed is None else cash(day.billed))


def _each(day: Day, look: CellLook) -> Span:
    if day.each is None:
        return Span("-")
    return Span(cash(day.short.known(day.each), floor=day.floor))


def _bar(day: Day, look: CellLook, width: int = 10) -> Span:
    return Span(stroke(day.cost / max(look.top, 1), width), "h3")


COLUMNS: tuple[Column[Day], ...] = (
    Column("day", "DAY", 15, 0, _weekday),
    Column("cost", "$", 9, 0, _spent, align=">"),
    Column("sessions", "SESSIONS", 8, 2, lambda d, _: Span(si(d.sessions)), align=">"),
    Column("calls", "CALLS", 7, 3, lambda d, _: Span(si(d.calls)), align=">"),
    Column("tokens", "TOKENS", 7, 1, lambda d, _: Span(si(d.tokens)), align=">"),
    Column("tasks", "TASKS", 6, 4, lambda d, _: Span(str(d.tasks or "-")), align=">"),
    Column("each", "$/TASK", 8, 3, _each, align=">"),
    Column("bar", "COST", 10, 9, _bar, wide=_bar, stages=((9, 999),)),
)


WITH_PLANS: tuple[Column[Day], ...] = (
    COLUMNS[0],
    COLUMNS[1]._replace(title="VALUE"),
    Column("billed", "BILLED", 9, 1, _billed, align=">"),
    *COLUMNS[2:-1],
    COLUMNS[-1]._replace(title="VALUE"),
)
"""Where the user pays a plan: a day's part of its price is in what is billed."""


class DaysScreen(Tabbed[Day, tuple[Day, ...]]):
    """The last year by day."""

    BINDINGS: ClassVar = [
        Binding("left", "step(1)", "A day back", id="day_back"),
        Binding("right", "step(-1)", "A day on", id="day_on"),
        Binding("enter", "travel", "Go to that day's end", id="travel"),
        Binding("w", "why", "Why it cost that", id="why"),
    ]
    keys = (("←→", "Day", ""), ("⏎", "Go there", "screen.travel"), ("w", "Why", "screen.why"))
    above = ("calendar", "bars")
    again = 30 * SECOND  # a year is not read every second

    def __init__(self, tab: int) -> None:
        super().__init__(tab, COLUMNS, lambda day: day.key)

    def reading(self, backend: Backend, now: int) -> Callable[[], tuple[Day, ...]]:
        """All of the year."""
        return lambda: backend.days(_DAYS, now)

    def right(self) -> Line:
        """This week against the one before."""
        days = self.latest or ()
        if len(days) < 14:
            return ()
        week, before = (sum(day.cost for day in part) for part in (days[-7:], days[-14:-7]))
        short, calls = (together(d.short for d in days[-7:]), sum(d.calls for d in days[-7:]))
        spent = bill(short.known(week), floor=short.shows(week, calls))
        if days[-1].billed is not None:
            spent += " value"
        return line((f"7 days {spent} ", "dim"), change(week, before), "  ")

    def picture(self, read: tuple[Day, ...]) -> None:
        """The list, and above it what there is room for."""
        if not read:
            return
        width, height = self.size
        if read[-1].billed is not None:
            self.table.set_columns(WITH_PLANS)
        self.table.show(read[::-1], CellLook(top=max(day.cost for day in read)))
        day = self.table.cursor_key
        shaded = self.app.has_class("mono") or self.app.has_class("ascii")
        self.show("calendar", heat_map(read, day, width, shaded) if height >= 20 else [])
        tall = 4 if height < 36 else 6
        self.show("bars", trend(read, day, width, tall) if height >= 28 else [])

    def action_step(self, by: int) -> None:
        """Another day."""
        self.table.action_move(by)

    def action_why(self) -> None:
        """Why the day under the cursor cost what it did."""
        if (day := self.table.selected) is not None:
            host_of(self).show_why(day.key)

    @on(Table.Opened)
    async def action_travel(self) -> None:
        """The sessions of the day with what each spent in it, as they stood at its end."""
        day, host = self.table.selected, host_of(self)
        if day is not None:
            is_now = day.end > host.snapshot.at and host.at is None
            host.travel(None if is_now else day.end - 1)
            name = "today" if is_now else clock(day.start, host.snapshot.zone, "%a %d %b")
            await host.show_spent(Within(name, day.start, day.end))


def stepped(shown: int, now: int, by: int, zone: ZoneInfo, *, is_past: bool) -> int | None:
    """The end of the day before (-1) or after (1) the moment shown, ms UTC; None is the present."""
    if by < 0:
        return periods.start_of("day", shown, zone) - 1
    if not is_past:
        return None
    following = periods.end_of("day", periods.end_of("day", shown, zone), zone) - 1
    return None if following >= now else following
