"""The form of a budget: seven fields, checked before it answers."""

from collections.abc import Mapping, Sequence
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
from costtop.settings.budget_settings import PLAN_SCOPES, SCOPES
from costtop.tui.draw.ink import line
from costtop.tui.widgets.pane import Pane

ACTIONS = ("notify", "gate", "pause", "stop", "kill")
FIELDS = (
    ("name", "Name", "daily"),
    ("amount", "Amount", "$20"),
    ("period", "Period", "day, week, month, hours:5; of a plan plan:5h, plan:week"),
    ("tiers", "Tiers in %", "50 80 100"),
    ("scope", "Scope", "everything; or feature=checkout user=ana"),
    ("action", "Action", "notify, gate, pause, stop or kill; gate at 90"),
    ("except", "Except", "nothing; or feature=release"),
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
    period = periods.check(fields["period"].strip() or "day")
    of_plan = periods.plan(period) is not None
    amount = _amount(fields["amount"], of_plan=of_plan)
    action, act_at = _action(fields["action"])
    asked: dict[str, dict[str, object]] = {
        "period": {"period": period},
        "tiers": {"tiers": _tiers(fields["tiers"])},
        "scope": {"scope": _scope(fields["scope"], PLAN_SCOPES if of_plan else SCOPES)},
        "action": {"action": action, "act_at": act_at},
        "except": {"excepted": _scope(fields["except"], SCOPES)},
    }
    same = {key for key in asked if name == given.get("name") and fields[key] == given[key]}
    changed = {k: v for key in asked.keys() - same for k, v in asked[key].items()}
    return SetBudget(name, amount, **changed, by=user_name())  # type: ignore[arg-type]


def _amount(text: str, *, of_plan: bool) -> str | None:
    if of_plan:
        if text.strip():
            raise UsageError("a window of a plan is counted in per cents: leave the amount empty")
        return None
    amount = money.parse(text)
    if amount <= 0:
        raise UsageError("the amount must be more than $0")
    return money.exact(amount)


def _action(text: str) -> tuple[str, int]:
    """The action and the per cent of "gate", "gate at 90", "gate 90 %"."""
    words = [word for word in text.replace("%", " ").split() if word != "at"] or ["notify"]
    if words[0] not in ACTIONS:
        raise UsageError(f"action: {words[0]!r} is none of {', '.join(ACTIONS)}")
    given = "".join(words[1:]) or "100"
    if not (given.isascii() and given.isdigit() and 0 < int(given) <= 1000):
        raise UsageError(f"action: write it as {words[0]} at 90, a per cent between 1 and 1000")
    return words[0], int(given)


def _fields(budget: BudgetLine) -> dict[str, str]:
    """What stands in the form of a present budget."""
    return {
        "name": budget.name,
        "amount": "" if budget.of_plan else "$" + money.exactly(budget.amount),
        "period": budget.period,
        "tiers": " ".join(map(str, budget.tiers)),
        "scope": " ".join(f"{key}={value}" for key, value in budget.scope),
        "action": budget.acts,
        "except": " ".join(f"{key}={value}" for key, value in budget.excepted),
    }


def _tiers(text: str) -> tuple[int, ...]:
    words = text.replace(",", " ").replace("%", " ").split()
    if not all(word.isascii() and word.isdigit() and 0 < int(word) <= 1000 for word in words):
        raise UsageError("tiers are per cents between 1 and 1000, such as 50 80 100")
    return tuple(sorted({int(word) for word in words})) or (50, 80, 100)


def _scope(text: str, known: Sequence[str]) -> dict[str, str]:
    scope = {}
    for word in text.split():
        key, sign, value = word.partition("=")
        if key not in known or not sign or not value:
            raise UsageError(
                f"scope {word!r}: write one of {', '.join(known)}, then =, then a name"
            )
        scope[key] = value
    return scope
