"""Side copies of a message: counted while they are alone, gone once their message itself is there.

They stand beside it by the first half of their key. It books no roll-ups.
"""

import sqlite3

from costtop.store.calls.call_row import COLUMNS, YIELDS, Row
from costtop.store.calls.merge import AT_ONCE, Sight, Stored


def side_copies(db: sqlite3.Connection, sights: dict[bytes, Sight]) -> set[bytes]:
    """Keys of side copies whose message is counted already, here or in the database."""
    yielding = [key for key, sight in sights.items() if sight.row.flags & YIELDS]
    if not yielding:
        return set()
    plain = {key[:8] for key, sight in sights.items() if not sight.row.flags & YIELDS}
    query = "SELECT 1 FROM calls WHERE key >= ? AND key <= ? AND NOT flags & 8 LIMIT 1"
    return {
        key
        for key in yielding
        if key[:8] in plain or db.execute(query, (key[:8], key[:8] + b"\xff" * 8)).fetchone()
    }


def overtaken(db: sqlite3.Connection, inserts: list[Sight]) -> list[Stored]:
    """Side copies counted earlier, now that their message itself came; they are deleted."""
    groups = [sight.row.key[:8] for sight in inserts if not sight.row.flags & YIELDS]
    gone: list[Stored] = []
    for start in range(0, len(groups), AT_ONCE):
        part = groups[start : start + AT_ONCE]
        marks = ",".join("?" * len(part))
        query = (
            f"SELECT id, {COLUMNS} FROM calls WHERE flags & 8 AND substr(key, 1, 8) IN ({marks})"
        )
        gone += [Stored(row[0], Row._make(row[1:])) for row in db.execute(query, part)]
    return gone


def delete(db: sqlite3.Connection, gone: list[Stored]) -> None:
    db.executemany("DELETE FROM tools WHERE call = ?", [(item.id,) for item in gone])
    db.executemany("DELETE FROM calls WHERE id = ?", [(item.id,) for item in gone])
