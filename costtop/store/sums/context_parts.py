"""What of a context the roll-ups of long spans tell apart: all but its folder, and its task."""

import json
import sqlite3
from collections.abc import Iterable

_NAMES = "branch, project, feature, user, host, tags"
_MAKE = (
    f"INSERT OR IGNORE INTO contexts (cwd, task, {_NAMES})"
    f" SELECT 0, 0, {_NAMES} FROM contexts WHERE id = ?"
)
_SAME = " AND ".join(f"w.{name} = contexts.{name}" for name in _NAMES.split(", "))
_JOIN = (
    "UPDATE contexts SET whose ="
    f" (SELECT w.id FROM contexts w WHERE w.cwd = 0 AND w.task = 0 AND {_SAME}) WHERE id = ?"
)


def parts(db: sqlite3.Connection, contexts: Iterable[int]) -> dict[int, tuple[int, int]]:
    """(row of the same without folder and task, name of the task) of contexts, by their rows."""
    rows = _rows(db, contexts)
    fresh = [(context,) for context, whose, _ in rows if whose is None]
    if fresh:
        db.executemany(_MAKE, fresh)
        db.executemany(_JOIN, fresh)
        rows += _rows(db, [context for (context,) in fresh])
    return {context: (whose or 0, task) for context, whose, task in rows}


def _rows(db: sqlite3.Connection, contexts: Iterable[int]) -> list[tuple[int, int | None, int]]:
    listed = json.dumps(list(contexts))
    return db.execute(
        "SELECT id, whose, task FROM contexts WHERE id IN (SELECT value FROM json_each(?))",
        (listed,),
    ).fetchall()
