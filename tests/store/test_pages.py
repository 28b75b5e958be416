"""The check of a database's pages: what is whole passes, what is not is named."""

import sqlite3
from contextlib import closing
from pathlib import Path

from costtop.store.db import open_writer
from costtop.store.recovery import pages


def made(folder: Path) -> Path:
    file = folder / "costtop.db"
    with closing(open_writer(file)) as db:
        db.executemany("INSERT INTO outbox_alerts VALUES (?, ?)", [(n, n + 1) for n in range(500)])
        db.execute("CREATE TABLE last_one (word TEXT NOT NULL)")
        db.execute("INSERT INTO last_one VALUES ('here')")
    return file


def test_a_store_with_letters_of_alerts_is_whole(tmp_path):
    assert pages.check(made(tmp_path), live=False) == ""


def declared(file: Path, version: int, words: str) -> None:
    """Says otherwise of the last table what its column may hold; its rows stay as they are."""
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA writable_schema = ON")
        text = f"CREATE TABLE last_one (word TEXT {words})"
        db.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'last_one'", (text,))
        db.execute(f"PRAGMA schema_version = {version}")


def test_a_real_null_behind_such_a_table_is_found(tmp_path):
    file = made(tmp_path)
    declared(file, 901, "")
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("INSERT INTO last_one VALUES (NULL)")
    declared(file, 902, "NOT NULL")
    assert pages.check(file, live=False) == "NULL value in last_one.word"
