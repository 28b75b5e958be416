"""One moment of the database for several queries. It writes nothing."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def moment(db: sqlite3.Connection) -> Iterator[None]:
    """What is read inside belongs together, whatever is committed meanwhile."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")
