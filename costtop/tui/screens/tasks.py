"""What a piece of work costs: completed tasks by feature, and the tasks. It judges none."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from costtop.queries.live.view import Snapshot
from costtop.queries.sessions.tasks import TaskLine, Tasks, TaskSum
from costtop.queries.spending.spending import SPANS
from costtop.tui.draw.figures import age, cash, moment, short_place, short_session, si
from costtop.tui.draw.ink import Line, Span, fit, line
from costtop.tui.list.columns import Column, Look
from costtop.tui.screens.tabbed import AGAIN, BACK_KEYS, costtop_of, frame
from costtop.tui.widgets.pane import Pane
from costtop.tui.widgets.spent import change
from costtop.tui.widgets.table import Table

_KEYBAR = (
    ("F1", "Help", "app.help"), ("p", "Period", "screen.span"), ("⏎", "Session", "screen.session"),
    ("Esc", "Back", "app.tab(1)"), ("F10", "Quit", "app.quit"),
)  # fmt: skip
_SIGNS = {"completed": ("✓", "good"), "failed": ("✗", "bad"), "aborted": ("✗", "warn")}
_FEATURES = 6  # named above the list


def _state(task: TaskLine, look: Look) -> Span:
    sign, ink = _SIGNS.get(task.status, ("▶", "accent"))
    return Span(f"{sign} {task.status}", ink)


def _took(task: TaskLine, look: Look) -> Span:
    if task.started is None:
        return Span("-", "dim")
    return Span(age((task.finished or look.at) - task.started))


COLUMNS: tuple[Column[TaskLine], ...] = (
    Column("state", "STATE", 11, 0, _state),
    Column("task", "TASK", 14, 0, lambda t, look: Span(t.task, "strong"), grow=40),
    Column("feature", "FEATURE", 14, 2, lambda t, look: Span(short_place(t.feature) or "-"),
           grow=16),
    Column("session", "SESSION", 9, 3,
           lambda t, look: Span(short_session(t.session.partition("/")[2]), "dim"), grow=8),
    Column("cost", "$", 9, 0, lambda t, look: Span(cash(t.cost, floor=t.floor), "strong"),
           align=">"),
    Column("calls", "CALLS", 6, 5, lambda t, look: Span(si(t.calls)), align=">"),
    Column("took", "TOOK", 6, 4, _took, align=">"),
    Column("when", "FINISHED", 12, 1,
           lambda t, look: Span(moment(t.finished, look.at, look.zone), "dim"), align=">"),
)  # fmt: skip


class TasksScreen(Screen[None]):
    """Tasks of a span, the latest first."""

    BINDINGS: ClassVar = [
        *BACK_KEYS,
        Binding("p", "span(1)", "Next period", id="next_span"),
        Binding("P", "span(-1)", "Previous period", id="previous_span"),
        Binding("enter", "session", "Its session", id="session"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.span = SPANS[1]
        self._tasks: Tasks | None = None
        self._read_at = 0

    def compose(self) -> ComposeResult:
        """Head, tabs, sums by feature, list, keys."""
        yield Pane("head")
        yield Pane("tabs")
        yield Pane("totals")
        yield Table[TaskLine](lambda task: f"{task.session}/{task.task}", name="rows")
        yield Pane("keys", base="label")

    def on_mount(self) -> None:
        """Follows the app's snapshot."""
        self.query_one("#rows", Table).set_columns(COLUMNS)
        self.query_one("#rows", Table).focus()
        self.watch(self.app, "snapshot", self._snapped)

    def _snapped(self, snapshot: Snapshot) -> None:
        if snapshot.at and abs(snapshot.at - self._read_at) >= AGAIN:
            self._read()
        self._draw()

    def _read(self) -> None:
        app, span = costtop_of(self), self.span
        now = self._read_at = app.snapshot.at
        app.look(self, lambda: app.world.tasks(span, now), self._take)

    def _take(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._draw()

    def on_resize(self) -> None:
        """Draws to the new size."""
        self._draw()

    def _draw(self) -> None:
        snapshot = costtop_of(self).snapshot
        frame(self, 4, line((f"{self.span}  ", "accent")), _KEYBAR)
        if self._tasks is None:
            return
        room = max(self.size.height - 12, 0)
        sums = [summed(one) for one in self._tasks.sums[: min(_FEATURES, room)]]
        none = [line((" no task in this period; the README tells how agents name them", "dim"))]
        self.query_one("#totals", Pane).show(sums or none)
        self.query_one("#rows", Table).show(self._tasks.lines, Look(snapshot.at, 0, snapshot.zone))

    def action_span(self, by: int = 1) -> None:
        """Another period."""
        self.span = SPANS[(SPANS.index(self.span) + by) % len(SPANS)]
        self._read()

    @on(Table.Opened)
    async def action_session(self) -> None:
        """The list of sessions, filtered to the task's."""
        selected = self.query_one("#rows", Table).selected
        if selected is not None:
            name = selected.session.partition("/")[2]
            await costtop_of(self).show_sessions(f'session="{name}"')


def summed(one: TaskSum) -> Line:
    """What a completed task of a feature costs, and what given-up ones cost beside it."""
    each = f"${cash(one.each)} a task" if one.each is not None else "none completed"
    lost = f"   {one.lost} given up: ${cash(one.lost_cost)}" if one.lost else ""
    moved = change(one.each or 0, one.before or 0)
    name = fit(short_place(one.feature) or "(none)", 22)
    return line((f" {name} ", "strong"), f"{one.completed:>4} done   ", (f"{each:>18}  ", "strong"),
                moved, (lost, "warn"))  # fmt: skip
