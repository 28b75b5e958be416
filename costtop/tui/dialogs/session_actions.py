"""From a dialog's answer to commands. The keys of the sessions are fixed before it is asked."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from textual.screen import Screen

from costtop.control.protocol import Command
from costtop.files import user_name
from costtop.queries.live.view import SessionRow
from costtop.text import clean
from costtop.tui.dialogs.choice import Choose, Chosen
from costtop.tui.draw.figures import short_session
from costtop.tui.host import host_of


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
    keys = [root_key(row) for row in rows]

    def done(answer: Chosen | None) -> None:
        if answer is None:
            return
        for key in keys:
            command = command_of(answer, key, user_name())
            if command is not None:
                host.do(command, f"{answer.id}: {short_session(key.partition('/')[2])}")

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
