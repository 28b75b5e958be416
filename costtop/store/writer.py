"""The one connection that writes, as the daemon holds it. What is written stands elsewhere.

Two coroutines on one aiosqlite connection would share a transaction, and a cancelled one would
leave half an insert behind for the other to commit (RELIABILITY.md 0.10). So a write is a plain
function that runs on the connection's thread from BEGIN to COMMIT, after those asked for before.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import aiosqlite

from costtop import __version__
from costtop.store import meta, wal
from costtop.store.db import open_writer
from costtop.store.recovery import damage, journal, store_mark
from costtop.store.recovery.journal import Journal
from costtop.world_faults import judge

_BRIEF = 0.1  # s
_LAST_WORDS = 5.0  # s for the connection's thread to end where the store could not be opened
log = logging.getLogger("costtop")
P = ParamSpec("P")
T = TypeVar("T")


class Writer:
    """Runs writes one after the other. The process must hold the instance's lock.

    Use as `async with Writer(path) as writer: await writer.transact(write, *args)`. Once the file
    is found damaged or replaced nothing is written any more: `damaged` is set, and whoever comes
    gets DamagedStore, or with `patient` waits until the store is closed.

    Another program's lock is waited for `lock_wait` seconds by the first who meets it and hardly
    by those after it, until it has gone: reads and commands stand in the same line.
    """

    def __init__(self, path: Path, lock_wait: float = 60.0) -> None:
        self.path = path
        self.journal = Journal(path)
        self.watch = damage.Watch(path)
        self.damaged = asyncio.Event()
        self.patient = False
        self._db = aiosqlite.Connection(self._open, iter_chunk_size=64)
        self._closed = False
        self.commits = 0  # transactions that changed something
        self._committed = asyncio.Event()
        self._lock_wait, self._waits = lock_wait, 60.0  # s; what the connection was opened with

    def _open(self) -> sqlite3.Connection:
        try:
            return self._opened()
        except StopIteration as error:
            raise RuntimeError("a generator ended while the store was opened") from error

    def _opened(self) -> sqlite3.Connection:
        db = open_writer(self.path)
        generation = max(journal.newest(self.path), int(meta.get(db, store_mark.GENERATION) or 0))
        meta.put(db, {"costtop": __version__})  # an older one that meets this store names it
        self.journal.open(db, generation)
        db.execute("PRAGMA wal_checkpoint(PASSIVE)")  # its pages say now what they are known by
        store_mark.write(self.path, store_mark.of(db))
        self.watch.note()
        self.watch.leave()
        return db

    async def __aenter__(self) -> "Writer":
        try:
            await self._db
        except BaseException:  # its thread still speaks to the loop: it may not be closed before
            await asyncio.to_thread(self._db._thread.join, _LAST_WORDS)  # noqa: SLF001
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self.damaged.is_set():
            with contextlib.suppress(sqlite3.Error):
                # Closing does it only where no reader is left.
                await self._queued(_call, wal.checkpoint, (), {})
        self._closed = True
        await self._db.close()
        self.journal.close()

    async def transact(
        self, write: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kw: P.kwargs
    ) -> T:
        """What `write(db, *args)` returns, committed; rolled back whole where it raises."""
        before = self.commits
        try:
            return await self._whole(self._transaction, write, args, kw)
        finally:
            if self.commits != before:
                self._committed.set()

    async def moved(self, commits: int, seconds: float) -> None:
        """Waits until there are more commits than that, no longer than so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.commits == commits:
                    self._committed.clear()
                    await self._committed.wait()

    async def read(
        self, read: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kw: P.kwargs
    ) -> T:
        """What `read(db, *args)` returns, outside a transaction, in turn with the writes."""
        return await self._whole(_call, read, args, kw)

    def give_up(self, why: str) -> None:
        """Something is wrong with the store: nothing is written from now on."""
        self.watch.why = self.watch.why or why
        self.damaged.set()

    async def _whole(
        self, how: Callable[..., T], what: Callable[..., T], args: tuple[Any, ...], kw: Any
    ) -> T:
        work = self._queued(how, what, args, kw)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            work.add_done_callback(_unheard)
            raise
        except sqlite3.Error as error:
            if not self.watch.why and not damage.is_damage(error):
                raise
            self.give_up(str(error))
            if not self.patient:
                raise damage.found(self.path, self.watch.why) from error
        await asyncio.Event().wait()  # until the task that asked is ended
        raise AssertionError

    def _queued(
        self, how: Callable[..., T], what: Callable[..., T], args: tuple[Any, ...], kw: Any
    ) -> "asyncio.Future[T]":
        """Has it done in its turn, whether anybody waits for it or not."""
        # aiosqlite offers single statements only; its queue takes any function to the connection's
        # thread (pinned below 0.23 for it). No task stands in between: a call alone would pay it.
        db, queue = self._db._conn, self._db._tx  # noqa: SLF001
        if self._closed:
            raise ValueError("the store is closed")
        work: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        queue.put_nowait((work, partial(self._watched, how, db, what, args, kw)))
        return work

    def _watched(
        self,
        how: Callable[..., T],
        db: sqlite3.Connection,
        what: Callable[..., T],
        args: tuple[Any, ...],
        kw: Any,
    ) -> T:
        if self.watch.look():
            raise sqlite3.DatabaseError(self.watch.why)
        try:
            return how(db, self.journal, what, args, kw)
        except StopIteration as error:  # no future takes one: whoever asked would wait for ever
            raise RuntimeError("a generator ended inside the store") from error
        finally:
            self.watch.leave()

    def _transaction(
        self,
        db: sqlite3.Connection,
        journal: Journal,
        write: Callable[..., T],
        args: tuple[Any, ...],
        kw: Any,
    ) -> T:
        before = db.total_changes
        self._begin(db)
        try:
            answer = write(db, *args, **kw)
            journal.write()
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.rollback()
            journal.undo()
            raise
        journal.keep()
        self.commits += db.total_changes != before
        return answer

    def _begin(self, db: sqlite3.Connection) -> None:
        if self._waits > self._lock_wait:
            self._wait(db, self._lock_wait)
        try:
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                self._wait(db, min(_BRIEF, self._lock_wait))
            raise
        self._wait(db, self._lock_wait)

    def _wait(self, db: sqlite3.Connection, seconds: float) -> None:
        if seconds != self._waits:
            self._waits = seconds
            db.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")


def _unheard(work: "asyncio.Future[Any]") -> None:
    """Hears how work ended that nobody waits for any more; says only what is a bug."""
    error = None if work.cancelled() else work.exception()
    if error is not None and judge(error) is None:
        log.error("a write failed that nobody waited for", exc_info=error)


def _call(
    db: sqlite3.Connection, _: Journal, read: Callable[..., T], args: tuple[Any, ...], kw: Any
) -> T:
    return read(db, *args, **kw)
