"""Deeds on the whole store, as asked for over the socket: backups, and what is to be forgotten."""

from pathlib import Path
from typing import Any

from costtop.config import LEAST_KEPT
from costtop.control.protocol import Backup, Compact, Forget, Restore
from costtop.daemon.jobs.forget_all import clear_copies, forgotten
from costtop.daemon.jobs.store_keeper import StoreKeeper
from costtop.daemon.jobs.thin_all import compacted
from costtop.daemon.wiring import Wired
from costtop.durations import iso, now_ms
from costtop.errors import CosttopError, UsageError
from costtop.store.db import migrations
from costtop.store.recovery import backups
from costtop.store.recovery.damage import RebuildOrder


async def done(
    command: Backup | Restore | Forget | Compact, instance: Wired, keeper: StoreKeeper, by: str
) -> dict[str, Any]:
    """What the answer holds; raises CosttopError where it cannot be done."""
    match command:
        case Backup():
            made = await keeper.back_up()
            return {"backup": {"file": str(made.path), "at": iso(made.at * 1000)}}
        case Restore(file):
            if file and (fault := backups.usable(Path(file), len(migrations()))):
                raise UsageError(fault)
            keeper.restore(RebuildOrder(f"{by} put a backup back", file, by))
            return {"said": ["the database is being rebuilt from the backup and the logs"]}
        case Compact(before):
            return {"gone": await compacted(instance.writer, min(before, now_ms() - LEAST_KEPT))}
        case Forget(sessions, before):
            gone = await forgotten(instance, sessions, before, by)
            clear_copies(instance.paths)
            try:
                await keeper.back_up()
                backups.prune(instance.paths.database, 1)
            except CosttopError as error:
                gone["kept"] = str(error)
            return {"gone": gone}
