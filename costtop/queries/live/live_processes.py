"""Which processes are behind sessions, as the daemon says in its status file. It looks at none."""

from collections.abc import Iterable, Mapping
from typing import Any

from costtop.queries.live.view import ProcessSeen, SessionRow

_STOPPED = ("T", "t")  # the kernel's letters


def processes(said: Mapping[str, Any]) -> tuple[ProcessSeen, ...]:
    """The processes in the daemon's status that may be acted on, and how sure each one is."""
    return tuple(
        ProcessSeen(
            session,
            int(told["pid"]),
            told.get("state") in _STOPPED,
            str(told.get("confidence", "")),
            str(told.get("evidence", "")),
        )
        for session, told in said.get("processes", {}).items()
        if not told.get("refusal")
    )


def exited(said: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """(session, ms when it was noticed) of exits of processes that were known for sure."""
    return tuple((str(session), int(at)) for session, at in said.get("exited", {}).items())


def shown(
    rows: Iterable[SessionRow],
    seen: Iterable[ProcessSeen],
    exits: Iterable[tuple[str, int]] = (),
) -> tuple[SessionRow, ...]:
    """The rows with processes known exactly: a stopped one pauses a session, an exit ends it."""
    known = {one.session: one for one in seen if one.confidence == "exact"}
    ended = dict(exits)
    if not known and not ended:
        return tuple(rows)
    return tuple(_with(row, known.get(row.key), ended.get(row.key)) for row in rows)


def _with(row: SessionRow, seen: ProcessSeen | None, ended: int | None) -> SessionRow:
    if seen is not None:
        paused = row._replace(pid=seen.pid, state="paused", rate=0)
        return paused if seen.paused else row._replace(pid=seen.pid)
    return row._replace(state="ended", rate=0) if has_exited(row.last, ended) else row


def has_exited(last: int | None, ended: int | None) -> bool:
    """Whether a session's process has exited, whose exit was noticed at `ended`.

    A call after that came from elsewhere: the session was resumed by a process unknown.
    """
    return ended is not None and (last or 0) <= ended
