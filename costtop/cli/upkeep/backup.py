"""`costtop backup` and `costtop restore`: copies of the database, and back again."""

import argparse
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from costtop import money, paths
from costtop.cli import progress
from costtop.cli.parser import Parser
from costtop.cli.reports.diagnosis import store_health
from costtop.cli.tables import plain, put, put_json
from costtop.control import client
from costtop.control.protocol import Backup, Restore
from costtop.durations import iso, now_ms
from costtop.errors import CosttopError, NothingFound, StoreError, Unusable
from costtop.files import user_name
from costtop.paths import Paths
from costtop.store.db import migrations, open_reader
from costtop.store.recovery import backups, damage, pages, rebuild
from costtop.store.recovery.rebuild import Recovered

_LONG = 3600.0  # s; a large store takes its time
_STEP = 0.2  # s
_COPYING, _REBUILDING = "copying the database", "reading logs again"


def add(parser: Parser, name: str) -> None:
    """Adds `backup` or `restore`."""
    if name == "backup":
        _add_backup(parser)
    else:
        _add_restore(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")


def _add_backup(parser: Parser) -> None:
    parser.says(
        "A consistent copy of the database, while everything runs. Without FILE it lies beside"
        " those that are made daily; the newest three are kept.",
        "costtop backup",
        "costtop backup ~/costtop-backup.db",
        "costtop backup --list",
    )
    parser.add_argument("file", metavar="FILE", type=Path, nargs="?", help="must not exist")
    parser.add_argument("--list", action="store_true", help="the backups there are, newest first")
    parser.set_defaults(run=_backup)


def _add_restore(parser: Parser) -> None:
    parser.says(
        "Builds the database anew from a backup (the newest, unless FILE is named), the logs and"
        " what came since over the socket. The present one is moved aside, not deleted.",
        "costtop restore",
        "costtop restore ~/costtop-backup.db",
    )
    parser.add_argument("file", metavar="FILE", type=Path, nargs="?", help="a backup")
    parser.set_defaults(run=_restore)


def _backup(options: argparse.Namespace) -> int:
    found = paths.find()
    if options.list:
        return _list(found, as_json=options.json)
    made = _copied(found, options.file) if options.file else _kept(found)
    if options.json:
        put_json({"schema": 1, **made})
    else:
        put(f"{made['file']}: {made['bytes']} bytes")
    return 0


def _list(found: Paths, *, as_json: bool) -> int:
    kept = [store_health.tree(one) for one in backups.kept(found.database)]
    if as_json:
        put_json({"schema": 1, "backups": kept})
    elif not kept:
        put("there is no backup yet; the daemon makes one a day; one now: costtop backup")
    else:
        rows = [
            (one["at"], str(one["bytes"]), str(one["store_schema"]), one["file"]) for one in kept
        ]
        put(plain(("MADE", "BYTES", "SCHEMA", "FILE"), rows, frozenset({1, 2})))
    return 0 if kept else NothingFound.exit_code


def _copied(found: Paths, file: Path) -> dict[str, Any]:
    """A copy at a place of the user's."""
    open_reader(found.database, unfinished=True).close()  # says what is wrong with it
    try:
        with progress.bar(_COPYING) as watch:
            pages.copy(found.database, file, watch)
    except FileExistsError:
        raise CosttopError(f"{file} exists already; name a new file") from None
    except Exception as error:
        if damage.is_damage(error):
            raise
        why = error.strerror if isinstance(error, OSError) else error
        raise CosttopError(f"cannot write {file}: {why}") from None
    return {"file": str(file), "at": iso(now_ms()), "bytes": file.stat().st_size}


def _kept(found: Paths) -> dict[str, Any]:
    """A copy beside the daily ones, by whoever has the database."""
    from costtop.daemon.lifecycle import instance

    open_reader(found.database, unfinished=True).close()
    if not instance.is_free(found.lock):
        with progress.polled(_COPYING, partial(backups.copied, found.database)):
            told = client.ask(found, Backup(), timeout=_LONG)["backup"]
        made = next(one for one in backups.kept(found.database) if str(one.path) == told["file"])
        return store_health.tree(made)
    with instance.hold(found), progress.bar(_COPYING) as watch:
        return store_health.tree(backups.make(found.database, watch))


def _restore(options: argparse.Namespace) -> int:
    from costtop.daemon.lifecycle import instance

    found = paths.find()
    file = str(options.file.absolute()) if options.file else ""
    if not file and not backups.kept(found.database):
        raise NothingFound("there is no backup; name a file: costtop restore FILE")
    if file and (fault := backups.usable(Path(file), len(migrations()))):
        raise Unusable(fault)
    began = now_ms()
    if instance.is_free(found.lock):
        from costtop.daemon.jobs.scan_once import scan

        by = user_name()
        with instance.hold(found):
            damage.order(found.database, damage.RebuildOrder(f"{by} put a backup back", file, by))
        with progress.bar(_REBUILDING) as watch:
            scan(found, watch)
    else:
        client.ask(found, Restore(file, user_name()))
    with progress.polled(_REBUILDING, partial(progress.of_daemon, found, "import")):
        done = _waited(found, began)
    tree = {
        "schema": 1,
        "backup": done.backup or None,
        "moved_aside": done.aside or None,
        "lost_calls": done.lost_calls,
        "lost_usd": money.exact(done.lost_cost),
    }
    if options.json:
        put_json(tree)
    else:
        lost = f"{done.lost_calls} calls (${tree['lost_usd']})" if done.lost_calls else "nothing"
        put(f"rebuilt from {done.backup or 'the logs alone'} and the logs; not found again: {lost}")
        put(f"the database of before is {done.aside}" if done.aside else "there was none before")
    return 0


def _waited(found: Paths, began: int) -> Recovered:
    """How the rebuild that was asked for has ended."""
    end = time.monotonic() + _LONG
    while time.monotonic() < end:
        try:
            with closing(open_reader(found.database)) as db:
                done = rebuild.recovered(db)
        except StoreError:
            done = None  # it is not there yet
        if done is not None and done.at >= began:
            return done
        time.sleep(_STEP)
    raise CosttopError("the rebuild goes on; see: costtop status")
