"""The roll-ups of calls: totals by session, minute and quarter hour. They hold no truth.

Deltas are added up here for a whole batch and written once (triggers cost a quarter more CPU and
do not know old values). Negative deltas take back what an earlier sight of a call had booked.
"""

import sqlite3
from operator import add
from typing import TypeVar

from costtop.store.calls.call_row import ERROR, UNREADABLE, Row, reasons

K = TypeVar("K")
MINUTE = 60_000
QUARTER = 900_000

_SUMS = (
    "calls, errors, unpriced, cost, reported, reported_calls, input, cache_read, cache_write,"
    " cache_write_1h, output, reasoning"
)
_NAMES = _SUMS.split(", ")


class _Latest:
    """The latest call that a batch has of one session, and its first and last times."""

    __slots__ = ("first", "row", "seen")

    def __init__(self, row: Row) -> None:
        self.row, self.first, self.seen = row, row.at, row.seen

    def note(self, row: Row) -> None:
        """Takes one more call."""
        if row.at >= self.row.at:
            self.row, self.seen = row, row.seen
        else:
            self.seen = max(self.seen, row.seen)
        self.first = min(self.first, row.at)

    def values(self, session: int) -> tuple[int, ...]:
        """As `Deltas.write` binds them."""
        row = self.row
        return (
            row.at, row.context, row.feature, row.model, self.first, self.seen, session, row.input,
        )  # fmt: skip


class Deltas:
    """What a batch changes in the roll-ups."""

    def __init__(self) -> None:
        self._latest: dict[int, _Latest] = {}
        self._minutes: dict[tuple[int, int], list[int]] = {}
        self._spend: dict[tuple[int, int, int, int, int], list[int]] = {}
        self._floors: dict[tuple[int, int, int, int, int, str], list[int]] = {}
        self._shrunk = False

    def book(self, row: Row, sign: int = 1) -> None:
        """Adds one call, or takes back an earlier sight of it (`sign` -1)."""
        sums = _sums(row, sign)
        at, session = row.at, row.session
        minute = (at // MINUTE, session)
        four = [sums[3], sums[0], sums[2], sums[6] + sums[10]]
        _add(self._minutes, minute, four)
        line = (at // QUARTER, session, row.context, row.model, row.feature)
        _add(self._spend, line, sums)
        for reason in reasons(row):
            _add(self._floors, (*line, reason), [sign, sums[3], sums[10]])
        if sign < 0:
            self._shrunk = True
            return
        latest = self._latest.get(session)
        if latest is None:
            self._latest[session] = _Latest(row)
        else:
            latest.note(row)

    def _sessions(self) -> dict[int, list[int]]:
        totals: dict[int, list[int]] = {}
        for (_, session, *_), sums in self._spend.items():
            _add(totals, session, sums.copy())
        return totals

    def write(self, db: sqlite3.Connection, rev: int) -> None:
        """Writes all deltas; `rev` marks the sessions that changed."""
        sets = ", ".join(f"{name} = {name} + ?" for name in _NAMES)
        db.executemany(
            f"UPDATE sessions SET {sets}, rev = ? WHERE id = ?",
            [(*sums, rev, session) for session, sums in self._sessions().items()],
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
            [late.values(session) for session, late in self._latest.items()],
        )
        self._write_minutes(db)
        self._write_spend(db)
        self._write_floors(db)

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

    def _write_floors(self, db: sqlite3.Connection) -> None:
        db.executemany(
            "INSERT INTO floors VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET"
            " calls = calls + excluded.calls, cost = cost + excluded.cost,"
            " output = output + excluded.output",
            [(*key, *sums) for key, sums in sorted(self._floors.items())],
        )
        if self._shrunk:
            db.executemany(
                "DELETE FROM floors WHERE quarter = ? AND session = ? AND context = ?"
                " AND model = ? AND feature = ? AND reason = ? AND calls = 0",
                list(self._floors),
            )


def _sums(row: Row, sign: int) -> list[int]:
    return [
        sign,
        sign * (row.flags & ERROR),
        sign if row.cost is None and not row.flags & UNREADABLE else 0,
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


def _add(totals: dict[K, list[int]], key: K, sums: list[int]) -> None:
    """Adds `sums` to those of `key`; a new key takes the list over."""
    known = totals.get(key)
    if known is None:
        totals[key] = sums
    else:
        known[:] = map(add, known, sums)
