"""History read ahead of every decision, in a throw-away folder: nothing of costtop's is touched.

What was read can be kept once the summary is confirmed, where nothing was stored yet.
"""

import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

from costtop.cli import catching_up, progress
from costtop.durations import now_ms
from costtop.errors import CosttopError, NothingStored
from costtop.files import private_directory
from costtop.named_tuples import NamedTuple
from costtop.paths import Paths
from costtop.store import daemon_status
from costtop.store.db import open_reader
from costtop.store.recovery import store_mark

_ENDS = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
NOT_READ = "Nothing was read, so nothing is proposed"
_PATIENCE, _STEP, _EVER = 3.0, 0.1, 1e9  # s
_MADE_ANEW = ("costtop.lock", "spool")  # each instance has its own


class HistoryAhead(NamedTuple):
    """What there is to propose from: a database, or why there is none."""

    db: sqlite3.Connection | None
    why: str = ""
    folder: Path | None = None  # throw-away: it holds a first reading, which may be kept


@contextmanager
def history(found: Paths, *, read: bool) -> Iterator[HistoryAhead]:
    """The history until now; with `read` what is not stored yet is read, with a bar."""
    from costtop.daemon.lifecycle import instance

    runs, reads = _daemon(found)
    if reads:
        yield HistoryAhead(None, "The daemon is still reading; once it has, again: costtop init")
    elif not runs and not instance.is_free(found.lock):
        yield HistoryAhead(None, "Another costtop is reading; once it has, again: costtop init")
    elif found.database.exists() and (runs or not catching_up.may_be_new(found)):
        with closing(open_reader(found.database)) as db:
            yield HistoryAhead(db)
    elif not read:
        yield HistoryAhead(None, NOT_READ)
    else:
        disk = found.database.parent if found.database.exists() else None  # it has room for a copy
        with _throwaway(disk) as folder:
            yield from _elsewhere(found, folder)


@contextmanager
def _throwaway(disk: Path | None) -> Iterator[Path]:
    """A folder that goes, however we are left: a closed terminal and whoever ends us are Ctrl-C."""
    folder = Path(tempfile.mkdtemp(prefix=".costtop-init-", dir=disk))
    before = {each: signal.signal(each, _leave) for each in _ENDS}
    try:
        yield folder
    finally:
        _ignore()
        shutil.rmtree(folder, ignore_errors=True)
        for each, handler in before.items():
            signal.signal(each, handler)


def _leave(number: int, frame: FrameType | None) -> None:
    _ignore()  # a shell and a terminal each say it
    signal.default_int_handler(number, frame)


def _ignore() -> None:
    for each in _ENDS:
        signal.signal(each, signal.SIG_IGN)


def _daemon(found: Paths) -> tuple[bool, bool]:
    """Whether a daemon runs, and whether it still reads: it is waited for where somebody looks."""
    due = time.monotonic() + (_EVER if sys.stderr.isatty() else _PATIENCE)
    with progress.polled("the daemon reads", partial(progress.of_daemon, found, "import")):
        while True:
            said = daemon_status.read(found.status)
            runs = daemon_status.is_fresh(said, now_ms())
            reads = runs and bool(said.get("import", {}).get("active"))
            if not reads or time.monotonic() > due:
                return runs, reads
            time.sleep(_STEP)


def _elsewhere(found: Paths, folder: Path) -> Iterator[HistoryAhead]:
    """What is stored, if anything is, and what is new, in a folder of its own."""
    own = {
        name: folder / getattr(found, name).name
        for name in ("database", "lock", "status", "line", "log", "socket", "otlp_token")
    }
    if not found.spool.exists():
        own["spool"] = folder / found.spool.name  # reading makes it
    stored = found.database.exists()
    try:
        if stored:
            _copy(found.database, own["database"])
        db = catching_up.open_fresh(found._replace(**own), quiet=True)
    except NothingStored:
        yield HistoryAhead(None, "No log holds a call yet")
        return
    except (CosttopError, OSError, sqlite3.Error) as error:
        yield HistoryAhead(None, f"History cannot be read: {error}")
        return
    with closing(db):
        yield HistoryAhead(db, folder=None if stored else folder)


def _copy(database: Path, target: Path) -> None:
    source = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    with closing(source), closing(sqlite3.connect(target)) as copy:
        source.backup(copy)


def keep(found: Paths, folder: Path) -> list[Path]:
    """Moves a first reading to where the daemon looks for it; returns the files, the mark first.

    Nothing is moved where something is stored meanwhile. The reader of it has to be closed.
    """
    from costtop.daemon.lifecycle import instance

    state = private_directory(found.database.parent)
    fresh = [path for path in sorted(folder.iterdir()) if path.name not in _MADE_ANEW]
    with instance.hold(found):
        if any((state / path.name).exists() for path in fresh):
            return []
        fresh.sort(key=lambda path: path.name == found.database.name)  # the database comes last
        try:
            for path in fresh:
                shutil.move(path, state / path.name)
        except OSError:  # a full disk: the daemon is to find all of it, or nothing
            for path in fresh:
                gone(state / path.name)
            raise
    mark = store_mark.place(found.database).name
    return [state / path.name for path in sorted(fresh, key=lambda path: path.name != mark)]


def gone(path: Path) -> None:
    """Deletes a file, or a folder with what is in it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
