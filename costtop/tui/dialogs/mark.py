"""The mark dialog: what a user says of a session. It stops nothing."""

from collections.abc import Sequence

from costtop.control.protocol import Command, MarkSession, UnmarkSession
from costtop.queries.live.view import SessionRow
from costtop.tui.dialogs.choice import Answer, Choice, Choose
from costtop.tui.draw.figures import cash, short_place, short_session
from costtop.tui.draw.ink import Line, line

MARKS = (
    Choice("cancel", "0", "Cancel"),
    Choice("watch", "w", "● watch     keep an eye on it"),
    Choice("runaway", "r", "▲ runaway   it went wrong: counts as a true alarm"),
    Choice("fine", "f", "✓ fine      dear on purpose: no further alarms about it"),
    Choice("unmark", "u", "  no mark   take a mark back"),
)


def mark_dialog(rows: Sequence[SessionRow]) -> Choose:
    """Asks what to say of these sessions; the cursor stands on Cancel."""
    about: list[Line] = [
        line("  ", (short_session(row.session), "strong"),
             f"  {row.source}  {short_place(row.project)}  ${cash(row.cost, floor=row.floor)}",
             (f"  marked {row.mark}" if row.mark else "", "accent"))
        for row in rows[:8]
    ]  # fmt: skip
    return Choose("Mark", MARKS, [(), *about], start="cancel", note="a note, if you like")


def command_of(answer: Answer, session: str, by: str) -> Command | None:
    """The command of an answer for the session with this key, None for Cancel."""
    match answer.id:
        case "watch" | "runaway" | "fine":
            return MarkSession(session, answer.id, answer.note, by)
        case "unmark":
            return UnmarkSession(session, by)
    return None
