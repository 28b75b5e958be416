"""Backups: whole copies of the database beside it, the newest three kept.

They are made by a niced child, or in place before a migration, and only where the disk has room
for the store three times over. What came after a backup is in the logs and the intake journal.
"""

import calendar
import os
import re
import shutil
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from costtop.errors import CosttopError
from costtop.files import private_directory
from costtop.named_tuples import NamedTuple
from costtop.store.recovery import journal, pages
from costtop.store.recovery.store_mark import GENERATION

KEPT = 3
_ROOM = 3  # times the store that the disk must have free
_NAME = re.compile(r"(.+)-(\d{8}T\d{6})Z-g(\d+)-s(\d+)\.db")
_PART = ".part"


class Backup(NamedTuple):
    """A copy that is kept."""

    path: Path
    at: int  # when it was made, s UTC
    generation: int  # of the intake journal: this one and later ones may hold more
    schema: int
    size: int  # bytes


def folder(database: Path) -> Path:
    """Where a database's backups lie."""
    return database.parent / "backups"


def kept(database: Path) -> list[Backup]:
    """All there are, the newest first."""
    found = []
    for path in folder(database).glob(f"{database.stem}-*.db"):
        parts = _NAME.fullmatch(path.name)
        if parts and parts[1] == database.stem:
            with suppress(OSError):
                found.append(_backup(path, parts))
    return sorted(found, key=lambda one: (one.at, one.generation), reverse=True)


def _backup(path: Path, parts: re.Match[str]) -> Backup:
    at = calendar.timegm(time.strptime(parts[2], "%Y%m%dT%H%M%S"))
    return Backup(path, at, int(parts[3]), int(parts[4]), path.stat().st_size)


def begin(database: Path, generation: int, schema: int) -> Path:
    """Where the next copy is to be written; raises CosttopError where there is no room for it."""
    where = private_directory(folder(database))
    for left in where.glob(f"*{_PART}*"):
        left.unlink(missing_ok=True)  # of a copy that was interrupted
    lack = no_room(database)
    if lack:
        raise CosttopError(lack)
    at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    return where / f"{database.stem}-{at}-g{generation}-s{schema}.db{_PART}"


def copied(database: Path) -> tuple[int, int]:
    """How many bytes of the backup that is being made are there, and of how many; (0, 0): none."""
    parts = (path.stat().st_size for path in folder(database).glob(f"*{_PART}"))
    written = next(parts, None)
    return (0, 0) if written is None else (written, database.stat().st_size)


def no_room(database: Path) -> str:
    """Why no backup can be made here; "" where one can."""
    size = sum(path.stat().st_size for path in (database, Path(f"{database}-wal")) if path.exists())
    free = shutil.disk_usage(database.parent).free
    if free >= _ROOM * size:
        return ""
    return (
        f"no backup of {database} is made: {free >> 20} MiB are free,"
        f" {_ROOM * size >> 20} MiB are wanted for it"
    )


def finish(database: Path, part: Path) -> Backup:
    """Gives a whole copy its name; deletes older ones, and what the journal holds before them."""
    final = part.with_name(part.name.removesuffix(_PART))
    os.replace(part, final)
    parts = _NAME.fullmatch(final.name)
    if parts is None:
        raise CosttopError(f"{final} is no name of a backup")
    made = _backup(final, parts)
    prune(database, made=made)
    return made


def prune(database: Path, most: int = KEPT, made: Backup | None = None) -> None:
    """Deletes all but the newest backups, and what the intake journal holds before all of them.

    The one that was just `made` stays whatever its name says: a clock may have been set back.
    """
    there = [one for one in kept(database) if made is None or one.path != made.path]
    there = [*([made] if made else []), *there]
    for one in there[most:]:
        one.path.unlink(missing_ok=True)
    if there[:most]:
        journal.clear(database, min(one.generation for one in there[:most]))


def before_migration(db: sqlite3.Connection, database: Path) -> str:
    """Copies a store of an older schema before its migration; what kept it from that, or ""."""
    schema = int(db.execute("PRAGMA user_version").fetchone()[0])
    row = db.execute("SELECT value FROM meta WHERE key = ?", (GENERATION,)).fetchone()
    try:
        part = begin(database, int(row[0]) if row else 0, schema)
        pages.copy(database, part)
        finish(database, part)
    except (CosttopError, OSError, sqlite3.Error) as error:
        return str(error)
    return ""


def make(database: Path, watch: pages.Watch | None = None) -> Backup:
    """Makes a backup here and now, where no daemon has the store; raises CosttopError.

    `watch` hears how many bytes are written, and of how many.
    """
    try:
        with closing(pages.opened(database, live=True)) as db:
            schema = int(db.execute("PRAGMA user_version").fetchone()[0])
            row = db.execute("SELECT value FROM meta WHERE key = ?", (GENERATION,)).fetchone()
        # All of the journal so far is in it: nobody writes meanwhile.
        part = begin(database, 1 + max(journal.newest(database), int(row[0]) if row else 0), schema)
        pages.copy(database, part, watch)
        return finish(database, part)
    except (OSError, sqlite3.Error) as error:
        raise CosttopError(f"no backup could be made: {error}") from error


def usable(file: Path, known: int) -> str:
    """What speaks against putting this file back, in one line; "" where nothing does.

    `known` is the newest schema that this costtop can read.
    """
    if not file.is_file():
        return f"there is no file {file}"
    try:
        fault = pages.check(file, live=False)
        if fault:
            return f"{file} is damaged itself: {fault}"
        with closing(pages.opened(file, live=False)) as db:
            schema = int(db.execute("PRAGMA user_version").fetchone()[0])
            db.execute("SELECT count(*) FROM sessions, meta LIMIT 1").fetchone()
    except sqlite3.Error as error:
        return f"{file} is no backup of costtop: {error}"
    if schema > known:
        return f"{file} was written by a newer costtop (schema {schema}, this one knows {known})"
    return ""
