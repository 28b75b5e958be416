"""The steward's one connection to its own store: the mirror of the fleet, and the ledger beside it.

Nobody else writes there, and nothing in it is lost that the fleet's server does not have: it may be
thrown away. So it needs none of what guards a machine's own store.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from costtop.fleet.mirror import own_store
from costtop.fleet.mirror.own_store import OwnStore

P = ParamSpec("P")
T = TypeVar("T")


class StewardConnection:
    """Runs one thing after the other on the thread that opened the connection."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "steward")
        self._db: sqlite3.Connection | None = None

    async def open(self, opened: Callable[[], OwnStore]) -> OwnStore:
        """Opens the store, on the thread that will use it."""
        store = await self.run(opened)
        self._db = store.db
        return store

    async def run(self, work: Callable[P, T], *args: P.args, **kw: P.kwargs) -> T:
        """What `work` returns, on that thread; it has begun and ends, though the caller may not."""
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(self._thread, lambda: work(*args, **kw)))

    async def transact(
        self, write: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kw: P.kwargs
    ) -> T:
        """What `write(db, …)` returns, committed; rolled back whole where it raises."""
        return await self.run(_whole, self._opened(), lambda db: write(db, *args, **kw))

    async def read(
        self, read: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kw: P.kwargs
    ) -> T:
        """What `read(db, …)` returns."""
        return await self.run(read, self._opened(), *args, **kw)

    def _opened(self) -> sqlite3.Connection:
        assert self._db is not None
        return self._db

    async def close(self) -> None:
        """Closes the store, after what is under way."""
        if self._db is not None:
            await self.run(self._db.close)
        self._thread.shutdown(wait=False)


def _whole(db: sqlite3.Connection, write: Callable[[sqlite3.Connection], T]) -> T:
    with own_store.written(db):
        return write(db)
