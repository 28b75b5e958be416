"""Builds the store anew: the bad file moved aside, the newest whole backup put in its place.

The rows that the intake journal holds are put back here; its calls, and what stands in logs, are
read by whoever opens the store next. Until they have been, `meta` says that it is being rebuilt.
A crash anywhere is made good by beginning again: the new file gets its name last.
"""

import json
import logging
import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from costtop.errors import StoreError
from costtop.named_tuples import NamedTuple
from costtop.store import meta
from costtop.store.db import open_writer
from costtop.store.forgetting import removal, tombstones
from costtop.store.recovery import backups, damage, journal, kept_rows, pages, store_mark
from costtop.store.recovery.damage import RebuildOrder

UPDATE = "update"  # who asks for it where a migration has every log read again
RECOVERED = "recovered"  # meta: JSON of `Recovered`, of the last time
_ASIDE = 3  # bad files kept
log = logging.getLogger("costtop")


class Rebuilding(NamedTuple):
    """A store that is not yet what it was."""

    why: str
    at: int  # ms UTC
    backup: str  # file name of the backup that it began with, "" without one
    aside: str  # where the bad file is, "" where there was none
    since: int  # generation of the intake journal from which it has to be read
    calls: int  # stored before, as far as is known
    cost: int  # nano-dollars of them
    spoilt: int = 0  # lines of the intake journal that cannot be read
    by: str = ""


class Recovered(NamedTuple):
    """How a rebuild ended."""

    why: str
    at: int  # ms UTC: when it began
    done: int
    backup: str
    aside: str
    lost_calls: int  # stored before and found nowhere any more
    lost_cost: int  # nano-dollars of them
    spoilt: int
    told: bool = False  # whether an alert has said so


def make_whole(database: Path, now: int) -> None:
    """Rebuilds the store where something is wrong with it; to be called before it is opened.

    The caller holds the instance's lock and has no connection open. `now` is ms UTC.
    """
    for left in database.parent.glob(f"{database.name}.new*"):
        left.unlink(missing_ok=True)
    order = damage.fault(database)
    if order is None:
        return
    log.info("the database %s is rebuilt: %s", database, order.why)
    damage.order(database, order)  # a crash must not forget why
    aside = move_aside(database, now)
    try:
        _build(database, order, aside, now)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"cannot rebuild the database {database}: {error}") from error
    damage.orders(database).unlink(missing_ok=True)


