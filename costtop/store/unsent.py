"""Reads what a fleet's server has not heard yet, as it is stored.

What has changed goes before what was stored earlier, and of both the newest first.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

from costtop.durations import DAY, QUARTER
from costtop.model import Tokens
from costtop.named_tuples import NamedTuple
from costtop.store.calls.call_row import UNREADABLE, computed_of, has_key, key_of
from costtop.store.outgoing import Mark, Place
from costtop.store.sessions.owner_columns import user

_QUARTERS = DAY // QUARTER
_AT_ONCE = 500  # rows asked for by one statement
_LAST = 1 << 60
AGENTLESS = -1  # the day of a `Place` behind all days: sessions without a call


class StoredCall(NamedTuple):
    """A call as it is stored, with its names; of `session` only the row."""

    row: int
    key: bytes
    session: int
    at: int
    model: str
    feature: str
    project: str
    user: str
    tokens: Tokens
    flags: int
    cost: int | None
    computed: int | None
    reported: int | None


class ToldSession(NamedTuple):
    """The latest word on one (source, session, agent); agent "" is the session itself."""

    source: str
    session: str
    agent: str
    root: str  # the session that it is folded into
    user: str
    project: str
    feature: str
    model: str
    started: int | None
    last: int
    ended: int | None = None


class StoredSession(NamedTuple):
    """A session row, and what is told of it, under the names that it has here."""

    row: int
    told: ToldSession


class UnsentChanges(NamedTuple):
    """What has changed: rows of calls, keys that are gone, and the numbers that tell of them."""

    calls: list[int]
    gone: list[bytes]
    taken: list[list[int]]  # [first, last] of `outgoing`
    left: bool  # more are behind


_CALLS = f"""
SELECT c.id, {key_of("c.")}, c.session, c.at, m.text, f.text, p.text, u.text, c.input,
  c.cache_read, c.cache_write, c.cache_write_1h, c.output, c.reasoning, c.flags, c.cost,
  {computed_of("c.")}, c.reported
FROM calls c JOIN sessions s ON s.id = c.session JOIN contexts x ON x.id = c.context
  JOIN names m ON m.id = c.model JOIN names f ON f.id = c.feature
  JOIN names p ON p.id = x.project JOIN names u ON u.id = {user(context="x")}
WHERE NOT c.flags & {UNREADABLE}"""
_SESSIONS = """
SELECT s.id, n.text, s.session, s.agent, r.session, u.text, coalesce(p.text, ''), f.text, m.text,
  s.started, coalesce(s.last, s.started, 0), s.ended
