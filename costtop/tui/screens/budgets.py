"""Budgets: how they stand and stood; set and removed here by commands."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.binding import Binding

from costtop.control.protocol import RemoveBudget, SetBudget
from costtop.durations import short
from costtop.files import user_name
from costtop.queries.spending.budget_periods import BudgetLine
from costtop.tui.backend import Backend
from costtop.tui.dialogs.budget_form import BudgetForm
from costtop.tui.dialogs.choice import Choice, Choose, Chosen
from costtop.tui.dialogs.silence import Silenced, ask_silence
from costtop.tui.draw.figures import cash_of, share, stroke
from costtop.tui.draw.ink import Line, Span, cut, line, rule
from costtop.tui.host import host_of
from costtop.tui.list.shown_rows import CellLook, Column
from costtop.tui.screens.tabbed import Tabbed
from costtop.tui.widgets.meters import level, meter
from costtop.tui.widgets.table import Table

_BAR = 28
_BAR_INKS = {"text": "h4", "warn": "warn", "bad": "bad"}


def _part(budget: BudgetLine) -> float:
    return budget.spent / budget.amount if budget.amount else 0.0


def _ink(budget: BudgetLine) -> str:
    return {"bad": "bad", "warn": "warn"}.get(level(_part(budget)), "text")


def _name(budget: BudgetLine, look: CellLook) -> Span:
    """With whose window it is, or what it counts, where that is not always the same."""
    besides = budget.watch if budget.alone else budget.account
    return Span(f"{budget.name} {besides}".rstrip(), "strong")


def _spent(budget: BudgetLine, look: CellLook) -> Span:
    if budget.of_plan:  # per cents alone, which stand beside it
        return Span("-", "dim")
    return Span(cash_of(budget.spent, budget.amount, floor=budget.floor), _ink(budget))


def _share(budget: BudgetLine, look: CellLook) -> Span:
    return Span("?", "dim") if budget.unknown else Span(share(_part(budget)), _ink(budget))


def _bar(budget: BudgetLine, look: CellLook, width: int = _BAR) -> Span:
    drawn = meter(budget.spent, budget.amount, budget.tiers, width, plain=True)
    text = "".join(span.text for span in drawn)
    return Span(text, _BAR_INKS[level(_part(budget))])


def _amount(budget: BudgetLine, look: CellLook) -> Span:
    if budget.of_plan:
        return Span("-", "dim")
    return Span(cash_of(budget.amount, budget.amount))


def _scope(budget: BudgetLine, look: CellLook) -> Span:
    if budget.account:
        return Span(budget.account, "dim")
    return Span(" ".join(f"{key}={value}" for key, value in budget.scope) or "everything", "dim")


def _resets(budget: BudgetLine, look: CellLook) -> Span:
    return Span(short(budget.resets - look.at) if look.at and budget.resets else "-", "dim")


COLUMNS: tuple[Column[BudgetLine], ...] = (
    Column("name", "BUDGET", 8, 0, _name, name=True, measured=True,
           stages=((1, 30),)),
    Column("period", "PERIOD", 8, 3, lambda b, _: Span(b.period), measured=True,
           stages=((0, 9), (2, 18))),
    Column("scope", "SCOPE", 10, 5, _scope, measured=True, stages=((2, 60),)),
    Column("spent", "SPENT", 9, 0, _spent, align=">"),
    Column("amount", "OF", 9, 1, _amount, align=">"),
    Column("part", "", 5, 0, _share, align=">"),
    Column("bar", "50 · 80 · 100 %", _BAR - 6, 2, _bar, wide=_bar, stages=((9, 999),)),
    Column("resets", "RESETS", 6, 4, _resets, align=">"),
    Column("action", "ACTION", 8, 6, lambda b, _: Span(b.acts, "dim"), measured=True,
           stages=((3, 14),)),
)  # fmt: skip


class BudgetsScreen(Tabbed[BudgetLine, tuple[BudgetLine, ...]]):
    """All budgets and the past periods of the one under the cursor."""

    BINDINGS: ClassVar = [
        Binding("n", "new", "New budget", id="new_budget"),
        Binding("enter,e", "edit", "Change it", id="edit_budget", key_display="⏎ e"),
        Binding("d,delete", "remove", "Remove it", id="remove_budget", key_display="d Del"),
        Binding("s", "silence", "Silence its alerts", id="silence"),
    ]
    keys = (
        ("n", "New", "screen.new"),
        ("e", "Edit", "screen.edit"),
        ("d", "Remove", "screen.remove"),
        ("s", "Silence", "screen.silence"),
    )
    below = ("past",)

    def __init__(self, tab: int) -> None:
        super().__init__(tab, COLUMNS, lambda budget: budget.key)

    def reading(self, backend: Backend, now: int) -> Callable[[], tuple[BudgetLine, ...]]:
        """All budgets."""
        return lambda: backend.budgets(now)

    def picture(self, read: tuple[BudgetLine, ...]) -> None:
        """The list, and the past of the one under the cursor where there is room."""
        self.table.show(read, CellLook(host_of(self).snapshot.at))
        tall = self.size.height >= 16
        self.show("past", past(self.table.selected, self.size.width) if tall else [])

    def action_new(self) -> None:
        """Asks for a new budget."""
        self.app.push_screen(BudgetForm(None), self._set)

    @on(Table.Opened)
    def action_edit(self) -> None:
        """Asks how to change the one under the cursor."""
        self.app.push_screen(BudgetForm(self.table.selected), self._set)

    def _set(self, command: SetBudget | None) -> None:
        if command is not None:
            host_of(self).do(command, f"budget {command.name} is set", self.read)

    def action_remove(self) -> None:
        """Asks before it removes the one under the cursor."""
        if (budget := self.table.selected) is not None:
            choices = [Choice("cancel", "0", "Cancel"), Choice(budget.name, "y", "Remove it")]
            title = f"Remove the budget {budget.name}?"
            self.app.push_screen(Choose(title, choices, start="cancel"), self._removed)

    def _removed(self, answer: Chosen | None) -> None:
        if answer is not None and answer.id != "cancel":
            command = RemoveBudget(answer.id, user_name())
            host_of(self).do(command, f"budget {answer.id} is removed", self.read)

    def action_silence(self) -> None:
        """Asks for how long its alerts are silent."""
        if (budget := self.table.selected) is not None:
            ask_silence(self, Silenced(budget=budget.name))


def past(budget: BudgetLine | None, width: int) -> list[Line]:
    """How the budget fared in the periods before."""
    if budget is None:
        return [line((" no budget yet: ", "dim"), ("n", "accent"), (" sets one", "dim"))]
    if not budget.past and budget.of_plan:
        return [_told(budget, width)]
    if not budget.past:
        return [line((f" {budget.period}: a rolling budget has no past periods", "dim"))]
    room = max(width - 34, 8)
    top = max(budget.amount, *budget.past)
    kind = "window" if budget.of_plan else budget.period
    title = line((budget.name, "strong"), (f": the {kind}s before", "dim"))
    lines: list[Line] = [
        *([_told(budget, width)] if budget.of_plan else []),
        rule(title, (), width),
    ]
    for n, spent in enumerate(budget.past):
        part = spent / budget.amount if budget.amount else 0.0
        ago = len(budget.past) - n
        name = f" {ago} {kind}{'s' if ago > 1 else ''} ago"
        filled = (stroke(spent / top, room) + " ", _BAR_INKS[level(part)])
        cost = "" if budget.of_plan else "$" + cash_of(spent, budget.amount)
        figures = (f"{cost:>9}", "strong"), (f"{share(part):>6}", "dim")
        lines.append(line((name.ljust(14), "dim"), filled, *figures))
    return lines


def _told(budget: BudgetLine, width: int) -> Line:
    """How a window stands."""
    return cut(line((f" {budget.said}", "text")), width)
