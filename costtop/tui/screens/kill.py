"""The kill dialog: what would be ended, how hard, from when. It holds keys, no row numbers.

The sessions are those under the cursor, or tagged, when the key was pressed; rows that move
meanwhile change nothing. It shows what is known; the daemon checks the process once more and
refuses where it cannot prove which one it is.
"""

from collections.abc import Sequence

from costtop.control.protocol import Command, Kill, Pause, Resume
from costtop.snapshot.view import SessionRow
from costtop.tui.figures import age, cash, short_place, short_session
from costtop.tui.ink import Line, line
from costtop.tui.screens.choose import Answer, Choice, Choose

_TYPED = "its pid: only where costtop asks you to type it"
_SHOWN = 6  # sessions listed by name
RUNGS = (
    Choice("cancel", "0", "Cancel"),
    Choice("INT", "1", "Interrupt   SIGINT, as Ctrl+C does; it keeps its transcript"),
    Choice("TERM", "2", "Terminate   SIGINT, then SIGTERM after a few seconds"),
    Choice("KILL", "3", "Kill        SIGINT, SIGTERM, then SIGKILL; it cleans up nothing"),
    Choice("pause", "p", "Pause       SIGSTOP the process tree; it spends nothing meanwhile"),
    Choice("resume", "r", "Resume      SIGCONT a paused one"),
)


def kill_dialog(rows: Sequence[SessionRow], now: int) -> Choose:
    """Asks how to end these sessions; the cursor stands on Cancel."""
    many = "this session" if len(rows) == 1 else f"these {len(rows)} sessions"
    about: list[Line] = [()]
    for row in rows[:_SHOWN]:
        about += _facts(row, now)
    if len(rows) > _SHOWN:
        about.append(line((f"  and {len(rows) - _SHOWN} more", "dim")))
    return Choose(f"End {many}?", RUNGS, about, start="cancel", note=_TYPED)


def _facts(row: SessionRow, now: int) -> list[Line]:
    pid = f"pid {row.pid}" if row.pid else "pid checked by the daemon"
    since = f"began {age(now - row.started)} ago" if row.started else "start unknown"
    cost = f"${cash(row.cost, floor=row.floor)} so far"
    running = row.state == "running"
    return [
        line("  ", (short_session(row.session), "strong"), f"  {row.source}  ",
             f"{short_place(row.project)}  ", (row.state, "good" if running else "dim")),
        line(f"    {pid} · {since} · ", (cost, "strong"), (f" · {row.cwd or '-'}", "dim")),
    ]  # fmt: skip


def command_of(answer: Answer, session: str, by: str) -> Command | None:
    """The command of an answer for the session with this key, None for Cancel."""
    typed = int(answer.note) if answer.note.isascii() and answer.note.isdigit() else None
    match answer.id:
        case "INT" | "TERM" | "KILL":
            return Kill(session, answer.id, by, typed)
        case "pause":
            return Pause(session, by, typed)
        case "resume":
            return Resume(session, by, typed)
    return None
