"""One look at everything, without a daemon: what `costtop scan` does when none is running.

Where nothing is new, stat alone tells: then nothing that reads, prices or writes is even loaded.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from costtop import config as configuration
from costtop.config import Config
from costtop.daemon import fold_process, lean_process
from costtop.daemon.ingest.counts import Counts
from costtop.daemon.ingest.log_roots import roots
from costtop.daemon.lifecycle.instance import hold
from costtop.daemon.reader_settings import reader_settings
from costtop.daemon.session_scopes import addressed
from costtop.durations import now_ms
from costtop.errors import NothingStored, Refused, StoreError
from costtop.named_tuples import NamedTuple
from costtop.paths import Paths
from costtop.store import meta, places
from costtop.store.db import open_reader
from costtop.store.recovery import damage
from costtop.tail.find import FolderTree
from costtop.tail.place import is_file, restored
from costtop.tail.roots import FoundFiles
from costtop.tail.rotation import Known, unclear

if TYPE_CHECKING:
    from costtop.daemon.ingest.backlog import Ahead
    from costtop.daemon.ingest.fold import Order

_SCANNED, _ASKED = 60.0, 1.0  # s of asking git in a scan, and before somebody's question
_EVERY = 0.25  # s between two words of how far a reading is
_AHEAD = 4  # turns that take a worker about as long as the store takes to open
Watch = Callable[[int, int], None]


def scan(paths: Paths, watch: Watch | None = None) -> dict[str, int]:
    """Reads everything new and returns the counts; raises Busy where a daemon has the database.

    `watch` hears how many bytes are read, and of how many.
    """
    config = configuration.load(paths)
    with hold(paths):
        with lean_process.uncollected():
            found = FolderTree(roots(config, paths, once=True)).all(time.time_ns())
            news = _news(paths, config, found)
        if news is None:
            counts = Counts().plain()
        else:
            counts = _read(paths, config, found, news, watch, _SCANNED)
        return {"looked_at": len(found.seen), **counts}


def catch_up(paths: Paths, watch: Watch | None = None) -> dict[str, int] | None:
    """Reads what is new before somebody asks; None where no file is. `watch` as for `scan`.

    Raises Busy where a daemon has the database, Refused where the configuration lets nothing read.
    """
    config = configuration.load(paths)
    with lean_process.uncollected():
        found = FolderTree(roots(config, paths, once=True)).all(time.time_ns())
        news = _new(paths, config, found)
    if news is None:
        return None
    if config.read_only:
        raise Refused("read_only is set, so nothing new is read")
    with hold(paths):
        return _read(paths, config, found, news, watch, _ASKED)


class _News(NamedTuple):
    """What is to be read."""

    size: int  # bytes
    is_all: bool = False  # nothing is stored


def _new(paths: Paths, config: Config, found: FoundFiles) -> _News | None:
    """None where nobody has to read anything."""
    if damage.ordered(paths.database) is not None:
        return _unread(Known(), found)
    try:
        db = open_reader(paths.database, unfinished=True)
    except NothingStored:
        return _unread(Known(), found)._replace(is_all=True) if found.seen else None
    except StoreError:
        return None  # whoever reads it says what is wrong
    with closing(db):
        told = meta.everything(db)
        known, found = _known(db, found)
        is_told = meta.REBUILDING not in told and _told(db, config).items() <= told.items()
    if is_told and all(known.settled(seen) for seen in found.seen):
        return None
    return _unread(known, found)


def _news(paths: Paths, config: Config, found: FoundFiles) -> _News | None:
    """None where a scan would change nothing: not one place, and nothing readers are told."""
    if damage.fault(paths.database) is not None:
        return _unread(Known(), found)
    try:
        db = open_reader(paths.database, unfinished=True)
    except StoreError as error:
        return _unread(Known(), found)._replace(is_all=isinstance(error, NothingStored))
    with closing(db):
        known, found = _known(db, found)
        told, wanted = meta.everything(db), _told(db, config)
        asks = _asks_git(db, config)
    if not asks and meta.REBUILDING not in told and all(map(known.settled, found.seen)):
        marked, dropped = known.census(found, now_ms())
        if not marked and not dropped and wanted.items() <= told.items():
            return None
    return _unread(known, found)


def _unread(known: Known, found: FoundFiles) -> _News:
    return _News(sum(map(known.unread, found.seen)))


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
    news: _News,
    watch: Watch | None,
    git_seconds: float,
) -> dict[str, int]:
    """Reads it; what folds it begins before what stores it is loaded."""
    titles = config.session_titles
    with _folding_ahead(found, news.size, first=news.is_all, titles=titles) as ahead:
        return _stored(paths, config, found, ahead, watch, git_seconds)


def _stored(
    paths: Paths,
    config: Config,
    found: FoundFiles,
    ahead: "Ahead | None",
    watch: Watch | None,
    git_seconds: float,
) -> dict[str, int]:
    with lean_process.asyncio():
        import asyncio

    from costtop.daemon.ingest import title_reading
    from costtop.daemon.ingest.intake import Ingest
    from costtop.daemon.jobs import git_reading, long_sums
    from costtop.daemon.opened_instance import opened
    from costtop.store.recovery import rebuild
    from costtop.tail.follow import Batch

    async def tell(ingest: Ingest) -> None:
        while watch is not None:
            await asyncio.sleep(_EVERY)
            watch(*ingest.progress)

    async def read() -> dict[str, int]:
        async with opened(paths, config, once=True) as instance:
            ingest = instance.ingest
            if not (ahead and ahead.turns and ingest.known.places()):  # as is hardly possible
                ingest.backlog.ahead = ahead
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


@contextmanager
def _folding_ahead(
    found: FoundFiles, unread: int, *, first: bool, titles: bool
) -> Iterator["Ahead | None"]:
    """What folds `unread` bytes while this lasts; None where no process pays for so few.

    A worker is as long in getting ready as what stores its answers is. Of a first import it has
    folded some by then: no file of it has a place or a memo that would have to be looked up before.
    `first`: nothing is stored. `titles`: the agents' own titles are wanted.
    """
    if not fold_process.pays(unread):
        yield None
        return
    process = fold_process.started()  # before asyncio is loaded
    with lean_process.asyncio():
        from costtop.daemon.ingest.backlog import Ahead
        from costtop.daemon.ingest.fold_workers import Workers
    pool = Workers([process])
    try:
        yield Ahead(pool, pool.begin(_first_turns(found, titles)) if first else [])
    finally:
        pool.end()


def _first_turns(found: FoundFiles, titles: bool) -> Iterator[list["Order"]]:
    """What is read first where nothing has been read; the rest is left for later."""
    from costtop.daemon.ingest import backlog
    from costtop.daemon.ingest.slow_files import is_slow

    known, now = Known(), time.time_ns()
    quick = [seen for seen in found.newest_first() if not is_slow(seen)]
    for group in islice(backlog.groups(quick, backlog.FIRST_TURN), _AHEAD):
        changes = ((seen, known.compare(seen, now)) for seen in group)
        yield [backlog.order_of(*one, {}, titles=titles) for one in changes if one[1].readable]
