"""The override dialog: which of what holds sessions back is to let them pass. It lifts nothing."""

from collections.abc import Sequence

from costtop.control.protocol import Override
from costtop.queries.live.held_sessions import Held
from costtop.tui.dialogs.choice import Answer, Choice, Choose
from costtop.tui.draw.figures import age
from costtop.tui.draw.ink import Line, line
from costtop.tui.widgets.held import named

_HALF_HOUR = 1_800_000  # ms
_KEYS = "123456789"


def lift_dialog(held: Sequence[Held], now: int) -> Choose:
    """Asks what may pass for half an hour; paused sessions of it go on."""
    choices = [
        Choice(f"{one.budget}\n{one.session}", key, named(one))
        for key, one in zip(_KEYS, held, strict=False)
    ]
    choices = [*choices, Choice("\n", "a", "Everything"), Choice("cancel", "0", "Cancel")]
    about: list[Line] = [()]
    for one in held[: len(_KEYS)]:
        since = f" {one.action} since {age(now - one.opened)}"
        about.append(line(f"  {named(one)}", (since, "warn"), (f"  {one.why}", "dim")))
    return Choose("Let pass for 30 minutes?", choices, about, start=choices[0].id)


def command_of(answer: Answer, by: str) -> Override | None:
    """The command of an answer, None for Cancel."""
    if answer.id == "cancel":
        return None
    budget, _, session = answer.id.partition("\n")
    return Override(budget, session, _HALF_HOUR, by)
