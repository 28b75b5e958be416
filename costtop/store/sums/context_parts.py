"""What of a context the roll-ups of long spans tell apart: all but its folder, and its task."""

import json
import sqlite3
from collections.abc import Collection, Mapping
from types import MappingProxyType

_NAMES = "branch, project, feature, user, host, tags"
_BARE = " AND ".join(f"{name} = ?" for name in _NAMES.split(", "))


Parts = tuple[int, int]
"""(row of the same context without folder and task, name of the task)."""
NONE: Mapping[int, Parts] = MappingProxyType({})


def parts(
    db: sqlite3.Connection, contexts: Collection[int], known: Mapping[int, Parts] = NONE
) -> dict[int, Parts]:
    """The parts of contexts, by their rows; those in `known` are not asked for."""
    found = {one: known[one] for one in contexts if one in known}
    if len(found) < len(contexts):
        found |= _read(db, [one for one in contexts if one not in found])
    return found


def _read(db: sqlite3.Connection, contexts: list[int]) -> dict[int, Parts]:
    rows = db.execute(
        f"SELECT id, whose, task, {_NAMES} FROM contexts"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(contexts),),
    ).fetchall()
    found: dict[int, Parts] = {}
    bare: dict[tuple[int, ...], int] = {}  # most contexts of a batch differ in their task alone
    fresh = []
    for context, whose, task, *names in rows:
        key = tuple(names)
        if whose is None:
            if key not in bare:
                bare[key] = bare_row(db, key)
            fresh.append((bare[key], context))
        found[context] = (bare[key] if whose is None else whose, task)
    db.executemany("UPDATE contexts SET whose = ? WHERE id = ?", fresh)
    return found


def bare_row(db: sqlite3.Connection, names: tuple[int, ...]) -> int:
    """The context with these names and no folder or task, written if it is new."""
    db.execute(
        f"INSERT OR IGNORE INTO contexts (cwd, task, {_NAMES}) VALUES (0, 0, ?, ?, ?, ?, ?, ?)",
        names,
    )
    query = f"SELECT id FROM contexts WHERE cwd = 0 AND task = 0 AND {_BARE}"
    return int(db.execute(query, names).fetchone()[0])
