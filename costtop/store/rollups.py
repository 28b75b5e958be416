"""The roll-ups of calls: totals by session, minute and quarter hour. They hold no truth.

Deltas are added up here for a whole batch and written once (triggers cost a quarter more CPU and
do not know old values). Negative deltas take back what an earlier sight of a call had booked.
"""

import sqlite3
from operator import add
from typing import NamedTuple

from costtop.store.rows import ERROR, Row

MINUTE = 60_000
QUARTER = 900_000

_SUMS = (
    "calls, errors, unpriced, cost, reported, reported_calls, input, cache_read, cache_write,"
    " cache_write_1h, output, reasoning"
)
_NAMES = _SUMS.split(", ")


class _Latest(NamedTuple):
    at: int
    seen: int
    context: int
    feature: int
    model: int
    prompt: int
    first: int


class Deltas:
    """What a batch changes in the roll-ups."""

    def __init__(self) -> None:
        self._sessions: dict[int, list[int]] = {}
        self._latest: dict[int, _Latest] = {}
        self._minutes: dict[tuple[int, int], list[int]] = {}
        self._spend: dict[tuple[int, int, int, int, int], list[int]] = {}
        self._shrunk = False

    def book(self, row: Row, sign: int = 1) -> None:
        """Adds one call, or takes back an earlier sight of it (`sign` -1)."""
        sums = _sums(row, sign)
        quarter = (row.at // QUARTER, row.session, row.context, row.model, row.feature)
        _add(self._sessions.setdefault(row.session, [0] * 12), sums)
        _add(self._spend.setdefault(quarter, [0] * 12), sums)
        minute = self._minutes.setdefault((row.at // MINUTE, row.session), [0] * 4)
        _add(minute, [sums[3], sums[0], sums[2], sums[6] + sums[10]])
        if sign < 0:
            self._shrunk = True
        else:
            self._note_latest(row)

    def _note_latest(self, row: Row) -> None:
        known = self._latest.get(row.session)
        if known is None:
            known = _latest(row, row.at)
        elif row.at >= known.at:
            known = _latest(row, min(known.first, row.at))
        else:
            known = known._replace(first=min(known.first, row.at), seen=max(known.seen, row.seen))
        self._latest[row.session] = known

    def write(self, db: sqlite3.Connection, rev: int) -> None:
        """Writes all deltas; `rev` marks the sessions that changed."""
        sets = ", ".join(f"{name} = {name} + ?" for name in _NAMES)
        db.executemany(
            f"UPDATE sessions SET {sets}, rev = ? WHERE id = ?",
            [(*sums, rev, session) for session, sums in self._sessions.items()],
        )
        # A fact may have moved `last` past every call: only calls say which of them is the latest.
        newer = "?1 >= (SELECT max(at) FROM calls WHERE calls.session = ?7)"
        db.executemany(
            "UPDATE sessions SET"
            f" context = CASE WHEN {newer} THEN ?2 ELSE context END,"
            f" feature = CASE WHEN {newer} THEN ?3 ELSE feature END,"
            f" model = CASE WHEN {newer} THEN ?4 ELSE model END,"
            f" prompt = CASE WHEN {newer} THEN ?8 ELSE prompt END,"
            " started = min(coalesce(started, ?5), ?5), last = max(coalesce(last, 0), ?1),"
            " seen = max(coalesce(seen, 0), ?6),"
            " ended = CASE WHEN ended < ?1 THEN NULL ELSE ended END WHERE id = ?7",
            [
                (
                    late.at,
                    late.context,
                    late.feature,
                    late.model,
                    late.first,
                    late.seen,
                    session,
                    late.prompt,
                )
                for session, late in self._latest.items()
            ],
        )
        self._write_minutes(db)
        self._write_spend(db)

    def _write_minutes(self, db: sqlite3.Connection) -> None:
        db.executemany(
            "INSERT INTO minutes (minute, session, cost, calls, unpriced, tokens)"
            " VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET cost = cost + excluded.cost,"
            " calls = calls + excluded.calls, unpriced = unpriced + excluded.unpriced,"
            " tokens = tokens + excluded.tokens",
            [(*key, *sums) for key, sums in sorted(self._minutes.items())],
        )
        if self._shrunk:
            db.executemany(
                "DELETE FROM minutes WHERE minute = ? AND session = ? AND calls = 0",
                list(self._minutes),
            )

    def _write_spend(self, db: sqlite3.Connection) -> None:
        sets = ", ".join(f"{name} = {name} + excluded.{name}" for name in _NAMES)
        db.executemany(
            f"INSERT INTO spend (quarter, session, context, model, feature, {_SUMS})"
            f" VALUES (?,?,?,?,?,{','.join('?' * 12)}) ON CONFLICT DO UPDATE SET {sets}",
            [(*key, *sums) for key, sums in sorted(self._spend.items())],
        )
        if self._shrunk:
            db.executemany(
                "DELETE FROM spend WHERE quarter = ? AND session = ? AND context = ?"
                " AND model = ? AND feature = ? AND calls = 0",
                list(self._spend),
            )


def _latest(row: Row, first: int) -> _Latest:
    return _Latest(row.at, row.seen, row.context, row.feature, row.model, row.input, first)


def _sums(row: Row, sign: int) -> list[int]:
    return [
        sign,
        sign * (row.flags & ERROR),
        sign if row.cost is None else 0,
        sign * (row.cost or 0),
        sign * (row.reported or 0),
        0 if row.reported is None else sign,
        sign * row.input,
        sign * row.cache_read,
        sign * row.cache_write,
        sign * row.cache_write_1h,
        sign * row.output,
        sign * row.reasoning,
    ]


def _add(sums: list[int], more: list[int]) -> None:
    sums[:] = map(add, sums, more)
