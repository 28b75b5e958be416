"""The table of estimates: requests that no log tells the usage of. It guesses nothing itself.

An estimate stands only while no call does in its place: the call of its key, or one of as large a
context that a compaction's own agent or the wire tells of between the call before it and it.
"""

import json
import sqlite3
from typing import NamedTuple

from costtop.model import CallBefore, Tokens, Untold
from costtop.store.calls.batch import Reading
from costtop.store.calls.call_row import HEARD
from costtop.store.calls.write_context import WriteContext
from costtop.store.names import rates_of

_LATE = 60_000  # ms by which a compaction's exact call may be told after its record
_STANDS = (
    " NOT EXISTS (SELECT 1 FROM calls c WHERE c.key = e.key)"
    " AND NOT EXISTS (SELECT 1 FROM sessions x JOIN calls c ON c.session = x.id"
    f" WHERE x.root = s.root AND c.at > e.since"
    f" AND c.at <= e.at + CASE e.kind WHEN 'compaction' THEN {_LATE} ELSE 0 END"
    f" AND 2 * c.input >= e.input AND (x.agent LIKE 'acompact%' OR c.flags & {HEARD}))"
)


class Owner(NamedTuple):
    """The session row and the place that an estimate belongs to."""

    session: int
    place: int


class Before(NamedTuple):
    """The call before an untold request, as it is stored."""

    at: int
    model: int
    call: CallBefore


class Estimate(NamedTuple):
    """One estimated request; `cost` in nano-dollars, None where nothing tells."""

    session: str  # "source/session" of the root
    agent: str
    kind: str  # compaction | cancelled
    at: int
    model: str
    tokens: Tokens
    cost: int | None


def before(db: sqlite3.Connection, session: int, told: Untold) -> Before | None:
    """The call that its log tells before it, else the latest one of its session until then."""
    fields = (
        "SELECT c.at, c.model, c.session, k.rates, c.input, c.cache_read, c.cache_write,"
        " c.cache_write_1h, c.output, c.reasoning FROM calls c LEFT JOIN cards k ON k.id = c.card"
    )
    found = db.execute(f"{fields} WHERE c.key = ?", (told.after,)).fetchone()
    if found is None:
        latest = f"{fields} WHERE c.session = ? AND c.at <= ? ORDER BY c.at DESC LIMIT 1"
        found = db.execute(latest, (session, told.at)).fetchone()
    if found is None:
        return None
    at, model, owner, card, *counts = found
    output, written = db.execute(
        "SELECT avg(output), avg(CASE WHEN cache_read THEN cache_write END) FROM calls"
        " WHERE session = ? AND at <= ? AND input",
        (owner, at),
    ).fetchone()
    rates = rates_of(card) if card else None
    call = CallBefore(Tokens._make(counts), rates, round(output or 0), round(written or 0))
    return Before(at, model, call)


def owner(db: sqlite3.Connection, into: WriteContext, told: Untold, reading: Reading) -> Owner:
    """Whose it is by the log that was read; of several logs by the earliest, as of a call."""
    query = "SELECT id FROM places WHERE source = ? AND path = ?"
    (place,) = db.execute(query, (reading.source, reading.path)).fetchone()
    mine = Owner(into.sessions.ref(db, told.source, told.session, told.agent).id, place)
    known = db.execute("SELECT session, place FROM estimates WHERE key = ?", (told.key,)).fetchone()
    if known and into.places.rank(db, known[1]) < into.places.rank(db, place):
        return Owner(*known)
    return mine


def put(
    db: sqlite3.Connection,
    whose: Owner,
    told: Untold,
    known: Before | None,
    guess: tuple[Tokens, int | None],
) -> None:
    """Writes an estimate; of two records of one request the one that tells more of it stays."""
    said = [told.after.hex(), told.context, told.asked, told.output, told.took]
    since, model = (known.at, known.model) if known else (told.at, 0)
    tokens, cost = guess
    row = (since, json.dumps(said), model, *tokens[:5], cost)
    db.execute(
        "INSERT INTO estimates (key, kind, session, place, at, since, told, model, input,"
        " cache_read, cache_write, cache_write_1h, output, cost)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
        " ON CONFLICT DO UPDATE SET session = excluded.session, place = excluded.place",
        (told.key, told.kind, *whose, told.at, *row),
    )
    db.execute(
        "UPDATE estimates SET since = ?2, told = ?3, model = ?4, input = ?5, cache_read = ?6,"
        " cache_write = ?7, cache_write_1h = ?8, output = ?9, cost = ?10"
        " WHERE key = ?1 AND output <= ?9",
        (told.key, *row),
    )


def stored(db: sqlite3.Connection) -> list[tuple[Owner, Untold]]:
    """Every estimate's owner and what its log says, to estimate it again."""
    rows = db.execute(
        "SELECT e.session, e.place, e.key, e.kind, e.at, e.told, n.text, s.session, s.agent"
        " FROM estimates e JOIN sessions s ON s.id = e.session JOIN names n ON n.id = s.source"
    )
    found = []
    for row, place, key, kind, at, said, source, session, agent in rows:
        after, context, asked, output, took = json.loads(said)
        told = Untold(
            key=key, kind=kind, source=source, session=session, at=at, agent=agent,
            after=bytes.fromhex(after), context=context, asked=asked, output=output, took=took,
        )  # fmt: skip
        found.append((Owner(row, place), told))
    return found


def standing(db: sqlite3.Connection, where: str, values: tuple[object, ...]) -> list[Estimate]:
    """Estimates that stand, in order of time; `where` names their root session `r`."""
    rows = db.execute(
        "SELECT rn.text || '/' || r.session, s.agent, e.kind, e.at, m.text, e.input, e.cache_read,"
        " e.cache_write, e.cache_write_1h, e.output, e.cost"
        " FROM estimates e JOIN sessions s ON s.id = e.session JOIN sessions r ON r.id = s.root"
        " JOIN names rn ON rn.id = r.source JOIN names m ON m.id = e.model"
        f" WHERE {where} AND {_STANDS} ORDER BY e.at, e.key",
        values,
    )
    return [
        Estimate(session, agent, kind, at, model, Tokens(*counts), cost)
        for session, agent, kind, at, model, *counts, cost in rows
    ]
