"""Which processes are behind sessions, as the daemon says in its status file. It looks at none."""

from collections.abc import Iterable, Mapping
from typing import Any

from costtop.snapshot.view import ProcessSeen, SessionRow

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


def shown(rows: Iterable[SessionRow], seen: Iterable[ProcessSeen]) -> tuple[SessionRow, ...]:
    """The rows of root sessions with their process; a stopped one makes its session paused."""
    known = {one.session: one for one in seen}
    return tuple(_with(row, known.get(row.key)) for row in rows)


def _with(row: SessionRow, seen: ProcessSeen | None) -> SessionRow:
    if seen is None:
        return row
    return row._replace(pid=seen.pid, state="paused" if seen.paused else row.state)
