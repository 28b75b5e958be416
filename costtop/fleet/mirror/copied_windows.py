"""How full the windows of the plans of a fleet's accounts are, in a store of costtop's schema.

An account is known by its host: "HOST:NAME" stands where a machine's own store has a folder.
"""

import psycopg

from costtop.fleet import steward
from costtop.fleet.mirror.own_store import OwnStore
from costtop.plan_reading import PlanReading
from costtop.store import meta
from costtop.store.plans import plan_readings

_SEEN = "fleet_windows_at"  # the key of `meta`: how far readings have been brought, ms
_LATE = 60_000  # ms: what was written before, and committed after
_WINDOWS = (
    "SELECT w.*, h.name FROM costtop.windows w JOIN costtop.hosts h ON h.team = w.team"
    " AND h.id = w.host WHERE w.at >= %s ORDER BY w.happened"
)


def pull(server: psycopg.Connection, store: OwnStore) -> None:
    """Brings readings that were told since it was asked last, in the caller's transactions."""
    since = int(meta.get(store.db, _SEEN) or 0)
    rows = steward.rows(server, _WINDOWS, since - _LATE)
    fresh = [_reading(row) for row in rows if row["at"] > since]
    if fresh:
        plan_readings.put(store.db, store.interned, fresh)
        meta.put(store.db, {_SEEN: str(max(row["at"] for row in rows))})


def _reading(row: steward.Row) -> PlanReading:
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
