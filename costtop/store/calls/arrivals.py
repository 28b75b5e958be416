"""The calls of one batch as rows, made by columns. It looks nothing up but ids, and merges nothing.

The rows stand in columns by the fields of `CallRow`, in order of arrival. Most calls are new and
alone, and their rows are written as they stand here; a call that something else tells of too is
taken out as a `Sight`, and what it became is put back in its place.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, compress, repeat
from operator import itemgetter, sub
from typing import Any

from costtop.columnar.call_columns import CallKind, kind_of
from costtop.model import FloorReason, Outcome, Rates
from costtop.store.calls.batch import Priced, PricedColumns
from costtop.store.calls.call_row import (
    SHORT,
    CallIds,
    CallRow,
    Rank,
    call_flags,
    request_hash,
    request_hashes,
)
from costtop.store.calls.merge import Sight
from costtop.store.calls.otlp_twins import heard_rank
from costtop.store.calls.write_context import WriteContext
from costtop.store.sessions.tasks import NO_TOOLS, ToolRows, with_outcomes

Rows = list[Sequence[Any]]
"""Columns by the fields of `CallRow`."""
_KEY, _COMPUTED, _COST, _FLAGS = map(CallRow._fields.index, ("key", "computed", "cost", "flags"))
_tuple = tuple.__new__  # makes a row in half the time of its constructor
_IDS = 6  # the first fields of CallIds, as they stand in a row


class FewArrivals:
    """The calls of a small batch, as of live lines, where columns would be more work than they are.

    Each is looked at by itself. It is asked the same as `Arrivals`.
    """

    def __init__(self, now: int) -> None:
        self.ids: list[CallIds] = []  # of none: each sight has its own
        self._now = now
        self._sights: list[Sight] = []
        self._became: Mapping[int, CallRow] = {}

    @property
    def size(self) -> int:
        """How many calls have arrived."""
        return len(self._sights)

    def arrive(
        self,
        db: sqlite3.Connection,
        into: WriteContext,
        calls: Iterable[Priced],
        where: tuple[int, Rank],
    ) -> None:
        """These were read at a place."""
        self._sights.extend(_sight(db, into, one, where, self._now) for one in calls)

    def settle(self, db: sqlite3.Connection, into: WriteContext) -> None:
        """All have arrived."""

    def renew(self, db: sqlite3.Connection, into: WriteContext) -> None:
        """Some sessions have another root by now."""
        self._sights = [sight._replace(ids=None) for sight in self._sights]

    def answer(self, outcomes: Iterable[Outcome], slots: Mapping[bytes, int]) -> None:
        """Puts outcomes to the tools of calls that came with them."""
        for key in {one.call for one in outcomes if one.call in slots}:
            own = [one for one in outcomes if one.call == key]
            for n, sight in enumerate(self._sights):
                if sight.row.key == key:
                    call = sight.priced.call
                    call = call._replace(tools=with_outcomes(call.tools, own))
                    self._sights[n] = sight._replace(priced=sight.priced._replace(call=call))

    def slots(self) -> dict[bytes, int]:
        """Where each call stands first."""
        found: dict[bytes, int] = {}
        for n, sight in enumerate(self._sights):
            found.setdefault(sight.row.key, n)
        return found

    def looked_at(self, slots: Mapping[bytes, int], *, every: bool) -> Sequence[int]:
        """The places of all calls."""
        return range(len(self._sights))

    def has(self, flag: int) -> bool:
        """Whether some of the calls have a flag."""
        return any(sight.row.flags & flag for sight in self._sights)

    def sight(self, n: int) -> Sight:
        """One of the calls."""
        return self._sights[n]

    def become(self, rows: Mapping[int, CallRow]) -> None:
        """What calls have become, by their places."""
        self._became = rows

    def chosen(self, which: bytes) -> Rows:
        """The columns of what those became of which `which` says 1."""
        rows = [self._became[n] for n, one in enumerate(which) if one]
        return list(zip(*rows, strict=True)) or [()] * len(CallRow._fields)

    def tools(self, numbers: Sequence[int], which: bytes) -> ToolRows:
        """The tools of those that are written as they came: there are none."""
        return NO_TOOLS


def _sight(
    db: sqlite3.Connection,
    into: WriteContext,
    priced: Priced,
    where: tuple[int, Rank],
    now: int,
) -> Sight:
    call, computed, cost, rates, short = priced
    kind = kind_of(call)
    ids = into.ids(db, kind)
    if into.runs and ids.root_key in into.runs:
        context = into.runs[ids.root_key](call.context)
        ids = into.ids(db, kind._replace(context=context))
        priced = priced._replace(call=call._replace(context=context))
    place, rank = where
    row = _tuple(CallRow, (
        call.key, computed, *ids[:_IDS], call.at, now, *call.tokens, call.searches, cost,
        call.reported,
        into.names.card(db, rates) if rates else None,
        place,
        call.offset,
        request_hash(call.request) if call.request else None,
        call_flags(call) | (sum(SHORT[reason] for reason in short) if short else 0),
        call.attempt,
        json.dumps(call.media) if call.media else None,
    ))  # fmt: skip
    if call.heard:
        rank = heard_rank(rank, call.session, call.service)
    return Sight(row, rank, priced, None, ids)


class Arrivals:
    """The calls of a batch; `arrive` is told of each stretch of them, then `settle` makes rows."""

    def __init__(self, calls: PricedColumns, now: int) -> None:
        self.calls = calls
        self.rows: Rows = []
        self.ids: list[CallIds] = []  # by the kinds of the calls
        self._now = now
        self._kinds: list[CallKind] = []
        self._ranks: list[Rank] = []
        self._places: list[int] = []

    @property
    def size(self) -> int:
        """How many calls there are."""
        return self.calls.size

    def arrive(
        self,
        db: sqlite3.Connection,
        into: WriteContext,
        calls: Collection[Priced],
        where: tuple[int, Rank],
    ) -> None:
        """These, which are the next of the calls, were read at a place."""
        place, rank = where
        start, count = len(self._places), len(calls)
        kinds = max(self.calls.calls.kind[start : start + count], default=-1) + 1
        for kind in self.calls.calls.kinds[len(self._kinds) : kinds]:
            self._meet(db, into, kind)
        self._places += [place] * count
        self._ranks += [rank] * count

    def _meet(self, db: sqlite3.Connection, into: WriteContext, kind: CallKind) -> None:
        """Looks up the ids of what the calls of a kind say, tagged as their run says."""
        ids = into.ids(db, kind)
        if into.runs and ids.root_key in into.runs:
            kind = kind._replace(context=into.runs[ids.root_key](kind.context))
            ids = into.ids(db, kind)
        self._kinds.append(kind)
        self.ids.append(ids)

    def renew(self, db: sqlite3.Connection, into: WriteContext) -> None:
        """Some sessions have another root by now."""
        self.ids = [into.ids(db, kind) for kind in self._kinds]

    def settle(self, db: sqlite3.Connection, into: WriteContext) -> None:
        """Makes the rows, once all have arrived."""
        priced, calls = self.calls, self.calls.calls
        if into.runs:
            calls = calls._replace(kinds=self._kinds)
            self.calls = priced._replace(calls=calls)
        rests = calls.rests
        searches, reported, attempt, media, flags = (
            self._by(calls.rest, column)
            for column in (
                [one.searches for one in rests],
                [one.reported for one in rests],
                [one.attempt for one in rests],
                [json.dumps(one.media) if one.media else None for one in rests],
                [call_flags(one) for one in rests],
            )
        )
        ids = (self._by(calls.kind, [one[n] for one in self.ids]) for n in range(_IDS))
        self.rows = [
            calls.key,
            priced.computed,
            *ids,
            calls.at,
            [self._now] * calls.size,
            *calls.tokens,
            searches,
            priced.cost,
            reported,
            _cards(db, into, priced.rates),
            self._places,
            calls.offset,
            request_hashes(calls.request),
            _shortened(flags, priced.short),
            attempt,
            media,
        ]

    @staticmethod
    def _by(numbers: Sequence[int], values: Sequence[Any]) -> list[Any]:
        """Each call's of what is told by kind or rest."""
        if len(set(values)) == 1:
            return [values[0]] * len(numbers)
        return list(map(values.__getitem__, numbers))

    def answer(self, outcomes: Sequence[Outcome], slots: Mapping[bytes, int]) -> None:
        """Puts outcomes to the tools of calls that came with them: most do, in an import."""
        came = [one for one in outcomes if one.call in slots]
        if not came:
            return
        tools = self.calls.calls.tools
        error, result = list(tools.error), list(tools.result)
        twins = self._twins(slots)
        for call, nth, failed, told in came:
            for n in twins.get(call) or (slots[call],):
                tool = tools.ends[n] + nth
                if tool < tools.ends[n + 1] and error[tool] is None:
                    error[tool], result[tool] = failed, told
        told_tools = tools._replace(error=error, result=result)
        calls = self.calls.calls._replace(tools=told_tools)
        self.calls = self.calls._replace(calls=calls)

    def slots(self) -> dict[bytes, int]:
        """Where each call stands first."""
        keys = self.rows[_KEY]
        found = dict(zip(keys, range(len(keys)), strict=True))
        if len(found) < len(keys):
            found = {}
            for n, key in enumerate(keys):
                found.setdefault(key, n)
        return found

    def _twins(self, slots: Mapping[bytes, int]) -> dict[bytes, list[int]]:
        """Of calls that this batch tells more than once all the places where they stand."""
        keys = self.rows[_KEY]
        if len(slots) == len(keys):
            return {}
        found: dict[bytes, list[int]] = {}
        for n, key in enumerate(keys):
            if slots[key] != n:
                found.setdefault(key, [slots[key]]).append(n)
        return found

    def looked_at(self, slots: Mapping[bytes, int], *, every: bool) -> list[int]:
        """The places of calls that cannot be written as they stand, even if they are not stored.

        That are those told more than once, and those of which something tells besides their tokens.
        """
        size, rows = self.calls.size, self.rows
        if every:
            return list(range(size))
        found = {n for same in self._twins(slots).values() for n in same}
        plain = [one.is_plain for one in self.calls.calls.rests]
        if not all(plain):
            found.update(n for n, rest in enumerate(self.calls.calls.rest) if not plain[rest])
        computed, cost = rows[_COMPUTED], rows[_COST]
        if computed != cost:
            found.update(n for n in range(size) if computed[n] != cost[n])
        return sorted(found)

    def has(self, flag: int) -> bool:
        """Whether some of the calls have a flag."""
        return any(one & flag for one in {*self.rows[_FLAGS]})

    def row(self, n: int) -> CallRow:
        """One of the rows."""
        return CallRow._make(map(itemgetter(n), self.rows))

    def sight(self, n: int) -> Sight:
        """The same with what it was made of."""
        priced, rank = self.calls.item(n), self._ranks[n]
        call = priced.call
        if call.heard:
            rank = heard_rank(rank, call.session, call.service)
        return Sight(self.row(n), rank, priced, None, self.ids[self.calls.calls.kind[n]])

    def tools(self, numbers: Sequence[int], which: bytes) -> ToolRows:
        """The tools of the calls of which `which` says 1; `numbers` are those of all calls."""
        tools = self.calls.calls.tools
        sizes = list(map(sub, tools.ends[1:], tools.ends))
        rows = [
            list(chain.from_iterable(map(repeat, numbers, sizes))),
            list(chain.from_iterable(map(range, sizes))),
            *tools[1:],
        ]
        if 0 not in which:
            return rows
        chosen = list(chain.from_iterable(map(repeat, which, sizes)))
        return [list(compress(column, chosen)) for column in rows]

    def become(self, rows: Mapping[int, CallRow]) -> None:
        """Puts what calls have become into their places."""
        if not rows:
            return
        for field, column in enumerate(self.rows):
            changed = {n: row[field] for n, row in rows.items() if row[field] != column[n]}
            if changed:
                self.rows[field] = again = list(column)
                for n, value in changed.items():
                    again[n] = value

    def chosen(self, which: bytes) -> Rows:
        """The columns of the rows of which `which` says 1."""
        if 0 not in which:
            return self.rows
        if which.count(0) * 8 > len(which):
            return [list(compress(column, which)) for column in self.rows]
        gone = [n for n, one in enumerate(which) if not one][::-1]
        return [_without(column, gone) for column in self.rows]


def _without(column: Sequence[Any], places: Sequence[int]) -> list[Any]:
    """The column without what stands in these places, which go down."""
    rest = list(column)
    for n in places:
        del rest[n]
    return rest


def _cards(
    db: sqlite3.Connection, into: WriteContext, rates: Sequence[Rates | None]
) -> list[int | None]:
    distinct = {id(one): one for one in rates}
    cards = {same: one and into.names.card(db, one) for same, one in distinct.items()}
    return [cards[id(one)] for one in rates]


def _shortened(flags: list[int], short: Sequence[tuple[FloorReason, ...]]) -> list[int]:
    """The flags with why costs are only floors."""
    if not any(short):
        return flags
    return [
        flag | sum(SHORT[reason] for reason in why) for flag, why in zip(flags, short, strict=True)
    ]
