"""The guard by itself, over real processes: whom it refuses, whom it lets pass, and why."""

import os
import subprocess
import sys

import pytest

from costtop.control.protocol import (
    BeginRun,
    EndRun,
    Hook,
    Kill,
    MarkSession,
    Ping,
    Plan,
    Scan,
    Stop,
)
from costtop.daemon.commands.guard import Guard
from costtop.errors import Refused
from costtop.processes.evidence.evidence_nouns import ProcessClaim, Wanted
from costtop.processes.inspect import linux
from costtop.receive.caller import Caller
from tests.patience import PATIENCE
from tests.processes.conftest import Hand, Stage

SESSION = "claude-code/5d1f"
KILL = Kill("claude-code/rival")
LOOKS = [Ping(), Scan(), Plan("claude-code/rival"), Hook("claude-code", "5d1f", "tool")]
OF_RUNS = [BeginRun("r1", 1, 1, {}), EndRun("r1")]


@pytest.fixture
def stage(tmp_path):
    found = Stage(tmp_path)
    yield found
    found.end()


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
def guard(hand):
    return Guard(hand.holder, hand.vitals)


def caller(pid):
    return Caller(pid, os.getuid())


def refused(guard, pid, command=KILL, **more):
    with pytest.raises(Refused) as found:
        guard.check(command, caller(pid), **more)
    return str(found.value)


def test_a_session_process_and_all_below_it_may_only_look(stage, hand, guard):
    agent = stage.start("name=agent", "child=name=shell")
    hand.take(agent, SESSION)
    for name in ("agent", "shell"):
        said = refused(guard, stage.pids[name])
        assert f"process {stage.pids[name]} runs inside agent session {SESSION}" in said
        assert guard.session_of(stage.pids[name]) == SESSION
        for command in [*LOOKS, *OF_RUNS]:
            guard.check(command, caller(stage.pids[name]))


@pytest.mark.parametrize("name", ["claude", "codex", "gemini"])
def test_below_an_agents_program_nobody_commands_though_no_session_of_it_is_known(
    stage, guard, name
):
    agent = stage.start("name=agent", "child=name=shell", program=stage.program(name))
    said = refused(guard, stage.pids["shell"])
    assert f"inside an agent (python {name}, pid {agent})" in said.replace("python3.11", "python")
    for command in [*LOOKS, *OF_RUNS]:
        guard.check(command, caller(stage.pids["shell"]))
    other = stage.start("name=other", "child=name=below", program=stage.program("reader"))
    assert other
    guard.check(KILL, caller(stage.pids["below"]))


def test_a_process_beside_it_may_command(stage, hand, guard):
    hand.take(stage.start("name=agent"), SESSION)
    beside = stage.start("name=beside")
    guard.check(KILL, caller(beside))
    guard.check(Stop(), caller(beside))
    assert guard.session_of(beside) == ""


def test_one_that_was_below_it_is_still_known_when_its_parent_has_gone(stage, hand, guard):
    hand.take(stage.start("name=agent", "child=name=shell+child=name=far"), SESSION)
    stage.grown("far", hand.holder.inspector)
    hand.vitals.refresh()
    stage.end_of("shell")
    stage.ended("shell")
    assert SESSION in refused(guard, stage.pids["far"])


@pytest.mark.parametrize("name", ["CLAUDE_CODE_SESSION_ID", "CODEX_THREAD_ID"])
def test_one_that_carries_the_sessions_id_may_only_look_wherever_it_stands(
    stage, hand, guard, name
):
    hand.take(stage.start("name=agent"), SESSION)
    carrier = stage.start("name=carrier", env={**os.environ, name: "5d1f"})
    assert SESSION in refused(guard, carrier)
    other = stage.start("name=other", env={**os.environ, name: "6e2a"})
    guard.check(KILL, caller(other))
    unknown = stage.start("name=unknown", env={**os.environ, "SESSION_ID": "5d1f"})
    guard.check(KILL, caller(unknown))


def test_the_second_session_guards_as_well_as_the_first(stage, hand, guard):
    hand.take(stage.start("name=one"), "codex/one")
    hand.take(stage.start("name=two", "child=name=below"), SESSION)
    assert SESSION in refused(guard, stage.pids["below"])


def test_a_session_whose_process_has_gone_holds_nobody_back(stage, hand, guard):
    hand.take(stage.start("name=gone"), "codex/gone")
    hand.take(stage.start("name=agent"), SESSION)
    carrier = stage.start("name=carrier", env={**os.environ, "CODEX_THREAD_ID": "gone"})
    assert "codex/gone" in refused(guard, carrier)
    stage.end_of("gone")
    stage.ended("gone")
    guard.check(KILL, caller(carrier))
    assert SESSION in refused(guard, stage.pids["agent"])


