"""Who sends a session's calls over the socket is its process: the kernel says so."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.patience import PATIENCE, until
from tests.receive.running import Instance, line

# Sends the lines that it reads over one connection and says each answer.
_PROGRAM = """
import socket, sys
with socket.socket(socket.AF_UNIX) as peer:
    peer.connect(sys.argv[1])
    words = peer.makefile("rb")
    for line in sys.stdin:
        peer.sendall(line.encode())
        print(words.readline().decode().strip(), flush=True)
"""


class Program:
    """A program of the user's that tells of its own calls."""

    def __init__(self, daemon: Instance, *before: str) -> None:
        order = [*(before or [sys.executable, "-I", "-c"]), _PROGRAM, str(daemon.socket)]
        self.process = subprocess.Popen(
            order, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def send(self, **fields: object) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(fields) + "\n")
        self.process.stdin.flush()
        assert json.loads(self.process.stdout.readline())["ok"]

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def program(daemon: Instance) -> Iterator[object]:
    made: list[Program] = []

    def begin(*before: str) -> Program:
        made.append(Program(daemon, *before))
        return made[-1]

    yield begin
    for one in made:
        one.end()


def planned(daemon: Instance, session: str) -> str:
    ran = daemon.run("kill", session, "--dry-run")
    return ran.stdout + ran.stderr


def test_a_program_that_sends_its_calls_is_known_exactly_and_is_ended(daemon, program):
    one, beside = program(), program()
    one.send(**line("checkout-42"))
    beside.send(**line("other-1"))
    assert f"process {one.process.pid} (exact: it sent the session's calls" in planned(
        daemon, "checkout-42"
    )
    killed = daemon.run("kill", "checkout-42", "--yes")
    assert killed.returncode == 0, killed.stderr
    assert one.process.wait(PATIENCE) != 0
    assert beside.process.poll() is None


def test_calls_that_name_another_process_make_the_sender_a_mere_messenger(daemon, program):
    one, other = program(), program()
    one.send(**line("checkout-42", pid=other.process.pid))
    assert f"process {one.process.pid} (strong" in planned(daemon, "checkout-42")


def test_two_that_send_one_session_are_refused_until_one_has_gone(daemon, program):
    one, two = program(), program()
    one.send(**line("checkout-42", id="1"))
    two.send(**line("checkout-42", id="2"))
    assert "all look like this session's" in planned(daemon, "checkout-42")
    one.end()
    until(lambda: f"process {two.process.pid} (exact" in planned(daemon, "checkout-42"))


def test_a_gateway_is_the_process_of_none_of_its_sessions(daemon, program):
    one = program()
    for number in range(12):
        one.send(**line(f"s{number}"))
    assert "carries other sessions too" in planned(daemon, "costtop/s3")
    assert "no process is known" in planned(daemon, "costtop/s11")
    assert daemon.run("kill", "costtop/s3", "--yes").returncode == 1
    assert one.process.poll() is None


def test_one_session_after_the_other_in_one_program_leaves_the_latter_its_process(daemon, program):
    one = program()
    one.send(**line("first"))
    one.send(event="session", session="first", status="ended")
    one.send(**line("second"))
    assert f"process {one.process.pid} (exact" in planned(daemon, "second")
    assert str(one.process.pid) not in planned(daemon, "first")


def test_what_only_carries_lines_is_nobodys_process(daemon):
    ran = daemon.run("record", "--session", "s", "--model", "m", "--input-tokens", "1",
                     "--output-tokens", "1")  # fmt: skip
    assert ran.returncode == 0
    # What a daemon is too busy to take at once lies in the spool, and is read from there.
    until(lambda: "no process is known" in planned(daemon, "costtop/s"))


def test_a_program_that_tells_of_itself_may_still_command(daemon, program):
    one = program()
    one.send(**line("checkout-42"))
    one.send(do="mark", session="costtop/checkout-42", kind="watch")


def test_a_session_outlives_the_program_that_sent_its_latest_call(daemon, program):
    one = program()
    one.send(**line("checkout-42"))
    assert "(exact" in planned(daemon, "checkout-42")
    one.end()
    until(lambda: "(exact" not in planned(daemon, "checkout-42"))
    said = json.loads(daemon.run("status", "--json").stdout)
    assert said["exited"] == {}
