"""Calls as one batch saw them, beside the rows that the table holds of them."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import compress, pairwise, repeat
from operator import itemgetter, ne
from typing import Any

from costtop.model import Context
from costtop.named_tuples import NamedTuple
from costtop.store.calls.batch import Priced
from costtop.store.calls.call_row import (
    BEGINNING,
    COLUMNS,
    HEARD,
    CallIds,
    CallRow,
    Rank,
    begins,
    fields,
    kept_computed,
    kept_keys,
    merged,
)

_HALF = "substr(key, 1, 8)"  # of a key: what names its message
_BEGINS = begins("key")
_STANDS = f"SELECT 1 FROM calls WHERE {_BEGINS} = ? AND {_HALF} = ? AND NOT flags & 8 LIMIT 1"
AT_ONCE = 400  # keys looked up by one statement
_UPDATE = f"UPDATE calls SET {COLUMNS.replace(',', ' = ?,')} = ? WHERE id = ?"


class Sight(NamedTuple):
    """A call as this batch saw it, with the row it would become."""

    row: CallRow
    rank: Rank
    priced: Priced
    wire: Context | None = None  # what several heard sights of it say together of whose it is
    ids: CallIds | None = None  # of what `priced` says, where that is known


class Stored(NamedTuple):
    """A row of the table."""

    id: int
    row: CallRow


def see(sights: dict[bytes, Sight], sight: Sight) -> None:
    """Adds a sight, merged with an earlier one of the same call."""
    key = sight.row.key
    known = sights.get(key)
    if known is not None:
        row, rank = merged(known.row, known.rank, sight.row, sight.rank)
        wire = _together(known, sight) if known.row.flags & sight.row.flags & HEARD else None
        fuller = _fuller(known, sight, row)
        sight = fuller._replace(row=row, rank=rank, wire=wire)
    sights[key] = sight


def _together(known: Sight, sight: Sight) -> Context:
    """What two heard sights say of whose a call is, the owner's word first."""
    first, second = (sight, known) if sight.rank < known.rank else (known, sight)
    return filled(wire_of(first), wire_of(second))


def wire_of(sight: Sight) -> Context:
    """What a heard sight says of whose its call is, with those that it was merged with."""
    return sight.wire or sight.priced.call.context


def filled(own: Context, other: Context) -> Context:
    """One word on whose a call is, with the other's where it is silent."""
    return Context._make(a or b for a, b in zip(own, other, strict=True))


def _fuller(a: Sight, b: Sight, row: CallRow) -> Sight:
    """The one of two sights whose counters became the row, with the tools of either."""
    told = (row.output, row.input, row.computed)
    chosen, other = (b, a) if _told(b.priced) == told else (a, b)
    if chosen.priced.call.heard and not other.priced.call.heard:
        chosen, other = other, chosen  # the log knows the session and the agent
    tools, call = other.priced.call.tools, chosen.priced.call
    if len(tools) > len(call.tools):
        priced = chosen.priced._replace(call=call._replace(tools=tools))
        chosen = chosen._replace(priced=priced)
    return chosen


def _told(priced: Priced) -> tuple[int, int, int | None]:
    return (priced.call.tokens.output, priced.call.tokens.input, priced.computed)


def lookup(db: sqlite3.Connection, keys: list[bytes]) -> dict[bytes, Stored]:
    """The stored rows with these keys."""
    wanted, beginnings = set(keys), {key[:BEGINNING] for key in keys}
    found = among(db, _BEGINS, list(map(bytearray, beginnings)))
    return {one.row.key: one for one in found if one.row.key in wanted}


def among(
    db: sqlite3.Connection,
    expression: str,
    values: Sequence[object],
    where: str = "",
    table: str = "calls",
) -> Iterator[Stored]:
    """The stored rows for which the SQL expression is one of the values."""
    for start in range(0, len(values), AT_ONCE):
        part = values[start : start + AT_ONCE]
        marks = ",".join("?" * len(part))
        query = f"SELECT id, {fields()} FROM {table} WHERE {expression} IN ({marks}){where}"
        for row in db.execute(query, part):
            yield Stored(row[0], CallRow._make(row[1:]))


def side_copies(
    db: sqlite3.Connection, keys: Iterable[bytes], yielding: Collection[bytes], maybe: set[bytes]
) -> set[bytes]:
    """Keys of side copies whose message is counted already, here or in the database.

    A copy, one of the `yielding`, counts while it is alone; it stands beside its message by the
    first half of its key. Only the halves in `maybe` can be stored.
    """
    if not yielding:
        return set()
    plain = {key[:8] for key in keys if key not in yielding}
    return {
        key for key in yielding if key[:8] in plain or (key[:8] in maybe and _stands(db, key[:8]))
    }


def _stands(db: sqlite3.Connection, half: bytes) -> bool:
    """Whether a message of this half of a key is stored, that is no side copy."""
    return db.execute(_STANDS, (half[:BEGINNING], half)).fetchone() is not None


