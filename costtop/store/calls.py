"""Writes calls: each once, at its final value, with every roll-up that depends on it.

`record` runs inside the caller's transaction and is the only way in. It prices nothing and raises
no alerts; it answers with what was spent, in order of arrival, for those who do.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from costtop.model import Call, Context, Outcome, Spend
from costtop.store.names import Names
from costtop.store.places import Places
from costtop.store.reading import Priced, Reading
from costtop.store.rollups import Deltas
from costtop.store.rows import COLUMNS, ERROR, ESTIMATED, PLACEHOLDER, YIELDS, Rank, Row, merged
from costtop.store.sessions import Sessions, record_task

FeatureOf = Callable[[Context, str, str], str]
"""The feature of a call by the config's rules: (context, source, model) -> name."""

_AT_ONCE = 400  # keys looked up by one statement


class _Sight(NamedTuple):
    """A call as this batch saw it, with the row it would become."""

    row: Row
    rank: Rank
    priced: Priced


class _Stored(NamedTuple):
    id: int
    row: Row


class Recorded(NamedTuple):
    """What a commit changed: spends in order of arrival, and calls whose tools are now known."""

    rev: int
    spends: list[Spend]
    answered: list[bytes]  # keys of calls with new tool outcomes


class Books:
    """The write side of the store: caches of one database and the counter of commits."""

    def __init__(self, feature_of: FeatureOf) -> None:
        self.names = Names()
        self.sessions = Sessions(self.names)
        self.places = Places()
        self.feature_of = feature_of
        self.runs: dict[str, Callable[[Context], Context]] = {}  # tags of sessions in a run
        self._features: dict[tuple[Context, str, str], str] = {}

    def forget(self) -> None:
        """Empties every cache; to be called when a transaction was rolled back."""
        self.names.forget()
        self.sessions.forget()
        self.places.forget()
        self._features.clear()

    def feature(self, call: Call) -> str:
        """The call's feature: its tag, a rule of the config, else branch or project."""
        key = (call.context, call.source, call.model)
        found = self._features.get(key)
        if found is None:
            found = self._features[key] = self.feature_of(*key)
        return found


def record(db: sqlite3.Connection, books: Books, readings: Sequence[Reading], now: int) -> Recorded:
    """Writes everything that was read; a second time changes nothing. `now` is ms UTC."""
    rev = 1 + int(db.execute("SELECT coalesce(max(rev), 0) FROM sessions").fetchone()[0])
    sights: dict[bytes, _Sight] = {}
    for reading in readings:
        place = books.places.enter(db, reading, now)
        for fact in reading.facts:
            books.sessions.learn(db, fact, rev)
        for priced in reading.calls:
            _see(sights, _sight(db, books, priced, place, now))
    spends = _store(db, books, sights, rev)
    answered = _answer(db, (item for reading in readings for item in reading.outcomes))
    for reading in readings:
        for task in reading.tasks:
            record_task(db, books.sessions.ref(db, task.source, task.session), task)
    return Recorded(rev, spends, answered)


def _see(sights: dict[bytes, _Sight], sight: _Sight) -> None:
    known = sights.get(sight.row.key)
    if known is not None:
        row, rank = merged(known.row, known.rank, sight.row, sight.rank)
        sight = _Sight(row, rank, _fuller(known.priced, sight.priced, row))
    sights[sight.row.key] = sight


def _fuller(a: Priced, b: Priced, row: Row) -> Priced:
    """The one of two sights whose counters became the row, with the tools of either."""
    chosen, other = (b, a) if b.call.tokens.output == row.output else (a, b)
    if len(other.call.tools) > len(chosen.call.tools):
        chosen = chosen._replace(call=chosen.call._replace(tools=other.call.tools))
    return chosen


def _sight(db: sqlite3.Connection, books: Books, priced: Priced, place: int, now: int) -> _Sight:
    call, names = priced.call, books.names
    session = books.sessions.ref(db, call.source, call.session, call.agent)
    if books.runs and session.root_key in books.runs:
        call = call._replace(context=books.runs[session.root_key](call.context))
        priced = priced._replace(call=call)
    row = Row(
        call.key,
        session.id,
        names.context(db, call.context),
        names.name(db, books.feature(call)),
        names.name(db, call.model),
        names.name(db, call.provider),
        names.name(db, variant(call)),
        call.at,
        now,
        call.tokens.input,
        call.tokens.cache_read,
        call.tokens.cache_write,
        call.tokens.cache_write_1h,
        call.tokens.output,
        call.tokens.reasoning,
        call.searches,
        priced.cost,
        priced.computed,
        call.reported,
        names.card(db, priced.rates) if priced.rates else None,
        place,
        call.offset,
        request_hash(call.request) if call.request else None,
        _flags(call),
        call.attempt,
    )
    return _Sight(row, books.places.rank(db, place, session.id), priced)


def variant(call: Call) -> str:
    """Tier, speed and geography in one name; "" for a standard request."""
    text = f"{call.tier}|{call.speed}|{call.geo}"
    return "" if text == "||" else text


def request_hash(request: str) -> int:
    """What stands for a provider's request id in the table: 63 bits."""
    return int.from_bytes(blake2b(request.encode(), digest_size=8).digest()) >> 1