@pytest.mark.parametrize(("confidence", "held"), [("weak", False), ("strong", True)])
def test_a_guess_puts_nobody_inside_a_session(stage, hand, guard, confidence, held):
    pid = stage.start("name=agent", "child=name=below")
    start = hand.holder.inspector.glance(pid).start
    claim = ProcessClaim(SESSION, pid, start, confidence, "it looks like it")
    hand.holder.take([Wanted(SESSION, "claude-code", ("5d1f",))], [claim])
    assert hand.holder.find(SESSION).confidence == confidence
    assert guard.session_of(stage.pids["below"]) == (SESSION if held else "")


def test_who_has_gone_is_refused_for_nobody_knows_who_it_was(stage, guard):
    pid = stage.start("name=brief")
    stage.end_of("brief")
    stage.ended("brief")
    stage.reap()
    assert "has gone: stay for the answer" in refused(guard, pid)


@pytest.mark.parametrize("pid", [0, -1])
def test_where_the_system_does_not_say_who_calls_nobody_is_refused(guard, pid):
    guard.check(KILL, caller(pid))


def test_who_is_outside_this_container_is_refused_for_it_might_be_an_agent(guard):
    outside = Caller(0, os.getuid(), outside=True)
    with pytest.raises(Refused, match="runs outside this container"):
        guard.check(KILL, outside)
    guard.check(Ping(), outside)


def test_where_no_processes_can_be_seen_nobody_commands():
    class Blind:
        """As where /proc is not mounted."""

        def glance(self, pid):
            return None

        def __getattr__(self, name):
            return getattr(linux, name)

    hand = Hand(inspector=Blind())
    with pytest.raises(Refused, match="nor can anybody tell who asks from an agent"):
        Guard(hand.holder, hand.vitals).check(KILL, caller(os.getpid()))


def test_who_has_gone_is_refused_though_its_number_is_anothers_by_now(stage, guard):
    other = stage.start("name=other")
    guard.check(KILL, caller(other))
    with pytest.raises(Refused, match="has gone: stay for the answer"):
        guard.check(KILL, Caller(other, os.getuid(), gone=True))


def test_a_program_that_tells_of_its_own_calls_holds_nobody_below_it_back(stage, hand, guard):
    pid = stage.start("name=program", "child=name=below")
    start = hand.holder.inspector.glance(pid).start
    claim = ProcessClaim("otlp/app", pid, start, "exact", "it sent its calls", speaks=True)
    hand.holder.take([Wanted("otlp/app", "otlp", ("app",))], [claim])
    assert hand.holder.find("otlp/app").confidence == "exact"
    guard.check(KILL, caller(stage.pids["below"]))


# A guard whose own process is called as an agent is, and a process below it that asks.
_UNDER = """
import os, subprocess, sys, time
from costtop.control.protocol import Kill
from costtop.daemon.commands.guard import Guard
from costtop.processes.holder import Holder
from costtop.processes.vitals import Vitals
from costtop.receive.caller import Caller
below = subprocess.Popen([sys.argv[1], "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
holder = Holder()
Guard(holder, Vitals(holder)).check(Kill("claude-code/rival"), Caller(below.pid, os.getuid()))
below.communicate()
print("let pass")
"""


def test_what_costtop_runs_in_is_no_agent_whatever_it_is_called():
    ran = subprocess.run(
        ["claude", "-P", "-c", _UNDER, sys.executable],
        executable=sys.executable,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (ran.stdout, ran.stderr) == ("let pass\n", "")


def test_pid_one_is_somebody(guard):
    guard.check(KILL, caller(1))
    assert guard.name("ana", caller(1)).startswith("ana (pid 1, ")


def test_a_read_only_daemon_lets_all_look_and_nobody_change(guard):
    for command in LOOKS:
        guard.check(command, caller(0), read_only=True)
    for command in [*OF_RUNS, KILL, Stop(), MarkSession("x")]:
        assert refused(guard, 0, command, read_only=True) == (
            "costtop is read-only (read_only in config.toml)"
        )
        guard.check(command, caller(0))


def test_who_asked_is_named_by_pid_and_program(stage, guard):
    pid = stage.start("name=shell")
    assert guard.name("ana", caller(pid)).startswith(f"ana (pid {pid}, ")
    assert guard.name("", caller(pid)).startswith(f"? (pid {pid}, ")
    assert guard.name("ana\x1b[2J", caller(0)) == "ana\ufffd[2J"
    assert guard.name("ana", caller(-1)) == "ana"
    assert guard.name("ana", caller(2**22 + 1)) == "ana"
