"""A lasting task waits out faults of the world and nothing else. The faults are real ones."""

import asyncio
import errno
import logging
import operator
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Coroutine
from contextlib import closing
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from costtop import lasting_tasks
from costtop.errors import StoreError, UsageError
from costtop.lasting_tasks import Faults, LastingTasks, Pace
from costtop.store.db import open_reader, open_writer
from costtop.world_faults import WorldFault, judge

Work = Callable[[], Coroutine[Any, Any, None]]
QUICK = Pace(first=0.01, most=0.05, settled=5.0)


class Done(Exception):
    """The work is over."""


async def ended(faults: Faults, pace: Pace = QUICK, **works: Work) -> BaseException:
    """Runs these tasks until one of them ends all, and gives what it raised."""
    try:
        async with LastingTasks(faults, pace) as tasks:
            for name, work in works.items():
                tasks.start(name, work)
    except ExceptionGroup as group:
        return group.exceptions[0]
    raise AssertionError("all of them returned")


def met(deed: Callable[[], object]) -> BaseException:
    """What the deed raises."""
    try:
        deed()
    except Exception as error:
        return error
    raise AssertionError("it went well")


def full(path: Path) -> BaseException:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("CREATE TABLE t (x)")
    db.execute("PRAGMA max_page_count = 2")
    return met(lambda: db.execute("INSERT INTO t VALUES (zeroblob(100000))"))


def locked(path: Path) -> BaseException:
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    return met(lambda: sqlite3.connect(path, timeout=0).execute("CREATE TABLE t (x)"))


def read_only(path: Path) -> BaseException:
    sqlite3.connect(path).execute("CREATE TABLE t (x)")
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    return met(lambda: db.execute("INSERT INTO t VALUES (1)"))


def garbage(path: Path) -> BaseException:
    path.write_bytes(b"no database at all " * 100)
    return met(lambda: sqlite3.connect(path).execute("SELECT * FROM t"))


def absent(path: Path) -> BaseException:
    return met(lambda: sqlite3.connect(path / "no" / "such.db").execute("SELECT 1"))


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (full, "full"),
        (locked, "locked"),
        (read_only, "read-only"),
        (garbage, "broken"),
        (absent, "unopened"),
    ],
)
def test_what_the_database_says_of_the_world_is_no_bug(tmp_path, fault, kind):
    found = judge(fault(tmp_path / "one.db"))
    assert found is not None
    assert (found.kind, found.of_store) == (kind, True)


