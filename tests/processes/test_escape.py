"""What left an agent's tree before anybody looked goes with it, or is named: RELIABILITY.md K4."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from costtop.processes.evidence.evidence_nouns import PeerReport
from costtop.processes.inspect import linux

NAME = f"escape-{os.getpid()}"  # tests run beside each other, and a mark is seen everywhere
MARK = f"env=CLAUDE_CODE_SESSION_ID={NAME}"
SESSION = f"claude-code/{NAME}"


def take(hand, pid):
    hand.holder.report(PeerReport(SESSION, "run", ((pid, linux.glance(pid).start),)))


async def test_a_double_fork_before_the_first_look_is_no_way_out(stage, hand, all_steps):
    pid = stage.start("name=agent", MARK, "orphan=setsid+name=far+ignore=INT,TERM")
    far = linux.glance(stage.pids["far"])
    assert far.parent != pid and far.leader == far.pid  # nothing but its environment is left
    take(hand, pid)
    assert far.pid in hand.actions.plan(SESSION)[1].pids
    steps = await all_steps(hand.actions.kill(SESSION))
    assert steps[-1].outcome == "gone"
    assert not stage.lives("far")


async def test_an_orphan_of_another_session_is_left_alone(stage, hand, all_steps):
    pid = stage.start("name=agent", "env=CLAUDE_CODE_SESSION_ID=another", "orphan=setsid+name=far")
    take(hand, pid)
    assert (await all_steps(hand.actions.kill(SESSION)))[-1].outcome == "gone"
    assert stage.lives("far")


async def test_a_multiplexer_that_an_agent_started_and_what_is_in_it_live_on_and_are_named(
    stage, hand, all_steps
):
    pid = stage.start("name=agent", program=stage.program("claude"))
    take(hand, pid)
    environ = {**os.environ, "CLAUDE_CODE_SESSION_ID": NAME}
    inner = f"{shlex.join(stage.program('server'))} name=work & echo ready host $$; wait"
    outer = ["bash", "-c", f"exec -a tmux bash -c {shlex.quote(inner)}"]
    words = ("name=host", "child=name=work")  # what is waited for
    host = stage.start(*words, program=outer, env=environ, start_new_session=True)
    steps = await all_steps(hand.actions.kill(SESSION))
    assert f"{host} was left alone" in steps[-1].what
    assert stage.lives("host") and stage.lives("work")


async def test_an_answer_names_what_it_cannot_see(stage, hand, all_steps):
    pid = stage.start("name=agent")
    take(hand, pid)
    steps = await all_steps(hand.actions.kill(SESSION))
    assert steps[-1].outcome == "gone"
    assert "what had left it with another environment is not seen" in steps[-1].what


async def test_of_a_run_even_what_has_cleared_its_environment_goes(
    stage, hand, all_steps, home, until
):
    """`costtop run` gets the orphans of its command: the kernel gives them to nobody else."""
    job = (
        "env -i setsid sh -c 'sleep 47 & echo $!' > far; echo $$ > young; mv young up;"
        " while :; do sleep 0.05; done"
    )
    command = ["costtop", "run", "-q", "--", "sh", "-c", job]
    runner = subprocess.Popen([sys.executable, "-P", "-m", *command])  # noqa: ASYNC220
    try:
        until(Path("up").exists)
        pid, far = (int(Path(name).read_text()) for name in ("up", "far"))
        until(lambda: linux.glance(far).parent == runner.pid)
        assert not linux.environ(far, ("COSTTOP_RUN",))
        take(hand, pid)
        steps = await all_steps(hand.actions.kill(SESSION))
        assert steps[-1].outcome == "gone" and "not seen" not in steps[-1].what
        now = linux.glance(far)
        assert now is None or now.state == "Z"
    finally:
        runner.kill()
        runner.wait()


async def test_a_run_whose_costtop_was_killed_takes_no_stranger_with_it(
    stage, hand, all_steps, home, until
):
    """Its command is then below the system, or the user's service manager, like all of theirs."""
    code = "import ctypes, subprocess, sys, time; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\n"
    code += "subprocess.Popen(['sleep', '47'], start_new_session=True)\n"
    code += "subprocess.Popen(sys.argv[1:], start_new_session=True); time.sleep(60)"
    job = "echo $$ > young; mv young up; while :; do sleep 0.05; done"
    run = [sys.executable, "-P", "-m", "costtop", "run", "-q", "--", "sh", "-c", job]
    manager = subprocess.Popen([sys.executable, "-c", code, *run])  # noqa: ASYNC220
    below = []
    try:
        until(Path("up").exists)
        pid = int(Path("up").read_text())
        take(hand, pid)
        runner = linux.glance(pid).parent
        os.kill(runner, 9)
        until(lambda: linux.glance(pid).parent == manager.pid)
        steps = await all_steps(hand.actions.kill(SESSION))
        assert steps[-1].outcome == "gone"
        assert "not seen" in steps[-1].what
        below = [one for one in linux.census().values() if one.parent == manager.pid]
        assert [one.name for one in below if one.state != "Z"] == ["sleep"]
    finally:
        for one in below:
            os.kill(one.pid, 9)
        manager.kill()
        manager.wait()
