"""Which processes are behind sessions, as the daemon says in its status file. It looks at none."""

from collections.abc import Iterable, Mapping
from typing import Any

from costtop.snapshot.view import ProcessSeen, SessionRow

_STOPPED = ("T", "t")  # the kernel's letters


def processes(said: Mapping[str, Any]) -> tuple[ProcessSeen, ...]:
    """The processes in the daemon's status that are, or were, known for certain."""
    living = tuple(
        ProcessSeen(session, int(told["pid"]), told.get("state") in _STOPPED)
        for session, told in said.get("processes", {}).items()
        if told.get("confidence") == "exact" and not told.get("refusal")
    )
    gone = said.get("exited", {}).items()
    return living + tuple(ProcessSeen(session, 0, False, int(at)) for session, at in gone)


def shown(rows: Iterable[SessionRow], seen: Iterable[ProcessSeen]) -> tuple[SessionRow, ...]:
    """The rows of root sessions with their process; a stopped one pauses it, an exit ends it."""
    known = {one.session: one for one in seen}
    return tuple(_with(row, known.get(row.key)) for row in rows)


def _with(row: SessionRow, seen: ProcessSeen | None) -> SessionRow:
    if seen is None:
        return row
    if seen.gone is not None:
        # A call after the exit came from elsewhere: the session was resumed by a process unknown.
        return row._replace(state="ended", rate=0) if (row.last or 0) <= seen.gone else row
    return row._replace(pid=seen.pid, state="paused" if seen.paused else row.state)
