"""Something is done to the database's file in the middle of a turn of the one who writes it."""

import asyncio
import gc
import os
import shutil
import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest

from costtop.store import meta
from costtop.store.recovery.damage import DamagedStore
from costtop.store.writer import Writer
from tests.patience import PATIENCE


def unlinked(database: Path) -> None:
    database.unlink()


def emptied(database: Path) -> None:
    os.truncate(database, 0)


def moved_over(database: Path) -> None:
    other = database.with_name("other.db")
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE meta (key, value)")
    os.replace(other, database)


def copied_over(database: Path) -> None:
    shutil.copyfile(database.with_name("older.db"), database)


@pytest.mark.parametrize("deed", [unlinked, emptied, moved_over, copied_over],
                         ids=lambda deed: deed.__name__)  # fmt: skip
async def test_it_is_noticed_though_the_turn_ends_after_it(tmp_path, deed):
    database = tmp_path / "costtop.db"

    def read(db: sqlite3.Connection) -> int:
        deed(database)
        return int(db.execute("SELECT 1").fetchone()[0])

    async with Writer(database) as writer:
        shutil.copyfile(database, database.with_name("older.db"))
        await writer.transact(meta.put, {"generation": "7"})
        await writer.read(lambda db: db.execute("PRAGMA wal_checkpoint").fetchone())
        await writer.read(lambda db: writer.watch.note())
        assert await writer.read(read) == 1
        with suppress(DamagedStore):
            await writer.read(lambda db: writer.watch.note())  # as the store's keeper does
        with pytest.raises(DamagedStore):
            await writer.transact(meta.put, {"a": "b"})
        assert "while it was open" in writer.watch.why


async def test_a_turn_that_only_writes_is_no_fault(tmp_path):
    async with Writer(tmp_path / "costtop.db") as writer:
        for number in range(50):
            await writer.transact(meta.put, {f"k{number}": "x" * 5000})
            await writer.read(lambda db: db.execute("PRAGMA wal_checkpoint").fetchone())
            await writer.read(lambda db: writer.watch.note())
    assert not writer.watch.why


async def test_a_fault_that_nobody_waits_for_any_more_is_no_traceback(tmp_path):
    """Its task was ended meanwhile: asyncio would write down that nobody took the exception."""
    said: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    begun, go = threading.Event(), threading.Event()

    def write(db: sqlite3.Connection) -> None:
        begun.set()
        go.wait(PATIENCE)
        db.execute("PRAGMA query_only = 1")
        db.execute("INSERT INTO meta VALUES ('a', 'b')")

    async with Writer(tmp_path / "costtop.db") as writer:
        asked = asyncio.create_task(writer.transact(write))
        await asyncio.to_thread(begun.wait, 30)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        go.set()
        assert await writer.read(lambda db: db.execute("SELECT 1").fetchone()) == (1,)
        gc.collect()
        await asyncio.sleep(0)
    assert not said
