"""Where /proc shows nothing: what psutil still tells is used, and nothing is done in the dark."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from costtop.control.protocol import Hook, Kill, MarkSession, Ping
from costtop.daemon.commands.guard import Guard
from costtop.errors import Refused
from costtop.receive.caller import Caller
from costtop.store import daemon_status
from tests.e2e.instance import COSTTOP
from tests.patience import PATIENCE
from tests.processes.conftest import Hand

SCRIPT = str(Path(__file__).with_name("hidden.py"))
# As root a namespace of mounts alone: one of users would hide more than /proc.
UNSHARE = ["unshare", "-m" if os.getuid() == 0 else "-Urm"]
HIDE = "mount -t tmpfs none /proc"


def hidden(script: str, *, needs_root: bool = False) -> str:
    """What a shell script prints, both streams, in which /proc shows nothing."""
    if needs_root and os.getuid() != 0:
        pytest.skip("without root the user namespace would hide the evidence itself")
    tried = subprocess.run([*UNSHARE, "sh", "-c", HIDE], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("namespaces of mounts are not allowed here")
    ran = subprocess.run(
        [*UNSHARE, "bash", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False, timeout=4 * PATIENCE, stdin=subprocess.DEVNULL,
        env={**os.environ, "COSTTOP": " ".join(COSTTOP)},
    )  # fmt: skip
    assert "Traceback" not in ran.stdout, ran.stdout
    return ran.stdout


def test_through_psutil_an_agent_is_found_held_by_its_start_and_ended(tmp_path):
    real = tmp_path / "proc"
    real.mkdir()
    said = hidden(
        f"mount --rbind /proc {real} && {HIDE} && exec {sys.executable} {SCRIPT} {real} {tmp_path}",
        needs_root=True,
    )
    told = json.loads(said.splitlines()[-1])
    assert told["inspector"].endswith("psutil_") and told["blind"] == ""
    assert told["claims"] == [[True, "exact"]]
    assert told["child"] == "" and all(told["refused"].values())
    assert told["lineage"] and told["another's number"]
    assert "younger than a second" in told["young"] and told["young lives"]
    assert told["sent"] and told["gone"] and not told["again"]


def test_a_daemon_that_sees_no_process_counts_says_so_and_obeys_nobody(home):
    script = f"""{HIDE}
    $COSTTOP start; until $COSTTOP status > /dev/null; do sleep 0.1; done
    echo "== status"; $COSTTOP status
    echo "== doctor"; $COSTTOP doctor
    echo "== record"
    $COSTTOP record --session s1 --model gpt-5.1 --input-tokens 9 --output-tokens 1
    echo "== mark"; $COSTTOP mark s1
    echo "== run"; $COSTTOP run -- sh -c 'exit 7'; echo "code $?"
    kill $(head -1 {home}/costtop/costtop.lock)
    """
    said = hidden(script)
    parts = dict(part.split("\n", 1) for part in said.split("== ")[1:])
    none = "this system shows no processes (is /proc mounted?)"
    assert "is running" in parts["status"] and none in parts["status"]
    assert none in parts["doctor"]
    assert parts["record"] == "recorded\n"
    assert none in parts["mark"] and "ask where /proc is mounted" in parts["mark"]
    assert none in parts["run"] and "neither tags nor cap hold" in parts["run"]
    assert "code 7" in parts["run"]


def test_who_asks_from_outside_the_daemons_container_may_only_look():
    hand = Hand()
    guard = Guard(hand.holder, hand.vitals)
    outside = Caller(0, os.getuid(), outside=True)
    for command in (Kill("codex/x"), MarkSession("codex/x", "fine", "", "ana")):
        with pytest.raises(Refused, match="outside this container"):
            guard.check(command, outside)
    guard.check(Ping(), outside)
    guard.check(Hook("codex", "x", "tool"), outside)


def test_a_status_of_another_container_is_believed_while_it_is_fresh():
    said = {"at": 1_000, "pid": 2**22 + 1, "pid_space": daemon_status.pid_space()}
    assert not daemon_status.is_fresh(said, 1_500), "its process is not there"
    assert daemon_status.is_fresh({**said, "pid_space": 42}, 1_500)
    assert not daemon_status.is_fresh({**said, "pid_space": 42}, 20_000)