def test_a_limit_of_a_files_size_is_a_fault_of_the_world(tmp_path):
    """RLIMIT_FSIZE says IOERR_WRITE to SQLite and EFBIG to whoever writes by himself."""
    code = (
        "import os, resource, sqlite3, sys\n"
        "from costtop.world_faults import judge\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('CREATE TABLE t (x)')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384))\n"
        "try: db.execute('INSERT INTO t VALUES (zeroblob(100000))')\n"
        "except sqlite3.Error as error: print(judge(error).kind, error.sqlite_errorname)\n"
        "fd = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT)\n"
        "try:\n"
        "    while True: os.write(fd, bytes(10000))\n"
        "except OSError as error: print(judge(error).kind)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "one.db"), str(tmp_path / "file")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    words = ran.stdout.split()
    assert words[0] in ("broken", "full"), ran.stdout
    assert words[-1] == "full", ran.stdout


def test_wrong_sql_and_wrong_code_are_bugs(tmp_path):
    db = sqlite3.connect(tmp_path / "one.db")
    assert judge(met(lambda: db.execute("SELECT * FROM nowhere"))) is None
    assert judge(met(lambda: db.execute("SELEKT"))) is None
    db.close()
    assert judge(met(lambda: db.execute("SELECT 1"))) is None
    assert judge(met(lambda: {}["x"])) is None
    assert judge(asyncio.CancelledError()) is None
    assert judge(ConnectionRefusedError(errno.ECONNREFUSED, "refused")) is None
    assert judge(UsageError("no such budget")) is None


def test_another_file_in_the_place_of_the_store_is_waited_out(tmp_path):
    database = tmp_path / "costtop.db"
    with closing(sqlite3.connect(database)) as db:
        db.execute("CREATE TABLE meta (key, value)")
    found = judge(met(lambda: open_reader(database)))
    assert found and found.of_store and "of an older costtop" in found.why


def test_no_descriptor_is_a_fault_of_the_world(tmp_path):
    code = (
        "import resource\n"
        "from costtop.world_faults import judge\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))\n"
        "kept = []\n"
        "try:\n"
        "    while True: kept.append(open('/dev/null'))\n"
        "except OSError as error: print(judge(error).kind)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "descriptors\n"


def test_a_worded_error_is_judged_by_what_it_words(tmp_path):
    path = tmp_path / "one.db"
    path.write_bytes(b"no database at all " * 100)
    assert judge(met(lambda: open_reader(path))).kind == "broken"
    assert judge(met(lambda: open_writer(path))).kind == "broken"
    assert judge(StoreError("it was written by a newer costtop")) is None


def test_a_group_is_a_fault_only_if_all_of_it_is(tmp_path):
    one = locked(tmp_path / "one.db")
    assert judge(ExceptionGroup("both", [one, OSError(errno.EIO, "io")])).kind == "locked"
    assert judge(ExceptionGroup("both", [one, KeyError("x")])) is None


async def test_a_fault_is_waited_out_shown_meanwhile_and_told_once(tmp_path, caplog):
    error, tries, seen = locked(tmp_path / "one.db"), [], []
    caplog.set_level(logging.INFO, "costtop")
    faults = Faults()

    async def work() -> None:
        tries.append(1)
        if len(tries) <= 5:
            raise error
        seen.append([(one.code, one.trouble) for one in faults.present()])
        lasting_tasks.well()
        seen.append([*faults.present()])
        raise Done

    assert isinstance(await ended(faults, work=work), Done)
    said = "the database cannot be used: another program holds its lock"
    assert seen == [[("locked", said)], []]
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert told[0].endswith("work waits and tries again")
    assert told[1].startswith("over after")


async def test_the_same_fault_of_many_tasks_is_told_once(tmp_path, caplog):
    error = full(tmp_path / "one.db")
    tries: dict[str, int] = {}

    async def work(name: str) -> None:
        tries[name] = tries.get(name, 0) + 1
        if tries[name] < 4:
            raise error
        if all(count >= 4 for count in tries.values()):
            raise Done

    works = {name: partial(work, name) for name in ("one", "two", "three")}
    assert isinstance(await ended(Faults(), **works), Done)
    assert sum("disk is full" in record.getMessage() for record in caplog.records) == 1


async def test_a_bug_ends_all_tasks_at_once():
    gone = []

    async def sleeper() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            gone.append("sleeper")

    async def wrong() -> None:
        await asyncio.sleep(0.01)
        raise KeyError("a bug")

    assert isinstance(await ended(Faults(), sleeper=sleeper, wrong=wrong), KeyError)
    assert gone == ["sleeper"]


async def test_pauses_grow_and_begin_anew_after_work_was_done(tmp_path):
    error, at = locked(tmp_path / "one.db"), []
    loop = asyncio.get_running_loop()

    async def work() -> None:
        at.append(loop.time())
        if len(at) == 5:
            lasting_tasks.well()
        if len(at) == 7:
            raise Done
        raise error

    await ended(Faults(), Pace(first=0.05, most=0.4), work=work)
    pauses = [after - before for before, after in pairwise(at)]
    at_least = [0.75 * pause for pause in (0.05, 0.1, 0.2, 0.4)]
    assert all(map(operator.ge, pauses, at_least)), pauses
    assert pauses[4] < pauses[3]


async def test_work_that_says_nothing_is_well_once_it_has_run_for_long(tmp_path):
    error, tries, faults = locked(tmp_path / "one.db"), [], Faults()

    async def work() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise error
        while faults.present():
            await asyncio.sleep(0.01)
        raise Done

    assert isinstance(await ended(faults, Pace(0.01, 0.01, settled=0.1), work=work), Done)


async def test_a_short_task_is_ended_by_a_fault_and_the_others_go_on(tmp_path):
    error = full(tmp_path / "one.db")

    async def short(raised: BaseException) -> None:
        raise raised

    faults, goes_on = Faults(), []
    async with LastingTasks(faults, QUICK) as tasks:
        hook = tasks.once("hook", short(error))
        await hook
        goes_on.append(tasks.once("hook", asyncio.sleep(0)))
    assert goes_on[0].exception() is None
    assert not faults.present()


def test_a_full_disk_wakes_people_at_once_and_a_lock_only_when_it_lasts():
    now = [1000.0]
    faults = Faults(clock=lambda: now[0])
    faults.meet("reader", WorldFault("locked", "another program holds its lock", of_store=True))
    assert faults.blinding() is None
    now[0] += 61.0
    assert faults.blinding().kind == "locked"
    faults.meet("status", WorldFault("full", "the disk is full", of_store=False))
    assert faults.blinding().kind == "full"
    faults.over("status")
    faults.over("reader")
    assert faults.blinding() is None
