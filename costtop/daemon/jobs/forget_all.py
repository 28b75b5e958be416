"""Has sessions, or all before a day, forgotten: in the store, and in what was copied of it."""

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import Any

from costtop import config as configuration
from costtop import money
from costtop.daemon.lifecycle.instance import hold
from costtop.daemon.wiring import Wired, wired
from costtop.durations import now_ms
from costtop.errors import CosttopError
from costtop.paths import Paths
from costtop.store.calls.write_context import WriteContext
from costtop.store.forgetting import removal, tombstones
from costtop.store.forgetting.removal import Gone
from costtop.store.recovery import backups, rebuild, store_mark
from costtop.store.sessions import marks

Rules = Sequence[tuple[bytes, int]]


def rules_of(
    db: sqlite3.Connection, sessions: Sequence[str], before: int | None, now: int
) -> dict[bytes, int]:
    """Who is to be forgotten up to when: roots ("source/session") with all folded into them."""
    found = {
        tombstones.who(*one): now for session in sessions for one in removal.family(db, session)
    }
    return found | ({} if before is None else {tombstones.EVERYBODY: before - 1})


async def forgotten(
    instance: Wired, sessions: Sequence[str], before: int | None, by: str
) -> dict[str, Any]:
    """What has gone. Many short transactions: what is broken off goes on when it is asked again."""
    writer, into, now = instance.writer, instance.write_context, now_ms()
    rules = await writer.read(rules_of, sessions, before, now)
    await writer.transact(tombstones.put, list(rules.items()), now)
    await writer.read(removal.begin)
    gone = step = await writer.transact(_step, into)
    while step.calls:
        step = await writer.transact(_step, into)
        gone = gone.plus(step)
    gone = gone.plus(await writer.transact(_rest, into, by, now))
    await writer.read(removal.end)
    instance.evaluator.fall_asleep()  # sums have moved under it
    mark = await writer.read(store_mark.of)
    await asyncio.to_thread(store_mark.write, writer.path, mark)
    return {
        "sessions": gone.sessions,
        "calls": gone.calls,
        "cost_usd": money.exact(gone.cost),
        "alerts": gone.alerts,
        "marks": gone.marks,
    }


def _step(db: sqlite3.Connection, into: WriteContext) -> Gone:
    into.forgotten.forget()
    return removal.calls(db)


def _rest(db: sqlite3.Connection, into: WriteContext, by: str, now: int) -> Gone:
    try:
        gone = removal.rest(db)
    finally:
        into.forget()  # ids of names that have gone
    said = f"{gone.sessions} sessions, {gone.alerts} alerts"
    marks.journal(db, now, by, "forget", "", said)
    return gone


def clear_copies(paths: Paths) -> None:
    """Deletes bad files that were moved aside, for they hold it still."""
    rebuild.clear_aside(paths.database)


def forget_alone(
    paths: Paths, sessions: Sequence[str], before: int | None, by: str
) -> dict[str, Any]:
    """The same without a daemon; raises Busy where one has the database."""
    config = configuration.load(paths)
    with hold(paths):
        gone = asyncio.run(_alone(paths, config, sessions, before, by))
        clear_copies(paths)
        try:
            backups.make(paths.database)
            backups.prune(paths.database, 1)
        except CosttopError as error:
            gone["kept"] = str(error)
    return gone


async def _alone(
    paths: Paths,
    config: configuration.Config,
    sessions: Sequence[str],
    before: int | None,
    by: str,
) -> dict[str, Any]:
    async with wired(paths, config, lambda: None) as instance:
        return await forgotten(instance, sessions, before, by)
