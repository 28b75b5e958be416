"""One look at everything, without a daemon: what `costtop scan` does when none is running.

Where nothing is new, stat alone tells: then nothing that reads, prices or writes is even loaded.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing

from costtop import config as configuration
from costtop.config import Config
from costtop.daemon import lean
from costtop.daemon.ingest.counts import Counts
from costtop.daemon.ingest.log_roots import roots
from costtop.daemon.lifecycle.instance import hold
from costtop.daemon.reader_settings import reader_settings
from costtop.daemon.session_scopes import addressed
from costtop.durations import now_ms
from costtop.errors import NothingStored, Refused, StoreError
from costtop.paths import Paths
from costtop.store import meta, places
from costtop.store.db import open_reader
from costtop.store.recovery import damage
from costtop.tail.find import FolderTree
from costtop.tail.identity import Known, unclear
from costtop.tail.place import is_file, restored
from costtop.tail.roots import FoundFiles

_SCANNED, _ASKED = 60.0, 1.0  # s of asking git in a scan, and before somebody's question
_EVERY = 0.25  # s between two words of how far a reading is
Watch = Callable[[int, int], None]


def scan(paths: Paths, watch: Watch | None = None) -> dict[str, int]:
    """Reads everything new and returns the counts; raises Busy where a daemon has the database.

    `watch` hears how many bytes are read, and of how many.
    """
    config = configuration.load(paths)
    with hold(paths):
        with lean.uncollected():
            found = FolderTree(roots(config, paths, once=True)).all(time.time_ns())
            settled = _settled(paths, config, found)
        counts = Counts().plain() if settled else _read(paths, config, found, watch, _SCANNED)
        return {"looked_at": len(found.seen), **counts}


def catch_up(paths: Paths, watch: Watch | None = None) -> dict[str, int] | None:
    """Reads what is new before somebody asks; None where no file is. `watch` as for `scan`.

    Raises Busy where a daemon has the database, Refused where the configuration lets nothing read.
    """
    config = configuration.load(paths)
    with lean.uncollected():
        found = FolderTree(roots(config, paths, once=True)).all(time.time_ns())
        is_new = _new(paths, config, found)
    if not is_new:
        return None
    if config.read_only:
        raise Refused("read_only is set, so nothing new is read")
    with hold(paths):
        return _read(paths, config, found, watch, _ASKED)


def _new(paths: Paths, config: Config, found: FoundFiles) -> bool:
    if damage.ordered(paths.database) is not None:
        return True
    try:
        db = open_reader(paths.database, unfinished=True)
    except NothingStored:
        return bool(found.seen)
    except StoreError:
        return False  # whoever reads it says what is wrong
    with closing(db):
        told = meta.everything(db)
        if meta.REBUILDING in told or not _told(db, config).items() <= told.items():
            return True
        known, found = _known(db, found)
    return not all(known.settled(seen) for seen in found.seen)


def _settled(paths: Paths, config: Config, found: FoundFiles) -> bool:
    """Whether a full scan would change nothing: not one place, and nothing readers are told."""
    if damage.fault(paths.database) is not None:
        return False
    try:
        db = open_reader(paths.database, unfinished=True)
    except StoreError:
        return False
    with closing(db):
        known, found = _known(db, found)
        told, wanted = meta.everything(db), _told(db, config)
        asks = _asks_git(db, config)
    if meta.REBUILDING in told or not all(known.settled(seen) for seen in found.seen):
        return False
    if asks:
        return False
    marked, dropped = known.census(found, now_ms())
    return not marked and not dropped and wanted.items() <= told.items()


def _known(db: sqlite3.Connection, found: FoundFiles) -> tuple[Known, FoundFiles]:
    """The places and files of which it takes more than a glance to say whether they are as read."""
    stored, found = unclear(places.states(db), found, now_ms())
    return Known(restored(*place) for place in stored if is_file(place[0])), found


def _asks_git(db: sqlite3.Connection, config: Config) -> bool:
    """Whether a repository in which agents worked has moved, or is not known yet."""
    from costtop.daemon.jobs import git_due

    return git_due.is_due(db, config, now_ms())


def _told(db: sqlite3.Connection, config: Config) -> dict[str, str]:
    """What readers are to be told of the configuration, with sessions by their keys."""
    return reader_settings(addressed(db, config))


def _read(
    paths: Paths,
    config: Config,
    found: FoundFiles,
    watch: Watch | None,
    git_seconds: float,
) -> dict[str, int]:
    import asyncio

    from costtop.daemon.ingest import title_reading
    from costtop.daemon.ingest.intake import Ingest
    from costtop.daemon.jobs import git_reading, long_sums
    from costtop.daemon.wiring import wired
    from costtop.store.recovery import rebuild
    from costtop.tail.follow import Batch

    async def tell(ingest: Ingest) -> None:
        while watch is not None:
            await asyncio.sleep(_EVERY)
            watch(*ingest.progress)

    async def read() -> dict[str, int]:
        async with wired(paths, config, lambda: None) as instance:
            ingest = instance.ingest
            fresh = [seen for seen in found.newest_first() if not ingest.known.settled(seen)]
            telling = asyncio.create_task(tell(ingest))
            try:
                await ingest.take(Batch(fresh, found))
                await title_reading.catch_up(instance.writer, instance.roots)
                await instance.writer.transact(rebuild.end, now_ms())
                await long_sums.briefly(instance.writer)
                await git_reading.once(instance.writer, config, git_seconds)
            finally:
                telling.cancel()
            return ingest.counts.plain()

    return asyncio.run(read())
