"""Says what was done to a session before why it costs what it does. It does nothing itself.

`killed by you 12s ago · retries 98 %`, `paused · retries 98 %`, `stopped at its next tool`.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from costtop.durations import DAY, MINUTE, short
from costtop.files import user_name
from costtop.queries.live.live_alerts import Held, Unusual
from costtop.queries.live.view import SessionRow

_LATEST = 200  # deeds that are looked through
_GOES_ON = MINUTE  # after a kill: a session that is seen later than this was not ended


class Kill(NamedTuple):
    """The latest kill of a session."""

    at: int  # ms UTC
    by: str


def kills(db: sqlite3.Connection, now: int) -> dict[str, Kill]:
    """The kills of the last day by session ("source/session"), inside the caller's transaction."""
    rows = db.execute(
        "SELECT session, at, by FROM (SELECT * FROM deeds WHERE at <= ? ORDER BY id DESC LIMIT ?)"
        " WHERE deed LIKE 'kill up to %' AND at >= ? ORDER BY id",
        (now, _LATEST, now - DAY),
    )
    return {session: Kill(at, by) for session, at, by in rows}


def shown(
    rows: Iterable[SessionRow],
    unusual: Mapping[str, Unusual],
    killed: Mapping[str, Kill],
    held: Sequence[Held],
    now: int,
) -> tuple[SessionRow, ...]:
    """The rows with their deeds before their reasons."""
    stopped = {one.session for one in held if one.session}
    return tuple(
        _said(row, unusual, killed.get(row.key), now, stopped=row.key in stopped)
        if row.state == "paused" or row.key in killed or row.key in stopped
        else row
        for row in rows
    )


def _said(
    row: SessionRow, unusual: Mapping[str, Unusual], kill: Kill | None, now: int, *, stopped: bool
) -> SessionRow:
    if not (words := _deed(row, kill, now, stopped=stopped)):
        return row
    why = unusual[row.key].driver if row.key in unusual else ""
    return row._replace(why=" · ".join(filter(None, (words, why))))


def _deed(row: SessionRow, kill: Kill | None, now: int, *, stopped: bool) -> str:
    if kill is not None and (row.last or 0) <= kill.at + _GOES_ON:
        who = "you" if kill.by == user_name() else kill.by or "costtop"
        return f"killed by {who} {short(now - kill.at)} ago"
    if row.state == "paused":
        return "paused"
    return "stopped at its next tool" if stopped and row.state != "ended" else ""
