"""Alerts and letters as whole rows: how one store's ledger is handed to another.

Rows are known by what they are called everywhere: an alert's `ref`, a letter's `token`. Numbers of
rows are each store's own, and are left out. Every function runs inside the caller's transaction.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

Row = dict[str, Any]
_KEYS = {"alerts": "ref", "outbox": "token"}
_OWN = ("id", "digest")  # numbers of rows of this store


def read(db: sqlite3.Connection, table: str) -> dict[str, Row]:
    """The rows of "alerts" or "outbox" by their key; a letter's `alerts` are refs."""
    cursor = db.execute(f"SELECT * FROM {table} ORDER BY id")
    names = [column[0] for column in cursor.description]
    refs = _refs(db) if table == "outbox" else {}
    found = {}
    for values in cursor:
        row = dict(zip(names, values, strict=True))
        if table == "outbox":
            row["alerts"] = refs.get(row["id"], [])
        found[row[_KEYS[table]]] = {name: row[name] for name in row if name not in _OWN}
    return found


def _refs(db: sqlite3.Connection) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for letter, ref in db.execute(
        "SELECT outbox, ref FROM outbox_alerts JOIN alerts ON alerts.id = alert ORDER BY alert"
    ):
        found.setdefault(letter, []).append(ref)
    return found


def decided_since(db: sqlite3.Connection, decision: int, most: int) -> tuple[list[Row], int]:
    """Alerts of sessions of which something was decided since a decision's row, and the latest."""
    cursor = db.execute(
        "WITH lately AS (SELECT alert, max(id) AS decision FROM decisions WHERE id > ?"
        " GROUP BY alert ORDER BY 2 LIMIT ?)"
        " SELECT a.*, l.decision FROM lately l CROSS JOIN alerts a ON a.id = l.alert",
        (decision, most),
    )
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, values, strict=True)) for values in cursor]
    upto = max((row["decision"] for row in rows), default=decision)
    return [row for row in rows if row["session"]], upto


def replace(db: sqlite3.Connection, alerts: Iterable[Row], outbox: Iterable[Row]) -> None:
    """Puts these in the place of all alerts, letters and open breakers; oldest first."""
    for table in ("outbox_alerts", "outbox", "decisions", "alerts", "breakers"):
        db.execute(f"DELETE FROM {table}")
    for row in alerts:
        _insert(db, "alerts", row)
    _put_letters(db, outbox)


def _put_letters(db: sqlite3.Connection, outbox: Iterable[Row]) -> None:
    for row in outbox:
        letter = _insert(db, "outbox", row)
        db.executemany(
            "INSERT OR IGNORE INTO outbox_alerts (outbox, alert)"
            " SELECT ?, id FROM alerts WHERE ref = ?",
            [(letter, ref) for ref in row["alerts"]],
        )


def put_letters(db: sqlite3.Connection, outbox: Iterable[Row]) -> None:
    """Puts each in the place of the one with its `token`; the alerts that it tells of stand."""
    for row in outbox:
        db.execute(
            "DELETE FROM outbox_alerts WHERE outbox = (SELECT id FROM outbox WHERE token = ?)",
            (row["token"],),
        )
        db.execute("DELETE FROM outbox WHERE token = ?", (row["token"],))
        _put_letters(db, [row])


def put_alerts(db: sqlite3.Connection, alerts: Iterable[Row]) -> None:
    """Puts each in the place of the one with its `ref`, or beside the others."""
    for row in alerts:
        old = db.execute("SELECT id FROM alerts WHERE ref = ?", (row["ref"],)).fetchone()
        db.execute("DELETE FROM alerts WHERE ref = ?", (row["ref"],))
        fresh = _insert(db, "alerts", row)
        if old:  # the letters that tell of it
            db.execute("UPDATE outbox_alerts SET alert = ? WHERE alert = ?", (fresh, *old))


def drop_breakers(db: sqlite3.Connection) -> None:
    """Takes all breakers out, whatever became of them."""
    db.execute("DELETE FROM breakers")


def _insert(db: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> int:
    columns = {name for _, name, *_ in db.execute(f"PRAGMA table_info({table})")} - {*_OWN}
    names = sorted(columns & row.keys())
    marks = ",".join("?" * len(names))
    cursor = db.execute(
        f"INSERT INTO {table} ({','.join(names)}) VALUES ({marks})", [row[name] for name in names]
    )
    return int(cursor.lastrowid or 0)
