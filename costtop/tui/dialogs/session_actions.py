"""From a dialog's answer to commands. The keys of the sessions are fixed before it is asked."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from costtop.control.protocol import Command
from costtop.files import user_name
from costtop.queries.live.view import SessionRow
from costtop.text import clean
from costtop.tui.dialogs import kill, lift, mark, silence
from costtop.tui.dialogs.choice import Answer
from costtop.tui.dialogs.silence import About
from costtop.tui.draw.figures import short_session

if TYPE_CHECKING:
    from costtop.tui.app import CosttopApp


def ask_kill(app: "CosttopApp", rows: Sequence[SessionRow]) -> None:
    """Opens the kill dialog for these sessions and carries the answer out."""
    snapshot, hooked = app.snapshot, app.world.hooked
    dialog = kill.kill_dialog(rows, snapshot.at, snapshot.pulse.guesses, hooked) if rows else None
    _ask(app, rows, dialog,
         lambda answer, key: kill.command_of(answer, key, user_name()))  # fmt: skip


def ask_mark(app: "CosttopApp", rows: Sequence[SessionRow]) -> None:
    """Opens the mark dialog for these sessions and carries the answer out."""
    _ask(app, rows, mark.mark_dialog(rows) if rows else None,
         lambda answer, key: mark.command_of(answer, key, user_name()))  # fmt: skip


def _ask(app: "CosttopApp", rows: Sequence[SessionRow], dialog: object,
         command: Callable[[Answer, str], Command | None]) -> None:  # fmt: skip
    from costtop.tui.dialogs.choice import Choose

    if not isinstance(dialog, Choose):
        app.say("no session is selected", ok=False)
        return
    keys = [root_key(row) for row in rows]

    def done(answer: Answer | None) -> None:
        for key in keys if answer else ():
            assert answer is not None
            order = command(answer, key)
            if order is not None:
                app.do(order, f"{answer.id}: {short_session(key.partition('/')[2])}")

    app.push_screen(dialog, done)


def ask_silence(app: "CosttopApp", about: About) -> None:
    """Opens the silence dialog and carries the answer out."""

    def done(answer: Answer | None) -> None:
        now, zone = app.snapshot.at, app.snapshot.zone
        order = silence.command_of(answer, about, now, zone, user_name()) if answer else None
        if order is not None:
            app.do(order, f"silent: {about.words()}")

    app.push_screen(silence.silence_dialog(about), done)


def ask_lift(app: "CosttopApp") -> None:
    """Opens the override dialog for what is held back and carries the answer out."""
    held = app.snapshot.held
    if not held:
        app.say("nothing is held back")
        return

    def done(answer: Answer | None) -> None:
        order = lift.command_of(answer, user_name()) if answer else None
        if order is not None:
            app.do(order, "it may pass for 30 minutes")

    app.push_screen(lift.lift_dialog(held, app.snapshot.at), done)


def show_transcript(app: "CosttopApp", screen: Screen[Any], row: SessionRow) -> None:
    """Opens the folder of the session's log; without a desktop its path goes to the clipboard."""
    key, world = root_key(row), app.world

    def find() -> tuple[Path | None, bool]:
        path = world.transcript(key)
        return path, path is not None and world.open_folder(path)

    def take(found: tuple[Path | None, bool]) -> None:
        path, opened = found
        if path is None:
            app.say("it came over a socket: there is no transcript", ok=False)
            return
        if not opened:
            app.copy_to_clipboard(clean(str(path), 4096))
        app.say(f"{'opened the folder of' if opened else 'copied'} {path}")

    app.look(screen, find, take)


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
