"""D3, D7, I13, S3, S4, S8, S10, S14: stopped, flooded, locked out, killed; who may write."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from random import Random

import pytest

from costtop.store.db import migrations, open_writer
from tests.e2e.instance import COSTTOP, claude_line, claude_log
from tests.patience import PATIENCE, until

ONE, OTHER = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
QUEUE = 16_384  # events that the kernel keeps for a watcher that does not read


def calls(instance) -> int:
    return instance.ask("SELECT count(*) FROM calls")


def test_d7_a_daemon_that_was_stopped_goes_on_and_tells_of_no_failure(instance):
    instance.append(claude_log(ONE), claude_line(ONE, 0))
    daemon = instance.start()
    daemon.send_signal(signal.SIGSTOP)
    instance.append(claude_log(ONE), claude_line(ONE, 1))
    time.sleep(12)  # longer than any of its looks and deadlines but the longest
    daemon.send_signal(signal.SIGCONT)
    until(lambda: calls(instance) == 2)
    assert instance.status()["faults"] == []
    assert instance.ask("SELECT count(*) FROM alerts") == 0
    assert daemon.poll() is None


def test_i13_a_flood_of_events_hides_no_file(instance):
    log = instance.append(claude_log(ONE), claude_line(ONE, 0))
    daemon = instance.start()
    daemon.send_signal(signal.SIGSTOP)
    other = log.with_suffix(".renamed")
    for _ in range(QUEUE // 2 + 100):
        log.rename(other)
        other.rename(log)
    instance.append(claude_log(OTHER), claude_line(OTHER, 0))
    daemon.send_signal(signal.SIGCONT)
    until(lambda: calls(instance) == 2)


def test_s10_a_store_of_a_newer_costtop_is_left_alone(instance):
    instance.paths.database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.closing(open_writer(instance.paths.database)) as db:
        db.execute("PRAGMA user_version = 99")
    before = instance.paths.database.read_bytes()
    said = instance.cli("daemon", code=78)
    assert "schema 99" in said
    assert str(len(migrations())) in said
    assert "newer costtop" in said
    assert instance.paths.database.read_bytes() == before


def test_s14_commands_that_look_open_the_store_for_reading_only(instance):
    instance.append(claude_log(ONE), claude_line(ONE, 0))
    instance.start()
    looker = subprocess.Popen([*COSTTOP, "--jsonl"], stdout=subprocess.PIPE, text=True)
    try:
        assert looker.stdout is not None
        assert json.loads(looker.stdout.readline())
        folder = f"/proc/{looker.pid}/fd"
        modes = {}
        for fd in os.listdir(folder):
            with contextlib.suppress(OSError):
                if os.readlink(f"{folder}/{fd}") == str(instance.paths.database):
                    with open(f"/proc/{looker.pid}/fdinfo/{fd}") as info:
                        modes[fd] = int(info.read().split("flags:")[1].split()[0], 8)
        assert modes
        assert all(flags & os.O_ACCMODE == os.O_RDONLY for flags in modes.values())
    finally:
        looker.kill()
        looker.communicate()


def test_s3_without_the_right_to_write_a_start_says_so(instance):
    """In a namespace of users root has no more rights than anybody."""
    if (
        shutil.which("unshare") is None
        or subprocess.run(["unshare", "-U", "true"], check=False).returncode
    ):
        pytest.skip("needs namespaces of the user (unshare -U)")
    home = instance.paths.database.parent
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.closing(open_writer(instance.paths.database)):
        pass
    home.chmod(0o500)
    command = ["unshare", "-U", *COSTTOP, "daemon"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    home.chmod(0o700)
    assert ran.returncode == 78, ran.stderr
    assert "Traceback" not in ran.stderr
    assert str(home) in ran.stderr


def test_s4_reading_goes_on_while_another_program_holds_the_store(instance):
    instance.append(claude_log(ONE), claude_line(ONE, 0))
    instance.start()
    with contextlib.closing(sqlite3.connect(instance.paths.database, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        assert [row["calls"] for row in instance.report()["rows"]] == [1]
        assert ONE in instance.once()


def test_d3_no_child_inherits_the_lock(instance):
    daemon = instance.start()
    folder = f"/proc/{daemon.pid}/fd"
    held = [fd for fd in os.listdir(folder) if _leads_to(f"{folder}/{fd}", instance.paths.lock)]
    assert len(held) == 1
    with open(f"/proc/{daemon.pid}/fdinfo/{held[0]}") as info:
        assert int(info.read().split("flags:")[1].split()[0], 8) & os.O_CLOEXEC


def _leads_to(link, path) -> bool:
    try:
        return os.readlink(link) == str(path)
    except OSError:
        return False


def test_s8_a_migration_that_is_killed_leaves_the_old_store_or_the_new(tmp_path):
    rng, steps, found = Random(8), migrations(), set()
    code = (
        "import sys; from pathlib import Path; from costtop.store.db import open_writer\n"
        "print('go', flush=True); open_writer(Path(sys.argv[1])); print('done', flush=True)"
    )
    for number in range(12):
        path = tmp_path / str(number) / "costtop.db"
        path.parent.mkdir(mode=0o700)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            for step in steps[:3]:
                db.executescript(step)
            db.execute("PRAGMA user_version = 3")
        child = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.15))
        child.kill()
        child.communicate()
        with contextlib.closing(sqlite3.connect(path)) as db:
            found.add(db.execute("PRAGMA user_version").fetchone()[0])
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        with contextlib.closing(open_writer(path)) as db:
            assert db.execute("PRAGMA user_version").fetchone() == (len(steps),)
            assert db.execute("SELECT count(*) FROM calls").fetchone() == (0,)
    assert found
