"""Each lasting task of the daemon × each fault: it is begun again, and all of them work after it.

The faults are those that SQLite and the system raised; they are raised anew where the guard calls
the task's work, in a real daemon. What is tested, the guard and the tasks, is the real thing.
"""

import os
import subprocess
import sys

import pytest

from tests.e2e.instance import Instance, claude_line, claude_log
from tests.patience import PATIENCE, until

ONE = "11111111-0000-4000-8000-000000000001"
# Each task meets the fault when it begins, and again in the middle of its work.
DAEMON = """
import asyncio, os, sqlite3, sys
from functools import partial
from costtop import lasting_tasks

def fault():
    kind = os.environ["FAULT"]
    if kind.isdigit():
        raise OSError(int(kind), os.strerror(int(kind)), "file")
    folder = os.environ["HOME"]
    if kind == "gone":  # the database was deleted
        from pathlib import Path
        from costtop.store.db import open_reader
        open_reader(Path(f"{folder}/{kind}.db"))
    db = sqlite3.connect(f"{folder}/{kind}.db", timeout=0, isolation_level=None)
    db.execute("CREATE TABLE IF NOT EXISTS t (x)")
    if kind == "full":
        db.execute("PRAGMA max_page_count = 2")
    elif kind == "locked":
        other = sqlite3.connect(f"{folder}/{kind}.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
    elif kind == "read-only":
        db.execute("PRAGMA query_only = 1")
    elif kind == "bug":
        raise KeyError("a bug")
    db.execute("INSERT INTO t VALUES (zeroblob(100000))")

# What says nothing is well after twenty seconds; each try here ends within one.
lasting_tasks.Pace = partial(lasting_tasks.Pace, settled=4.0)
met, began = {}, lasting_tasks.LastingTasks.start

def start(self, name, work):
    async def faulty():
        met[name] = met.get(name, 0) + 1
        if met[name] == 1:
            fault()
        if met[name] == 2:
            with open(os.environ["HOME"] + "/met", "a") as file:
                file.write(name + "\\n")
            try:
                await asyncio.wait_for(work(), 1.0)
            except TimeoutError:
                fault()
        await work()
    began(self, name, faulty if name not in ("stop", "reload") else work)

lasting_tasks.LastingTasks.start = start
sys.argv = ["costtop", "daemon"]
from costtop.__main__ import main
sys.exit(main())
"""
TASKS = {
    "-wal file", "alerting", "breakers", "clock", "configuration", "courier", "damage",
    "held budgets", "late notes", "lock", "memory", "metrics", "otlp", "posted letters",
    "price list", "process search", "rate cards", "reader", "self-check", "slow files", "socket",
    "socket lines", "spool", "status", "status line", "store", "store upkeep", "summaries",
    "unfinished kills",
}  # fmt: skip


def started(instance: Instance, fault: str) -> "subprocess.Popen[bytes]":
    instance.paths.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with instance.paths.log.open("ab") as log:
        daemon = subprocess.Popen(
            [sys.executable, "-P", "-c", DAEMON],
            stdout=log, stderr=log, env={**os.environ, "FAULT": fault},
        )  # fmt: skip
    instance.daemons.append(daemon)
    return daemon


@pytest.mark.parametrize("fault", ["full", "locked", "read-only", "gone", "5", "24"])  # EIO, EMFILE
def test_no_task_ends_the_daemon_whatever_it_meets(instance, fault):
    instance.configure("[receive.otlp]\nport = 0\n[metrics]\nport = 0\n")
    instance.append(claude_log(ONE), claude_line(ONE, 0))
    daemon = started(instance, fault)
    met = instance.home / "met"
    until(lambda: met.exists() and set(met.read_text().splitlines()) >= TASKS)
    until(lambda: instance.ask("SELECT count(*) FROM calls") == 1)
    until(lambda: not daemon.poll() and instance.status().get("faults") == [])
    instance.append(claude_log(ONE), claude_line(ONE, 1))
    until(lambda: instance.ask("SELECT count(*) FROM calls") == 2)
    assert "looked_at" in instance.cli("scan")
    assert daemon.poll() is None, instance.paths.log.read_text()[-2000:]
    assert "Traceback" not in instance.paths.log.read_text()


def test_a_bug_in_any_of_them_ends_it(instance):
    daemon = started(instance, "bug")
    assert daemon.wait(PATIENCE) != 0
    assert "KeyError: 'a bug'" in instance.paths.log.read_text()
