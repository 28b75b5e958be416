"""Each reason for which a process is never signalled, word for word and one at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from costtop.processes.inspect import linux
from costtop.processes.refuse import never_held, refusal, unfit
from tests.patience import until

SLEEP = "import time; time.sleep(60)"
ME = linux.glance(os.getpid())


@pytest.fixture
def program():
    """Starts a program that shows itself under a name of its own; returns its pid."""
    started = []

    def start(name: str, *words: str) -> int:
        process = subprocess.Popen([name, "-c", SLEEP, *words], executable=sys.executable)
        started.append(process)
        until((Path("/proc") / str(process.pid) / "cmdline").read_bytes)  # exec names it at its end
        return process.pid

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("asks", [refusal, never_held])
@pytest.mark.parametrize(
    ("pid", "why"),
    [
        (True, "True is not a process number"),
        (False, "False is not a process number"),
        ("12", "'12' is not a process number"),
        (12.0, "12.0 is not a process number"),
        (None, "None is not a process number"),
        (-1, "-1 does not name one process of yours"),
        (0, "0 does not name one process of yours"),
        (1, "1 is the system itself"),
        (2**22 + 1, f"there is no process {2**22 + 1}"),
    ],
)
def test_numbers_that_name_no_process_of_ours(asks, pid, why):
    assert asks(pid, linux) == why


def test_two_is_a_number_like_any_other():
    assert "the system itself" not in never_held(2, linux)
    assert "does not name" not in never_held(2, linux)


def test_costtop_and_what_it_runs_under():
    assert never_held(os.getpid(), linux) == f"process {os.getpid()} is costtop itself"
    assert never_held(os.getppid(), linux) == f"costtop runs under process {os.getppid()}"


def test_a_host_is_never_held_and_a_server_never_signalled(program):
    host, server, agent = program("tmux: server"), program("codex", "app-server"), program("claude")
    words = "is an editor, a terminal or a host of other programs"
    assert never_held(host, linux).endswith(words)
    assert refusal(host, linux).endswith(words)
    assert never_held(server, linux) == ""
    shared = f"process {server} is an app server, shared by several sessions"
    assert refusal(server, linux) == shared
    assert never_held(agent, linux) == refusal(agent, linux) == ""


def test_who_asks_and_what_it_runs_under_is_spared(program):
    agent = program("claude")
    assert refusal(agent, linux, asker=agent) == f"process {agent} is the one that asks"
    assert refusal(agent, linux, asker=os.getpid()) == ""
    assert refusal(agent, linux, asker=1) == ""


class Fading:
    """What the kernel says of a process that ends after so many looks at it."""

    def __init__(self, looks: int, *, owned: bool = True) -> None:
        self._looks, self._owned = looks, owned

    def __getattr__(self, name):
        return getattr(linux, name)

    def glance(self, pid):
        self._looks -= 1
        return linux.glance(pid) if self._looks >= 0 else None

    def owners(self, pid):
        return linux.owners(pid) if self._owned else ()


def test_one_that_ends_between_two_looks_is_not_there(program):
    agent = program("claude")
    gone = f"there is no process {agent}"
    assert refusal(agent, Fading(0)) == gone
    assert never_held(agent, Fading(1000, owned=False)) == gone  # seen, but nobody's any more
    plenty = Fading(1000)
    looks = 1000
    assert refusal(agent, plenty) == ""
    looks -= plenty._looks  # all but the last
    assert refusal(agent, Fading(looks - 1)) == gone


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (("codex", "app-server"), "is an app server, shared by several sessions"),
        (("node", "codex.js", "mcp-server"), "is an MCP server, shared by several sessions"),
        (("app-server",), ""),
        (("x", "extensionHost"), "or a host of other programs"),
        (("/usr/bin/Code", "--x"), "or a host of other programs"),
        (("sshd: ana@pts/1",), "or a host of other programs"),
        (("bash",), "is an interactive shell"),
        (("-bash", "-l"), "is an interactive shell"),
        (("bash", "x.sh"), ""),
        (("bash", "-x", "x.sh"), ""),
        (("claude", "-p"), ""),
        ((), ""),
    ],
)
def test_a_program_is_known_by_its_words(argv, why):
    said = unfit(argv, ME)
    assert said.endswith(why)
    assert bool(said) is bool(why)
    assert not why or said.startswith(f"process {ME.pid} ")


def test_a_process_of_ours_alone_is_not_another_users():
    """Both ids count, the real one and the effective one."""
    if os.getuid():
        pytest.skip("only root can be somebody else for a while")
    code = "import os,sys; os.{0}; print(flush=True); sys.stdin.read()"
    for change in ("setresuid(65534, 0, 0)", "setresuid(0, 65534, 0)", "setresuid(0, 0, 65534)"):
        command = [sys.executable, "-c", code.format(change)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as theirs:
            theirs.stdout.readline()
            said = never_held(theirs.pid, linux)
            theirs.stdin.close()
        assert ("belongs to another user" in said) is not change.endswith("0, 65534)"), change
