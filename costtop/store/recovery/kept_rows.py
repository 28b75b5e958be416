"""The rows that no log holds: marks, alerts, letters, silences, breakers, runs. Heard and put back.

Temporary triggers of the one connection that writes tell of each such row as it changes, whichever
code changes it. What is worked out of calls anew is not among them. Names of columns are those of
the schema at the time; a row of an older one is put back as far as the columns are still there.
"""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

Hear = Callable[[str, str, str], None]
"""(table, "put" or "cut", row as a JSON object)."""

# Table -> when an update of it is worth a line; "" is always. Others follow by themselves.
_TABLES = {
    "marks": "",
    "deeds": "",
    "alerts": "NEW.state IS NOT OLD.state OR NEW.told IS NOT OLD.told OR NEW.under IS NOT OLD.under"
    " OR NEW.acked_at IS NOT OLD.acked_at OR NEW.tellings IS NOT OLD.tellings"
    " OR NEW.resolved_at IS NOT OLD.resolved_at",
    "decisions": "",
    "outbox": "",
    "outbox_alerts": "",
    "endpoints": "NEW.state IS NOT OLD.state OR NEW.sent_at IS NOT OLD.sent_at",
    "silences": "",
    "breakers": "",
    "breaker_deeds": "",
    "overrides": "",
    "denials": "",
    "spared": "",
    "intents": "",
    "far_commands": "",
    "statuslines": "NEW.base IS NOT OLD.base",
    "runs": "",
    "run_sessions": "",
    "confirmed": "",
    "forgotten": "",
    "forgotten_calls": "",
    "retired_shorts": "",
    "meta": "",
}
_OF_META = "substr({row}.key, 1, 8) = 'summary_' OR {row}.key IN ('alerts_born', 'budgets')"
_SHORT = "sessions"  # of these only the short id, which people have seen
_NAMED = (
    "json_object('source', (SELECT text FROM main.names WHERE id = NEW.source),"
    " 'session', NEW.session, 'short', NEW.short)"
)


def listen(db: sqlite3.Connection, hear: Hear) -> None:
    """Tells `hear` of every row to be kept that this connection changes from now on."""
    db.create_function("kept", 3, hear)
    for table, worth in _TABLES.items():
        columns, key = _columns(db, table), _columns(db, table, key=True)
        if not columns:
            continue
        for deed, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            when = worth if deed == "UPDATE" else ""
            if table == "meta":
                when = _OF_META.format(row=row)
            shown = _object(row, key if deed == "DELETE" else columns)
            told = "cut" if deed == "DELETE" else "put"
            _trigger(db, table, deed, when, f"kept('{table}', '{told}', {shown})")
    for deed in ("INSERT", "UPDATE OF short"):
        _trigger(db, _SHORT, deed, "NEW.short <> ''", f"kept('{_SHORT}', 'put', {_NAMED})")


def _trigger(db: sqlite3.Connection, table: str, deed: str, when: str, call: str) -> None:
    name = f"kept_{table}_{deed[:6].lower()}"
    worth = f" WHEN {when}" if when else ""
    db.execute(
        f"CREATE TEMP TRIGGER {name} AFTER {deed} ON main.{table}{worth} BEGIN SELECT {call}; END"
    )


def _object(row: str, columns: dict[str, str]) -> str:
    pairs = ", ".join(
        f"'{name}', {f'hex({row}.{name})' if kind == 'BLOB' else f'{row}.{name}'}"
        for name, kind in columns.items()
    )
    return f"json_object({pairs})"


def _columns(db: sqlite3.Connection, table: str, *, key: bool = False) -> dict[str, str]:
    """Columns, or those of the primary key, with their types."""
    rows = db.execute(f"PRAGMA main.table_info({table})").fetchall()
    return {str(row[1]): str(row[2]) for row in rows if row[5] or not key}


def put_back(db: sqlite3.Connection, rows: Iterable[list[Any]]) -> int:
    """Makes rows what they were, in order, inside the caller's transaction; how many there were.

    A second time changes nothing.
    """
    known: dict[str, dict[str, str]] = {}
    count = 0
    for table, deed, row in rows:
        if table == _SHORT:
            _name(db, **row)
        elif table in _TABLES:
            columns = known.setdefault(table, _columns(db, table))
            _put(db, table, deed, {n: _plain(row[n], columns[n]) for n in row if n in columns})
        count += 1
    return count


def _put(db: sqlite3.Connection, table: str, deed: str, row: dict[str, Any]) -> None:
    names, values = list(row), list(row.values())
    if not names:
        return
    if deed == "cut":
        where = " AND ".join(f"{name} IS ?" for name in names)
        db.execute(f"DELETE FROM {table} WHERE {where}", values)
        return
    marks = ",".join("?" * len(names))
    db.execute(f"INSERT OR REPLACE INTO {table} ({','.join(names)}) VALUES ({marks})", values)


def _plain(value: Any, kind: str) -> Any:
    return bytes.fromhex(value) if kind == "BLOB" and isinstance(value, str) else value


def _name(db: sqlite3.Connection, source: str, session: str, short: str) -> None:
    """Gives a session the short id that it had, where neither has found another since."""
    db.execute("INSERT OR IGNORE INTO names (text) VALUES (?)", (source,))
    (name,) = db.execute("SELECT id FROM names WHERE text = ?", (source,)).fetchone()
    made = db.execute(
        "INSERT INTO sessions (source, session, agent, root, short) SELECT ?1, ?2, '', 0, ?3"
        " WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE short = ?3 AND short <> '')"
        " ON CONFLICT (source, session, agent) DO NOTHING",
        (name, session, short),
    )
    if made.rowcount > 0:
        db.execute("UPDATE sessions SET root = id WHERE id = ?", (made.lastrowid,))