def overtaken(db: sqlite3.Connection, arrived: Iterable[bytes], maybe: set[bytes]) -> list[Stored]:
    """Side copies counted earlier, now that the messages of these keys came; they are deleted."""
    groups = [bytearray(key[:8]) for key in arrived if key[:8] in maybe]
    return list(among(db, _HALF, groups, " AND flags & 8", "calls INDEXED BY calls_side"))


def delete(db: sqlite3.Connection, gone: list[Stored]) -> None:
    """Takes calls out of the table, with their tools."""
    if not gone:
        return  # as in nearly every batch
    db.executemany("DELETE FROM tools WHERE call = ?", [(item.id,) for item in gone])
    db.executemany("DELETE FROM own_contexts WHERE call = ?", [(item.id,) for item in gone])
    db.executemany("DELETE FROM calls WHERE id = ?", [(item.id,) for item in gone])


def write(
    db: sqlite3.Connection,
    numbers: Sequence[int],
    rows: Sequence[Sequence[Any]],
    updates: list[tuple[int, CallRow]],
) -> None:
    """Writes new calls, whose rows are columns by the fields of `CallRow`, and changed ones."""
    same = _same(rows) if len(numbers) >= _MANY else ()
    said = {n for n, _ in same}
    for start, stop, told in _alike(rows):
        whole = (start, stop) == (0, len(numbers))
        columns = rows if whole else [column[start:stop] for column in rows]
        often_null = (_kept_computed(columns) if told[0] else (), *_seldom_of(columns))
        values = zip(
            numbers[start:stop],
            kept_keys(columns[0]),
            *(columns[n] for n in _MOSTLY if n not in said),
            *compress(often_null, told),
            strict=True,
        )
        db.executemany(_insert(told, same), values)
    if updates:
        db.executemany(_UPDATE, [(*_kept(row), call_id) for call_id, row in updates])


# To bind bytes or None costs `sqlite3` more than all else of a value: it asks for adapters. So keys
# go as byte arrays, and what is NULL in most rows is not named. What is the same in all calls of a
# batch stands in the statement.

_OFTEN_NULL = ("computed", "reported", "request", "media")
_SELDOM = tuple(map(CallRow._fields.index, _OFTEN_NULL))
_MOSTLY = tuple(n for n in range(1, len(CallRow._fields)) if n not in _SELDOM)
_seldom_of = itemgetter(*_SELDOM[1:])
_OFTEN_SAME = tuple(
    map(
        CallRow._fields.index,
        ("provider", "variant", "cache_write_1h", "reasoning", "searches", "flags", "attempt"),
    )
)
_MANY = 100  # calls from which it pays to look which columns say the same of all
_COMPUTED, _COST = map(CallRow._fields.index, ("computed", "cost"))


def _alike(rows: Sequence[Sequence[Any]]) -> list[tuple[int, int, tuple[bool, ...]]]:
    """(start, stop) of stretches of new rows that have the same of `_OFTEN_NULL`, and which."""
    computed, cost = rows[_COMPUTED], rows[_COST]
    if not cost:
        return []
    apart = computed != cost and list(map(ne, computed, cost))
    every = [apart, *map(_is_told, _seldom_of(rows))]
    if list not in map(type, every):
        return [(0, len(cost), tuple(map(bool, every)))]
    each = (one if isinstance(one, list) else repeat(one, len(cost)) for one in every)
    told = list(zip(*each, strict=True))
    turns = compress(range(1, len(told)), map(ne, told[1:], told))
    return [(start, stop, told[start]) for start, stop in pairwise([0, *turns, len(told)])]


def _is_told(column: Sequence[object]) -> bool | list[bool]:
    """Whether a value is not NULL: of each, or once of all."""
    untold = column.count(None)
    return not untold if untold in {0, len(column)} else [one is not None for one in column]


def _kept_computed(columns: Sequence[Sequence[Any]]) -> list[int | None]:
    return list(map(kept_computed, columns[_COMPUTED], columns[_COST]))


def _same(rows: Sequence[Sequence[Any]]) -> tuple[tuple[int, int], ...]:
    """Which of `_OFTEN_SAME` say the same of all calls, and what."""
    columns = ((n, rows[n]) for n in _OFTEN_SAME)
    return tuple((n, one[0]) for n, one in columns if one.count(one[0]) == len(one))


@lru_cache(64)
def _insert(told: tuple[bool, ...], same: tuple[tuple[int, int], ...]) -> str:
    said = dict(same)
    fields = [n for n in (0, *_MOSTLY) if n not in said]
    names = [*map(CallRow._fields.__getitem__, fields), *compress(_OFTEN_NULL, told)]
    named = ", ".join(["id", *names, *map(CallRow._fields.__getitem__, said)])
    marks = ",".join(["?"] * (1 + len(names)))
    return f"INSERT INTO calls ({named}) VALUES ({marks}{''.join(f',{x}' for x in said.values())})"


def _kept(row: CallRow) -> tuple[object, ...]:
    key, computed, *rest = row
    return (*kept_keys([key]), kept_computed(computed, row.cost), *rest)