def move_aside(database: Path, now: int) -> str:
    """Gives a bad file another name, with its log; "" where there is none."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now / 1000))
    moved = ""
    for tail in ("", "-wal", "-shm"):
        source = Path(f"{database}{tail}")
        if source.exists():
            moved = f"{database.name}.corrupt-{stamp}"
            os.replace(source, database.with_name(f"{moved}{tail}"))
    clear_aside(database, _ASIDE)
    return moved or _moved_before(database)


def clear_aside(database: Path, most: int = 0) -> None:
    """Deletes bad files that were moved aside, but the newest `most`."""
    there = sorted(database.parent.glob(f"{database.name}.corrupt-*Z"))
    for old in there[: max(0, len(there) - most)]:
        for tail in ("", "-wal", "-shm"):
            Path(f"{old}{tail}").unlink(missing_ok=True)


def give_up(database: Path, why: str, now: int) -> None:
    """Puts a store aside that is open still: closing it must not write to what took its place.

    Where only its write-ahead log has gone the open connection has all of it, and closing saves it.
    """
    if why == damage.LOG_GONE:
        return
    if damage.ordered(database) is None:
        damage.order(database, RebuildOrder(why))
    move_aside(database, now)


def _moved_before(database: Path) -> str:
    """The newest bad file, where a rebuild that was interrupted has moved it already."""
    found = sorted(database.parent.glob(f"{database.name}.corrupt-*Z"))
    return found[-1].name if found and damage.stat(database) is None else ""


def _build(database: Path, order: RebuildOrder, aside: str, now: int) -> None:
    fresh, known = database.with_name(f"{database.name}.new"), store_mark.read(database)
    backup = _begin(database, fresh, order)
    with closing(open_writer(fresh, backed_up=True)) as db:
        since = int(meta.get(db, store_mark.GENERATION) or 0) if backup else 0
        rows: list[list[object]] = []
        spoilt = 0
        for record in journal.read(database, since):
            if record is None:
                spoilt += 1
            else:
                rows += record.rows
        stands = Rebuilding(
            why=order.why,
            at=now,
            backup=backup,
            aside=aside,
            since=since,
            calls=known.calls if known else 0,
            cost=known.cost if known else 0,
            spoilt=spoilt,
            by=order.by,
        )
        db.execute("BEGIN IMMEDIATE")
        kept_rows.put_back(db, rows)
        meta.put(db, {meta.REBUILDING: json.dumps(stands._asdict())})
        db.execute("COMMIT")
        _forget_again(db)
        if known:
            db.execute(f"PRAGMA application_id = {known.store}")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.replace(fresh, database)


def _forget_again(db: sqlite3.Connection) -> None:
    """A backup of before may hold what was forgotten since."""
    if not tombstones.read(db):
        return
    removal.begin(db)
    more = True
    while more:
        db.execute("BEGIN IMMEDIATE")
        more = removal.calls(db).calls > 0
        db.execute("COMMIT")
    db.execute("BEGIN IMMEDIATE")
    removal.rest(db)
    db.execute("COMMIT")
    removal.end(db)


def _begin(database: Path, fresh: Path, order: RebuildOrder) -> str:
    """Puts a copy of the backup to begin with at `fresh`; the name of the backup, "" for none."""
    known = store_mark.read(database)
    chosen = [Path(order.backup)] if order.backup else []
    for path in chosen or [one.path for one in backups.kept(database)]:
        fault = _spoilt(path) or _foreign(path, known, asked=bool(chosen))
        if fault:
            log.error("the backup %s cannot be used: %s", path, fault)
            continue
        shutil.copyfile(path, fresh)
        os.chmod(fresh, 0o600)
        return path.name
    if chosen:
        log.error("the database is rebuilt from other backups and the logs")
        return _begin(database, fresh, order._replace(backup=""))
    return ""


def _spoilt(backup: Path) -> str:
    try:
        return pages.check(backup, live=False)
    except sqlite3.Error as error:
        return str(error)


def _foreign(path: Path, known: store_mark.StoreMark | None, *, asked: bool) -> str:
    """What speaks against a file whose pages are whole."""
    try:
        with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as db:
            store = store_mark.moment(db)[0]
    except sqlite3.Error as error:
        return str(error)
    return "" if asked or known is None or store == known.store else "it is of another store"


def standing(db: sqlite3.Connection) -> Rebuilding | None:
    """The rebuild that goes on in this store; None where it is whole."""
    text = meta.get(db, meta.REBUILDING)
    return Rebuilding(**json.loads(text)) if text else None


def recovered(db: sqlite3.Connection) -> Recovered | None:
    """How the last rebuild ended; None where there was none."""
    text = meta.get(db, RECOVERED)
    return Recovered(**json.loads(text)) if text else None


def end(db: sqlite3.Connection, now: int) -> Recovered | None:
    """Ends the rebuild, once everything has been read again; what could not be found again."""
    began = standing(db)
    if began is None:
        return None
    there = store_mark.of(db)
    done = Recovered(
        why=began.why,
        at=began.at,
        done=now,
        backup=began.backup,
        aside=began.aside,
        lost_calls=max(0, began.calls - there.calls),
        lost_cost=max(0, began.cost - there.cost),
        spoilt=began.spoilt,
    )
    db.execute("DELETE FROM meta WHERE key = ?", (meta.REBUILDING,))
    if began.by == UPDATE:
        return None
    meta.put(db, {RECOVERED: json.dumps(done._asdict())})
    return done


def tell(db: sqlite3.Connection) -> Recovered | None:
    """The rebuild that no alert has told of; it counts as told from now on."""
    done = recovered(db)
    if done is None or done.told:
        return None
    meta.put(db, {RECOVERED: json.dumps(done._replace(told=True)._asdict())})
    return done
