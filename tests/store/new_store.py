"""Writes what a new store begins with, so that it need not take every step since the first.

`python -m tests.store.new_store` after a migration was added; without it the steps that are not in
the file yet are taken one by one.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from costtop.store import db as store

FILE = Path(store.__file__).with_name("new_store.sql")
_HEAD = "-- What all migrations make; python -m tests.store.new_store writes it.\n"


def stepped(steps: int | None = None) -> sqlite3.Connection:
    """A store in memory that has taken so many steps from nothing, or all."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    for step in store.migrations()[:steps]:
        db.executescript(step)
    return db


def text() -> str:
    """The file, of all steps that there are."""
    with closing(stepped()) as db:
        tables = db.execute(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
        )
        lines = [f"{sql};\n" for (sql,) in tables]
        lines += [f"{line}\n" for line in db.iterdump() if line.startswith("INSERT")]
    return "".join([_HEAD, *lines, f"PRAGMA user_version = {len(store.migrations())};\n"])


if __name__ == "__main__":
    FILE.write_text(text())
