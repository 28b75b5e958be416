"""Opens the database: pragmas and migrations.

Only the process that holds the instance's lock opens it read-write: several processes that
checkpoint one WAL file corrupted it on SQLite 3.40 (RELIABILITY.md 0.1). Readers use `mode=ro`.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from costtop.errors import NothingStored, OlderStore, StoreError
from costtop.files import private_directory, private_file

_MIGRATIONS = os.path.join(os.path.dirname(__file__), "migrations")
_NEW = os.path.join(os.path.dirname(__file__), "new_store.sql")


def migrations(done: int = 0) -> list[str]:
    """The numbered SQL steps, oldest first, without those that are `done`."""
    return [_text(os.path.join(_MIGRATIONS, name)) for name in _steps()[done:]]


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


@cache
def newest_schema() -> int:
    """The schema that this costtop makes and knows: how many steps there are."""
    return len(_steps())


def _steps() -> list[str]:
    return sorted(name for name in os.listdir(_MIGRATIONS) if name.endswith(".sql"))


def open_writer(path: Path, *, backed_up: bool = False) -> sqlite3.Connection:
    """The read-write connection, migrated; raises StoreError where the file cannot be used.

    The caller must hold the instance's lock. Transactions are explicit (autocommit mode). A store
    of an older schema is copied to the backups before, unless it is `backed_up` already.
    """
    from costtop.store.sessions import short_ids

    private_directory(path.parent)
    try:
        os.close(private_file(path, os.O_RDWR | os.O_CREAT))
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=60)
        _refuse_newer(db, path)
        _prepare(db)
        _migrate(db, path, backed_up=backed_up)
        _give_number(db)
        short_ids.fill(db)
        db.execute("PRAGMA synchronous = NORMAL")
    except (OSError, sqlite3.Error) as error:
        _raise_if_damaged(path, error)
        raise StoreError(f"cannot use the database {path}: {error}") from error
    return db


def _refuse_newer(db: sqlite3.Connection, path: Path) -> None:
    """Before a byte of it is written."""
    version, known = int(db.execute("PRAGMA user_version").fetchone()[0]), len(_steps())
    if version > known:
        error = _of_newer(db, path, version, known)
        db.close()
        raise error


def _of_newer(db: sqlite3.Connection, path: Path, version: int, known: int) -> StoreError:
    """Names both: what wrote it, as far as it says so, and what reads it."""
    from costtop import __version__

    try:
        row = db.execute("SELECT value FROM meta WHERE key = 'costtop'").fetchone()
    except sqlite3.Error:
        row = None
    named = f" {row[0]}" if row else ""
    return StoreError(
        f"{path} was written by a newer costtop{named} (schema {version}, this one knows {known});"
        f" this is costtop {__version__}: update it or set COSTTOP_HOME elsewhere"
    )


def _prepare(db: sqlite3.Connection) -> None:
    # WAL: readers never wait. NORMAL is enough: a lost commit takes its offsets with it. Of a
    # file without a page nothing can be lost: what is made of it need not reach the disk ten times.
    is_empty = not db.execute("PRAGMA page_count").fetchone()[0]
    for pragma in (
        f"synchronous = {'OFF' if is_empty else 'NORMAL'}",
        "auto_vacuum = INCREMENTAL",
        "journal_mode = WAL",
        "wal_autocheckpoint = 10000",
        "journal_size_limit = 67108864",
        "cache_size = -16000",  # 32 MB would win a tenth on imports of half a million calls
        "temp_store = MEMORY",
    ):
        db.execute(f"PRAGMA {pragma}")


def _raise_if_damaged(path: Path, error: Exception) -> None:
    from costtop.store.recovery import damage

    if damage.is_damage(error):
        raise damage.found(path, str(error)) from error


def _give_number(db: sqlite3.Connection) -> None:
    """A store has a number of its own in its header: a foreign file in its place is noticed."""
    if not db.execute("PRAGMA application_id").fetchone()[0]:
        from costtop.store.recovery.store_mark import new_store

        db.execute(f"PRAGMA application_id = {new_store()}")


def _migrate(db: sqlite3.Connection, path: Path, *, backed_up: bool) -> None:
    version, newest = int(db.execute("PRAGMA user_version").fetchone()[0]), len(_steps())
    if 0 < version < newest and not backed_up:
        from costtop.store.recovery import backups

        if lack := backups.before_migration(db, path):
            import logging

            logging.getLogger("costtop").warning("migrated without a backup: %s", lack)
    if not version and not db.execute("SELECT 1 FROM sqlite_master").fetchone():
        # What all steps to some number make, at once: a fifth of their time.
        _apply(db, _text(_NEW))
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
    for number, step in enumerate(migrations(version), version + 1):
        # The version rises in the step's own transaction: a crash leaves old or new, never half.
        _apply(db, f"{step}; PRAGMA user_version = {number};")


def _apply(db: sqlite3.Connection, step: str) -> None:
    try:
        db.executescript(f"BEGIN IMMEDIATE; {step} COMMIT;")
    except sqlite3.Error:
        if db.in_transaction:
            db.rollback()
        raise


def open_reader(path: Path, *, unfinished: bool = False) -> sqlite3.Connection:
    """A `mode=ro` connection; NothingStored without a database, StoreError for a bad one.

    One that is being rebuilt is refused too, for its sums are not complete, unless `unfinished`.
    """
    try:
        db = sqlite3.connect(
            f"file:{_quoted(path)}?mode=ro",
            uri=True,
            isolation_level=None,
            timeout=5,
            check_same_thread=False,
        )
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error as error:
        if not path.exists():
            raise NothingStored("nothing read yet; run: costtop scan (or costtop start)") from None
        _raise_if_damaged(path, error)
        raise StoreError(f"cannot read the database {path}: {error}") from error
    known = len(_steps())
    if version > known:
        newer = _of_newer(db, path, version, known)
        db.close()
        raise newer
    if version < known:
        db.close()
        raise OlderStore(
            f"{path} has schema {version}, of an older costtop, this one reads {known}:"
            " restart the daemon (costtop daemon stop; costtop start), or run: costtop scan"
        )
    if not unfinished and (why := _rebuilt_for(db)):
        db.close()
        raise StoreError(
            f"{path} is being rebuilt ({why}); its sums are not complete yet: ask again in a"
            " moment, or see costtop status"
        )
    return db


def _rebuilt_for(db: sqlite3.Connection) -> str:
    """Why the store is being rebuilt; "" where it is whole."""
    row = db.execute("SELECT value FROM meta WHERE key = 'rebuilding'").fetchone()
    if row is None:
        return ""
    import json

    return str(json.loads(row[0])["why"])


def shrink(db: sqlite3.Connection) -> None:
    """Lets go of the pages that a connection keeps in memory."""
    db.execute("PRAGMA shrink_memory")


@contextmanager
def snapshot(db: sqlite3.Connection) -> Iterator[None]:
    """What is read inside belongs together, whatever is committed meanwhile."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


def _quoted(path: Path) -> str:
    """The path inside a SQLite URI. urllib costs more than the whole query."""
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