FROM sessions s JOIN sessions r ON r.id = s.root LEFT JOIN contexts x ON x.id = s.context
  LEFT JOIN names p ON p.id = x.project JOIN names n ON n.id = s.source
  JOIN names f ON f.id = s.feature JOIN names m ON m.id = coalesce((
    SELECT model FROM session_models d JOIN names dn ON dn.id = d.model WHERE d.session = s.id
    ORDER BY d.cost DESC, d.tokens DESC, dn.text DESC LIMIT 1), s.model)  -- the dearest
  JOIN names u ON u.id = coalesce(nullif(x.user, 0), s.user)"""
_TOLD = "(s.last NOTNULL OR s.started NOTNULL)"  # a log has said something of it


def changes(db: sqlite3.Connection, limit: int, without: Sequence[Sequence[int]]) -> UnsentChanges:
    """The newest changes, but those of the numbers `without` ([first, last] each)."""
    rows, taken, left = written(db, limit, without)
    calls = dict.fromkeys(call for call, _ in rows if call)
    # A key that came again is told as what it is now.
    gone = dict.fromkeys(key for call, key in rows if not call and not _is_stored(db, key))
    return UnsentChanges(list(calls), list(gone), taken, left)


def written(
    db: sqlite3.Connection, limit: int, without: Sequence[Sequence[int]]
) -> tuple[list[tuple[int, Any]], list[list[int]], bool]:
    """What was written down last: (call, key) of each, the numbers, whether more is behind."""
    found: list[tuple[int, Any]] = []
    taken: list[list[int]] = []
    query = (
        f"SELECT seq, call, {key_of()} FROM outgoing WHERE seq BETWEEN ? AND ?"
        " AND (call OR key NOTNULL) ORDER BY seq DESC LIMIT ?"
    )
    for first, last in _gaps(without):
        most = limit - len(found)
        rows = db.execute(query, (first, last, most + 1)).fetchall()
        left, rows = len(rows) > most, rows[:most]
        found += [(call, key) for _, call, key in rows]
        if rows:
            taken.append([rows[-1][0] if left else first, rows[0][0]])
        if left:
            return found, taken, True
    return found, taken, False


def _gaps(ranges: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
    """What lies between ranges, the highest first."""
    above = _LAST
    for first, last in sorted(((one[0], one[1]) for one in ranges), reverse=True):
        if last < above:
            yield last + 1, above
        above = min(above, first - 1)
    if above > 0:
        yield 1, above


def _is_stored(db: sqlite3.Connection, key: bytes) -> bool:
    query = f"SELECT 1 FROM calls c WHERE {has_key('c.', '?1')} AND NOT c.flags & {UNREADABLE}"
    return db.execute(query, (key,)).fetchone() is not None


def _call(row: Sequence[Any]) -> StoredCall:
    return StoredCall._make((*row[:8], Tokens._make(row[8:14]), *row[14:]))


def calls(db: sqlite3.Connection, rows: Sequence[int]) -> list[StoredCall]:
    """The calls of these rows that are still there, the newest day first."""
    found: list[StoredCall] = []
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        query = f"{_CALLS} AND c.id IN ({','.join('?' * len(part))})"
        found += map(_call, db.execute(query, part))
    found.sort(key=lambda one: (-(one.at // DAY), one.session, one.at, one.row))
    return found


def sessions(db: sqlite3.Connection, rows: Sequence[int]) -> list[StoredSession]:
    """The sessions of these rows."""
    found: list[StoredSession] = []
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        query = f"{_SESSIONS} WHERE s.id IN ({','.join('?' * len(part))}) ORDER BY s.id"
        for row, *told in db.execute(query, part):
            found.append(StoredSession(row, ToldSession._make(told)))
    return found


def changed_sessions(
    db: sqlite3.Connection, after: Mark, limit: int
) -> tuple[list[int], Mark | None]:
    """Rows of sessions of which something was said since, and how far that goes; None: nowhere."""
    rows = db.execute(
        "SELECT rev, id, started, last FROM sessions WHERE (rev, id) > (?, ?)"
        " ORDER BY rev, id LIMIT ?",
        (*after, limit),
    ).fetchall()
    told = [row for _, row, started, last in rows if (started, last) != (None, None)]
    return told, (rows[-1][0], rows[-1][1]) if rows else None


class UnsentHistory:
    """Walks what was stored before, the newest day first; keeps the sessions of one day."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._day, self._sessions = _LAST, list[int]()

    def after(self, place: Place, limit: int) -> tuple[list[StoredCall], list[int], Place | None]:
        """The calls behind a place, sessions without any, and where to go on; None at the end."""
        day, session, at, row = place
        found: list[StoredCall] = []
        while day > AGENTLESS:
            for one in self._of_day(day, session):
                since = (at, row) if one == session else (0, 0)
                found += self._calls(day, one, since, limit - len(found))
                if len(found) >= limit:
                    last = found[-1]
                    return found, [], (day, last.session, last.at, last.row)
            older = self.day_before(day)
            day, session, at, row = AGENTLESS if older is None else older, 0, 0, 0
        if found:
            return found, [], (AGENTLESS, 0, 0, 0)
        without = self._without_calls(session, limit)
        return [], without, (AGENTLESS, without[-1], 0, 0) if without else None

    def day_before(self, day: int) -> int | None:
        query = "SELECT max(quarter) FROM spend WHERE quarter < ?"
        newest = self._db.execute(query, (day * _QUARTERS,)).fetchone()[0]
        return None if newest is None else int(newest) // _QUARTERS

    def _of_day(self, day: int, first: int) -> list[int]:
        """Sessions that spent something on a day, from the row `first` on."""
        if day != self._day:
            query = "SELECT DISTINCT session FROM spend WHERE quarter >= ? AND quarter < ?"
            span = (day * _QUARTERS, (day + 1) * _QUARTERS)
            self._sessions = sorted(row[0] for row in self._db.execute(query, span))
            self._day = day
        return self._sessions[bisect_left(self._sessions, first) :]

    def _calls(
        self, day: int, session: int, since: tuple[int, int], limit: int
    ) -> list[StoredCall]:
        query = (
            f"{_CALLS} AND c.session = ? AND c.at >= ? AND c.at < ?"
            " AND (c.at, c.id) > (?, ?) ORDER BY c.at, c.id LIMIT ?"
        )
        begins = day * DAY
        span = (session, max(begins, since[0]), begins + DAY, *since, limit)
        return [_call(row) for row in self._db.execute(query, span)]

    def _without_calls(self, after: int, limit: int) -> list[int]:
        query = f"SELECT s.id FROM sessions s WHERE s.id > ? AND calls = 0 AND {_TOLD} LIMIT ?"
        return [row[0] for row in self._db.execute(query, (after, limit))]
