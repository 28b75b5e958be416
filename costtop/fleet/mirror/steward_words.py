"""What the fleet's steward says, in the store of a reader: its budgets, alerts, and what they hold.

Sums of budgets are not brought: a reader sums what is spent by the same rows as the steward.
"""

import hashlib
import sqlite3
from typing import Any

import psycopg

from costtop.fleet import edge_alerts, steward_rows
from costtop.fleet.steward_rows import Row
from costtop.nouns.budget_nouns import Breaker, Budget
from costtop.store import meta
from costtop.store.alerts import breakers, ledger_rows

_LETTERS = "SELECT * FROM costtop.outbox WHERE at >= %s ORDER BY made, token"
_LETTERS = "SELECT * FROM costtop.outbox WHERE at >= %s ORDER BY made, token"
_SEEN = "fleet_alerts_at"  # the key of `meta`: how far alerts have been brought, ms
_LATE = 60_000  # ms: what was written before, and committed after
_BUDGETS = (
    "SELECT name, period, amount, tiers, scope, action, escalate, act_at, excepted"
    " FROM costtop.budgets ORDER BY team, name"
)
_HELD = (
    "SELECT DISTINCT ON (nth) budget, period, action, scope, why, opened, confirmed, due, until,"
    " escalate, excepted FROM costtop.guards WHERE opened IS NOT NULL ORDER BY nth"
)
# What a host leaves to the steward to tell is among the steward's own.
_ALERTS = (
    "SELECT a.*, h.name AS host_name FROM costtop.alerts a LEFT JOIN costtop.hosts h"
    " ON h.team = a.team AND h.id = a.host WHERE NOT a.steward_tells AND a.at >= %s"
    " ORDER BY a.raised, a.ref"
)


def pull(server: psycopg.Connection, db: sqlite3.Connection) -> None:
    """Brings what the steward said since it was asked last, within the caller's transactions."""
    budgets = [_budget(row) for row in steward_rows.rows(server, _BUDGETS)]
    meta.put(db, {"budgets": meta.encode_budgets(budgets), meta.FLEET: "1"})
    since = int(meta.get(db, _SEEN) or 0)
    rows = steward_rows.rows(server, _ALERTS, since - _LATE)
    letters = steward_rows.rows(server, _LETTERS, since - _LATE)
    at = max((row["at"] for row in (*rows, *letters)), default=since)
    known = ledger_rows.read(db, "alerts")
    said = (steward_rows.here(_of_host(row) if row["host"] else row) for row in rows)
    fresh = [row for row in said if _differs(known.get(row["ref"]), row)]
    ledger_rows.put_alerts(db, fresh)
    sent = ledger_rows.read(db, "outbox") if letters else {}
    news = [row for row in map(steward_rows.here, letters) if _differs(sent.get(row["token"]), row)]
    ledger_rows.put_letters(db, news)
    meta.put(db, {_SEEN: str(at)})
    _hold(db, [_breaker(row) for row in steward_rows.rows(server, _HELD)])


def _of_host(row: Row) -> Row:
    """An alert that a host told of one of its sessions, as the fleet knows it."""
    host = str(row["host_name"])
    name = f"{row['team']}|{row['host']}|{row['ref']}"  # two hosts may have alerts of one name
    ref = hashlib.blake2b(name.encode(), digest_size=6).hexdigest()
    session = edge_alerts.session_of(host, row["session"])
    title, why = edge_alerts.words(host, row)
    of_session = {"session": session, "subject": f"session|{session}", "title": title, "why": why}
    return {**row, "ref": ref, "incident": ref, "identity": name, **of_session}


def _differs(known: Row | None, row: Row) -> bool:
    return known is None or any(known.get(name) != row[name] for name in row if name in known)


def _hold(db: sqlite3.Connection, wanted: list[Breaker]) -> None:
    known = [one._replace(id=0) for one in breakers.open_ones(db, 0)]
    if known != wanted:
        ledger_rows.drop_breakers(db)
        for one in wanted:
            breakers.put(db, one)


def _budget(row: Row) -> Budget:
    made: dict[str, Any] = {**row, "tiers": tuple(row["tiers"])}
    return Budget(**{**made, "scope": _globs(row["scope"]), "excepted": _globs(row["excepted"])})


def _breaker(row: Row) -> Breaker:
    made: dict[str, Any] = dict(row)
    return Breaker(**{**made, "scope": _globs(row["scope"]), "excepted": _globs(row["excepted"])})


def _globs(told: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(told.items()))
