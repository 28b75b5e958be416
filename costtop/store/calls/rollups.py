"""The roll-ups of calls: totals by session, minute and quarter hour.

Deltas are added up here for a whole batch and written once (triggers cost a quarter more CPU and
do not know old values). Negative deltas take back what an earlier sight of a call had booked.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, compress, islice, pairwise, repeat
from operator import add, ne, sub
from typing import Any

from costtop.durations import MINUTE, QUARTER, now_ms
from costtop.store import meta
from costtop.store.calls.call_row import ANY_SHORT, ERROR, HEARD, UNREADABLE, CallRow, reasons
from costtop.store.sums import context_parts, day_sums, task_sums
from costtop.store.sums.context_parts import NONE, Parts
from costtop.store.sums.rollup_table import LINE, SUMS, RollupTable, statements


def next_rev(db: sqlite3.Connection) -> int:
    """The number that this commit marks its sessions with: they have changed."""
    return 1 + int(db.execute("SELECT coalesce(max(rev), 0) FROM sessions").fetchone()[0])


_Columns = Sequence[Sequence[Any]]
"""Rows as columns, by the fields of `CallRow`."""
_SESSION, _CONTEXT, _FEATURE, _MODEL, _AT, _SEEN, _COST, _REPORTED, _FLAGS = map(
    CallRow._fields.index,
    ("session", "context", "feature", "model", "at", "seen", "cost", "reported", "flags"),
)
_FEW = 8  # calls that are sooner added one by one
_INPUT, _REASONING = map(CallRow._fields.index, ("input", "reasoning"))  # and all between them
_Newest = tuple[int, int, int, int]  # context, feature, model, input of a call


class _Latest:
    """The latest call that a batch has of one session, and its first and last times."""

    __slots__ = ("at", "call", "first", "seen")

    def __init__(self) -> None:
        self.first, self.at, self.seen = 1 << 62, -1 << 62, 0
        self.call: _Newest = (0, 0, 0, 0)

    def note(self, first: int, at: int, seen: int, call: _Newest) -> None:
        """Takes more calls, or one: their times, when they were seen, and the latest of them."""
        if at >= self.at:
            self.at, self.seen, self.call = at, seen, call
        else:
            self.seen = max(self.seen, seen)
        self.first = min(self.first, first)

    def times(self, session: int) -> tuple[int, ...]:
        """As `_ADD_WITH_TIMES` binds them last."""
        return (self.first, self.at, self.seen, session)

    def newest(self, session: int) -> tuple[int, ...]:
        """As `_NEWEST` binds them."""
        return (*self.call, session, self.at)


_MINUTES_A_QUARTER = QUARTER // MINUTE
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
        self._many: list[_Columns] = []  # calls that are summed when all are known
        self._added: list[CallRow] = []
        self._gone: list[CallRow] = []

    def add(self, rows: _Columns) -> None:
        """Adds many calls, as `book` adds each of them."""
        if len(rows[_COST]) <= _FEW:
            for row in map(CallRow._make, zip(*rows, strict=True)):
                self.book(row)
            return
        flags, costs = rows[_FLAGS], rows[_COST]
        told = {*flags}
        if None in costs or any(map(ANY_SHORT.__and__, told)):
            for row in map(CallRow._make, zip(*rows, strict=True)):
                if row.flags & ANY_SHORT or row.cost is None:
                    self._book_floors(row, 1)
        if any(map(UNREADABLE.__and__, told)):
            read = [not one & UNREADABLE for one in flags]
            rows = [[*compress(column, read)] for column in rows]
        self._many.append(rows)

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
        if not row.flags & UNREADABLE:
            (self._added if sign > 0 else self._gone).append(row)

    def _book_floors(self, row: CallRow, sign: int) -> None:
        sums = (sign, sign * (row.cost or 0), sign * row.output)
        line = (row.at // QUARTER, row.session, row.context, row.model, row.feature)
        for reason in reasons(row):
            self._floors.add((*line, reason), [*sums])

    def _sum_up(self) -> None:
        """Adds what was booked."""
        for rows in self._many:
            self._sum(rows)
            self._note_latest(rows)
        for row in self._added:
            self._sum_one(row, 1)
            newest = (row.context, row.feature, row.model, row.input)
            self._late(row.session).note(row.at, row.at, row.seen, newest)
        for row in self._gone:
            self._sum_one(row, -1)
        self._many, self._added, self._gone = [], [], []

    def _sum_one(self, row: CallRow, sign: int) -> None:
        """Adds one call to its lines, or takes it back: the same as `_sum` of a column each."""
        errors, unpriced, told = row.flags & ERROR, row.cost is None, row.reported is not None
        told_of_all: Sequence[Any] = row
        tokens = told_of_all[_INPUT : _REASONING + 1]
        every = (1, errors, unpriced, row.cost or 0, row.reported or 0, told, *tokens)
        sums = [sign * one for one in every]
        minute = [sums[3], sums[0], sums[2], sign * (row.input + row.output)]
        self._minutes.add((row.at // MINUTE, row.session), minute)
        line = (row.at // QUARTER, row.session, row.context, row.model, row.feature)
        self._spend.add(line, sums)

    def _late(self, session: int) -> _Latest:
        return self._latest.setdefault(session, _Latest())

    def _sum(self, rows: _Columns) -> None:
        """Adds calls to their lines: many in a row have the same, so they are summed by columns."""
        minutes = [one // MINUTE for one in rows[_AT]]
        whose = rows[_SESSION], rows[_CONTEXT], rows[_MODEL], rows[_FEATURE]
        told = [column and list(accumulate(column)) for column in _told(rows)]
        keys = list(zip(minutes, *whose, strict=True))
        ends = list(_ends(keys))  # of stretches that have all of it in common
        heads = [keys[end] for end in ends]
        in_minutes = [head[:2] for head in heads]
        last = list(compress(ends, _is_last(in_minutes)))
        cost, unpriced, put_in, put_out = (
            _apart(told[n], last) for n in (_COSTS, _UNPRICED, _IN, _OUT)
        )
        some = zip(cost, _counted(last), unpriced, map(add, put_in, put_out), strict=False)
        self._minutes.add_all(compress(in_minutes, _is_last(in_minutes)), some)
        lines = [(minute // _MINUTES_A_QUARTER, *rest) for minute, *rest in heads]
        last = list(compress(ends, _is_last(lines)))
        every = (_apart(column, last) for column in told)
        sums = zip(_counted(last), *every, strict=False)
        self._spend.add_all(compress(lines, _is_last(lines)), sums)

    def _note_latest(self, rows: _Columns) -> None:
        of_session, at, seen = rows[_SESSION], rows[_AT], rows[_SEEN]
        for start, stop in pairwise(chain([0], (end + 1 for end in _ends(of_session)))):
            late = self._late(of_session[start])
            times, when = at[start:stop], seen[start]
            if min(seen[start:stop]) == max(seen[start:stop]):
                last = max(times)
                n = stop - 1 - times[::-1].index(last)  # of calls at one time the one told last
                late.note(min(times), last, when, _newest(rows, n))
            else:
                for n in range(start, stop):
                    late.note(at[n], at[n], seen[n], _newest(rows, n))

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
        if rest := [(*sums, rev, one) for one, sums in totals.items() if one not in latest]:
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


def _is_last(keys: Sequence[Any]) -> Iterator[bool]:
    """Of each key whether another one, or none, comes after it."""
    return chain(map(ne, keys, islice(keys, 1, None)), [True])


def _ends(keys: Sequence[Any]) -> Iterator[int]:
    """Where the last of each stretch of equal keys stands."""
    return compress(range(len(keys)), _is_last(keys))


def _newest(rows: _Columns, n: int) -> _Newest:
    return (rows[_CONTEXT][n], rows[_FEATURE][n], rows[_MODEL][n], rows[_INPUT][n])


def _told(rows: _Columns) -> list[Sequence[int] | None]:
    """What `spend` says of each call besides that it is one, by columns; None: all say 0."""
    costs, told, flags = rows[_COST], rows[_REPORTED], rows[_FLAGS]
    unpriced, untold = None in costs, told.count(None) == len(told)
    return [
        [one & ERROR for one in flags] if any(map(ERROR.__and__, {*flags})) else None,
        [cost is None for cost in costs] if unpriced else None,
        [cost or 0 for cost in costs] if unpriced else costs,
        None if untold else [one or 0 for one in told],
        None if untold else [one is not None for one in told],
        *(column if any(column) else None for column in rows[_INPUT : _REASONING + 1]),
    ]


_UNPRICED, _COSTS, _IN, _OUT = 1, 2, 5, 9  # of these columns


def _apart(upto: Sequence[int] | None, ends: Sequence[int]) -> Iterable[int]:
    """The sum of each stretch, of sums up to each value; `ends` are the stretches' last values."""
    if upto is None:
        return repeat(0)
    after = list(map(upto.__getitem__, ends))
    return map(sub, after, chain([0], after))


def _counted(ends: Sequence[int]) -> Iterable[int]:
    """How many values each stretch has."""
    return map(sub, ends, chain([-1], ends))
