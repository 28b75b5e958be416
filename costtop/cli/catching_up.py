"""Reads what is new before a command shows what is stored, where no daemon does that."""

import os
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path

from costtop.cli import progress
from costtop.durations import now_ms
from costtop.errors import CosttopError, NothingStored, StoreError
from costtop.paths import Paths, told
from costtop.store import daemon_status, meta, places
from costtop.store.db import open_reader

_NOTHING = "nothing new to read, what is stored is shown; no daemon runs (costtop start)"
_LEVELS = 3  # folders above a log in which new ones appear


def open_fresh(place: Paths, *, quiet: bool = False) -> sqlite3.Connection:
    """A reader of the database, once what is new is in it; as `open_reader`, if that cannot be.

    Where no daemon runs, one line says what was read, or why not; that nothing is new is told to a
    person, not to a script, whose stderr is kept for what is wrong. No alert is raised. `quiet` is
    for what answers by its exit code alone.
    """
    runs = daemon_status.is_fresh(daemon_status.read(place.status), now_ms())
    said = "" if runs else _caught_up(place)
    db = open_reader(place.database)
    if said and not quiet and (said != _NOTHING or sys.stderr.isatty()):
        _say(said)
    return db


def _caught_up(place: Paths) -> str:
    """Reads what is new; says what was read, or why what is stored is shown."""
    if not may_be_new(place):
        return _NOTHING
    from costtop.daemon.lifecycle.instance import is_free

    if is_free(place.lock):
        return _catch_up(place)
    if told(place.lock).socket:
        return "the daemon does not answer yet; what is stored is shown"
    return "another costtop is reading; what is stored is shown"


def may_be_new(place: Paths) -> bool:
    """Whether a full look is worth its time: a known file, or a folder near one, has changed.

    A quick question loads nothing of what reads. A folder in which nothing was ever read is seen by
    `costtop scan`, or as soon as anything else is new.
    """
    if place.database.with_name(f"{place.database.name}.rebuild").exists():
        return True  # somebody has met a bad page: reading begins with a rebuild
    stored = max(_changed(os.fsencode(f"{place.database}{tail}")) for tail in ("", "-wal"))
    if any(_changed(os.fsencode(one)) >= stored for one in (place.config, place.budgets)):
        return True  # budgets, days or titles may be others than the store knows
    try:
        db = open_reader(place.database, unfinished=True)
    except NothingStored:
        return True
    except StoreError:
        return False  # whoever reads it says what is wrong
    with closing(db):
        if meta.get(db, meta.REBUILDING):
            return True
        read = places.read_times(db)
    known = {path for path, _, _ in read}
    if not known.issuperset(_files(place.spool)):
        return True
    latest = max((at for _, at, _ in read), default=1 << 62)
    there = [(path, at) for path, at, is_there in read if is_there]  # a new one changes its folder
    return _any_changed(there) or any(_changed(folder) >= latest for folder in _folders(known))


def _any_changed(read: list[tuple[bytes, int]]) -> bool:
    """Whether a file has changed since it was read, at ms UTC; there may be tens of thousands."""
    for path, at in read:
        try:
            if os.stat(path).st_mtime_ns >= at * 1_000_000:
                return True
        except OSError:
            continue
    return False


def _folders(paths: set[bytes]) -> set[bytes]:
    """Those in which these files lie, and those above, where new ones appear."""
    found, below = set[bytes](), paths
    for _ in range(_LEVELS):
        below = {path.rpartition(b"/")[0] or b"/" for path in below}
        found |= below
    return found


def _files(folder: Path) -> list[bytes]:
    return [os.fsencode(one) for one in folder.glob("*.jsonl")]


def _changed(path: bytes) -> int:
    """When it last changed, ms UTC; 0 where it is not there."""
    try:
        return os.stat(path).st_mtime_ns // 1_000_000
    except OSError:
        return 0


def _catch_up(place: Paths) -> str:
    from costtop.daemon import lean_process

    with lean_process.imports():
        from costtop.daemon.jobs.scan_once import catch_up

    began = now_ms()
    try:
        with progress.bar("reading what is new") as watch:
            counts = catch_up(place, watch)
        if counts is None:
            _looked(place, began)
    except (CosttopError, OSError) as error:
        return f"{error}; what is stored is shown"
    if why := _rebuilt_since(place, began):
        return f"the database was damaged and is rebuilt: {why}; see: costtop doctor"
    if not counts or not (counts["calls"] or counts["updated"]):
        return _NOTHING
    new = f"{counts['calls']:,} new call{'s' * (counts['calls'] != 1)}"
    return f"read {new} first, for no daemon runs (costtop start)"


def _looked(place: Paths, at: int) -> None:
    """Nothing was new: what was saved until then need not be looked at again before each answer."""
    with suppress(OSError):
        os.utime(place.database, ns=(at * 1_000_000, at * 1_000_000))


def _rebuilt_since(place: Paths, began: int) -> str:
    """Why the database was rebuilt since then; "" where it was not."""
    import json

    try:
        with closing(open_reader(place.database, unfinished=True)) as db:
            done = json.loads(meta.get(db, "recovered") or "{}")
    except StoreError:
        return ""
    return str(done["why"]) if done.get("at", 0) >= began else ""


def _say(line: str) -> None:
    from costtop.text import clean

    print(f"costtop: {clean(line, 1_000)}", file=sys.stderr)
