"""Where the money goes: by feature (project, user, source, host) and by model. It sums nothing."""

from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from costtop.queries.live.view import Snapshot
from costtop.queries.spending.spending import SPANS, Spending, Spent
from costtop.queries.spending.trend_verdicts import FeatureVerdict, Mix
from costtop.tui.draw.ink import Line, line
from costtop.tui.draw.spark import scale
from costtop.tui.list.columns import Column, Look
from costtop.tui.screens.tabbed import AGAIN, BACK_KEYS, costtop_of, frame
from costtop.tui.widgets.pane import Pane
from costtop.tui.widgets.spent import FEATURE_COLUMNS, MODEL_COLUMNS, summary, what_if
from costtop.tui.widgets.table import Table
from costtop.tui.widgets.verdict import on_feature, on_mix

_KEYBAR = (
    ("F1", "Help", "app.help"), ("p", "Period", "screen.span"), ("g", "Group", "screen.by"),
    ("⏎", "Sessions", "screen.sessions"), ("I", "Invert", "screen.invert"),
    ("Esc", "Back", "app.tab(1)"), ("F10", "Quit", "app.quit"),
)  # fmt: skip


class Question(NamedTuple):
    """Which screen: by what it groups, with which columns."""

    tab: int
    groups: tuple[str, ...]
    columns: tuple[Column[Spent], ...]


FEATURES = Question(2, ("feature", "project", "user", "source", "host"), FEATURE_COLUMNS)
MODELS = Question(3, ("model",), MODEL_COLUMNS)


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
        self._mix: Mix | None = None
        self._verdict: FeatureVerdict | None = None
        self._judged: tuple[str, str, int] = ("", "", 0)  # what the verdict was asked of
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

        def read() -> tuple[Spending, Mix | None]:
            spending = app.world.spending(by, span, now)
            return spending, app.world.mix(spending, now) if by == "model" else None

        app.look(self, read, self._take)

    def _take(self, read: tuple[Spending, Mix | None]) -> None:
        self._spending, self._mix = read
        self._draw()

    def on_resize(self) -> None:
        """Draws to the new size."""
        self._draw()

    @on(Table.Moved)
    def _draw(self) -> None:
        by = f"by {self.by}  " if len(self.question.groups) > 1 else ""
        right = line((by, "accent"), (f"{self.span}  ", "accent"))
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
        besides = self._besides(spending, table.selected) if self.size.height >= 14 else []
        self.query_one("#besides", Pane).show(besides)

    def _besides(self, spending: Spending, spent: Spent | None) -> list[Line]:
        """What is said of the row under the cursor; verdicts are read when it rests there."""
        if self.by == "model":
            mixed = [on_mix(self._mix)] if self._mix else []
            return [*mixed, *what_if(spending, spent)]
        if self.by != "feature" or spent is None:
            return []
        wanted = (spent.sums.key, spending.span, spending.total.cost)
        if wanted != self._judged:
            self._judged = wanted
            app = costtop_of(self)
            app.look(
                self, lambda: app.world.verdict(*wanted[:2], spending.until), self._take_verdict
            )
        verdict = self._verdict
        return on_feature(verdict) if verdict and verdict.feature == spent.sums.key else []

    def _take_verdict(self, verdict: FeatureVerdict) -> None:
        self._verdict = verdict
        self._draw()

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
