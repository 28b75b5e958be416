"""Lets calls with keys of an older release give way to what their log says when it is read again.

Of a log that has gone they stay; but a copy of one that turns up elsewhere, with its time, model
and tokens, takes its place. It knows no log.
"""

import sqlite3
from collections.abc import Sequence

from costtop.store.calls.batch import Reading
from costtop.store.calls.call_row import CallRow, fields
from costtop.store.calls.merge import Stored, delete
from costtop.store.calls.rollups import Deltas

_TABLE = (
    "CREATE TEMP TABLE old_calls AS SELECT c.id, c.place, c.at, c.input, c.output, n.text AS model"
    " FROM calls c JOIN names n ON n.id = c.model WHERE c.place IN (SELECT place FROM old_keys)"
)
_INDEXES = (
    "old_place ON old_calls (place)",
    "old_at ON old_calls (at)",
    "old_id ON old_calls (id)",
)


class OldKeys:
    """The logs that have not been read again, of one database; nearly every one has none."""

    def __init__(self) -> None:
        self._pending: set[int] | None = None

    def forget(self) -> None:
        """Empties the cache, after a rollback."""
        self._pending = None

    def give_way(
        self, db: sqlite3.Connection, read: Sequence[tuple[Reading, int]], rev: int
    ) -> None:
        """Takes out the old calls of these (reading, place), and those that they tell anew."""
        if self._pending is None:
            rows = db.execute("SELECT place FROM old_keys").fetchall()
            self._pending = {row[0] for row in rows}
            if self._pending:
                _gather(db)
        if not self._pending:
            return
        again = {place for _, place in read} & self._pending
        ids = [row[0] for place in again for row in _of_place(db, place)]
        logs = [reading for reading, _ in read if reading.path.startswith(b"/")]
        ids += [row[0] for reading in logs for row in _copies(db, reading)]
        if ids:
            _take_out(db, sorted(set(ids)), rev)
        db.executemany("DELETE FROM old_keys WHERE place = ?", [(place,) for place in again])
        self._pending -= again


def _gather(db: sqlite3.Connection) -> None:
    db.execute("DROP TABLE IF EXISTS temp.old_calls")
    db.execute(_TABLE)
    for index in _INDEXES:
        db.execute(f"CREATE INDEX temp.{index}")


def _of_place(db: sqlite3.Connection, place: int) -> list[tuple[int]]:
    return db.execute("SELECT id FROM old_calls WHERE place = ?", (place,)).fetchall()


def _copies(db: sqlite3.Connection, reading: Reading) -> list[tuple[int]]:
    query = "SELECT id FROM old_calls WHERE at = ? AND input = ? AND output = ? AND model = ?"
    told = (
        (one.call.at, one.call.tokens.input, one.call.tokens.output, one.call.model)
        for one in reading.calls
    )
    return [row for values in told for row in db.execute(query, values)]


def _take_out(db: sqlite3.Connection, ids: list[int], rev: int) -> None:
    query = f"SELECT id, {fields()} FROM calls WHERE id = ?"
    rows = [row for one in ids for row in db.execute(query, (one,))]
    gone = [Stored(row[0], CallRow._make(row[1:])) for row in rows]
    deltas = Deltas()
    for one in gone:
        deltas.book(one.row, -1)
    delete(db, gone)
    deltas.write(db, rev)
    db.executemany("DELETE FROM old_calls WHERE id = ?", [(one,) for one in ids])
