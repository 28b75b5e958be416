"""The roll-ups of calls: totals by session, minute and quarter hour. They hold no truth.

Deltas are added up here for a whole batch and written once (triggers cost a quarter more CPU and
do not know old values). Negative deltas take back what an earlier sight of a call had booked.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from operator import add

from costtop.durations import MINUTE, QUARTER, now_ms
from costtop.store import meta
from costtop.store.calls.call_row import ANY_SHORT, ERROR, HEARD, UNREADABLE, CallRow, reasons
from costtop.store.sums import context_parts, day_sums, task_sums
from costtop.store.sums.context_parts import NONE, Parts
from costtop.store.sums.rollup_table import LINE, SUMS, RollupTable, statements


def next_rev(db: sqlite3.Connection) -> int:
    """The number that this commit marks its sessions with: they have changed."""
    return 1 + int(db.execute("SELECT coalesce(max(rev), 0) FROM sessions").fetchone()[0])


_Line = tuple[int, int, int, int, int]  # as `LINE` names it


class _Latest:
    """The latest call that a batch has of one session, and its first and last times."""

    __slots__ = ("first", "row", "seen")

    def __init__(self, row: CallRow) -> None:
        self.row, self.first, self.seen = row, row.at, row.seen

    def note(self, row: CallRow) -> None:
        """Takes one more call."""
        if row.at >= self.row.at:
            self.row, self.seen = row, row.seen
        else:
            self.seen = max(self.seen, row.seen)
        self.first = min(self.first, row.at)

    def times(self, session: int) -> tuple[int, ...]:
        """As `_ADD_WITH_TIMES` binds them last."""
        return (self.first, self.row.at, self.seen, session)

    def newest(self, session: int) -> tuple[int, ...]:
        """As `_NEWEST` binds them."""
        row = self.row
        return (row.context, row.feature, row.model, row.input, session, row.at)


_MINUTES = statements("minutes", "minute, session", "cost, calls, unpriced, tokens")
_SPEND = statements("spend", LINE, SUMS)
_FLOORS = statements("floors", f"{LINE}, reason", "calls, cost, output")
_MODELS = statements("session_models", "session, model", "calls, cost, tokens")
_SUMMED = ", ".join(f"{name} = {name} + ?" for name in SUMS.split(", "))
_ADD_TO_SESSION = f"UPDATE sessions SET {_SUMMED}, rev = ? WHERE id = ?"
_ADD_WITH_TIMES = (
    f"UPDATE sessions SET {_SUMMED}, rev = ?,"
    " started = min(coalesce(started, ?14), ?14), last = max(coalesce(last, 0), ?15),"
    " seen = max(coalesce(seen, 0), ?16),"
    " ended = CASE WHEN ended < ?15 THEN NULL ELSE ended END WHERE id = ?17"
)
# A fact may have moved `last` past every call: only calls say which of them is the latest.
_NEWEST = (
    "UPDATE sessions SET context = ?, feature = ?, model = ?, prompt = ? WHERE id = ?5"
    f" AND ?6 >= (SELECT max(at) FROM calls WHERE session = ?5 AND NOT flags & {UNREADABLE})"
)


class Deltas:
    """What a batch changes in the roll-ups."""

    def __init__(self) -> None:
        self._latest: dict[int, _Latest] = {}
        self._minutes, self._spend = RollupTable(_MINUTES), RollupTable(_SPEND)
        self._floors, self._models = RollupTable(_FLOORS), RollupTable(_MODELS)
        self._taken_back: set[tuple[int, int]] = set()  # (session, at) of heard calls
        self._shrunk = False
        self._added: list[CallRow] = []  # calls that are summed when all are known

    def book(self, row: CallRow, sign: int = 1) -> None:
        """Adds one call, or takes back an earlier sight of it (`sign` -1).

        One that could not be read is no call of any sum: it makes them floors.
        """
        if row.flags & ANY_SHORT or row.cost is None:
            self._book_floors(row, sign)
        if sign < 0:
            self._shrunk = True
            if row.flags & HEARD:
                self._taken_back.add((row.session, row.at))
        if row.flags & UNREADABLE:
            return
        if sign > 0:
            self._added.append(row)
        else:
            self._take_back(row)

    def _book_floors(self, row: CallRow, sign: int) -> None:
        sums = (sign, sign * (row.cost or 0), sign * row.output)
        for reason in reasons(row):
            self._floors.add((*_line(row), reason), [*sums])

    def _take_back(self, row: CallRow) -> None:
        sums = [-one for one in _sums([row])]
        self._spend.add(_line(row), sums)
        calls, _, unpriced, cost, *_ = sums
        tokens = -(row.input + row.output)
        self._minutes.add((row.at // MINUTE, row.session), [cost, calls, unpriced, tokens])

    def _sum_up(self) -> None:
        """Adds what was booked: many calls have a line, so they are summed column by column."""
        lines: dict[_Line, list[CallRow]] = {}
        minutes = self._minutes.deltas
        for row in self._added:
            at, session, cost = row[8], row[2], row[17]
            line = (at // QUARTER, session, row[3], row[5], row[4])
            if line in lines:
                lines[line].append(row)
            else:
                lines[line] = [row]
            minute = (at // MINUTE, session)
            known = minutes.get(minute)
            if known is None:
                known = minutes[minute] = [0, 0, 0, 0]
            if cost is None:
                known[2] += 1
            else:
                known[0] += cost
            known[1] += 1
            known[3] += row[10] + row[14]
            latest = self._latest.get(session)
            if latest is None:
                self._latest[session] = _Latest(row)
            else:
                latest.note(row)
        for line, rows in lines.items():
            self._spend.add(line, _sums(rows))
        self._added.clear()

    def _by_session(self) -> dict[int, list[int]]:
        """The sums of `spend` by session; adds up those by model on the way."""
        totals: dict[int, list[int]] = {}
        for (_, session, _, model, _), sums in self._spend.deltas.items():
            known = totals.get(session)
            totals[session] = list(map(add, known, sums)) if known else sums
            calls, _, _, cost, _, _, used, _, _, _, output, _ = sums
            self._models.add((session, model), [calls, cost, used + output])
        return totals

    def write(self, db: sqlite3.Connection, rev: int, known: Mapping[int, Parts] = NONE) -> None:
        """Writes all deltas; `rev` marks the sessions that changed, `known` is of contexts."""
        self._sum_up()
        totals, latest = self._by_session(), self._latest
        db.executemany(
            _ADD_WITH_TIMES,
            [(*totals[one], rev, *late.times(one)) for one, late in latest.items()],
        )
        rest = [(*sums, rev, one) for one, sums in totals.items() if one not in latest]
        db.executemany(_ADD_TO_SESSION, rest)
        db.executemany(_NEWEST, [late.newest(session) for session, late in self._latest.items()])
        if self._taken_back:
            self._give_times_back(db)
        for table in (self._minutes, self._spend, self._floors, self._models):
            table.write(db, shrunk=self._shrunk)
        self._write_long(db, known)
        running = now_ms() // QUARTER
        if any(key[0] < running for key in (*self._spend.deltas, *self._floors.deltas)):
            meta.settle(db, rev)

    def _write_long(self, db: sqlite3.Connection, known: Mapping[int, Parts]) -> None:
        """The same to the roll-ups of long spans."""
        spend, floors = self._spend.deltas, self._floors.deltas
        whose = context_parts.parts(db, {key[2] for key in (*spend, *floors)}, known)
        day_sums.add(db, spend, floors, whose, shrunk=self._shrunk)
        task_sums.add(db, spend, whose, shrunk=self._shrunk)

    def _give_times_back(self, db: sqlite3.Connection) -> None:
        """A telling that gave way to another one takes the times with it that it alone set.

        Otherwise a session's times would depend on which of the tellers was heard first.
        """
        for name, edge in (("started", "min"), ("last", "max")):
            db.executemany(
                f"UPDATE sessions SET {name} = (SELECT {edge}(at) FROM calls WHERE session = ?1)"
                f" WHERE id = ?1 AND {name} = ?2"
                " AND EXISTS (SELECT 1 FROM calls WHERE session = ?1)",
                sorted(self._taken_back),
            )


def _line(row: CallRow) -> _Line:
    """Where a call stands in `spend`."""
    return (row.at // QUARTER, row.session, row.context, row.model, row.feature)


def _sums(rows: Sequence[CallRow]) -> list[int]:
    """What `spend` says of calls of one line."""
    columns = list(zip(*rows, strict=True))
    costs, told = columns[17], columns[18]
    reported = len(rows) - told.count(None)
    return [
        len(rows),
        sum([flags & ERROR for flags in columns[23]]),
        costs.count(None),
        sum([cost or 0 for cost in costs]),
        sum([one or 0 for one in told]) if reported else 0,
        reported,
        *map(sum, columns[10:16]),
    ]
