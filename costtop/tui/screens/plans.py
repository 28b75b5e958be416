"""Plans: the windows that hold now, who filled them, how the ones before went."""

from collections.abc import Callable, Sequence
from typing import ClassVar
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.durations import SECOND, short
from costtop.queries.plans import plan_words
from costtop.queries.plans.plan_history import PlanRun
from costtop.queries.plans.plan_windows import PlanWindow
from costtop.tui.backend import Backend
from costtop.tui.draw.figures import cash, clock, stroke
from costtop.tui.draw.ink import Line, Span, fit, line, rule
from costtop.tui.draw.spark import BARS
from costtop.tui.host import host_of
from costtop.tui.list.shown_rows import CellLook, Column
from costtop.tui.screens.tabbed import Tabbed
from costtop.tui.widgets.meters import level, meter

_BAR = 20
_EATERS = 5  # sessions named below the list
_PAST = 8  # windows of history
_LEFT = 19  # cells of what a line of history is of
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


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
    return Span("?" if run.now.point is None else cash(run.now.point, width=8))


def _pace(run: PlanRun, look: CellLook) -> Span:
    return Span("?" if run.now.hourly is None else f"{run.now.hourly:.1f}")


COLUMNS: tuple[Column[PlanRun], ...] = (
    Column("window", "WINDOW", 8, 0, lambda r, _: Span(r.now.title, "strong"), measured=True,
           stages=((1, 24),)),
    Column("agent", "AGENT", 8, 3, lambda r, _: Span(r.now.agent), measured=True,
           stages=((2, 14),)),
    Column("plan", "PLAN", 6, 6, lambda r, _: Span(r.now.plan or "-", "dim")),
    Column("home", "HOME", 8, 7, lambda r, _: _home(r.now)),
    Column("used", "USED", 6, 0, lambda r, _: Span(plan_words.share(r.now), _ink(r.now)),
           align=">"),
    Column("bar", "", _BAR, 4, _bar, wide=_bar, stages=((9, 60),)),
    Column("resets", "RESETS", 9, 1, _resets, align=">"),
    Column("ahead", "AT THIS PACE", 30, 1, _ahead, measured=True, stages=((1, 44),)),
    Column("pace", "%/h", 5, 2, _pace, align=">"),
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
            self.show("past", [])
            return
        if run is None or self.size.height < 16:
            return
        names = {row.key: row.called for row in snapshot.sessions}
        self.show("eaten", eaten(run, names, width))
        self.show("past", [*rising(run, snapshot.at, width), *past(run, snapshot.zone, width)])


def eaten(run: PlanRun, names: dict[str, str], width: int) -> list[Line]:
    """Who filled a window: sessions, those not named together, and what was used elsewhere."""
    one = run.now
    title = line(("who filled ", "dim"), (one.title, "strong"))
    lines: list[Line] = [rule(title, (), width)]
    parts = [(names.get(e.session, e.session), e.points) for e in one.sessions[:_EATERS]]
    more = sum(e.points for e in one.sessions[_EATERS:])
    if more:
        parts.append((f"{len(one.sessions) - _EATERS} more sessions", more))
    if one.elsewhere is not None and one.elsewhere >= 0.05:
        parts.append(("elsewhere, or before it was read", one.elsewhere))
    room = max(width - 52, 8)
    top = max((points for _, points in parts), default=1.0)
    for name, points in parts:
        bar = (stroke(points / top, room) + " ", "h4")
        lines.append(line((f" {fit(name, 34)} ", "text"), bar, (f"{points:>6.1f} %", "strong")))
    return lines if parts else [*lines, line((" nothing was read since it was reset", "dim"))]


def rising(run: PlanRun, now: int, width: int) -> list[Line]:
    """How the present window filled, from its opening to its reset."""
    one = run.now
    if one.resets is None or not run.steps or one.resets <= one.opened:
        return []
    cells, span = max(width - 2, 10), one.resets - one.opened
    text = ""
    for cell in range(cells):
        at = one.opened + span * (cell + 1) // cells
        known = [used for moment, used in run.steps if moment <= at]
        text += " " if at > now or not known else _level(known[-1])
    title = line(("from its opening to its reset", "dim"))
    return [rule(title, (), width), line((f" {text}", "h4"))]


def past(run: PlanRun, zone: str, width: int) -> list[Line]:
    """What the windows before came to, and on which days of the week they fill."""
    lines: list[Line] = []
    if any(run.weekdays):
        days = zip(_DAYS, run.weekdays, strict=True)
        said = [((f" {day} ", "dim"), (f"{points:.0f}", "text")) for day, points in days]
        lines.append(line((" per cents on a", "dim"), *(part for day in said for part in day)))
    if not run.past:
        return lines
    title = line((run.now.title, "strong"), (": the windows before", "dim"))
    lines.append(rule(title, (), width))
    room = max(width - _LEFT - 12, 8)
    for opened, _, used in run.past[:_PAST]:
        name = clock(opened, zone, "%a %b %d %H:%M")
        bar = (stroke(used / 100, room) + " ", "warn" if used >= 80 else "h4")
        lines.append(line((f" {name:<{_LEFT - 2}} ", "dim"), bar, (f"{used:>5.0f} %", "strong")))
    return lines


def _level(used: float) -> str:
    steps: Sequence[str] = BARS
    return steps[min(int(used / 100 * len(steps)), len(steps) - 1)] if used > 0 else " "
