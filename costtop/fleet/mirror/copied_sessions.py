"""Writes sessions of a fleet into a store of costtop's own. What they sum up to is the server's."""

import sqlite3
from collections.abc import Sequence

from costtop.fleet.mirror import addresses, copied_sums
from costtop.fleet.mirror.own_store import OwnStore, carrier_id, session_id
from costtop.fleet.mirror.server_rows import HostRow, ServerSession
from costtop.store.sessions import short_ids

NO_TIME = -(1 << 40)  # quarter of what no span of time may count

_SUMS = "calls, errors, unpriced, cost, input, cache_read, cache_write, output"
_SAID = f"root, parent, context, feature, model, started, last, seen, ended, {_SUMS}"
_PUT = (
    f"INSERT INTO sessions (id, source, session, agent, rev, {_SAID})"
    f" VALUES (?, ?, ?, ?, ?{', ?' * 17}) ON CONFLICT (id) DO UPDATE SET rev = excluded.rev, "
    + ", ".join(f"{one} = excluded.{one}" for one in _SAID.split(", "))
    + f" WHERE ({_SAID}) IS NOT ({', '.join(f'excluded.{one}' for one in _SAID.split(', '))})"
)
_OF_HOST = "(SELECT id FROM fleet_sessions WHERE team = ?1 AND host = ?2)"
_TAKE_OUT = (
    f"DELETE FROM minutes WHERE session IN {_OF_HOST}",
    f"DELETE FROM session_models WHERE session IN {_OF_HOST}",
    f"DELETE FROM floors WHERE session IN {_OF_HOST} OR session = ?3",
    f"DELETE FROM spend WHERE session IN {_OF_HOST} OR session = ?3",
    f"DELETE FROM calls WHERE session IN {_OF_HOST}",
    f"DELETE FROM sessions WHERE id IN {_OF_HOST} OR id = ?3",
    "DELETE FROM fleet_sessions WHERE team = ?1 AND host = ?2",
)


def put(store: OwnStore, rows: Sequence[ServerSession], rev: int) -> None:
    """Writes sessions as they stand now; `rev` marks those that have changed."""
    db = store.db
    for one in sorted(rows, key=lambda row: row.agent != ""):
        number = session_id(one.team, one.id)
        own = one.agent == "" and one.root == one.session
        db.execute(
            "INSERT OR REPLACE INTO fleet_sessions VALUES (?, ?, ?, ?)",
            (number, one.team, one.host, "" if own else _root(store, one)),
        )
        db.execute(_PUT, _row(store, one, rev))
        _name(db, store, one, number)
    numbers = [(session_id(one.team, one.id),) for one in rows]
    db.executemany("DELETE FROM session_models WHERE session = ?", numbers)
    db.executemany(
        "INSERT INTO session_models SELECT id, model, calls, cost, input + output FROM sessions"
        " WHERE id = ? AND calls > 0",
        numbers,
    )
    _put_floors(db, rows)


def _root(store: OwnStore, one: ServerSession) -> str:
    return addresses.said(store.labels[one.team, one.host], one.root)


def _row(store: OwnStore, one: ServerSession, rev: int) -> tuple[object, ...]:
    number, source = session_id(one.team, one.id), store.name(one.team, one.source)
    root = _root_number(store.db, source, _root(store, one)) or number
    return (
        number,
        source,
        addresses.said(store.labels[one.team, one.host], one.session),
        one.agent,
        rev,
        root,
        root if one.agent else None,
        store.context(one.team, one.host, one.user, one.project),
        store.name(one.team, one.feature),
        store.name(one.team, one.model),
        *one[8:10],
        one.last,
        *one[10:14],
        *one[15:20],
    )


def _root_number(db: sqlite3.Connection, source: int, session: str) -> int | None:
    query = "SELECT id FROM sessions WHERE source = ? AND session = ? AND agent = ''"
    row = db.execute(query, (source, session)).fetchone()
    return int(row[0]) if row else None


def _name(db: sqlite3.Connection, store: OwnStore, one: ServerSession, number: int) -> None:
    """A session gets the short id that its host is likely to call it by; its agents its root."""
    if one.agent:
        return
    query = "SELECT short, source, session FROM sessions WHERE id = ?"
    short, source, session = db.execute(query, (number,)).fetchone()
    if not short:
        named = db.execute("SELECT text FROM names WHERE id = ?", (source,)).fetchone()
        free = short_ids.free(db, named[0] if named else "", one.session)
        db.execute("UPDATE sessions SET short = ? WHERE id = ?", (free, number))
    db.execute(
        "UPDATE sessions SET root = ?1, parent = CASE agent WHEN '' THEN parent ELSE ?1 END"
        " WHERE root <> ?1 AND source = ?2"
        " AND id IN (SELECT id FROM fleet_sessions WHERE root = ?3 AND root <> '')",
        (number, source, session),
    )


def _put_floors(db: sqlite3.Connection, rows: Sequence[ServerSession]) -> None:
    """What the sums of sessions are short of, before all times: only the row of a list shows it."""
    for one in rows:
        line = {"unpriced": one.unpriced, "placeholder": one.short}
        copied_sums.put_floors(db, (NO_TIME, session_id(one.team, one.id), 0, 0, 0), line)


def missing_roots(store: OwnStore, rows: Sequence[ServerSession]) -> set[tuple[int, int, int, str]]:
    """(team, host, source, session) of the roots that these have and the store has not."""
    here = {(one.team, one.host, one.source, one.session) for one in rows if not one.agent}
    wanted = {(one.team, one.host, one.source, one.root) for one in rows if one.root} - here
    return {
        (team, host, source, session)
        for team, host, source, session in wanted
        if not _root_number(
            store.db, store.name(team, source), addresses.said(store.labels[team, host], session)
        )
    }


def put_hosts(store: OwnStore, hosts: Sequence[HostRow]) -> None:
    """Writes the machines; those that are no more go with all that was theirs."""
    db = store.db
    store.know_hosts(hosts)
    known = {(row[0], row[1]): row for row in db.execute("SELECT * FROM fleet_hosts")}
    here = {(one.team, one.id): (*one, store.labels[one.team, one.id]) for one in hosts}
    for key, row in known.items():
        if key not in here or here[key][-1] != row[-1]:
            take_out(db, *key)
    for key, row in here.items():
        if known.get(key) != row:
            marks = ", ".join("?" * len(row))
            store.note(f"INSERT OR REPLACE INTO fleet_hosts VALUES ({marks})", [row])
    db.executemany(
        "INSERT OR IGNORE INTO sessions (id, source, session, agent, root, context, feature, model)"
        " VALUES (?1, 0, ?2, '', ?1, 0, 0, 0)",
        [(carrier_id(*key), addresses.said(row[-1], "")) for key, row in here.items()],
    )


def take_out(db: sqlite3.Connection, team: int, host: int) -> None:
    """Takes out a machine with all that is here of it."""
    given = (team, host, carrier_id(team, host))
    for statement in _TAKE_OUT:
        db.execute(statement, given[: 3 if "?3" in statement else 2])
    db.execute("DELETE FROM fleet_hosts WHERE team = ? AND id = ?", (team, host))
