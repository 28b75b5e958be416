"""Where the money goes: by feature (project, user, source, host) and by model."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.binding import Binding

from costtop.named_tuples import NamedTuple
from costtop.queries.sessions.spent_sessions import Within
from costtop.queries.spending.spending import Spending, Spent
from costtop.queries.spending.trend_verdicts import FeatureVerdict, Mix
from costtop.tui.backend import Backend
from costtop.tui.draw.figures import short_model, short_place
from costtop.tui.draw.ink import Line, line, rule
from costtop.tui.draw.spark import scale
from costtop.tui.host import host_of
from costtop.tui.list.shown_rows import CellLook, Column
from costtop.tui.screens.bindings import SPAN_KEYS
from costtop.tui.screens.tabbed import Tabbed
from costtop.tui.widgets.spending_table import (
    FEATURE_COLUMNS,
    MODEL_COLUMNS,
    on_feature,
    on_mix,
    summary,
    valued,
    what_if,
)
from costtop.tui.widgets.table import Table


class Question(NamedTuple):
    """Which screen: by what it groups, with which columns."""

    groups: tuple[str, ...]
    columns: tuple[Column[Spent], ...]


FEATURES = Question(
    ("feature", "project", "branch", "ticket", "pr", "user", "source", "host", "label"),
    FEATURE_COLUMNS,
)
MODELS = Question(("model",), MODEL_COLUMNS)


class Judged(NamedTuple):
    """What the screen was read from, and what is said of its mix of models."""

    spending: Spending
    mix: Mix | None


class SpendingScreen(Tabbed[Spent, Judged]):
    """Spend of a span by one key, beside the span before."""

    BINDINGS: ClassVar = [
        *SPAN_KEYS,
        Binding("g", "by", "Group by something else", id="group"),
        Binding("enter", "sessions", "Its sessions", id="sessions"),
        Binding("w", "why", "Why it cost that", id="why"),
        Binding("left", "sort_next(-1)", "Sort by the column before", id="sort_before"),
        Binding("right", "sort_next(1)", "Sort by the next column", id="sort_after"),
        Binding("I,r", "invert", "Turn the order round", id="invert", key_display="I r"),
    ]
    keys = (
        ("p", "Period", "screen.span"),
        ("g", "Group", "screen.by"),
        ("⏎", "Sessions", "screen.sessions"),
        ("w", "Why", "screen.why"),
        ("I", "Invert", "screen.invert"),
    )
    above = ("totals",)
    below = ("besides",)

    def __init__(self, tab: int, question: Question) -> None:
        super().__init__(tab, question.columns, lambda spent: spent.sums.key)
        self.question, self.by = question, question.groups[0]
        self.sort, self.falling = "cost", True
        self._verdict: FeatureVerdict | None = None
        self._asked: tuple[str, str, int] = ("", "", 0)  # what the verdict was asked of

    def reading(self, backend: Backend, now: int) -> Callable[[], Judged]:
        """The spend of the span; of models also how their mix moved."""
        by, span = self.by, self.span

        def read() -> Judged:
            spending = backend.spending(by, span, now)
            return Judged(spending, backend.mix(spending, now) if by == "model" else None)

        return read

    def right(self) -> Line:
        """The grouping and the span."""
        by = f"by {self.by}  " if len(self.question.groups) > 1 else ""
        return line((by, "accent"), (f"{self.span}  ", "accent"))

    def picture(self, read: Judged) -> None:
        """Totals, the list, and what is said of the row under the cursor."""
        spending, table = read.spending, self.table
        self.show("totals", summary(spending) if self.size.height >= 12 else [])
        first, *rest = valued(self.question.columns, spending.total)
        columns = [first._replace(title=self.by.upper()), *rest]
        table.set_columns(columns, self.sort, self.falling)
        sort = self._column(self.sort).sort
        assert sort is not None
        rows = sorted(spending.lines, key=sort, reverse=self.falling)
        top = scale(spent.trend for spent in spending.lines)
        zone = host_of(self).snapshot.zone
        table.show(rows, CellLook(spending.until, top, zone, spending.total.cost))
        besides = self._besides(read, table.selected) if self.size.height >= 14 else []
        if besides and table.selected is not None:
            name = short_model(short_place(table.selected.sums.key))
            besides = [rule(line((name, "strong")), (), self.size.width), *besides]
        self.show("besides", besides)

    def _besides(self, read: Judged, spent: Spent | None) -> list[Line]:
        """What is said of the row under the cursor; verdicts are read when it rests there."""
        spending = read.spending
        if self.by == "model":
            return [*([on_mix(read.mix)] if read.mix else []), *what_if(spending, spent)]
        if self.by != "feature" or spent is None:
            return []
        key = spent.sums.key
        asked = (key, spending.span, spending.total.cost)
        if asked != self._asked:
            self._asked, host = asked, host_of(self)
            judge = host.backend.verdict
            host.look(self, lambda: judge(key, spending.span, spending.until), self._take_verdict)
        verdict = self._verdict
        return on_feature(verdict) if verdict and verdict.feature == key else []

    def _take_verdict(self, verdict: FeatureVerdict) -> None:
        self._verdict = verdict
        self.draw()

    def _column(self, key: str) -> Column[Spent]:
        return next(column for column in self.question.columns if column.key == key)

    def action_by(self) -> None:
        """Another key to group by."""
        groups = self.question.groups
        self.by = groups[(groups.index(self.by) + 1) % len(groups)]
        self.read()

    def action_sort_next(self, step: int) -> None:
        """Sorts by the neighbouring column."""
        keys = [column.key for column in self.question.columns]
        self._sort_by(keys[(keys.index(self.sort) + step) % len(keys)])

    @on(Table.HeadClicked)
    def _head_clicked(self, message: Table.HeadClicked) -> None:
        self._sort_by(message.column)

    def _sort_by(self, key: str) -> None:
        self.falling = not self.falling if key == self.sort else self._column(key).falling
        self.sort = key
        self.draw()

    def action_invert(self) -> None:
        """Turns the order round."""
        self.falling = not self.falling
        self.draw()

    def action_why(self) -> None:
        """Why the feature under the cursor cost what it did; by other keys, why all of it did."""
        selected = self.table.selected if self.by == "feature" else None
        name = self.span if self.span != "month" else "this month"
        host_of(self).show_why(name, selected.sums.key if selected else "")

    @on(Table.Opened)
    async def action_sessions(self) -> None:
        """The list of sessions, filtered by the row under the cursor."""
        if (selected := self.table.selected) is not None:
            within = Within(self.span, by=self.by, key=selected.sums.key)
            await host_of(self).show_spent(within)
