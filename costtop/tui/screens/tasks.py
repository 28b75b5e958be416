"""What a piece of work costs: completed tasks by feature, and the tasks themselves."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.binding import Binding

from costtop.durations import short
from costtop.queries.sessions.spent_sessions import Within
from costtop.queries.sessions.tasks import TaskLine, Tasks, TaskSum
from costtop.sum_floors import Sum
from costtop.tui.backend import Backend
from costtop.tui.draw.figures import bill, cash, moment, short_place, si, stroke
from costtop.tui.draw.ink import Line, Span, fit, line
from costtop.tui.host import host_of
from costtop.tui.list.shown_rows import CellLook, Column
from costtop.tui.screens.bindings import SPAN_KEYS
from costtop.tui.screens.tabbed import Tabbed
from costtop.tui.widgets.spending_table import change
from costtop.tui.widgets.table import Table

_SIGNS = {
    "completed": ("✓", "good"),
    "answered": ("·", "dim"),
    "failed": ("✗", "bad"),
    "aborted": ("✗", "warn"),
}
_FEATURES = 6  # named above the list
_WIDE = 100  # cells from which their names have more room


def _state(task: TaskLine, look: CellLook) -> Span:
    sign, ink = _SIGNS.get(task.status, ("▶", "accent"))
    return Span(f"{sign} {task.status}", ink)


def _session(task: TaskLine, look: CellLook) -> Span:
    return Span(task.short_id, "dim")


def _spent(spent: Sum) -> str:
    return cash(spent.short.known(spent.cost), floor=spent.floor)


def _took(task: TaskLine, look: CellLook) -> Span:
    if task.started is None:
        return Span("-", "dim")
    return Span(short((task.finished or look.at) - task.started))


def _finished(task: TaskLine, look: CellLook) -> Span:
    return Span(moment(task.finished, look.at, look.zone), "dim")


def _bar(task: TaskLine, look: CellLook, width: int = 10) -> Span:
    return Span(stroke(task.spent.cost / max(look.top, 1), width), "h3")


COLUMNS: tuple[Column[TaskLine], ...] = (
    Column("state", "STATE", 11, 0, _state),
    Column("task", "TASK", 8, 0, lambda t, _: Span(t.name, "strong"), name=True, measured=True,
           stages=((2, 60),)),
    Column("feature", "FEATURE", 8, 2, lambda t, _: Span(short_place(t.feature) or "-"),
           measured=True, stages=((1, 30),)),
    Column("session", "SESSION", 9, 3, _session, name=True, id=21, measured=True,
           stages=((1, 21),)),
    Column("cost", "$", 7, 0, lambda t, _: Span(_spent(t.spent), "strong"), align=">",
           measured=True, stages=((1, 10),)),
    Column("calls", "CALLS", 5, 5, lambda t, _: Span(si(t.spent.calls)), align=">"),
    Column("took", "TOOK", 5, 4, _took, align=">"),
    Column("when", "FINISHED", 12, 1, _finished, align=">"),
    Column("bar", "COST", 10, 9, _bar, spare=13, wide=_bar, stages=((9, 999),)),
)  # fmt: skip
WITH_PLANS = tuple(one._replace(title="VALUE") if one.key == "cost" else one for one in COLUMNS)
"""The same where the user pays a plan: what a task cost by the lists is not what is billed."""


class TasksScreen(Tabbed[TaskLine, Tasks]):
    """Tasks of a span, the latest first."""

    BINDINGS: ClassVar = [*SPAN_KEYS, Binding("enter", "session", "Its session", id="session")]
    keys = (("p", "Period", "screen.span"), ("⏎", "Session", "screen.session"))
    above = ("totals",)

    def __init__(self, tab: int) -> None:
        super().__init__(tab, COLUMNS, lambda task: f"{task.session}/{task.task}")
        self._by = "answer"

    def reading(self, backend: Backend, now: int) -> Callable[[], Tasks]:
        """The tasks of the span."""
        span = self.span
        return lambda: backend.tasks(span, now)

    def right(self) -> Line:
        """The span, and by what tasks are completed where that is not their answer."""
        by = self._by if self._by != "answer" else ""
        said = f"by {by}  " if by else ""
        said += "value  " if host_of(self).snapshot.billed else ""
        return line((said, "dim"), (f"{self.span}  ", "accent"))

    def picture(self, read: Tasks) -> None:
        """Sums by feature where there is room, then the tasks."""
        snapshot = host_of(self).snapshot
        self._by = read.completed_by
        if snapshot.billed:
            self.table.set_columns(WITH_PLANS)
        room = max(self.size.height - 12, 0)
        sums = [summed(one, self.size.width) for one in read.sums[: min(_FEATURES, room)]]
        none = [line((" no task in this period; docs/numbers.md tells what one is", "dim"))]
        self.show("totals", sums or none)
        top = max((one.spent.cost for one in read.lines), default=0)
        self.table.show(read.lines, CellLook(snapshot.at, top, snapshot.zone))

    @on(Table.Opened)
    async def action_session(self) -> None:
        """The task's session, with what was spent for the task."""
        if (selected := self.table.selected) is not None:
            within = Within("all", by="task", key=selected.task, session=selected.session)
            await host_of(self).show_spent(within)


def summed(one: TaskSum, width: int) -> Line:
    """What a completed task of a feature costs, and what given-up ones cost beside it."""
    price = None if one.each is None else one.spent.short.known(one.each)
    each = f"{bill(price, floor=one.spent.floor)} a task" if one.completed else "none completed"
    given_up = one.lost_spent.short.known(one.lost_spent.cost)
    cost = bill(given_up, floor=one.lost_spent.floor)
    moved = change(one.each or 0, one.before or 0)
    lost = f"   {one.lost} given up: {cost}" if one.lost else ""
    return line(
        (f" {fit(short_place(one.feature) or '(none)', 22 if width >= _WIDE else 14)} ", "strong"),
        f"{one.completed:>4} done   ",
        (f"{each:>18}  ", "strong"),
        moved._replace(text=f"{moved.text:<6}"),
        (lost, "warn"),
    )
