"""Plans: the windows that hold now, who filled them, how the ones before went."""

from collections.abc import Callable
from typing import ClassVar
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.durations import SECOND, short
from costtop.queries.plans import plan_words
from costtop.queries.plans.plan_history import PlanRun
from costtop.queries.plans.plan_windows import PlanWindow
from costtop.tui.backend import Backend
from costtop.tui.draw.ink import Span, line
from costtop.tui.host import host_of
from costtop.tui.list.shown_rows import CellLook, Column
from costtop.tui.screens.tabbed import Tabbed
from costtop.tui.widgets import plan_pane
from costtop.tui.widgets.meters import level, meter

_BAR = 20
_TALL = 16  # lines from which there is room below the list
_AROUND = 4  # lines of head, tabs, the list's own head, keys


def _ink(one: PlanWindow) -> str:
    return level((one.used or 0.0) / 100)


def _home(one: PlanWindow) -> Span:
    return Span(one.home.rpartition("/")[2], "dim")


def _bar(run: PlanRun, look: CellLook, width: int = _BAR) -> Span:
    if run.now.used is None:
        return Span("", "dim")
    drawn = meter(round(run.now.used * 100), 10_000, (), width, plain=True, full=1.0)
    ink = {"text": "h4"}.get(_ink(run.now), _ink(run.now))
    return Span("".join(span.text for span in drawn), ink)


def _resets(run: PlanRun, look: CellLook) -> Span:
    if run.now.resets is None:
        return Span("?", "dim")
    return Span(periods.clock(run.now.resets, look.at, ZoneInfo(look.zone)), "text")


def _ahead(run: PlanRun, look: CellLook) -> Span:
    said = plan_words.ahead(run.now, look.at, ZoneInfo(look.zone))
    return Span(said or "too little seen", "warn" if run.now.full is not None else "dim")


def _point(run: PlanRun, look: CellLook) -> Span:
    return Span("?" if run.now.point is None else plan_pane.price(run.now.point))


def _pace(run: PlanRun, look: CellLook) -> Span:
    return Span("?" if run.now.hourly is None else f"{run.now.hourly:.1f}")


COLUMNS: tuple[Column[PlanRun], ...] = (
    Column("window", "WINDOW", 21, 0, lambda r, _: Span(r.called, "strong"), measured=True,
           stages=((1, 36),)),
    Column("plan", "PLAN", 6, 6, lambda r, _: Span(r.now.plan or "-", "dim")),
    Column("home", "HOME", 8, 7, lambda r, _: _home(r.now)),
    Column("used", "USED", 6, 0, lambda r, _: Span(plan_words.share(r.now), _ink(r.now)),
           align=">"),
    Column("bar", "", _BAR, 4, _bar, wide=_bar, stages=((9, 60),)),
    Column("resets", "RESETS", 9, 1, _resets, align=">"),
    Column("ahead", "AT THIS PACE", 30, 1, _ahead, measured=True, stages=((1, 44),)),
    Column("pace", "%/h", 5, 3, _pace, align=">"),
    Column("point", "$ PER %", 8, 2, _point, align=">"),
    Column("read", "READ", 5, 5, lambda r, look: Span(short(look.at - r.now.at), "dim"),
           align=">"),
)  # fmt: skip


class PlansScreen(Tabbed[PlanRun, tuple[PlanRun, ...]]):
    """The windows of plans, and of the one under the cursor who filled it and its history."""

    again: ClassVar[int] = 10 * SECOND
    below = ("eaten", "past")

    def __init__(self, tab: int) -> None:
        super().__init__(tab, COLUMNS, lambda run: run.name)

    def reading(self, backend: Backend, now: int) -> Callable[[], tuple[PlanRun, ...]]:
        """All windows, with their history."""
        return lambda: backend.plans(now)

    def picture(self, read: tuple[PlanRun, ...]) -> None:
        """The list, and what stands behind the one under the cursor where there is room."""
        snapshot, width = host_of(self).snapshot, self.size.width
        self.table.show(read, CellLook(snapshot.at, zone=snapshot.zone))
        run = self.table.selected
        if not read:
            self.show("eaten", [line((" no agent here has told of a plan's windows", "dim"))])
        if run is None or self.size.height < _TALL:
            self.show("eaten", []) if read else None
            self.show("past", [])
            return
        names = {row.key: row.called for row in snapshot.sessions}
        left = self.size.height - _AROUND - len(read)
        upper = [
            plan_pane.told(run, snapshot.at, snapshot.zone),
            *plan_pane.eaten(run, names, width),
        ]
        days = plan_pane.weekdays(run)
        left -= len(upper) + len(days)
        before = plan_pane.past(run, snapshot.zone, width, max(left // 2 - 1, 0))
        drawn = plan_pane.rising(run, snapshot.at, snapshot.zone, (width, left - len(before)))
        self.show("eaten", [*upper, *drawn])
        self.show("past", [*before, *days])
