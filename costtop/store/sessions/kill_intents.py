"""Kills under way, kept so that a crash does not leave one half done.

RELIABILITY.md K9: gone on with only while they are fresh and the process is still the same.
"""

import sqlite3

from costtop.named_tuples import NamedTuple

FRESH = 60_000  # ms


class Intent(NamedTuple):
    """One kill that a daemon began and did not see to its end."""

    id: int
    session: str
    pid: int
    start: int
    rung: str  # INT | TERM | KILL
    by: str


def begin(
    db: sqlite3.Connection, session: str, identity: tuple[int, int], rung: str, by: str, now: int
) -> int:
    """Keeps that a kill of (pid, start) begins; its row."""
    cursor = db.execute(
        "INSERT INTO intents (session, pid, start, rung, by, at) VALUES (?,?,?,?,?,?)",
        (session, *identity, rung, by, now),
    )
    return int(cursor.lastrowid or 0)


def end(db: sqlite3.Connection, intent: int, now: int) -> None:
    """The kill has come to its end."""
    db.execute("UPDATE intents SET done = ? WHERE id = ?", (now, intent))


def is_open(db: sqlite3.Connection, session: str, identity: tuple[int, int]) -> bool:
    """Whether a kill of this process for this session has begun and not ended."""
    row = db.execute(
        "SELECT 1 FROM intents WHERE session = ? AND pid = ? AND start = ? AND done IS NULL",
        (session, *identity),
    ).fetchone()
    return row is not None


def left(db: sqlite3.Connection, now: int) -> list[Intent]:
    """Fresh kills without an end; older ones are closed."""
    db.execute("UPDATE intents SET done = ? WHERE done IS NULL AND at <= ?", (now, now - FRESH))
    rows = db.execute(
        "SELECT id, session, pid, start, rung, by FROM intents WHERE done IS NULL ORDER BY at, id"
    )
    return [Intent(*row) for row in rows]
