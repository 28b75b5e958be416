"""A new store is as all steps would have made it, also where the file lags behind them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from costtop.store import db as store
from tests import new_stores
from tests.store.new_store import FILE, stepped


def facts(db: sqlite3.Connection) -> tuple[list[object], list[str]]:
    schema = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2")
    rows = [line for line in db.iterdump() if line.startswith("INSERT")]
    return schema.fetchall(), rows


def begun(steps: int) -> sqlite3.Connection:
    """A new store that knows but so many steps."""
    with new_stores.really_migrated(), pytest.MonkeyPatch.context() as patch:
        names = store._steps()
        patch.setattr(store, "_steps", lambda: names[:steps])
        db = sqlite3.connect(":memory:", isolation_level=None)
        store._migrate(db, Path("new"), backed_up=False)
        return db


def test_a_new_store_is_as_all_steps_would_have_made_it() -> None:
    steps = len(store.migrations())
    with closing(begun(steps)) as new, closing(stepped()) as old:
        assert facts(new) == facts(old)
        assert new.execute("PRAGMA user_version").fetchone() == (steps,)


def test_what_the_file_holds_is_what_its_number_of_steps_makes() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as new:
        new.executescript(FILE.read_text())
        (version,) = new.execute("PRAGMA user_version").fetchone()
        with closing(stepped(version)) as old:
            assert facts(new) == facts(old)


def test_a_new_store_that_cannot_be_made_is_left_empty(tmp_path: Path) -> None:
    path = tmp_path / "costtop.db"
    with (
        new_stores.really_migrated(),
        pytest.MonkeyPatch.context() as patch,
        closing(sqlite3.connect(path, isolation_level=None)) as db,
    ):
        patch.setattr(store, "_text", lambda _: "CREATE TABLE one (a); nonsense;")
        with pytest.raises(sqlite3.Error):
            store._migrate(db, path, backed_up=False)
        assert not db.in_transaction
        assert not db.execute("SELECT 1 FROM sqlite_schema").fetchone()
