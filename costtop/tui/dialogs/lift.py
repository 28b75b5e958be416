"""The override dialog: which of what holds sessions back is to let them pass."""

from collections.abc import Sequence
from typing import Any

from textual.screen import Screen

from costtop.control.protocol import Override
from costtop.durations import MINUTE, short
from costtop.files import user_name
from costtop.queries.live.live_alerts import Held
from costtop.tui.dialogs.choice import Choice, Choose, Chosen
from costtop.tui.draw.ink import Line, line
from costtop.tui.host import host_of
from costtop.tui.widgets.header import held_name

_SPAN = 30 * MINUTE
_KEYS = "123456789"


def ask_lift(screen: Screen[Any]) -> None:
    """Opens the dialog for what is held back and carries the answer out."""
    host = host_of(screen)
    held = host.snapshot.held
    if not held:
        host.say("nothing is held back")
        return

    def done(answer: Chosen | None) -> None:
        command = command_of(answer, user_name()) if answer else None
        if command is not None:
            host.do(command, "it may pass for 30 minutes")

    screen.app.push_screen(lift_dialog(held, host.snapshot.at), done)


def lift_dialog(held: Sequence[Held], now: int) -> Choose:
    """Asks what may pass for half an hour; paused sessions of it go on."""
    choices = [
        Choice(f"{one.budget}\n{one.session}", key, held_name(one))
        for key, one in zip(_KEYS, held, strict=False)
    ]
    choices = [*choices, Choice("\n", "a", "Everything"), Choice("cancel", "0", "Cancel")]
    about: list[Line] = [()]
    for one in held[: len(_KEYS)]:
        since = f" {one.action} since {short(now - one.opened)}"
        about.append(line(f"  {held_name(one)}", (since, "warn"), (f"  {one.why}", "dim")))
    return Choose("Let pass for 30 minutes?", choices, about, start=choices[0].id)


def command_of(answer: Chosen, by: str) -> Override | None:
    """The command of an answer, None for Cancel."""
    if answer.id == "cancel":
        return None
    budget, _, session = answer.id.partition("\n")
    everything = not (budget or session)
    return Override(budget, session, _SPAN, by, everything)
