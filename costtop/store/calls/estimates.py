"""Writes the table of estimates: requests that no log tells the usage of."""

import json
import sqlite3

from costtop.model import CallBefore, Tokens, Untold
from costtop.named_tuples import NamedTuple
from costtop.store.calls.batch import Reading
from costtop.store.calls.call_row import has_key
from costtop.store.calls.write_context import WriteContext
from costtop.store.names import rates_of


class Owner(NamedTuple):
    """The session row and the place that an estimate belongs to."""

    session: int
    place: int


class Before(NamedTuple):
    """The call before an untold request, as it is stored."""

    at: int
    model: int
    call: CallBefore


def before(db: sqlite3.Connection, session: int, told: Untold) -> Before | None:
    """The call that its log tells before it, else the latest one of its session until then."""
    fields = (
        "SELECT c.at, c.model, c.session, k.rates, c.input, c.cache_read, c.cache_write,"
        " c.cache_write_1h, c.output, c.reasoning FROM calls c LEFT JOIN cards k ON k.id = c.card"
    )
    found = db.execute(f"{fields} WHERE {has_key('c.', '?1')}", (told.after,)).fetchone()
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
