"""What a store is known by beside its file: a small file of its own that outlives it.

It tells that a database existed, which one it was, how far it had come and what it held, so that an
empty, foreign or older file in its place is noticed and what is lost with it can be said.
"""

import json
import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from costtop.files import replace
from costtop.named_tuples import NamedTuple

GENERATION = "generation"  # meta: counts starts and backups; the intake journal goes by it
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class StoreMark(NamedTuple):
    """A store at one moment."""

    store: int  # which one it is: SQLite's application_id, random and never 0
    generation: int
    rev: int  # its latest commit of calls
    calls: int
    cost: int  # nano-dollars
    boot: str = ""  # of the system: after a power cut the file may be older than this

    @property
    def moment(self) -> tuple[int, int]:
        """Grows with every commit of calls, every start and every backup."""
        return (self.generation, self.rev)


def place(database: Path) -> Path:
    """The file of a database's mark."""
    return database.with_name(f"{database.name}.mark")


def of(db: sqlite3.Connection) -> StoreMark:
    """The mark of an open database; raises sqlite3.Error where it is none of costtop's."""
    store = int(db.execute("PRAGMA application_id").fetchone()[0])
    row = db.execute("SELECT value FROM meta WHERE key = ?", (GENERATION,)).fetchone()
    sums = db.execute(
        "SELECT coalesce(max(rev), 0), coalesce(sum(calls), 0), coalesce(sum(cost), 0)"
        " FROM sessions"
    ).fetchone()
    rev, calls, cost = map(int, sums)
    return StoreMark(
        store=store,
        generation=int(row[0]) if row else 0,
        rev=rev,
        calls=calls,
        cost=cost,
        boot=boot(),
    )


def moment(db: sqlite3.Connection) -> tuple[int, int, int]:
    """(store, generation, rev) of an open database, without its sums: quick."""
    store = int(db.execute("PRAGMA application_id").fetchone()[0])
    row = db.execute("SELECT value FROM meta WHERE key = ?", (GENERATION,)).fetchone()
    rev = db.execute("SELECT coalesce(max(rev), 0) FROM sessions").fetchone()[0]
    return store, int(row[0]) if row else 0, int(rev)


def read(database: Path) -> StoreMark | None:
    """The mark that was left last; None without one."""
    try:
        values = json.loads(place(database).read_text())
        found = StoreMark(**values)
    except (OSError, ValueError, TypeError):
        return None
    return found if all(isinstance(value, int) for value in found[:5]) else None


def write(database: Path, mark: StoreMark) -> None:
    """Leaves a mark; raises OSError."""
    replace(place(database), f"{json.dumps(mark._asdict())}\n".encode())


def boot() -> str:
    """Which run of the system this is; "" where it does not say."""
    with suppress(OSError):
        return _BOOT.read_text().strip()
    return ""


def new_store() -> int:
    """A number for a store that has none yet."""
    return 1 + int.from_bytes(os.urandom(4)) % (2**31 - 1)
