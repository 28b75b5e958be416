"""Calls as one batch saw them, beside the rows that the table holds of them."""

import sqlite3
from collections.abc import Iterator, Sequence

from costtop.model import Context
from costtop.named import NamedTuple
from costtop.store.calls.batch import Priced
from costtop.store.calls.call_row import COLUMNS, HEARD, YIELDS, CallRow, Rank, merged

AT_ONCE = 400  # keys looked up by one statement


class Sight(NamedTuple):
    """A call as this batch saw it, with the row it would become."""

    row: CallRow
    rank: Rank
    priced: Priced
    wire: Context | None = None  # what several heard sights of it say together of whose it is


class Stored(NamedTuple):
    """A row of the table."""

    id: int
    row: CallRow


def see(sights: dict[bytes, Sight], sight: Sight) -> None:
    """Adds a sight, merged with an earlier one of the same call."""
    known = sights.get(sight.row.key)
    if known is not None:
        row, rank = merged(known.row, known.rank, sight.row, sight.rank)
        wire = _together(known, sight) if known.row.flags & sight.row.flags & HEARD else None
        sight = Sight(row, rank, _fuller(known.priced, sight.priced, row), wire)
    sights[sight.row.key] = sight


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


def _fuller(a: Priced, b: Priced, row: CallRow) -> Priced:
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
    return {found.row.key: found for found in among(db, "key", list(map(bytearray, keys)))}


def among(
    db: sqlite3.Connection, expression: str, values: Sequence[object], where: str = ""
) -> Iterator[Stored]:
    """The stored rows for which the SQL expression is one of the values."""
    for start in range(0, len(values), AT_ONCE):
        part = values[start : start + AT_ONCE]
        marks = ",".join("?" * len(part))
        query = f"SELECT id, {COLUMNS} FROM calls WHERE {expression} IN ({marks}){where}"
        for row in db.execute(query, part):
            yield Stored(row[0], CallRow._make(row[1:]))


def side_copies(db: sqlite3.Connection, sights: dict[bytes, Sight]) -> set[bytes]:
    """Keys of side copies whose message is counted already, here or in the database.

    A copy counts while it is alone; it stands beside its message by the first half of its key.
    """
    yielding = [key for key, sight in sights.items() if sight.row.flags & YIELDS]
    if not yielding:
        return set()
    plain = {key[:8] for key, sight in sights.items() if not sight.row.flags & YIELDS}
    query = "SELECT 1 FROM calls WHERE key >= ? AND key <= ? AND NOT flags & 8 LIMIT 1"
    return {
        key
        for key in yielding
        if key[:8] in plain or db.execute(query, (key[:8], key[:8] + b"\xff" * 8)).fetchone()
    }


def overtaken(db: sqlite3.Connection, inserts: list[Sight]) -> list[Stored]:
    """Side copies counted earlier, now that their message itself came; they are deleted."""
    groups = [bytearray(one.row.key[:8]) for one in inserts if not one.row.flags & YIELDS]
    return list(among(db, "substr(key, 1, 8)", groups, " AND flags & 8"))


def delete(db: sqlite3.Connection, gone: list[Stored]) -> None:
    """Takes calls out of the table, with their tools."""
    if not gone:
        return  # as in nearly every batch
    db.executemany("DELETE FROM tools WHERE call = ?", [(item.id,) for item in gone])
    db.executemany("DELETE FROM own_contexts WHERE call = ?", [(item.id,) for item in gone])
    db.executemany("DELETE FROM calls WHERE id = ?", [(item.id,) for item in gone])
