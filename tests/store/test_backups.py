"""Backups are named by a clock that may be set back; the one just made is never one too many."""

import asyncio
import sqlite3
import time

import pytest

from costtop.store.db import open_writer
from costtop.store.recovery import backups, pages
from costtop.store.writer import Writer
from tests.patience import PATIENCE


def test_a_clock_that_was_set_back_takes_no_backup_away(tmp_path, monkeypatch):
    database = tmp_path / "costtop.db"
    open_writer(database).close()
    real = time.gmtime
    made = []
    for ahead in (400, 300, 200, 0):  # days: each clock behind the one before
        monkeypatch.setattr(time, "gmtime", lambda ahead=ahead: real(time.time() + ahead * 86_400))
        made.append(backups.make(database))
    left = [one.path for one in backups.kept(database)]
    assert len(left) == backups.KEPT and made[-1].path in left and made[-1].path.exists()


async def test_a_write_that_ends_a_generator_is_an_error_and_nobody_waits_for_ever(tmp_path):
    def ended(_: sqlite3.Connection) -> int:
        return next(iter(()))

    async with Writer(tmp_path / "costtop.db") as writer, asyncio.timeout(PATIENCE):
        for ask in (writer.read, writer.transact):
            with pytest.raises(RuntimeError, match="a generator ended"):
                await ask(ended)
        assert await writer.read(lambda db: db.execute("SELECT 1").fetchone()) == (1,)


def test_what_is_not_there_is_no_backup_and_is_not_made(tmp_path):
    absent = tmp_path / "absent.db"
    assert backups.usable(absent, 1) == f"there is no file {absent}"
    with pytest.raises(sqlite3.OperationalError):
        pages.check(absent, live=False)
    assert not absent.exists()