def _flags(call: Call) -> int:
    return (
        (ERROR if call.status != "ok" else 0)
        | (PLACEHOLDER if call.placeholder else 0)
        | (ESTIMATED if call.estimated else 0)
        | (YIELDS if call.yields else 0)
    )


def _store(
    db: sqlite3.Connection, books: Books, sights: dict[bytes, _Sight], rev: int
) -> list[Spend]:
    stored = _lookup(db, list(sights))
    side = _side_copies(db, sights)
    deltas = Deltas()
    inserts: list[_Sight] = []
    updates: list[tuple[int, Row]] = []
    spends: list[Spend] = []
    for key, sight in sights.items():
        if key in side:
            continue
        known = stored.get(key)
        if known is None:
            inserts.append(sight)
            deltas.book(sight.row)
            spends.append(_spend(books, db, sight, sight.row, None))
            continue
        row, _ = merged(
            known.row,
            books.places.rank(db, known.row.place, known.row.session),
            sight.row,
            sight.rank,
        )
        if row != known.row:
            updates.append((known.id, row))
            deltas.book(known.row, -1)
            deltas.book(row)
        if row != known.row or sight.priced.call.tools:
            spends.append(_spend(books, db, sight, row, known.row))
    for gone in _overtaken(db, inserts):
        deltas.book(gone.row, -1)
    _write(db, inserts, updates)
    _write_tools(db, books, [sight for key, sight in sights.items() if key not in side])
    deltas.write(db, rev)
    return spends


def _lookup(db: sqlite3.Connection, keys: list[bytes]) -> dict[bytes, _Stored]:
    found: dict[bytes, _Stored] = {}
    for start in range(0, len(keys), _AT_ONCE):
        part = keys[start : start + _AT_ONCE]
        marks = ",".join("?" * len(part))
        for row in db.execute(f"SELECT id, {COLUMNS} FROM calls WHERE key IN ({marks})", part):
            found[row[1]] = _Stored(row[0], Row._make(row[1:]))
    return found


def _side_copies(db: sqlite3.Connection, sights: dict[bytes, _Sight]) -> set[bytes]:
    """Keys of side copies whose message is counted already, here or in the database."""
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


def _overtaken(db: sqlite3.Connection, inserts: list[_Sight]) -> list[_Stored]:
    """Side copies counted earlier, now that their message itself came; they are deleted."""
    groups = [sight.row.key[:8] for sight in inserts if not sight.row.flags & YIELDS]
    gone: list[_Stored] = []
    for start in range(0, len(groups), _AT_ONCE):
        part = groups[start : start + _AT_ONCE]
        marks = ",".join("?" * len(part))
        query = (
            f"SELECT id, {COLUMNS} FROM calls WHERE flags & 8 AND substr(key, 1, 8) IN ({marks})"
        )
        gone += [_Stored(row[0], Row._make(row[1:])) for row in db.execute(query, part)]
    db.executemany("DELETE FROM tools WHERE call = ?", [(item.id,) for item in gone])
    db.executemany("DELETE FROM calls WHERE id = ?", [(item.id,) for item in gone])
    return gone


def _spend(
    books: Books, db: sqlite3.Connection, sight: _Sight, row: Row, known: Row | None
) -> Spend:
    call = sight.priced.call
    ref = books.sessions.ref(db, call.source, call.session, call.agent)
    return Spend(
        call=call,
        root=ref.root_key,
        cost=row.cost,
        rates=sight.priced.rates,
        seen=row.seen,
        feature=books.feature(call),
        new=known is None,
        previous=None if known is None else known.cost,
    )


def _write(db: sqlite3.Connection, inserts: list[_Sight], updates: list[tuple[int, Row]]) -> None:
    marks = ",".join("?" * len(Row._fields))
    db.executemany(
        f"INSERT INTO calls ({COLUMNS}) VALUES ({marks})", [sight.row for sight in inserts]
    )
    sets = ", ".join(f"{name} = ?" for name in COLUMNS.split(", "))
    db.executemany(
        f"UPDATE calls SET {sets} WHERE id = ?", [(*row, call_id) for call_id, row in updates]
    )


def _write_tools(db: sqlite3.Connection, books: Books, sights: list[_Sight]) -> None:
    tools = [
        (sight.row.key, nth, books.names.name(db, tool.name), tool.key, tool.result, tool.error)
        for sight in sights
        for nth, tool in enumerate(sight.priced.call.tools)
    ]
    db.executemany(
        "INSERT OR IGNORE INTO tools (call, nth, name, key, result, error)"
        " SELECT id, ?2, ?3, ?4, ?5, ?6 FROM calls WHERE key = ?1",
        tools,
    )


def _answer(db: sqlite3.Connection, outcomes: Iterable[Outcome]) -> list[bytes]:
    answered: list[bytes] = []
    for outcome in outcomes:
        changed = db.execute(
            "UPDATE tools SET error = ?, result = ? WHERE nth = ? AND error IS NULL"
            " AND call = (SELECT id FROM calls WHERE key = ?)",
            (outcome.error, outcome.result, outcome.nth, outcome.call),
        )
        if changed.rowcount:
            answered.append(outcome.call)
    return answered
