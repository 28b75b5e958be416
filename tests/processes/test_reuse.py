"""A number that is given away again never leads to its next owner: RELIABILITY.md K1."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = str(Path(__file__).with_name("reused.py"))
UNSHARE = ["unshare", "-Urpf", "--mount-proc"]


@pytest.fixture(scope="module")
def told():
    try:
        subprocess.run(
            [*UNSHARE, "sh", "-c", "echo 300 > /proc/sys/kernel/ns_last_pid"],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("process namespaces with ns_last_pid are not allowed here")
    command = [*UNSHARE, "sh", "-c", f"{sys.executable} {SCRIPT}; exit $?"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    out = subprocess.run(command, check=True, capture_output=True, text=True, timeout=150, env=env)
    return json.loads(out.stdout)


def test_a_reused_number_is_refused_and_the_reuse_is_named(told):
    one = told["slow"]
    assert one["held"]
    assert one["reused"]
    assert one["outcomes"] == ["refused"]
    assert "its number now belongs to another process" in one["what"]
    assert one["alive"]
    assert not one["adopted"]  # a handle of the first is not believed to be of the second
    assert one["again"]  # nor can it be held by what was known of the first


def test_a_number_reused_in_the_same_tick_is_refused_too(told):
    assert any(one["same"] for one in told["quick"])
    for one in told["quick"]:
        assert one["reused"]
        assert one["alive"]
        assert one["outcomes"] == ["refused"]
