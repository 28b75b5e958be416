"""Where the money goes: by feature (project, user, source, host) and by model. It sums nothing."""

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from costtop.snapshot.spending import SPANS, Spending, Spent
from costtop.snapshot.view import Snapshot
from costtop.tui.columns import Column, Look
from costtop.tui.ink import Line, line
from costtop.tui.screens.tabbed import AGAIN, BACK_KEYS, costtop_of, frame
from costtop.tui.spark import scale
from costtop.tui.widgets.pane import Pane
from costtop.tui.widgets.spent import FEATURE_COLUMNS, MODEL_COLUMNS, summary, what_if
from costtop.tui.widgets.table import Table

_KEYBAR = (
    ("F1", "Help", "app.help"), ("p", "Period", "screen.span"), ("g", "Group", "screen.by"),
    ("⏎", "Sessions", "screen.sessions"), ("I", "Invert", "screen.invert"),
    ("Esc", "Back", "app.tab(1)"), ("F10", "Quit", "app.quit"),
)  # fmt: skip


class Question(NamedTuple):
    """Which screen: by what it groups, with which columns, what it says besides."""

    tab: int
    groups: tuple[str, ...]
    columns: tuple[Column[Spent], ...]
    besides: Callable[[Spending, Spent | None], list[Line]]


FEATURES = Question(2, ("feature", "project", "user", "source", "host"), FEATURE_COLUMNS,
                    lambda spending, spent: [])  # fmt: skip
MODELS = Question(3, ("model",), MODEL_COLUMNS, what_if)


class SpendingScreen(Screen[None]):
    """Spend of a span by one key, beside the span before."""

    BINDINGS: ClassVar = [
        *BACK_KEYS,
        Binding("p", "span(1)", "Next period", id="next_span"),
        Binding("P", "span(-1)", "Previous period", id="previous_span"),
        Binding("g", "by", "Group by something else", id="group"),
        Binding("enter", "sessions", "Its sessions", id="sessions"),
        Binding("left", "sort_next(-1)", "Sort by the column before", id="sort_before"),
        Binding("right", "sort_next(1)", "Sort by the next column", id="sort_after"),
        Binding("I,r", "invert", "Turn the order round", id="invert", key_display="I r"),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question = question
        self.by, self.span = question.groups[0], SPANS[1]
        self.sort, self.falling = "cost", True
        self._spending: Spending | None = None
        self._read_at = 0

    def compose(self) -> ComposeResult:
        """Head, tabs, totals, list, what is said besides, keys."""
        yield Pane("head")
        yield Pane("tabs")
        yield Pane("totals")
        yield Table[Spent](lambda spent: spent.sums.key, name="rows")
        yield Pane("besides")
        yield Pane("keys", base="label")

    def on_mount(self) -> None:
        """Follows the app's snapshot."""
        self.query_one("#rows", Table).focus()
        self.watch(self.app, "snapshot", self._snapped)

    def _snapped(self, snapshot: Snapshot) -> None:
        if snapshot.at and abs(snapshot.at - self._read_at) >= AGAIN:
            self._read()
        self._draw()

    def _read(self) -> None:
        app, by, span = costtop_of(self), self.by, self.span
        now = self._read_at = app.snapshot.at
        app.look(self, lambda: app.world.spending(by, span, now), self._take)

    def _take(self, spending: Spending) -> None:
        self._spending = spending
        self._draw()

    def on_resize(self) -> None:
        """Draws to the new size."""
        self._draw()

    @on(Table.Moved)
    def _draw(self) -> None:
        right = line((f"by {self.by}  ", "accent"), (f"{self.span}  ", "accent"))
        frame(self, self.question.tab, right, _KEYBAR)
        spending, table = self._spending, self.query_one("#rows", Table)
        if spending is None:
            return
        lines = summary(spending) if self.size.height >= 12 else []
        self.query_one("#totals", Pane).show(lines)
        table.set_columns(self._columns(), self.sort, self.falling)
        sort = next(column.sort for column in self.question.columns if column.key == self.sort)
        assert sort is not None
        rows = sorted(spending.lines, key=sort, reverse=self.falling)
        top = scale(spent.trend for spent in spending.lines)
        zone = costtop_of(self).snapshot.zone
        table.show(rows, Look(spending.until, top, zone, spending.total.cost))
        besides = self.question.besides(spending, table.selected)
        self.query_one("#besides", Pane).show(besides if self.size.height >= 12 else [])

    def _columns(self) -> list[Column[Spent]]:
        first, *rest = self.question.columns
        return [first._replace(title=self.by.upper()), *rest]

    def action_span(self, by: int = 1) -> None:
        """Another period."""
        self.span = SPANS[(SPANS.index(self.span) + by) % len(SPANS)]
        self._read()

    def action_by(self) -> None:
        """Another key to group by."""
        groups = self.question.groups
        self.by = groups[(groups.index(self.by) + 1) % len(groups)]
        self._read()

    def action_sort_next(self, step: int) -> None:
        """Sorts by the neighbouring column."""
        keys = [column.key for column in self.question.columns]
        self._sort_by(keys[(keys.index(self.sort) + step) % len(keys)])

    @on(Table.HeadClicked)
    def _head_clicked(self, message: Table.HeadClicked) -> None:
        self._sort_by(message.column)

    def _sort_by(self, key: str) -> None:
        column = next(column for column in self.question.columns if column.key == key)
        self.falling = not self.falling if key == self.sort else column.falling
        self.sort = key
        self._draw()

    def action_invert(self) -> None:
        """Turns the order round."""
        self.falling = not self.falling
        self._draw()

    @on(Table.Opened)
    async def action_sessions(self) -> None:
        """The list of sessions, filtered by the row under the cursor."""
        selected = self.query_one("#rows", Table).selected
        if selected is not None:
            await costtop_of(self).show_sessions(f"{self.by}={selected.sums.key}")
