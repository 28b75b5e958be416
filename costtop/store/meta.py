"""Single values of one database: what readers need to know of the config, cached rate cards."""

import sqlite3


def put(db: sqlite3.Connection, values: dict[str, str]) -> None:
    """Writes values by key; writes nothing where nothing changed."""
    known = dict(db.execute("SELECT key, value FROM meta").fetchall())
    db.executemany(
        "INSERT INTO meta (key, value) VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET value = excluded.value",
        [(key, value) for key, value in values.items() if known.get(key) != value],
    )


def get(db: sqlite3.Connection, key: str) -> str:
    """The value of `key`, or ""."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else ""
