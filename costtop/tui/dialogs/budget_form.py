"""The form of a budget: six fields, checked before it answers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from costtop import money, periods
from costtop.control.protocol import SetBudget
from costtop.errors import CosttopError, UsageError
from costtop.files import user_name
from costtop.queries.spending.budget_periods import BudgetLine
from costtop.tui.draw.ink import line
from costtop.tui.widgets.pane import Pane

ACTIONS = ("notify", "gate", "pause", "stop", "kill")
SCOPES = ("feature", "user", "project", "model", "source", "session")
FIELDS = (
    ("name", "Name", "daily"),
    ("amount", "Amount", "$20"),
    ("period", "Period", "day, week, month or hours:5"),
    ("tiers", "Tiers in %", "50 80 100"),
    ("scope", "Scope", "everything; or feature=checkout user=ana"),
    ("action", "At 100 %", "notify, gate, pause, stop or kill"),
)


class BudgetForm(ModalScreen[SetBudget | None]):
    """Asks for a budget, from the present one where it is changed."""

    BINDINGS: ClassVar = [
        Binding("escape", "dismiss", "Cancel", id="cancel", key_display="Esc", priority=True),
        Binding("up", "app.focus_previous", "Field before", show=False),
        Binding("down", "app.focus_next", "Next field", show=False),
    ]

    def __init__(self, budget: BudgetLine | None) -> None:
        super().__init__()
        self._given = {} if budget is None else _fields(budget)

    def compose(self) -> ComposeResult:
        """A label and a field each, then what is wrong."""
        with VerticalScroll(classes="dialog", can_focus=False):
            yield Pane("about")
            for key, _, hint in FIELDS:
                yield Pane(f"label_{key}")
                yield Input(self._given.get(key, ""), placeholder=hint, id=key, compact=True)
            yield Pane("wrong")
            yield Pane("foot", classes="foot")

    def on_mount(self) -> None:
        """Labels, and the cursor on the first empty field."""
        title = f"Budget {self._given['name']}" if self._given else "New budget"
        self.query_one("#about", Pane).show([line((title, "strong"))])
        for key, label, _ in FIELDS:
            self.query_one(f"#label_{key}", Pane).show([line((label, "dim"))])
        self.query_one("#foot", Pane).show([line(("Enter set it   Tab next   Esc cancel", "dim"))])
        self.query_one("#amount" if self._given else "#name", Input).focus()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        try:
            fields = {key: self.query_one(f"#{key}", Input).value for key, *_ in FIELDS}
            self.dismiss(made(fields, self._given))
        except CosttopError as error:
            self.query_one("#wrong", Pane).show([line((f"! {error}", "bad"))])


def made(fields: dict[str, str], given: Mapping[str, str] = MappingProxyType({})) -> SetBudget:
    """The command that the fields ask for; raises CosttopError saying which field is wrong.

    Of a present budget (`given` stood in the form) it names the amount and what was changed, no
    more; an empty field of it is what a new budget would have.
    """
    name = fields["name"].strip()
    if not name:
        raise UsageError("a budget needs a name")
    amount = money.parse(fields["amount"])
    if amount <= 0:
        raise UsageError("the amount must be more than $0")
    period = periods.check(fields["period"].strip() or "day")
    action = fields["action"].strip() or "notify"
    if action not in ACTIONS:
        raise UsageError(f"at 100 %: {action!r} is none of {', '.join(ACTIONS)}")
    asked = {
        "period": period,
        "tiers": _tiers(fields["tiers"]),
        "scope": _scope(fields["scope"]),
        "action": action,
    }
    same = {key for key in asked if name == given.get("name") and fields[key] == given[key]}
    changed = {key: value for key, value in asked.items() if key not in same}
    return SetBudget(name, money.exact(amount), **changed, by=user_name())  # type: ignore[arg-type]


def _fields(budget: BudgetLine) -> dict[str, str]:
    """What stands in the form of a present budget."""
    return {
        "name": budget.name,
        "amount": "$" + money.exactly(budget.amount),
        "period": budget.period,
        "tiers": " ".join(map(str, budget.tiers)),
        "scope": " ".join(f"{key}={value}" for key, value in budget.scope),
        "action": budget.action,
    }


def _tiers(text: str) -> tuple[int, ...]:
    words = text.replace(",", " ").replace("%", " ").split()
    if not all(word.isascii() and word.isdigit() and 0 < int(word) <= 1000 for word in words):
        raise UsageError("tiers are per cents between 1 and 1000, such as 50 80 100")
    return tuple(sorted({int(word) for word in words})) or (50, 80, 100)


def _scope(text: str) -> dict[str, str]:
    scope = {}
    for word in text.split():
        key, sign, value = word.partition("=")
        if key not in SCOPES or not sign or not value:
            raise UsageError(
                f"scope {word!r}: write one of {', '.join(SCOPES)}, then =, then a name"
            )
        scope[key] = value
    return scope
