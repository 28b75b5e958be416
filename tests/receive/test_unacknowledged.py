"""What a daemon does not acknowledge is kept or sent again; `stop` says what is wrong."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from costtop import paths
from costtop.client.line_fields import stamped
from costtop.client.link import Link
from costtop.control import client, protocol
from costtop.daemon.lifecycle.stopping import elsewhere
from costtop.receive import socket as door
from tests.patience import PATIENCE, until
from tests.receive.running import Instance, line

NOBODY = 65_534
CALL = "--session s --model gpt-5.1 --input-tokens 900 --output-tokens 80".split()


@contextmanager
def stopped(daemon: Instance):
    os.kill(daemon.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(daemon.pid, signal.SIGCONT)


def test_record_keeps_what_a_daemon_does_not_take_in_time_and_it_counts_once(daemon):
    with stopped(daemon):
        ran = daemon.run("record", *CALL)
        assert (ran.returncode, ran.stdout) == (
            0,
            "kept for the daemon, which did not take it within 2 s\n",
        )
        assert len(list(daemon.home.glob("spool/*.jsonl"))) == 1
    until(lambda: daemon.calls() == 1)
    assert daemon.run("record", *CALL).stdout == "recorded\n"
    assert daemon.calls() == 2


def test_a_wrong_line_is_refused_and_not_kept(daemon):
    ran = daemon.run("record", "--json", '{"session": "s", "model": "m", "input_tokens": -1,'
                     ' "output_tokens": 1}')  # fmt: skip
    assert ran.returncode == 2 and "input_tokens" in ran.stderr
    assert not list(daemon.home.glob("spool/*.jsonl"))


async def test_a_client_that_was_let_go_sends_again_and_nobody_sees_it(home):
    heard = []

    async def take(lines, _):
        heard.extend(lines)
        return [b'{"ok": true}\n' for _ in lines]

    found, link = paths.find(), Link()
    found.lock.parent.mkdir(mode=0o700, parents=True)
    found.lock.write_text(f"{os.getpid()}\n{found.socket}\n")
    async with door.listening(found.socket, take, idle=0.2):
        for number in range(3):
            lines = [stamped(line(id=str(number)))]
            told = await asyncio.to_thread(link.deliver, found, lines)
            assert (told.kept, told.refused) == ([], [])
            await asyncio.sleep(0.5)
    link.close()
    assert [json.loads(each)["id"] for each in heard] == ["0", "1", "2"]


async def test_an_order_to_a_daemon_that_is_busy_is_given_again(home):
    path, places = home / "own" / "s", []

    async def answer(lines, _):
        busy = len(places) < 2
        places.append(1)
        return [b'{"ok": false, "error": "try again", "busy": true}\n'] if busy else [
            b'{"ok": true, "pid": 1}\n'
        ]  # fmt: skip

    async with door.listening(path, answer):
        told = await asyncio.to_thread(client.ask, path, protocol.Ping())
    assert told["pid"] == 1 and len(places) == 3


def test_stop_says_that_the_daemon_is_stopped_and_what_wakes_it(daemon):
    with stopped(daemon):
        ran = daemon.run("stop")
    assert ran.returncode == 1
    assert f"the daemon (pid {daemon.pid}) is stopped" in ran.stderr
    assert f"kill -CONT {daemon.pid}" in ran.stderr


def test_who_stops_nothing_is_told_of_the_daemons_of_other_homes(daemon):
    said = [one for one in elsewhere() if f"(pid {daemon.pid})" in one]
    assert said == [
        f"one of another home (pid {daemon.pid}): COSTTOP_HOME={daemon.home} costtop stop"
    ]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_stop_does_not_say_that_none_runs_where_it_may_not_look(daemon):
    code = f"""
import os
from costtop import paths
from costtop.daemon.lifecycle import stopping
from costtop.control import client
found = paths.find()
os.setgroups([]); os.setresgid(*[{NOBODY}] * 3); os.setresuid(*[{NOBODY}] * 3)
try:
    print(stopping.stop(found))
except Exception as error:
    print(type(error).__name__, error)
"""
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    assert ran.stdout.startswith("Unusable cannot tell whether a daemon runs"), ran.stdout
    assert "Permission denied" in ran.stdout


def test_stop_ends_it_and_a_second_stop_finds_none(daemon):
    began = time.monotonic()
    assert daemon.run("stop").stdout.startswith("costtop daemon stopped")
    assert daemon.run("stop").stdout.startswith("no costtop daemon is running")
    assert time.monotonic() - began < PATIENCE
