"""New stores are copies of one that was really made: thousands are, and a copy is quicker.

It holds for stores that this process makes while its steps are those of the checkout; what is not
empty is migrated as ever, and so are the stores of child processes.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import pytest

from costtop.store import db as store

_MIGRATE = store._migrate


@contextmanager
def really_migrated() -> Iterator[None]:
    """As long as it lasts, every store is made as costtop makes it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_migrate", _MIGRATE)
        yield


@contextmanager
def copied() -> Iterator[None]:
    """As long as it lasts, whatever opens a store that is not there yet gets a copy."""
    one_at_a_time = Lock()
    made: dict[tuple[str, ...], sqlite3.Connection] = {}

    def migrate(db: sqlite3.Connection, path: Path, *, backed_up: bool) -> None:
        is_new = not db.execute("SELECT 1 FROM sqlite_schema").fetchone()
        if not is_new or db.execute("PRAGMA user_version").fetchone()[0]:
            _MIGRATE(db, path, backed_up=backed_up)
            return
        with one_at_a_time:
            steps = tuple(store.migrations())
            if steps not in made:
                made[steps] = whole = sqlite3.connect(
                    ":memory:", isolation_level=None, check_same_thread=False
                )
                whole.execute("PRAGMA auto_vacuum = INCREMENTAL")  # as store._prepare has it
                _MIGRATE(whole, path, backed_up=True)
            made[steps].backup(db)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_migrate", migrate)
        yield
    for whole in made.values():
        whole.close()
