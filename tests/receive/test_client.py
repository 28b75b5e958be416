"""The Python client and the daemon: nothing is lost, nothing counts twice."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from costtop import paths
from costtop.client import spool
from costtop.client.line_fields import stamped
from costtop.client.sender import Sender
from tests.patience import PATIENCE
from tests.receive.running import Instance, answers, line, until


def sender(**given: int) -> Sender:
    """One of this test's home: what its thread still has when the test ends goes nowhere else."""
    found = paths.find()
    return Sender(lambda: found, **given)


@pytest.fixture
def post() -> Iterator[Sender]:
    made = sender()
    yield made
    made.close(0.1)


def _python(code: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", code])


def _spooled(home: Path) -> list[bytes]:
    return [row for file in home.glob("spool/*.jsonl") for row in file.read_bytes().splitlines()]


def test_records_reach_a_running_daemon_without_the_spool(daemon, post):
    for number in range(1200):
        post.put(stamped(line(id=str(number))))
    assert post.flush(30)
    assert daemon.calls() == 1200
    assert not _spooled(daemon.home)


def test_without_a_daemon_records_wait_in_a_private_file_and_are_counted_later(instance, post):
    for number in range(50):
        post.put(stamped(line(id=str(number))))
    assert post.flush(30)
    (file,) = instance.home.glob("spool/*.jsonl")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    instance.start()
    until(lambda: instance.calls() == 50)


def test_a_record_that_was_committed_and_spooled_as_well_counts_once(daemon, post):
    data = stamped(line())
    post.put(data)
    assert post.flush(30)
    spool.append(daemon.home / "spool", [data, data])
    assert daemon.calls() == 1


def test_what_a_program_records_just_before_it_ends_is_not_lost(daemon):
    code = (
        "import costtop\ns = costtop.session('short')\n"
        "for n in range(300): s.record(model='gpt-5', input_tokens=n, output_tokens=1)"
    )
    assert _python(code).wait(PATIENCE) == 0
    assert daemon.calls() == 300


def test_children_that_a_program_forks_record_for_themselves(daemon):
    code = """
import costtop, multiprocessing as mp, os, warnings
warnings.simplefilter("ignore")
def work(n):
    costtop.record(session="pool", model="gpt-5", input_tokens=n, output_tokens=1)
s = costtop.session("parent")
s.record(model="gpt-5", input_tokens=1, output_tokens=1)
children = [mp.get_context("fork").Process(target=work, args=(n,)) for n in range(5)]
[child.start() for child in children]
[child.join() for child in children]
if os.fork() == 0:
    s.record(model="gpt-5", input_tokens=2, output_tokens=1)
    raise SystemExit
os.wait()
"""
    assert _python(code).wait(PATIENCE) == 0
    rows = {row["key"]: row["calls"] for row in daemon.report("session")["rows"]}
    assert rows == {"costtop/parent": 2, "costtop/pool": 5}


def test_a_daemon_that_hangs_costs_the_program_its_patience_and_no_record(daemon):
    os.kill(daemon.pid, signal.SIGSTOP)
    code = "import costtop\ncosttop.record(session='a', model='m', input_tokens=1, output_tokens=1)"
    assert _python(code).wait(PATIENCE) == 0
    os.kill(daemon.pid, signal.SIGCONT)
    until(lambda: daemon.calls() == 1)


def test_a_full_queue_goes_to_the_spool_at_once(instance):
    instance.home.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as deaf:  # takes lines and answers none
        deaf.bind(str(instance.socket))
        instance.claims()
        deaf.listen()
        made = sender(queue=100)
        before = time.thread_time()
        for number in range(1000):
            made.put(stamped(line(id=str(number))))
        assert time.thread_time() - before < 1
        made.close(0.2)
    assert len({json.loads(row)["id"] for row in _spooled(instance.home)}) == 1000


def test_a_spool_that_cannot_be_written_is_tried_again_until_it_can(instance, post):
    instance.home.mkdir(mode=0o700)
    blocked = instance.home / "spool"
    blocked.write_text("a file where the folder should be")
    post.put(stamped(line()))
    assert not post.flush(0.3)
    blocked.unlink()
    assert post.flush(10)
    assert len(_spooled(instance.home)) == 1 and post.lost == 0


def test_a_refusal_for_want_of_a_place_is_not_taken_for_a_bad_line(instance, post):
    instance.home.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(instance.socket))
        instance.claims()
        busy.listen()

        def refuse() -> None:
            peer, _ = busy.accept()
            with peer:
                peer.sendall(b'{"ok": false, "error": "32 clients are connected already"}\n')

        thread = threading.Thread(target=refuse)
        thread.start()
        post.put(stamped(line()))
        assert post.flush(10)
        thread.join()
    assert len(_spooled(instance.home)) == 1 and post.refused == 0


def test_a_line_that_breaks_the_contract_is_dropped_with_its_reason_and_named(daemon, post, caplog):
    post.put(stamped(line(input_tokens=-1)))
    post.put(stamped(line()))
    assert post.flush(30)
    assert post.refused == 1 and "input_tokens" in caplog.text
    assert daemon.calls() == 1 and not _spooled(daemon.home)


def test_programs_that_write_the_spool_at_once_leave_whole_lines(home):
    folder = home / "costtop" / "spool"

    def write(number: int) -> None:
        for part in range(100):
            spool.append(folder, [stamped(line(id=f"{number}-{part}"))] * 2)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [json.loads(row)["id"] for row in _spooled(home / "costtop")]
    assert len(ids) == 800 and len(set(ids)) == 400


CLIENT = """
import costtop, sys
name, count = sys.argv[1], int(sys.argv[2])
with costtop.session(name) as s:
    for n in range(count):
        s.record(model="claude-sonnet-4-5", input_tokens=1200, output_tokens=300, id=f"{name}-{n}")
        if n % 100 == 0 and not costtop.flush(60):
            sys.exit(1)
"""


@pytest.mark.timeout(300)
def test_calls_of_eight_programs_survive_a_kill_of_the_daemon(instance):
    count = int(os.environ.get("SOCKET_CALLS", "4000"))  # 50000 in full
    instance.start()
    command = [sys.executable, "-c", CLIENT]
    programs = [subprocess.Popen([*command, f"p{n}", str(count // 8)]) for n in range(8)]
    until(lambda: _stored(instance) > count // 10, 120)
    instance.kill()
    time.sleep(0.2)  # some of their lines meet no daemon at all
    instance.start()
    assert [program.wait(240) for program in programs] == [0] * 8
    report = instance.report("session")
    assert {row["key"]: row["calls"] for row in report["rows"]} == {
        f"costtop/p{n}": count // 8 for n in range(8)
    }


def _stored(instance: Instance) -> int:
    ran = instance.run("report", "--by", "total", "--json")
    return int(json.loads(ran.stdout)["total"]["calls"]) if ran.returncode == 0 else 0


def test_an_acknowledged_line_is_stored_even_if_the_daemon_is_killed_at_once(daemon):
    from tests.receive.running import connected

    with connected(daemon.socket) as peer:
        rows = [json.dumps(line(id=str(n))).encode() + b"\n" for n in range(500)]
        peer.sendall(b"".join(rows))
        assert answers(peer, 500) == [b'{"ok": true}'] * 500
    daemon.kill()
    daemon.start()
    assert daemon.calls() == 500
