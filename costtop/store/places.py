"""Where reading of each file stands: written with the rows, read back at start. No file is opened.

The identity of a file is tail's business and a source's memo is the source's: both are JSON here.
Memos are read when their files go on: they are many, and most files are quiet.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from operator import add
from typing import TYPE_CHECKING

from costtop.named_tuples import NamedTuple
from costtop.store import many_rows
from costtop.store.kept_memos import kept, text_of

if TYPE_CHECKING:  # a report asks for times of reading alone
    from costtop.model import Bad
    from costtop.store.calls.batch import Reading
    from costtop.store.calls.call_row import Rank

_BAD_KEPT = 100  # bad records named per file; the count goes on
_REMEMBERED = 2_000  # ranks kept
NO_MEMO = "{}"
_NEW = (
    "INSERT OR IGNORE INTO places (id, source, path, state, started, born, read_at, calls, bad)"
    " VALUES (?,?,?,?,?,?,?,?,?)"
)
_MEMO = "INSERT OR REPLACE INTO memos (place, memo) VALUES (?,?)"
_NEVER = 1 << 62  # rank of a channel without files: any file owns a call before it


class StoredPlace(NamedTuple):
    """A place as it was committed."""

    source: str
    path: bytes
    state: str
    born: int
    bad: int  # lines that could not be read


def load(db: sqlite3.Connection) -> Iterator[StoredPlace]:
    """Every place: one after the other, for they are many."""
    return map(StoredPlace._make, db.execute("SELECT source, path, state, born, bad FROM places"))


def memos(db: sqlite3.Connection, paths: Sequence[bytes]) -> dict[bytes, str]:
    """The memos of these paths that have any; of several of one path the one read last."""
    query = (
        "SELECT m.memo FROM places p JOIN memos m ON m.place = p.id"
        " WHERE p.path = ? ORDER BY p.read_at DESC LIMIT 1"
    )
    found = ((path, db.execute(query, (path,)).fetchone()) for path in paths)
    return {path: text_of(row[0]) for path, row in found if row}


def states(db: sqlite3.Connection) -> list[tuple[bytes, str, int]]:
    """(path, state, born) of every place that is still looked at."""
    return db.execute("SELECT path, state, born FROM places WHERE state <> ''").fetchall()


class Places:
    """Ids and ranks of places; caches the ranks that this process has seen last."""

    def __init__(self) -> None:
        self._ranks: dict[int, Rank] = {}

    def forget(self) -> None:
        """Empties the caches after a rollback."""
        self._ranks.clear()

    def enter_all(
        self, db: sqlite3.Connection, readings: "Sequence[Reading]", now: int
    ) -> "list[tuple[Reading, int]]":
        """The readings with the ids of their places, all made or moved forward.

        Files that are new to the store are a statement together, as in an import nearly all are.
        """
        fresh = [reading for reading in readings if reading.fresh] if len(readings) > 1 else []
        made = self._make(db, fresh, now) if fresh else {}
        return [(one, made.get(id(one)) or self.enter(db, one, now)) for one in readings]

    def _make(self, db: sqlite3.Connection, fresh: "Sequence[Reading]", now: int) -> dict[int, int]:
        """The ids of the new among the places, by the `id` of their readings."""
        first = 1 + int(db.execute("SELECT coalesce(max(id), 0) FROM places").fetchone()[0])
        rows = [
            (number, one.source, bytearray(one.path), one.state, _first_time(one), one.born)
            for number, one in enumerate(fresh, first)
        ]
        read = [(now, len(one.calls), len(one.bad)) for one in fresh]
        many_rows.insert(db, _NEW, list(map(add, rows, read)))
        new = {row[0] for row in db.execute("SELECT id FROM places WHERE id >= ?", (first,))}
        for table in ("memos", "bad_records"):  # of a place that had the number and has gone
            db.execute(f"DELETE FROM {table} WHERE place >= ?", (first,))
        made = {id(one): row for one, row in zip(fresh, rows, strict=True) if row[0] in new}
        told = [(made[id(one)][0], one) for one in fresh if id(one) in made]
        memos = [(place, one.memo) for place, one in told if one.memo != NO_MEMO]
        many_rows.insert(db, _MEMO, [(place, kept(memo, fresh=True)) for place, memo in memos])
        for place, one in told:
            self._remember(place, _rank(made[id(one)][4], one.born, one.path))
            if one.bad:
                self._name_bad(db, place, one.bad, now)
        return {reading: row[0] for reading, row in made.items()}

    def enter(self, db: sqlite3.Connection, reading: "Reading", now: int) -> int:
        """The id of the reading's place, made or moved forward to where the reading ends."""
        started = _first_time(reading)
        place = db.execute(
            "INSERT INTO places (source, path, state, started, born, read_at, calls, bad)"
            " VALUES (?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT DO UPDATE SET state = ?3,"
            " started = CASE WHEN ?9 THEN ?4 ELSE coalesce(started, ?4) END, read_at = ?6,"
            " calls = CASE WHEN ?9 THEN 0 ELSE calls END + ?7,"
            " bad = CASE WHEN ?9 THEN 0 ELSE bad END + ?8 RETURNING id, started, born",
            (
                reading.source,
                reading.path,
                reading.state,
                started,
                reading.born,
                now,
                len(reading.calls),
                len(reading.bad),
                reading.fresh,
            ),
        ).fetchone()
        if reading.memo == NO_MEMO:
            db.execute("DELETE FROM memos WHERE place = ?", place[:1])
        else:
            db.execute(_MEMO, (place[0], kept(reading.memo, fresh=reading.fresh)))
        self._remember(place[0], _rank(place[1], place[2], reading.path))
        if reading.fresh:
            db.execute("DELETE FROM bad_records WHERE place = ?", place[:1])
        if reading.bad:
            self._name_bad(db, place[0], reading.bad, now)
        return int(place[0])

    def _name_bad(self, db: sqlite3.Connection, place: int, bad: "list[Bad]", now: int) -> None:
        known = db.execute("SELECT count(*) FROM bad_records WHERE place = ?", (place,)).fetchone()
        db.executemany(
            "INSERT OR REPLACE INTO bad_records (place, offset, at, reason) VALUES (?,?,?,?)",
            [(place, item.offset, now, item.reason) for item in bad[: _BAD_KEPT - known[0]]],
        )

    def rank(self, db: sqlite3.Connection, place: int) -> "Rank":
        """Who owns a call that stands in several files: compare these, the lowest does."""
        found = self._ranks.get(place)
        if found is None:
            query = "SELECT started, born, path FROM places WHERE id = ?"
            row = db.execute(query, (place,)).fetchone()
            found = self._remember(place, _rank(*(row or (None, 0, b""))))
        return found

    def _remember(self, place: int, rank: "Rank") -> "Rank":
        if len(self._ranks) >= _REMEMBERED:
            self._ranks.clear()
        self._ranks[place] = rank
        return rank


