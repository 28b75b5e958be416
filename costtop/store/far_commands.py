"""Commands of a fleet's operators to this machine, each kept before it is begun.

An id that stands here is never begun again, whoever sends it, and an answer is kept until the
fleet's server has it.
"""

import sqlite3
from typing import Literal

from costtop.durations import DAY, HOUR
from costtop.named_tuples import NamedTuple
from costtop.store.sessions import marks

Outcome = Literal["begun", "done", "refused", "expired"]
_CAPPED = ("stop", "pause", "kill")  # what is done so many times an hour at most
_KEPT = 90 * DAY  # since when the answer is known to the server
_FIELDS = "id, session, verb, by, at, pid, start, state, answer"


class FarCommand(NamedTuple):
    """One command; `session` is its key, or what it was called where there is none of that name.

    `pid` and `start` are its process when it was begun, 0 where none was known.
    """

    id: str
    session: str
    verb: str
    by: str  # "oscar@fleet from desk"
    at: int  # ms UTC of this machine
    pid: int = 0
    start: int = 0
    state: Outcome = "begun"
    answer: str = ""


def begin(db: sqlite3.Connection, new: FarCommand, hourly: int) -> FarCommand | None:
    """Keeps it, also one that is refused already; None where its id is known: nothing is to do.

    Beyond `hourly` of stop, pause and kill within an hour it is kept as refused.
    """
    if db.execute("SELECT 1 FROM far_commands WHERE id = ?", (new.id,)).fetchone():
        return None
    if new.state == "begun" and new.verb in _CAPPED and _lately(db, new.at) >= hourly:
        words = f"this machine takes {hourly} of {', '.join(_CAPPED)} an hour ([fleet] hourly)"
        new = new._replace(pid=0, start=0, state="refused", answer=words)
    db.execute(f"INSERT INTO far_commands ({_FIELDS}) VALUES (?,?,?,?,?,?,?,?,?)", new)
    if new.state != "begun":
        marks.journal(db, new.at, new.by, f"{new.verb} {new.state}", new.session, new.answer)
    db.execute("DELETE FROM far_commands WHERE told < ?", (new.at - _KEPT,))
    return new


def _lately(db: sqlite3.Connection, now: int) -> int:
    """How many of the capped verbs were begun within an hour."""
    marks_of = ",".join("?" * len(_CAPPED))
    row = db.execute(
        f"SELECT count(*) FROM far_commands WHERE at > ? AND verb IN ({marks_of})"
        " AND (state IN ('begun', 'done') OR pid > 0)",
        (now - HOUR, *_CAPPED),
    ).fetchone()
    return int(row[0])


def finish(db: sqlite3.Connection, command: str, state: Outcome, answer: str) -> None:
    """What became of it; the first word stands."""
    db.execute(
        "UPDATE far_commands SET state = ?, answer = ? WHERE id = ? AND state = 'begun'",
        (state, answer, command),
    )


def left(db: sqlite3.Connection) -> list[FarCommand]:
    """Those that were begun and of which nobody knows the end."""
    rows = db.execute(f"SELECT {_FIELDS} FROM far_commands WHERE told IS NULL AND state = 'begun'")
    return [FarCommand(*row) for row in rows]


def untold(db: sqlite3.Connection, command: str = "") -> list[FarCommand]:
    """Those whose answer the server has not got yet; with an id that one alone, if it is one."""
    rows = db.execute(
        f"SELECT {_FIELDS} FROM far_commands WHERE told IS NULL AND state <> 'begun'"
        " AND ? IN ('', id) ORDER BY at, id",
        (command,),
    )
    return [FarCommand(*row) for row in rows]


def tell(db: sqlite3.Connection, command: str, now: int) -> None:
    """The server has its answer."""
    db.execute("UPDATE far_commands SET told = ? WHERE id = ? AND state <> 'begun'", (now, command))
