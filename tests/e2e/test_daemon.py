"""One daemon an instance, whatever is left over, whatever folder it is started in."""

import os
import signal
import sqlite3
import subprocess
from contextlib import closing

from costtop.daemon.lifecycle.instance import is_free
from tests.e2e.instance import COSTTOP, claude_line, claude_log
from tests.patience import PATIENCE, until

ONE = "11111111-0000-4000-8000-000000000001"


def test_of_ten_daemons_started_at_once_exactly_one_lives(instance):
    daemons = [instance.spawn() for _ in range(10)]
    until(lambda: sum(one.poll() is None for one in daemons) == 1)
    (living,) = [one for one in daemons if one.poll() is None]
    until(lambda: instance.has_read(living))
    assert {one.returncode for one in daemons if one is not living} == {1}
    log = instance.paths.log.read_text()
    assert log.count("is running already") == 9
    assert "Traceback" not in log


def test_what_a_killed_daemon_leaves_behind_does_not_keep_the_next_one_from_starting(instance):
    first = instance.start()
    instance.kill9()
    assert instance.paths.socket.exists()
    assert instance.paths.lock.read_text() == f"{first.pid}\n{instance.paths.socket}\n"
    second = instance.start()
    assert f"pid {second.pid}" in instance.cli("start")
    assert "running already" in instance.cli("start")


def test_start_and_stop_and_status_tell_what_they_find(instance):
    assert "no costtop daemon" in instance.cli("status", code=1)
    assert "no costtop daemon" in instance.cli("stop")
    assert "started" in instance.cli("start")
    try:
        assert "is running already" in instance.cli("start")
        until(instance.status)
        assert "is running" in instance.cli("status")
        assert instance.cli("daemon", code=1).count("\n") == 1
    finally:
        assert "stopped" in instance.cli("stop")
    said = instance.cli("status", "--json", code=1)
    assert '"running": false' in said
    assert is_free(instance.paths.lock)
    assert not instance.paths.socket.exists()


def test_a_lock_file_that_was_deleted_lets_a_second_daemon_start_and_ends_the_first(instance):
    first = instance.start()
    instance.paths.lock.unlink()
    second = instance.spawn()
    until(lambda: instance.has_read(second))
    assert first.wait(PATIENCE) != 0
    assert second.poll() is None
    assert "looked_at" in instance.cli("scan")  # it still has its socket
    until(lambda: instance.status().get("pid") == second.pid)


def test_sigterm_in_the_middle_of_an_import_ends_it_early_and_loses_nothing(instance):
    lines = "".join(claude_line(ONE, number) for number in range(40_000))
    instance.append(claude_log(ONE), lines)
    daemon = instance.spawn()
    until(lambda: instance.ask("SELECT count(*) FROM calls"))
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(PATIENCE) == 0
    wal = instance.paths.database.with_name(instance.paths.database.name + "-wal")
    assert not wal.exists() or wal.stat().st_size == 0
    assert instance.ask("SELECT count(*) FROM calls") < 40_000, "it was over already"
    instance.start()
    assert instance.ask("SELECT count(*) FROM calls") == 40_000


def test_nothing_is_imported_or_read_from_the_folder_it_is_started_in(instance, tmp_path):
    trap = tmp_path / "repository"
    trap.mkdir()
    for name in ("apprise", "sqlite3", "sitecustomize", "usercustomize", "json", "costtop"):
        (trap / f"{name}.py").write_text(f"open({str(trap / 'sprung')!r}, 'a').write('{name} ')\n")
    (trap / "costtop.toml").write_text("this is no configuration\n")
    (trap / "config.toml").write_text("this is no configuration\n")
    (trap / ".env").write_text(f"COSTTOP_HOME={trap}\n")
    instance.append(claude_log(ONE), claude_line(ONE, 1))
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    before = set(trap.iterdir())
    for command in (["start"], ["--once"], ["report"], ["stop"]):
        subprocess.run(
            [*COSTTOP, *command],
            cwd=trap,
            env=environment,
            check=True,
            timeout=2 * PATIENCE,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    assert set(trap.iterdir()) == before


def test_start_tells_why_a_database_cannot_be_used_whatever_the_log_said_before(instance):
    instance.paths.database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(sqlite3.connect(instance.paths.database)) as newer:
        newer.execute("PRAGMA user_version = 9999")
    instance.paths.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    instance.paths.log.write_text("costtop: a word of an earlier daemon\n")
    for _ in range(2):
        told = instance.cli("start", code=78)
        assert "did not start: " in told and "was written by a newer costtop" in told
        assert "Traceback" not in told
