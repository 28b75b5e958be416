"""The kill dialog: what would be ended, how hard, from when. It holds keys, no row numbers.

The sessions are those under the cursor, or tagged, when the key was pressed; rows that move
meanwhile change nothing. It shows what is known; the daemon checks the process once more and
refuses where it cannot prove which one it is.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from textual.screen import Screen

from costtop.control.protocol import Command, Kill, Pause, Resume, StopSession
from costtop.durations import short
from costtop.queries.live.view import FleetHost, ProcessSeen, SessionRow
from costtop.tui.dialogs.choice import Choice, Choose, Chosen
from costtop.tui.dialogs.machine_lines import machine_line, machines_of
from costtop.tui.dialogs.session_actions import ask, root_key
from costtop.tui.draw.figures import bill, short_place
from costtop.tui.draw.ink import Line, facts, line
from costtop.tui.host import host_of

_TYPED = "its pid: only where costtop asks you to type it"
_SHOWN = 6  # sessions listed by name
_SOFT = "Stop        at its next tool call, by costtop's hook in the agent"
_BY_HOOK = ("stop", "hold")
_NO_HOOK = "no hook would hear it"
RUNGS = (
    Choice("cancel", "0", "Cancel"),
    Choice("stop", "1", _SOFT),
    Choice("INT", "2", "Interrupt   SIGINT, as Ctrl+C does; it keeps its transcript"),
    Choice("TERM", "3", "Terminate   SIGINT, then SIGTERM after a few seconds"),
    Choice("KILL", "4", "Kill        SIGINT, SIGTERM, then SIGKILL; it cleans up nothing"),
    Choice("hold", "h", "Hold        its hook refuses all until resume; no terminal is lost"),
    Choice("pause", "p", "Pause       SIGSTOP the tree; its shell runs what is typed next"),
    Choice("resume", "r", "Resume      SIGCONT a paused one"),
)
_ROOM = 74  # cells of a line in the dialog at 80
_VERBS = {"stop": "stop", **dict.fromkeys(("INT", "TERM", "KILL"), "kill")}
_VERBS |= dict.fromkeys(("hold", "pause", "resume"), "pause")
_SIGNALS = {"INT", "TERM", "KILL", "pause", "resume"}


def ask_kill(screen: Screen[Any], rows: Sequence[SessionRow]) -> None:
    """Opens the dialog for these sessions and carries the answer out; ended ones are left out."""
    host = host_of(screen)
    snapshot = host.snapshot
    guesses = snapshot.pulse.guesses
    seen = {one.session for one in guesses}
    live = [row for row in rows if row.state != "ended" or row.pid or root_key(row) in seen]
    if rows and not live:
        screen.app.push_screen(ended_dialog(rows, snapshot.at))
        return

    def dialog(rows: Sequence[SessionRow]) -> Choose:
        hosts = machines_of(rows, snapshot)
        return kill_dialog(rows, snapshot.at, guesses, host.backend.hint, hosts)

    ask(screen, live, dialog, command_of)


def ended_dialog(rows: Sequence[SessionRow], now: int) -> Choose:
    """Says that there is nothing to kill."""
    about = [part for row in rows[:_SHOWN] for part in _facts(row, {}, now)]
    has = "It has" if len(rows) == 1 else "They have"
    title = f"{has} ended: there is nothing to kill"
    return Choose(title, [Choice("cancel", "0", "Close")], [(), *about])


def kill_dialog(
    rows: Sequence[SessionRow],
    now: int,
    guesses: Sequence[ProcessSeen] = (),
    hint: Callable[[str], str] = lambda source: "",
    hosts: Sequence[FleetHost] = (),
) -> Choose:
    """Asks how to end these sessions; the cursor stands on Cancel.

    `guesses` are processes not known exactly; `hint` says of a source what to type so that its
    agent hears a stop, "" where it does already. `hosts` are their machines, where they are others.
    """
    many = "this session" if len(rows) == 1 else f"these {len(rows)} sessions"
    seen = {one.session: one for one in guesses}
    about: list[Line] = [()]
    for row in rows[:_SHOWN]:
        about += _facts(row, seen, now)
    if len(rows) > _SHOWN:
        about.append(line((f"  and {len(rows) - _SHOWN} more", "dim")))
    sources = dict.fromkeys(row.source for row in rows)
    deaf = next((said for source in sources if (said := hint(source))), "")
    rungs = [_unheard(one, deaf) if one.id in _BY_HOOK and deaf else one for one in RUNGS]
    about += [machine_line(one, now) for one in hosts]
    rungs = [_untaken(one, hosts) for one in rungs]
    weak = seen.get(root_key(rows[0])) if len(rows) == 1 else None
    if weak is not None and weak.confidence != "weak":
        weak = None
    note = _TYPED if weak is None else f"type {weak.pid}, its pid, to signal it"
    check = partial(wrong, weak=weak, deaf=deaf, hosts=hosts)
    asked = None if hosts else note  # a pid there is that machine's affair
    return Choose(f"End {many}?", rungs, about, start="cancel", note=asked, check=check)


def wrong(
    answer: Chosen, weak: ProcessSeen | None, deaf: str, hosts: Sequence[FleetHost] = ()
) -> str:
    """Why an answer cannot be carried out yet, "" where it can.

    A signal to a process found on weak evidence asks for its pid (`weak`), a stop for a hook:
    `deaf` is what to type where there is none; another machine for its consent.
    """
    if unwilling := _unwilling(answer.id, hosts):
        return unwilling
    if answer.id in _BY_HOOK and deaf:
        return f"no hook would hear it: {deaf}"
    if weak is not None and answer.id in _SIGNALS and _pid(answer) != weak.pid:
        return f"weak evidence: type the pid {weak.pid} below (Tab)"
    return ""


def _unheard(one: Choice, deaf: str) -> Choice:
    """The choice of what only a hook can do, where none would hear it."""
    return one._replace(label=f"{one.label.partition(' ')[0]:12}{_NO_HOOK}: {deaf}")


def _untaken(one: Choice, hosts: Sequence[FleetHost]) -> Choice:
    """The choice of what no machine of these would do."""
    unwilling = _unwilling(one.id, hosts)
    return one._replace(label=f"{one.label.partition(' ')[0]:12}{unwilling}") if unwilling else one


def _unwilling(choice: str, hosts: Sequence[FleetHost]) -> str:
    """Why none of these machines would do what is chosen, "" where one may."""
    verb = _VERBS.get(choice, "")
    if not verb or not hosts or any(one.takes(verb) for one in hosts):
        return ""
    named = hosts[0].name if len(hosts) == 1 else "none of these machines"
    return f"{named} does not accept {verb} ([fleet] accept there)"


def _facts(row: SessionRow, seen: Mapping[str, ProcessSeen], now: int) -> list[Line]:
    guess = seen.get(root_key(row))
    pid = f"pid {row.pid}" if row.pid else "pid checked by the daemon"
    if guess is not None:
        pid = f"pid {guess.pid}, {guess.confidence}ly known"
    pid = f"{pid} · " if row.pid or row.state != "ended" else ""  # nobody looks for an ended one's
    since = f"began {short(now - row.started)} ago" if row.started else "start unknown"
    cost = f"{bill(row.short.known(row.cost), floor=row.floor)} so far"
    where = (f" · {row.cwd}" if row.cwd else "", "dim")
    name, place = row.called, short_place(row.project)
    state = (row.state, "good" if row.state == "running" else "dim")
    lines = [
        line("  ", (name, "strong"), f"  {row.source}  {place}  ", state),
        facts(line(f"    {pid}{since} · ", (cost, "strong"), where), _ROOM),
    ]
    if guess is not None:
        ink = "warn" if guess.confidence == "weak" else "dim"
        lines.append(line((f"    {guess.confidence} evidence: {guess.evidence}", ink)))
    return lines


def _pid(answer: Chosen) -> int | None:
    typed = answer.note.strip()
    return int(typed) if typed.isascii() and typed.isdigit() else None


def command_of(answer: Chosen, session: str, by: str) -> Command | None:
    """The command of an answer for the session with this key, None for Cancel."""
    typed = _pid(answer)
    match answer.id:
        case "stop":
            return StopSession(session, by=by)
        case "INT" | "TERM" | "KILL":
            return Kill(session, answer.id, by, typed)
        case "pause" | "hold":
            return Pause(session, by, typed, hold=answer.id == "hold")
        case "resume":
            return Resume(session, by, typed)
    return None
