"""What lies around a daemon: its log, what it left, its -wal, modes of files, its lock."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from costtop.daemon.lifecycle import instance as instances
from costtop.daemon.lifecycle import privacy
from costtop.daemon.lifecycle.lock_holders import database_writers, lock_holders
from costtop.store import daemon_status
from costtop.tui import preferences
from tests.e2e.instance import COSTTOP, claude_line, claude_log
from tests.free_ports import free_port
from tests.patience import PATIENCE, until

ONE = "11111111-0000-4000-8000-000000000001"
_LOGS = """
import logging, sys
from pathlib import Path
from costtop.daemon.lifecycle import daemon_log
daemon_log.LARGEST = 5000
daemon_log.begin(Path(sys.argv[1]))
"""


def logged(log: Path, code: str) -> None:
    """Runs code with its output in the log, as `costtop start` gives it to the daemon."""
    with log.open("ab") as out:
        subprocess.run(
            [*COSTTOP[:2], "-c", _LOGS + code, str(log)],
            stdout=out, stderr=out, check=True, timeout=PATIENCE,
        )  # fmt: skip


def test_a_log_is_three_files_that_do_not_grow(tmp_path):
    log = tmp_path / "costtop.log"
    logged(
        log,
        "for number in range(2000): logging.warning('line %d', number)\n"
        "print('printed', flush=True); print('a traceback', file=sys.stderr, flush=True)",
    )
    files = sorted(tmp_path.glob("costtop.log*"))
    assert [one.name for one in files] == ["costtop.log", "costtop.log.1", "costtop.log.2"]
    assert max(one.stat().st_size for one in files) < 5200
    assert log.stat().st_mode & 0o777 == 0o600
    assert log.read_text().endswith("line 1999\nprinted\na traceback\n")


def test_words_that_repeat_are_written_once_and_counted(tmp_path):
    log = tmp_path / "costtop.log"
    logged(
        log,
        "repeats = logging.getLogger().handlers[0].filters[0]\n"
        "for number in range(500):\n"
        "    logging.warning('the disk is full'); logging.warning('another %s', 'thing')\n"
        "repeats._again = 0\n"
        "logging.warning('the disk is full')",
    )
    lines = [line.split(" ", 2)[2] for line in log.read_text().splitlines()]
    assert lines[:2] == ["the disk is full", "another thing"]
    assert lines[2].startswith("the disk is full (499 more times since ") and len(lines) == 3


def test_a_daemon_begins_a_large_log_anew(instance):
    instance.paths.log.parent.mkdir(mode=0o700, parents=True)
    instance.paths.log.write_bytes(b"x" * 9_999_990)
    instance.cli("start")
    instance.stop()
    older = instance.paths.log.with_name("costtop.log.1")
    assert older.stat().st_size == 9_999_990
    assert "is up" in instance.paths.log.read_text()
    assert instance.paths.log.stat().st_mode & 0o777 == 0o600


def test_requests_that_are_none_are_counted_and_fill_no_log(instance):
    port = free_port()
    instance.configure(f"[receive.otlp]\nport = {port}\n")
    instance.start()
    before = instance.paths.log.read_text()
    odd = (
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/traces HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"\x00\x00\x00\r\n\r\n",
    )
    for number in range(50):
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as peer:
            peer.sendall(odd[number % len(odd)])
            while peer.recv(4096):
                pass

    def counted() -> int:
        answers = instance.status()["channels"][0]["answers"]
        return sum(count for status, count in answers.items() if status.startswith("4"))

    until(lambda: counted() >= 50)
    assert instance.paths.log.read_text() == before


def test_what_a_daemon_left_that_died_while_it_wrote_is_cleared_away(instance):
    home = instance.paths.status.parent
    home.mkdir(mode=0o700)
    left = [
        home / name for name in ("status.json.4242", ".status.json.77.new", ".status.txt.8.new")
    ]
    old = home / ".budgets.toml.99.new"
    for path in (*left, old):
        path.write_text("{}")
    os.utime(old, (1, 1))
    kept = [home / name for name in (".budgets.toml.100.new", "status.json.backup", ".mine.new")]
    for path in kept:
        path.write_text("mine")
    instance.start()
    assert not any(path.exists() for path in (*left, old))
    assert all(path.exists() for path in kept)


def test_a_status_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "status.json").mkdir()
    with pytest.raises(OSError, match="directory"):
        daemon_status.write(tmp_path / "status.json", {"at": 1})
    assert [one.name for one in tmp_path.glob("*status*")] == ["status.json"]


# Few bytes are moved out of the -wal file twice a minute: waits for them last longer than that.
MOVED = 30.0 + PATIENCE


def alone(database: Path, folder: Path) -> int:
    """Calls in a copy of the database file without its -wal."""
    copy = folder / "copy.db"
    shutil.copyfile(database, copy)
    try:
        with closing(sqlite3.connect(copy)) as db:
            return int(db.execute("SELECT count(*) FROM calls").fetchone()[0])
    except sqlite3.Error:
        return -1


def test_a_copied_database_file_has_what_was_read_after_an_import_and_a_long_reader(
    instance, tmp_path
):
    database = instance.paths.database
    wal = database.with_name("costtop.db-wal")
    instance.append(claude_log(ONE), "".join(claude_line(ONE, n) for n in range(15_000)))
    instance.start()
    until(lambda: alone(database, tmp_path) == 15_000, MOVED)
    until(lambda: wal.stat().st_size == 0, MOVED)
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM calls").fetchone()
        more = "".join(claude_line(ONE, n) for n in range(15_000, 30_000))
        instance.append(claude_log(ONE), more)
        until(lambda: instance.ask("SELECT count(*) FROM calls") == 30_000)
        assert alone(database, tmp_path) < 30_000, "the reader holds it back"
    until(lambda: alone(database, tmp_path) == 30_000, MOVED)
    until(lambda: wal.stat().st_size == 0, MOVED)


def test_a_new_database_file_is_none_that_is_empty(instance, tmp_path):
    instance.start()
    until(lambda: alone(instance.paths.database, tmp_path) == 0)


def test_a_screen_that_stays_does_not_keep_the_database_from_its_end(instance, tmp_path):
    instance.append(claude_log(ONE), "".join(claude_line(ONE, n) for n in range(50)))
    instance.start()
    with closing(sqlite3.connect(f"file:{instance.paths.database}?mode=ro", uri=True)) as reader:
        assert reader.execute("SELECT count(*) FROM calls").fetchone() == (50,)
        instance.stop()
        assert alone(instance.paths.database, tmp_path) == 50


def test_a_configuration_that_others_can_read_is_closed_where_it_is_ours_else_told(
    instance, tmp_path
):
    url = '[[notify]]\nlabel = "phone"\nurl = "ntfy://topic"\n'
    instance.configure(url)
    instance.paths.config.chmod(0o644)
    instance.start()
    assert instance.paths.config.stat().st_mode & 0o777 == 0o600
    elsewhere = tmp_path / "dotfiles.toml"
    elsewhere.write_text(url)
    elsewhere.chmod(0o644)
    instance.paths.config.unlink()
    instance.paths.config.symlink_to(elsewhere)
    told = f"{instance.paths.config} can be read by others"
    until(lambda: told in instance.status().get("trouble", ""))
    assert instance.status()["trouble_code"] == "file-open"
    assert elsewhere.stat().st_mode & 0o777 == 0o644, "it is not ours to change"
    assert f"! [file-open] {told}" in instance.cli("doctor", code=1)
    assert f"  [file-open] {told}" in instance.cli("status")
    elsewhere.chmod(0o600)
    assert told not in instance.cli("doctor", "--json", code=None).partition('"problems"')[2] or (
        instance.status()["trouble"].startswith(told)
    )


def test_a_folder_that_everybody_may_replace_is_questioned(tmp_path, monkeypatch, instance):
    shaky = tmp_path / "shaky"
    shaky.mkdir()
    shaky.chmod(0o777)
    monkeypatch.setenv("COSTTOP_HOME", str(shaky / "costtop"))
    told = f"{shaky} is writable by everybody"
    assert told in instance.cli("doctor", code=1)
    shaky.chmod(0o1777)
    assert told not in instance.cli("doctor", code=1)


MOUNTS = (
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "40 22 0:44 / /home rw - nfs4 server:/home rw\n"
    "41 40 8:2 / /home/ana/disk rw - xfs /dev/sdb rw\n"
    "42 22 0:50 / /mnt/my\\040share rw - cifs //server/x rw\n"
    "43 22 0:51 / /home rw shared:7 - nfs4 server:/newer rw\n"
)


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", "ext4"), ("/home", "nfs4"), ("/home/ana", "nfs4"), ("/home/ana/disk/x", "xfs"),
     ("/homes", "ext4"), ("/mnt/my share/costtop", "cifs"), ("/home/ana/diskette", "nfs4")],
)  # fmt: skip
def test_a_folder_on_a_file_server_is_known_by_its_mount(path, kind):
    assert privacy.kind_of(path, MOUNTS) == kind


def test_a_folder_on_a_disk_of_this_machine_is_nothing_to_tell(tmp_path):
    assert privacy.on_file_server(tmp_path) == ""


def test_starts_at_once_agree_on_one_daemon(instance):
    starts = [
        subprocess.Popen([*COSTTOP, "start"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(20)
    ]
    said = [one.communicate(timeout=4 * PATIENCE)[0].decode() for one in starts]
    assert {one.returncode for one in starts} == {0}, said
    pids = {line.partition("(pid ")[2].rstrip(")\n") for line in said}
    assert pids == {instance.paths.lock.read_text().split()[0]}
    assert sum("started" in line for line in said) == 1
    assert instance.paths.log.read_text().count("is up") == 1
    instance.stop()


def test_a_second_sigterm_does_no_harm(instance):
    for _ in range(3):
        daemon = instance.start()
        while daemon.poll() is None:
            daemon.send_signal(signal.SIGTERM)
        assert daemon.returncode == 0
        instance.daemons.clear()


def test_a_daemon_waits_for_a_scan_to_end(instance):
    instance.paths.lock.parent.mkdir(mode=0o700)
    with instances.hold(instance.paths):
        daemon = instance.spawn()
        start = subprocess.Popen([*COSTTOP, "start"], stdout=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            daemon.wait(3)
    until(lambda: instance.has_read(daemon))
    said, _ = start.communicate(timeout=PATIENCE)
    assert f"(pid {daemon.pid})" in said.decode()  # "started" or "running already": one lives


def test_who_holds_the_lock_is_named(instance):
    instance.paths.lock.parent.mkdir(mode=0o700)
    instance.paths.lock.write_text(f"1\n{instance.paths.socket}\n")
    hold = "import fcntl, sys, time\nfile = open(sys.argv[1])\nfcntl.flock(file, fcntl.LOCK_EX)\n"
    hold += "print('held', flush=True)\ntime.sleep(300)"
    other = subprocess.Popen(
        [sys.executable, "-c", hold, str(instance.paths.lock)], stdout=subprocess.PIPE
    )
    try:
        assert other.stdout and other.stdout.readline() == b"held\n"
        assert lock_holders(instance.paths.lock) == [other.pid]
        assert f"pid {other.pid}, python" in instance.cli("daemon", code=1)
        assert f"pid {other.pid}, python" in instance.cli("stop", code=1)
    finally:
        other.kill()
        other.communicate()


def test_who_holds_the_database_is_named(instance):
    instance.start()
    hold = (
        "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('BEGIN IMMEDIATE')\nprint('held', flush=True)\nsys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", hold, str(instance.paths.database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert other.stdout and other.stdout.readline() == b"held\n"
        assert database_writers(instance.paths.database) == [other.pid]
        instance.append(claude_log(ONE), claude_line(ONE, 1))
        told = f"another program holds its lock (pid {other.pid}, python"
        until(lambda: told in instance.status().get("trouble", ""))
    finally:
        other.communicate(b"")
    until(lambda: instance.ask("SELECT count(*) FROM calls") == 1)
    until(lambda: instance.status().get("trouble") == "")


@pytest.mark.parametrize("given", ["nan", "inf", "-inf"])
def test_a_refresh_that_is_no_number_is_the_usual_one(tmp_path, given):
    (tmp_path / "screen.toml").write_text(f"delay = {given}\n")
    usual = preferences.Preferences()
    assert preferences.load(tmp_path / "screen.toml").delay == usual.delay


def test_the_status_names_the_socket_and_is_whole_json(instance):
    instance.start()
    assert json.loads(instance.paths.status.read_text())["socket"] == str(instance.paths.socket)
