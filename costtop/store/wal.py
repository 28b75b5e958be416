"""Brings what stands in the -wal file over into the database itself. It decides not when."""

import os
import sqlite3
from pathlib import Path


def size(database: Path) -> int:
    """Bytes of the -wal file; 0 where there is none."""
    try:
        return os.stat(f"{database}-wal").st_size
    except OSError:
        return 0


def checkpoint(db: sqlite3.Connection) -> bool:
    """Copies all that no reader still needs, and empties the file; False where a reader was behind.

    It waits for nobody: what a reader holds back comes over the next time. Only the connection
    that writes does this (RELIABILITY.md 0.1).
    """
    patience = int(db.execute("PRAGMA busy_timeout").fetchone()[0])
    db.execute("PRAGMA busy_timeout = 0")
    try:
        busy, there, done = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        db.execute(f"PRAGMA busy_timeout = {patience}")
    return not busy and there == done
