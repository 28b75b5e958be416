"""Says what was done to a session before why it costs what it does.

`killed by you 12s ago · retries 98 %`, `paused · retries 98 %`, `stopped at its next tool`, and,
where the session is held back and no hook of it was ever called, that nothing holds it.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from costtop.durations import DAY, MINUTE, short
from costtop.files import user_name
from costtop.named_tuples import NamedTuple
from costtop.queries.live.live_alerts import Held, Unusual
from costtop.queries.live.view import SessionRow
from costtop.scope import HOME, matches

_LATEST = 200  # deeds that are looked through
_GOES_ON = MINUTE  # after a kill: a session that is seen later than this was not ended


class LatestKill(NamedTuple):
    """The latest kill of a session."""

    at: int  # ms UTC
    by: str


def kills(db: sqlite3.Connection, now: int) -> dict[str, LatestKill]:
    """The kills of the last day by session ("source/session"), inside the caller's transaction."""
    rows = db.execute(
        "SELECT session, at, by FROM (SELECT * FROM deeds WHERE at <= ? ORDER BY id DESC LIMIT ?)"
        " WHERE deed LIKE 'kill up to %' AND at >= ? ORDER BY id",
        (now, _LATEST, now - DAY),
    )
    return {session: LatestKill(at, by) for session, at, by in rows}


class Hands(NamedTuple):
    """What lies on sessions: kills, breakers, and which sessions have a gate that runs."""

    killed: Mapping[str, LatestKill]
    held: Sequence[Held]
    gated: frozenset[str]  # "source/session"
    far: bool = False  # sessions are of other machines, which know whether their gates run


def shown(
    rows: Iterable[SessionRow], unusual: Mapping[str, Unusual], hands: Hands, now: int
) -> tuple[SessionRow, ...]:
    """The rows with their deeds before their reasons."""
    return tuple(
        _said(row, unusual, hands, now)
        if row.state == "paused" or row.key in hands.killed or hands.held
        else row
        for row in rows
    )


def _said(row: SessionRow, unusual: Mapping[str, Unusual], hands: Hands, now: int) -> SessionRow:
    if not (words := _deed(row, hands, now)):
        return row
    why = unusual[row.key].driver if row.key in unusual else ""
    return row._replace(why=" · ".join(filter(None, (words, why))))


def _deed(row: SessionRow, hands: Hands, now: int) -> str:
    kill = hands.killed.get(row.key)
    if kill is not None and (row.last or 0) <= kill.at + _GOES_ON:
        who = "you" if kill.by == user_name() else kill.by or "costtop"
        return f"killed by {who} {short(now - kill.at)} ago"
    if row.state == "paused":
        return "paused"
    return "" if row.state == "ended" else _held(row, hands)


def _held(row: SessionRow, hands: Hands) -> str:
    """How the gate holds a session, or that nothing does."""
    holding = next((one for one in hands.held if _holds(one, row)), None)
    if holding is None:
        return ""
    if row.key not in hands.gated and not hands.far:
        return "nothing holds it: no hook called"
    return f"held by {holding.budget}" if holding.budget else "stopped at its next tool"


def _holds(one: Held, row: SessionRow) -> bool:
    if one.action not in {"gate", "stop"}:
        return False
    if one.session:
        return one.session == row.key
    about = {name: getattr(row, name) for name in ("feature", "user", "project", "source")}
    about |= {"model": row.model_now, "session": row.key}
    if row.key in one.within:
        about["log"] = f"{dict(one.scope)[HOME]}/"
    return matches(one.scope, about) and not (one.excepted and matches(one.excepted, about))
