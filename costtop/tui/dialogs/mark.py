"""The mark dialog: what a user says of a session."""

from collections.abc import Sequence
from typing import Any

from textual.screen import Screen

from costtop.control.protocol import Command, MarkSession, UnmarkSession
from costtop.queries.live.view import SessionRow
from costtop.tui.dialogs.choice import Choice, Choose, Chosen
from costtop.tui.dialogs.machine_lines import machine_line, machines_of
from costtop.tui.dialogs.session_actions import ask
from costtop.tui.draw.figures import bill, short_place
from costtop.tui.draw.ink import Line, line
from costtop.tui.host import host_of

MARKS = (
    Choice("cancel", "0", "Cancel"),
    Choice("watch", "w", "● watch     keep an eye on it"),
    Choice("runaway", "r", "⚑ runaway   it went wrong: counts as a true alarm"),
    Choice("fine", "f", "✓ fine      dear on purpose: no further alarms about it"),
    Choice("unmark", "u", "  no mark   take a mark back"),
)


def ask_mark(screen: Screen[Any], rows: Sequence[SessionRow]) -> None:
    """Opens the dialog for these sessions and carries the answer out."""
    snapshot = host_of(screen).snapshot

    def dialog(rows: Sequence[SessionRow]) -> Choose:
        machines = machines_of(rows, snapshot)
        return mark_dialog(rows, [machine_line(one, snapshot.at) for one in machines])

    ask(screen, rows, dialog, command_of)


def mark_dialog(rows: Sequence[SessionRow], machines: Sequence[Line] = ()) -> Choose:
    """Asks what to say of these sessions; the cursor stands on Cancel."""
    about = [(), *(_about(row) for row in rows[:8]), *machines]
    return Choose("Mark", MARKS, about, start="cancel", note="a note, if you like")


def _about(row: SessionRow) -> Line:
    cost = bill(row.cost, floor=row.floor)
    whose = f"  {row.source}  {short_place(row.project)}  {cost}"
    marked = f"  marked {row.mark}" if row.mark else ""
    return line("  ", (row.called, "strong"), whose, (marked, "accent"))


def command_of(answer: Chosen, session: str, by: str) -> Command | None:
    """The command of an answer for the session with this key, None for Cancel."""
    match answer.id:
        case "watch" | "runaway" | "fine":
            return MarkSession(session, answer.id, answer.note or None, by)
        case "unmark":
            return UnmarkSession(session, by)
    return None
