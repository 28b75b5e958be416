"""The supervisor behind `costtop start`: it brings a crashed daemon back, and knows when not to."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import costtop
from costtop.daemon.lifecycle import supervisor
from costtop.daemon.lifecycle.instance import holder, is_free
from tests.e2e.instance import Instance
from tests.patience import PATIENCE, gone, until

LARGEST = 12 << 20  # bytes of memory


@pytest.fixture
def kept(instance: Instance) -> Iterator[Instance]:
    """An instance whose daemon has a supervisor, both gone afterwards."""
    instance.cli("start")
    yield instance
    instance.cli("stop")


def keeper(instance: Instance) -> int:
    return int(instance.paths.lock.with_name(supervisor.FILE).read_text())


def crash(instance: Instance, number: int = signal.SIGKILL) -> int:
    """Ends the daemon of this test's own home as a crash would; returns the pid that it had."""
    pid = until(lambda: holder(instance.paths.lock))
    held = os.pidfd_open(pid)
    signal.pidfd_send_signal(held, number)
    os.close(held)
    return pid


def again(instance: Instance, before: int) -> int:
    """The pid of the daemon that was started after that one."""

    def other() -> int:
        pid = holder(instance.paths.lock) or 0
        up = instance.status().get("pid") == pid
        return pid if up and pid != before and not is_free(instance.paths.lock) else 0

    return until(other)


def test_a_crashed_daemon_is_started_again_and_stop_ends_both(kept):
    first, over = holder(kept.paths.lock), keeper(kept)
    memory = int(Path(f"/proc/{over}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    assert memory <= LARGEST
    crash(kept)
    second = again(kept, first)
    assert f"(pid {second}) is running" in kept.cli("status")
    assert f"is running already (pid {second})" in kept.cli("start")
    assert f"(pid {first}) ended by signal 9; it is started again" in kept.paths.log.read_text()
    assert keeper(kept) == over != second
    kept.cli("stop")
    assert gone(over) and gone(second)
    assert not kept.paths.lock.with_name(supervisor.FILE).exists()


def test_pauses_are_short_enough_to_be_back_in_five_seconds():
    assert max(supervisor.PAUSES) <= 4 and list(supervisor.PAUSES) == sorted(supervisor.PAUSES)


def test_one_that_crashes_again_and_again_is_given_up_with_the_reason(kept):
    over, before = keeper(kept), 0
    for _ in range(len(supervisor.PAUSES) + 1):
        before = again(kept, before)
        crash(kept)
    until(lambda: gone(over))
    told = f"crashed {len(supervisor.PAUSES) + 1} times in a row (last by signal 9)"
    assert told in kept.cli("status", code=1)
    assert told in json.loads(kept.cli("status", "--json", code=1))["trouble"]
    assert told in kept.cli("doctor", code=1)
    assert told in kept.paths.log.read_text()
    assert "started" in kept.cli("start")
    until(lambda: "is running" in kept.cli("status", code=None))


def test_a_stop_between_two_daemons_is_the_end_of_it(kept):
    over = keeper(kept)
    crash(kept)
    until(lambda: "it is started again" in kept.paths.log.read_text())
    kept.cli("stop")
    until(lambda: gone(over))
    time.sleep(supervisor.PAUSES[0] + 0.5)  # it would be back by now
    assert is_free(kept.paths.lock)


def test_a_daemon_that_cannot_work_is_not_tried_again(kept):
    over = keeper(kept)
    kept.configure("this is no configuration\n")
    crash(kept)
    until(lambda: gone(over))
    assert is_free(kept.paths.lock)
    assert kept.paths.log.read_text().count("it is started again") == 1
    kept.paths.config.unlink()


def test_ending_the_supervisor_ends_the_daemon_cleanly(kept):
    over, pid = keeper(kept), holder(kept.paths.lock)
    held = os.pidfd_open(over)
    signal.pidfd_send_signal(held, signal.SIGTERM)
    os.close(held)
    until(lambda: gone(over) and gone(pid))
    assert kept.paths.log.read_text().endswith("stopped\n")


def test_a_daemon_outlives_its_supervisor_and_is_stopped_as_before(kept):
    over, pid = keeper(kept), holder(kept.paths.lock)
    held = os.pidfd_open(over)
    signal.pidfd_send_signal(held, signal.SIGKILL)
    os.close(held)
    until(lambda: gone(over))
    assert f"(pid {pid}) is running" in until(lambda: kept.cli("status", code=None))
    assert "stopped" in kept.cli("stop")


def test_start_replaces_an_older_daemon_and_leaves_a_newer_one(instance, tmp_path, monkeypatch):
    pids = []
    for number, version in enumerate(("0.0.9", "99.0.0")):
        tree = tmp_path / version
        shutil.copytree(Path(costtop.__file__).parent, tree / "costtop")
        init = tree / "costtop/__init__.py"
        init.write_text(init.read_text().replace(costtop.__version__, version))
        environment = {**os.environ, "PYTHONPATH": str(tree)}
        start = subprocess.run(
            [sys.executable, "-P", "-m", "costtop", "start"], env=environment, check=True,
            capture_output=True, text=True, timeout=2 * PATIENCE,
        ).stdout  # fmt: skip
        pids.append(holder(instance.paths.lock))
        if number:
            assert f"was replaced by {version}" in start
    first, newer = pids
    assert first != newer and gone(first)
    assert f"is running already (pid {newer})" in instance.cli("start")
    assert json.loads(instance.cli("status", "--json", code=None)).get("version") in {
        None,
        "99.0.0",
    }
    instance.cli("stop")
