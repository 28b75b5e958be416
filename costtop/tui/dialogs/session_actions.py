"""From a dialog's answer to commands. The keys of the sessions are fixed before it is asked."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from textual.screen import Screen

from costtop.control.protocol import Command, Override
from costtop.durations import MINUTE, short
from costtop.files import user_name
from costtop.queries.live.live_alerts import Held
from costtop.queries.live.view import SessionRow
from costtop.text import clean
from costtop.tui.dialogs.choice import Choice, Choose, Chosen
from costtop.tui.draw.ink import Line, line
from costtop.tui.host import host_of
from costtop.tui.widgets.header import held_name


def ask(
    screen: Screen[Any],
    rows: Sequence[SessionRow],
    dialog: Callable[[Sequence[SessionRow]], Choose],
    command_of: Callable[[Chosen, str, str], Command | None],
) -> None:
    """Opens a dialog about these sessions; `command_of` (answer, session, who) says what to do."""
    host = host_of(screen)
    if not rows:
        host.say("no session is selected", ok=False)
        return
    names = {root_key(row): row.called for row in rows}

    def done(answer: Chosen | None) -> None:
        if answer is None:
            return
        for key, name in names.items():
            command = command_of(answer, key, user_name())
            if command is not None:
                host.do(command, f"{answer.id}: {name}")

    screen.app.push_screen(dialog(rows), done)


def show_transcript(screen: Screen[Any], row: SessionRow) -> None:
    """Opens the folder of the session's log; without a desktop its path goes to the clipboard."""
    host, key = host_of(screen), root_key(row)
    backend = host.backend

    def find() -> tuple[Path | None, bool]:
        path = backend.transcript(key)
        return path, path is not None and backend.open_folder(path)

    def take(found: tuple[Path | None, bool]) -> None:
        path, opened = found
        if path is None:
            host.say("it came over a socket: there is no transcript", ok=False)
            return
        if not opened:
            screen.app.copy_to_clipboard(clean(str(path), 4096))
        host.say(f"{'opened the folder of' if opened else 'copied'} {path}")

    host.look(screen, find, take)


def targets(
    sessions: Sequence[SessionRow], tagged: frozenset[str], under: SessionRow | None
) -> Sequence[SessionRow]:
    """The tagged sessions that are still there, else the session of the row under the cursor."""
    rows = {row.key: row for row in sessions}
    found = [rows[key] for key in sorted(tagged) if key in rows]
    if found or under is None:
        return found
    return [rows.get(root_key(under), under)]


def root_key(row: SessionRow) -> str:
    """The key of the session that a row, or a subagent's row, belongs to."""
    return f"{row.source}/{row.session}"


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
        command = override_of(answer, user_name()) if answer else None
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


def override_of(answer: Chosen, by: str) -> Override | None:
    """The command of an answer, None for Cancel."""
    if answer.id == "cancel":
        return None
    budget, _, session = answer.id.partition("\n")
    everything = not (budget or session)
    return Override(budget, session, _SPAN, by, everything)
