"""S1: a real disk that is full, a small one in a namespace: alive, told, resumed, nothing lost."""

import contextlib
import json
import os
import resource
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from tests.e2e.instance import Instance, claude_line, claude_log
from tests.patience import until

ONE = "11111111-0000-4000-8000-000000000001"
DISK = 6 << 20  # bytes


def ask(database: Path, sql: str) -> Any:
    """All rows, from a copy: SQLite follows the link to the namespace by its own name for it."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("costtop.db", "costtop.db-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(database.with_name(name), folder)
        try:
            with contextlib.closing(sqlite3.connect(f"{folder}/costtop.db")) as db:
                return db.execute(sql).fetchall()
        except sqlite3.DatabaseError:
            return []


def calls(database: Path) -> int:
    found = ask(database, "SELECT count(*) FROM calls")
    return found[0][0] if found else -1


def feed(instance: Instance, first: int, last: int) -> None:
    lines = (claude_line(ONE, number) for number in range(first, last))
    instance.append(claude_log(ONE), "".join(lines))


def fill(ballast) -> None:
    """Takes all that is left."""
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_on_a_full_disk_the_alert_is_written_down_and_nothing_is_lost(instance, small_disk):
    told = instance.home / "told"
    (instance.home / "kept.toml").write_text(
        f'[[notify]]\nlabel = "log"\nurl = "log:{told}"\nmin_severity = "notice"\n'
    )
    instance.append(claude_log(ONE), claude_line(ONE, 0))
    home = small_disk(DISK)
    (daemon,) = instance.daemons
    database = home / "costtop.db"
    until(lambda: calls(database) == 1)
    until((home / "costtop.reserve").exists)
    fill(home / "ballast")
    feed(instance, 1, 4001)  # more than what is left in the blocks of the -wal
    until(lambda: told.exists() and "blind" in told.read_text())
    assert daemon.poll() is None
    assert "disk is full" in told.read_text()
    fill(home / "ballast")  # what the reserve had kept
    feed(instance, 4001, 12_001)
    until(lambda: "disk is full" in json.loads((home / "status.json").read_text())["trouble"])
    assert daemon.poll() is None
    (home / "ballast").unlink()
    until(lambda: calls(database) == 12_001)
    until(lambda: "costs are seen again" in told.read_text())
    until((home / "costtop.reserve").exists)
    assert ask(database, "SELECT rule FROM alerts WHERE rule = 'blind'") == [("blind",)]
    assert ask(database, "PRAGMA integrity_check") == [("ok",)]
    assert daemon.poll() is None
    assert os.path.getsize(instance.home / "daemon.log") < 10_000


def test_a_daemon_that_is_killed_on_a_full_disk_starts_there_and_tells(instance, kept_disk):
    """Nobody starts it again after exit 78: neither systemd nor costtop's own supervisor."""
    told = instance.home / "told"
    (instance.home / "kept.toml").write_text(
        f'[[notify]]\nlabel = "log"\nurl = "log:{told}"\nmin_severity = "notice"\n'
    )
    instance.append(claude_log(ONE), claude_line(ONE, 0))
    home, start = kept_disk(DISK)
    start()
    until(lambda: calls(home / "costtop.db") == 1)
    until((home / "costtop.reserve").exists)
    instance.kill9()
    fill(home / "ballast")
    feed(instance, 1, 16_001)  # more than the reserve holds
    daemon = start()
    until(lambda: told.exists() and "disk is full" in told.read_text())
    assert daemon.poll() is None
    (home / "ballast").unlink()
    until(lambda: calls(home / "costtop.db") == 16_001)
    until(lambda: "costs are seen again" in told.read_text())
    assert daemon.poll() is None


def test_a_log_that_may_not_grow_ends_nothing_either(instance):
    """S2: RLIMIT_FSIZE, which SQLite calls an I/O error."""
    instance.append(claude_log(ONE), claude_line(ONE, 0))
    daemon = instance.start()
    _, most = resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (1024, most))
    feed(instance, 1, 10)
    until(lambda: "waits and tries again" in instance.paths.log.read_text() or daemon.poll())
    assert daemon.poll() is None
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (most, most))
    until(lambda: instance.ask("SELECT count(*) FROM calls") == 10)
    until(lambda: instance.status().get("faults") == [])
