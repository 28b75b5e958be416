"""Budgets: how they stand and stood; set and removed here by commands. It writes no file."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from costtop.control.protocol import RemoveBudget, SetBudget
from costtop.files import user_name
from costtop.queries.live.view import Snapshot
from costtop.queries.spending.budget_periods import BudgetLine
from costtop.tui.dialogs.budget_form import BudgetForm
from costtop.tui.dialogs.choice import Answer, Choice, Choose
from costtop.tui.draw.figures import age, cash
from costtop.tui.draw.ink import Line, Span, line
from costtop.tui.list.columns import Column, Look
from costtop.tui.screens.tabbed import AGAIN, BACK_KEYS, costtop_of, frame
from costtop.tui.widgets.bars import bar
from costtop.tui.widgets.meters import level, meter
from costtop.tui.widgets.pane import Pane
from costtop.tui.widgets.table import Table

_KEYBAR = (
    ("F1", "Help", "app.help"), ("n", "New", "screen.new"), ("e", "Edit", "screen.edit"),
    ("d", "Remove", "screen.remove"), ("s", "Silence", "screen.silence"),
    ("Esc", "Back", "app.tab(1)"), ("F10", "Quit", "app.quit"),
)  # fmt: skip
_BAR = 28


def _part(budget: BudgetLine) -> float:
    return budget.spent / budget.amount if budget.amount else 0.0


def _ink(budget: BudgetLine) -> str:
    return {"bad": "bad", "warn": "warn"}.get(level(_part(budget)), "text")


def _bar(budget: BudgetLine, look: Look) -> Span:
    text = "".join(span.text for span in meter(budget.spent, budget.amount, budget.tiers, _BAR))
    return Span(text, "meter-" + level(_part(budget)))


def _scope(budget: BudgetLine, look: Look) -> Span:
    return Span(" ".join(f"{key}={value}" for key, value in budget.scope) or "everything", "dim")


COLUMNS: tuple[Column[BudgetLine], ...] = (
    Column("name", "BUDGET", 12, 0, lambda b, look: Span(b.name, "strong"), grow=12),
    Column("period", "PERIOD", 8, 3, lambda b, look: Span(b.period)),
    Column("scope", "SCOPE", 12, 5, _scope, grow=24),
    Column("spent", "SPENT", 9, 0, lambda b, look: Span(cash(b.spent, floor=b.floor), _ink(b)),
           align=">"),
    Column("amount", "OF", 9, 1, lambda b, look: Span(cash(b.amount)), align=">"),
    Column("part", "", 5, 0, lambda b, look: Span(f"{_part(b):.0%}", _ink(b)), align=">"),
    Column("bar", "50 · 80 · 100 %", _BAR, 2, _bar),
    Column("resets", "RESETS", 7, 4,
           lambda b, look: Span(age(b.resets - look.at) if look.at else "-", "dim"), align=">"),
    Column("action", "AT 100 %", 8, 6, lambda b, look: Span(b.action, "dim")),
)  # fmt: skip


class BudgetsScreen(Screen[None]):
    """All budgets and the past periods of the one under the cursor."""

    BINDINGS: ClassVar = [
        *BACK_KEYS,
        Binding("n", "new", "New budget", id="new_budget"),
        Binding("enter,e", "edit", "Change it", id="edit_budget", key_display="⏎ e"),
        Binding("d,delete", "remove", "Remove it", id="remove_budget", key_display="d Del"),
        Binding("s", "silence", "Silence its alerts", id="silence"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._budgets: tuple[BudgetLine, ...] | None = None
        self._read_at = 0

    def compose(self) -> ComposeResult:
        """Head, tabs, list, past periods, keys."""
        yield Pane("head")
        yield Pane("tabs")
        yield Table[BudgetLine](lambda budget: budget.name, name="rows")
        yield Pane("past")
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
        app = costtop_of(self)
        now = self._read_at = app.snapshot.at
        app.look(self, lambda: app.world.budgets(now), self._take)

    def _take(self, budgets: tuple[BudgetLine, ...]) -> None:
        self._budgets = budgets
        self._draw()

    def on_resize(self) -> None:
        """Draws to the new size."""
        self._draw()

    @on(Table.Moved)
    def _draw(self) -> None:
        frame(self, 7, (), _KEYBAR)
        if self._budgets is None:
            return
        table = self.query_one("#rows", Table)
        table.show(self._budgets, Look(costtop_of(self).snapshot.at))
        lines = past(table.selected, self.size.width) if self.size.height >= 16 else []
        self.query_one("#past", Pane).show(lines)

    def action_new(self) -> None:
        """Asks for a new budget."""
        self.app.push_screen(BudgetForm(None), self._set)

    @on(Table.Opened)
    def action_edit(self) -> None:
        """Asks how to change the one under the cursor."""
        budget = self.query_one("#rows", Table).selected
        self.app.push_screen(BudgetForm(budget), self._set)

    def _set(self, command: SetBudget | None) -> None:
        if command is not None:
            costtop_of(self).do(command, f"budget {command.name} is set", self._read)

    def action_remove(self) -> None:
        """Asks before it removes the one under the cursor."""
        budget = self.query_one("#rows", Table).selected
        if budget is not None:
            choices = [Choice("cancel", "0", "Cancel"), Choice(budget.name, "y", "Remove it")]
            title = f"Remove the budget {budget.name}?"
            self.app.push_screen(Choose(title, choices, start="cancel"), self._removed)

    def _removed(self, answer: Answer | None) -> None:
        if answer is not None and answer.id != "cancel":
            command = RemoveBudget(answer.id, user_name())
            costtop_of(self).do(command, f"budget {answer.id} is removed", self._read)

    def action_silence(self) -> None:
        """Asks for how long its alerts are silent."""
        from costtop.tui.dialogs.session_actions import ask_silence
        from costtop.tui.dialogs.silence import About

        budget = self.query_one("#rows", Table).selected
        if budget is not None:
            ask_silence(costtop_of(self), About(budget=budget.name))


def past(budget: BudgetLine | None, width: int) -> list[Line]:
    """How the budget fared in the periods before."""
    if budget is None:
        return [line((" no budget yet: ", "dim"), ("n", "accent"), (" sets one", "dim"))]
    if not budget.past:
        return [line((f" {budget.period}: a rolling budget has no past periods", "dim"))]
    room = max(min(width - 34, 60), 8)
    top = max(budget.amount, *budget.past)
    lines: list[Line] = [line((f" {budget.name}: the {budget.period}s before", "dim"))]
    for n, spent in enumerate(budget.past):
        part = spent / budget.amount if budget.amount else 0.0
        ago = len(budget.past) - n
        name = f" {ago} {budget.period}{'s' if ago > 1 else ''} ago"
        filled = (bar(spent / top, room) + " ", f"meter-{level(part)}")
        cost = (f"{'$' + cash(spent):>9}", "strong")
        lines.append(line((name.ljust(14), "dim"), filled, cost, (f" {part:.0%}", "dim")))
    return lines