def _rank(started: int | None, born: int, path: bytes) -> "Rank":
    return (_NEVER if started is None else started, born, path)


def _first_time(reading: "Reading") -> int | None:
    if not reading.path.startswith(b"/"):
        return None  # a channel
    from costtop.store.calls.batch import first_call_at

    times = first_call_at(reading)
    times += [fact.at or fact.started or _NEVER for fact in reading.facts[:1]]
    first = min(times, default=_NEVER)
    return None if first == _NEVER else first


def rekey(db: sqlite3.Connection, old: bytes, new: bytes, state: str) -> None:
    """Gives the place at `old` the key `new`: another file has its path now."""
    db.execute("UPDATE OR REPLACE places SET path = ?, state = ? WHERE path = ?", (new, state, old))


def census(db: sqlite3.Connection, states: list[tuple[bytes, str]], gone: list[bytes]) -> None:
    """Writes states of places that vanished or came back; keys of those long gone are void."""
    db.executemany(
        "DELETE FROM memos WHERE place IN (SELECT id FROM places WHERE path = ?)",
        [(path,) for path in gone],
    )
    void = [("", path) for path in gone]
    db.executemany(
        "UPDATE places SET state = ? WHERE path = ?",
        [*((state, path) for path, state in states), *void],
    )


def read_times(db: sqlite3.Connection) -> list[tuple[bytes, int, bool]]:
    """(path, when it was last read in ms UTC, whether it is not long gone) of every known file.

    One whose place another content took has a name with a zero byte, which no file has.
    """
    return db.execute(
        "SELECT path, read_at, state <> '' FROM places"
        " WHERE substr(path, 1, 1) = x'2f' AND NOT instr(path, x'00')"
    ).fetchall()
