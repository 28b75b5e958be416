"""Calls as one batch saw them, beside the rows that the table holds of them. It writes nothing."""

import sqlite3
from typing import NamedTuple

from costtop.store.calls.batch import Priced
from costtop.store.calls.call_row import COLUMNS, Rank, Row, merged

AT_ONCE = 400  # keys looked up by one statement


class Sight(NamedTuple):
    """A call as this batch saw it, with the row it would become."""

    row: Row
    rank: Rank
    priced: Priced


class Stored(NamedTuple):
    """A row of the table."""

    id: int
    row: Row


def see(sights: dict[bytes, Sight], sight: Sight) -> None:
    """Adds a sight, merged with an earlier one of the same call."""
    known = sights.get(sight.row.key)
    if known is not None:
        row, rank = merged(known.row, known.rank, sight.row, sight.rank)
        sight = Sight(row, rank, _fuller(known.priced, sight.priced, row))
    sights[sight.row.key] = sight


def _fuller(a: Priced, b: Priced, row: Row) -> Priced:
    """The one of two sights whose counters became the row, with the tools of either."""
    chosen, other = (b, a) if _told(b) == (row.output, row.input, row.computed) else (a, b)
    if chosen.call.heard and not other.call.heard:
        chosen, other = other, chosen  # the log knows the session and the agent
    if len(other.call.tools) > len(chosen.call.tools):
        chosen = chosen._replace(call=chosen.call._replace(tools=other.call.tools))
    return chosen


def _told(priced: Priced) -> tuple[int, int, int | None]:
    return (priced.call.tokens.output, priced.call.tokens.input, priced.computed)


def lookup(db: sqlite3.Connection, keys: list[bytes]) -> dict[bytes, Stored]:
    """The stored rows with these keys."""
    found: dict[bytes, Stored] = {}
    for start in range(0, len(keys), AT_ONCE):
        part = keys[start : start + AT_ONCE]
        marks = ",".join("?" * len(part))
        for row in db.execute(f"SELECT id, {COLUMNS} FROM calls WHERE key IN ({marks})", part):
            found[row[1]] = Stored(row[0], Row._make(row[1:]))
    return found
