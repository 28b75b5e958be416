"""A read in a thread is over before its database is closed, also when the daemon begins anew."""

import asyncio
import sqlite3
import threading
from contextlib import closing

import pytest

from costtop.daemon.status.status_writer import to_its_end


async def test_who_is_cancelled_waits_for_the_thread_that_reads(tmp_path):
    reading, told = threading.Event(), []

    def read(db: sqlite3.Connection) -> None:
        reading.set()
        for (number,) in db.execute(
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300000)"
            " SELECT x FROM n"
        ):
            told.append(number)

    async def looks() -> None:
        with closing(sqlite3.connect(tmp_path / "db", check_same_thread=False)) as db:
            await to_its_end(read, db)

    task = asyncio.create_task(looks())
    await asyncio.to_thread(reading.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(told) == 300_000


async def test_what_it_gives_and_raises_comes_through():
    assert await to_its_end(int, "7") == 7
    with pytest.raises(ValueError, match="seven"):
        await to_its_end(int, "seven")
