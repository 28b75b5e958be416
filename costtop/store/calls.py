"""Writes calls: each once, at its final value, with every roll-up that depends on it.

`record` runs inside the caller's transaction and is the only way in. It prices nothing and raises
no alerts; it answers with what was spent, in order of arrival, for those who do.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from costtop.model import Call, Context, Outcome, SessionFact, Spend
from costtop.store.heard import Heard, Joined, filled, join
from costtop.store.names import Names, read_context, read_name
from costtop.store.places import Places
from costtop.store.reading import Priced, Reading
from costtop.store.rollups import Deltas
from costtop.store.rows import (
    COLUMNS,
    ERROR,
    ESTIMATED,
    HEARD,
    PLACEHOLDER,
    SETTLED,
    YIELDS,
    Row,
    merged,
    tokens_of,
)
from costtop.store.sessions import Sessions
from costtop.store.side import delete, overtaken, side_copies
from costtop.store.sights import Sight, Stored, lookup, see
from costtop.store.tasks import record_task

Counts = Callable[[int | None, int | None], int | None]
"""(computed, reported) -> what counts, by the config."""
FeatureOf = Callable[[Context, str, str], str]
"""The feature of a call by the config's rules: (context, source, model) -> name."""


def computed_first(computed: int | None, reported: int | None) -> int | None:
    """What counts where the config says nothing: the computed cost, else the reported one."""
    return reported if computed is None else computed


class Recorded(NamedTuple):
    """What a commit changed: spends in order of arrival, and calls whose tools are now known."""

    rev: int
    spends: list[Spend]
    answered: list[bytes]  # keys of calls with new tool outcomes
    removed: int = 0  # calls that no longer count: who holds sums has to read them again
    ended: list[str] = []  # root sessions, "source/session", whose log says that they are over


class Books:
    """The write side of the store: caches of one database, and what the config decides."""

    def __init__(self, feature_of: FeatureOf, counts: Counts = computed_first) -> None:
        self.names = Names()
        self.sessions = Sessions(self.names)
        self.places = Places()
        self.heard = Heard()
        self.feature_of, self.counts = feature_of, counts
        self.runs: dict[str, Callable[[Context], Context]] = {}  # tags of sessions in a run
        self._features: dict[tuple[Context, str, str], str] = {}

    def forget(self) -> None:
        """Empties every cache; to be called when a transaction was rolled back."""
        self.names.forget()
        self.sessions.forget()
        self.places.forget()
        self.heard.forget()
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
    sights: dict[bytes, Sight] = {}
    for reading in readings:
        place = books.places.enter(db, reading, now)
        for fact in reading.facts:
            books.sessions.learn(db, fact, rev)
        for priced in reading.calls:
            see(sights, _sight(db, books, priced, place, now))
    spends, removed = _store(db, books, sights, rev)
    answered = _answer(db, (item for reading in readings for item in reading.outcomes))
    for reading in readings:
        for task in reading.tasks:
            ref = books.sessions.ref(db, task.source, task.session)
            record_task(db, ref.id, ref.root, task)
    facts = (fact for reading in readings for fact in reading.facts)
    return Recorded(rev, spends, answered, removed, _ended(db, books, facts))


def _sight(db: sqlite3.Connection, books: Books, priced: Priced, place: int, now: int) -> Sight:
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
    return Sight(row, books.places.rank(db, place), priced)


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
        | (HEARD if call.heard else 0)
        | (SETTLED if call.settled and call.reported is not None else 0)
        | (call.coarse << 6)
    )


def _store(
    db: sqlite3.Connection, books: Books, sights: dict[bytes, Sight], rev: int
) -> tuple[list[Spend], int]:
    joined, gone = _joined(db, books, sights)
    sights, contexts = joined.sights, joined.contexts
    stored = joined.stored | lookup(db, list(sights))
    side = side_copies(db, sights)
    deltas = Deltas()
    inserts: list[Sight] = []
    updates: list[tuple[int, Row]] = []
    spends: list[Spend] = []
    for key, sight in sights.items():
        if key in side:
            continue
        known = stored.get(key)
        row = _final(db, books, sight, known, contexts.get(key))
        if known is None:
            inserts.append(sight._replace(row=row))
            deltas.book(row)
        elif row != known.row:
            updates.append((known.id, row))
            deltas.book(known.row, -1)
            deltas.book(row)
        if known is None or row != known.row or sight.priced.call.tools:
            spends.append(_spend(books, db, sight, row, known.row if known else None))
    arrived = inserts + [sights[key] for key in joined.stored if key in sights]
    gone += overtaken(db, arrived)
    delete(db, gone)
    for item in gone:
        deltas.book(item.row, -1)
    _write(db, inserts, updates)
    _write_tools(db, books, [sight for key, sight in sights.items() if key not in side])
    deltas.write(db, rev)
    return spends, len(gone)


