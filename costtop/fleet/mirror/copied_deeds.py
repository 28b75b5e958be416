"""Writes what machines tell besides spend into a store of costtop's own: deeds, and plan windows.

Of deeds from afar, as its own journal, only what was done: what was asked for, refused or came too
late changed no session.
"""

import sqlite3

import psycopg

from costtop.durations import DAY
from costtop.fleet import steward_rows
from costtop.fleet.mirror import addresses
from costtop.fleet.mirror.own_store import OwnStore
from costtop.plan_reading import PlanReading
from costtop.store import meta
from costtop.store.plans import plan_readings
from costtop.store.sessions import marks

_SEEN = "fleet_deeds_at"  # the key of `meta`: when the latest was done that was brought, ms
_DONE = """
SELECT d.at, d.verb, d.asked_by, d.asked_on, d.session, d.detail, h.team, h.id, c.given ->> 'rung'
FROM costtop.deeds d
JOIN costtop.commands c ON c.team = d.team AND c.id = d.command
JOIN costtop.hosts h ON h.team = c.team AND h.id = c.host
WHERE d.state = 'done' AND d.at >= %s ORDER BY d.at, d.id"""
_BY_SHORT_ID = (
    "SELECT n.text || '/' || s.session FROM sessions s JOIN names n ON n.id = s.source"
    " JOIN fleet_sessions f ON f.id = s.id"
    " WHERE s.short = ? AND s.agent = '' AND f.team = ? AND f.host = ?"
)
_KNOWN = "SELECT 1 FROM deeds WHERE (at, by, deed, session) = (?, ?, ?, ?)"
_WINDOWS_AT = "fleet_windows_at"  # the key of `meta`: how far readings have been brought, ms
_LATE = 60_000  # ms: what was written before, and committed after
_WINDOWS = (
    "SELECT w.*, h.name FROM costtop.windows w JOIN costtop.hosts h ON h.team = w.team"
    " AND h.id = w.host WHERE w.at >= %s ORDER BY w.happened"
)


def pull_deeds(server: psycopg.Connection, store: OwnStore, now: int) -> None:
    """Brings what was done since it was asked last, within the caller's transactions."""
    db = store.db
    since = max(int(meta.get(db, _SEEN) or 0) - _LATE, now - DAY)
    rows = server.execute(_DONE, (since,)).fetchall()
    for at, verb, by, on, asked, detail, team, host, rung in rows:
        deed = f"kill up to {rung or 'KILL'}" if verb == "kill" else str(verb)
        who, session = f"{by} from {on}" if on else str(by), _session(store, asked, team, host)
        if db.execute(_KNOWN, (at, who, deed, session)).fetchone() is None:
            marks.journal(db, at, who, deed, session, detail)
    if rows:
        meta.put(db, {_SEEN: str(rows[-1][0])})


def _session(store: OwnStore, asked: str, team: int, host: int) -> str:
    """The session here that was named there, by "source/session" or by its short id."""
    source, whole, own = asked.partition("/")
    if whole:
        return f"{source}/{addresses.said(store.labels[team, host], own)}"
    found: sqlite3.Cursor = store.db.execute(_BY_SHORT_ID, (asked.lstrip("@"), team, host))
    row = found.fetchone()
    return str(row[0]) if row else addresses.said(store.labels[team, host], asked)


def pull_windows(server: psycopg.Connection, store: OwnStore) -> None:
    """Brings how full the windows of plans are, as it was told since it was asked last.

    An account is known by its host: "HOST:NAME" stands where a machine's own store has a folder.
    """
    since = int(meta.get(store.db, _WINDOWS_AT) or 0)
    rows = steward_rows.rows(server, _WINDOWS, since - _LATE)
    fresh = [_reading(row) for row in rows if row["at"] > since]
    if fresh:
        plan_readings.put(store.db, store.interned, fresh)
        meta.put(store.db, {_WINDOWS_AT: str(max(row["at"] for row in rows))})


def _reading(row: steward_rows.Row) -> PlanReading:
    return PlanReading(
        source=row["source"],
        home=f"{row['name']}:{row['account']}",
        plan=row["plan"],
        limit=row["model"],
        minutes=row["minutes"],
        used=row["used"] / 100,
        resets=row["resets"],
        at=row["happened"],
    )
