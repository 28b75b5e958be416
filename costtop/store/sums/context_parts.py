"""What of a context the roll-ups of long spans tell apart: all but its folder, and its task."""

import json
import sqlite3
from collections.abc import Iterable

_NAMES = "branch, project, feature, user, host, tags"
_BARE = " AND ".join(f"{name} = ?" for name in _NAMES.split(", "))


def parts(db: sqlite3.Connection, contexts: Iterable[int]) -> dict[int, tuple[int, int]]:
    """(row of the same without folder and task, name of the task) of contexts, by their rows."""
    rows = db.execute(
        f"SELECT id, whose, task, {_NAMES} FROM contexts"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(contexts)),),
    ).fetchall()
    found: dict[int, tuple[int, int]] = {}
    bare: dict[tuple[int, ...], int] = {}  # most contexts of a batch differ in their task alone
    fresh = []
    for context, whose, task, *names in rows:
        key = tuple(names)
        if whose is None:
            if key not in bare:
                bare[key] = _bare(db, key)
            fresh.append((bare[key], context))
        found[context] = (bare[key] if whose is None else whose, task)
    db.executemany("UPDATE contexts SET whose = ? WHERE id = ?", fresh)
    return found


def _bare(db: sqlite3.Connection, names: tuple[int, ...]) -> int:
    """The context with these names and no folder or task, written if it is new."""
    db.execute(
        f"INSERT OR IGNORE INTO contexts (cwd, task, {_NAMES}) VALUES (0, 0, ?, ?, ?, ?, ?, ?)",
        names,
    )
    query = f"SELECT id FROM contexts WHERE cwd = 0 AND task = 0 AND {_BARE}"
    return int(db.execute(query, names).fetchone()[0])