def _joined(
    db: sqlite3.Connection, books: Books, sights: dict[bytes, Sight]
) -> tuple[Joined, list[Stored]]:
    """The batch with heard calls made one with logged ones, and rows that no longer count."""
    if not books.heard.matters(db, sights.values()):
        return Joined(sights, {}, {}), []
    joined = join(db, sights)
    roots = {key: _root(db, books, sight.priced.call) for key, sight in joined.sights.items()}
    dropped, gone = books.heard.outdone(db, books.names, joined, roots)
    kept = {key: sight for key, sight in joined.sights.items() if key not in dropped}
    return joined._replace(sights=kept), gone


def _root(db: sqlite3.Connection, books: Books, call: Call) -> int:
    return books.sessions.ref(db, call.source, call.session, call.agent).root


def _final(
    db: sqlite3.Connection, books: Books, sight: Sight, known: Stored | None, wire: Context | None
) -> Row:
    """The row that a call becomes by this sight of it, with what only the wire told of it."""
    row = sight.row
    if known is not None:
        rank = books.places.rank(db, known.row.place)
        row = merged(known.row, rank, row, sight.rank)[0]._replace(key=row.key)
        if wire is None and row.flags & SETTLED and row.context != known.row.context:
            wire = read_context(db, known.row.context)  # its new owner knows no more of the wire
    # One sight may have brought the price, another what was reported.
    cost = row.cost if row.flags & SETTLED else books.counts(row.computed, row.reported)
    if cost != row.cost:
        row = row._replace(cost=cost)
    if wire is None:
        return row
    context = filled(read_context(db, row.context), wire)
    feature = books.feature(sight.priced.call._replace(context=context))
    return row._replace(
        context=books.names.context(db, context), feature=books.names.name(db, feature)
    )


def _spend(
    books: Books, db: sqlite3.Connection, sight: Sight, row: Row, known: Row | None
) -> Spend:
    call, feature = sight.priced.call, books.feature(sight.priced.call)
    if row.session == sight.row.session:
        root = books.sessions.ref(db, call.source, call.session, call.agent).root_key
    else:  # another sight's owner keeps it
        root, feature = books.sessions.root_key(db, row.session), read_name(db, row.feature)
    if known is not None:
        call = call._replace(tokens=tokens_of(row), at=row.at)
    return Spend(
        call=call,
        root=root,
        cost=row.cost,
        rates=sight.priced.rates,
        seen=row.seen,
        feature=feature,
        new=known is None,
        previous=None if known is None else known.cost,
    )


def _write(db: sqlite3.Connection, inserts: list[Sight], updates: list[tuple[int, Row]]) -> None:
    marks = ",".join("?" * len(Row._fields))
    db.executemany(
        f"INSERT INTO calls ({COLUMNS}) VALUES ({marks})", [sight.row for sight in inserts]
    )
    sets = ", ".join(f"{name} = ?" for name in COLUMNS.split(", "))
    db.executemany(
        f"UPDATE calls SET {sets} WHERE id = ?", [(*row, call_id) for call_id, row in updates]
    )


def _write_tools(db: sqlite3.Connection, books: Books, sights: list[Sight]) -> None:
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


def _ended(db: sqlite3.Connection, books: Books, facts: Iterable[SessionFact]) -> list[str]:
    """Root sessions that these facts have ended and no later call goes on with."""
    named = {(fact.source, fact.session, fact.agent) for fact in facts if fact.ended is not None}
    refs = sorted(books.sessions.ref(db, *name) for name in named)
    query = "SELECT ended IS NOT NULL FROM sessions WHERE id = ? AND root = id"
    return [ref.root_key for ref in refs if (db.execute(query, (ref.id,)).fetchone() or [0])[0]]


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
