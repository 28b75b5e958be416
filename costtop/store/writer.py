"""The one connection that writes, as the daemon holds it. What is written stands elsewhere.

Two coroutines on one aiosqlite connection would share a transaction, and a cancelled one would
leave half an insert behind for the other to commit (RELIABILITY.md 0.10). So a write is a plain
function that runs on the connection's thread from BEGIN to COMMIT, behind one lock, shielded.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import aiosqlite

from costtop.store import wal
from costtop.store.db import open_writer

P = ParamSpec("P")
T = TypeVar("T")


class Writer:
    """Runs writes one after the other. The process must hold the instance's lock.

    Use as `async with Writer(path) as writer: await writer.transact(write, *args)`.
    """

    def __init__(self, path: Path) -> None:
        self._db = aiosqlite.Connection(lambda: open_writer(path), iter_chunk_size=64)
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> "Writer":
        await self._db
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(sqlite3.Error):
            await self.read(wal.checkpoint)  # closing does it only where no reader is left
        async with self._turn:
            await self._db.close()

    async def transact(
        self, write: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kw: P.kwargs
    ) -> T:
        """What `write(db, *args)` returns, committed; rolled back whole where it raises."""
        return await asyncio.shield(self._run(_transaction, write, args, kw))

    async def read(
        self, read: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kw: P.kwargs
    ) -> T:
        """What `read(db, *args)` returns, outside a transaction, in turn with the writes."""
        return await asyncio.shield(self._run(_call, read, args, kw))

    async def _run(
        self, how: Callable[..., T], what: Callable[..., T], args: tuple[Any, ...], kw: Any
    ) -> T:
        async with self._turn:
            # aiosqlite offers single statements only; its own methods are built on `_execute`,
            # which runs any function on the connection's thread (pinned below 0.23 for it).
            run: Callable[..., Awaitable[T]] = self._db._execute  # noqa: SLF001
            return await run(how, self._db._conn, what, args, kw)  # noqa: SLF001


def _call(db: sqlite3.Connection, read: Callable[..., T], args: tuple[Any, ...], kw: Any) -> T:
    return read(db, *args, **kw)


def _transaction(
    db: sqlite3.Connection, write: Callable[..., T], args: tuple[Any, ...], kw: Any
) -> T:
    db.execute("BEGIN IMMEDIATE")
    try:
        answer = write(db, *args, **kw)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.rollback()
        raise
    return answer
