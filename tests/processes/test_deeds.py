"""Pause, resume, kill as the daemon calls them: who hears what, and what is refused."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from costtop.processes.handle import hold
from costtop.processes.inspect import linux
from costtop.processes.kill.cgroup import PREFIX, Scope, scope_of
from costtop.processes.kill.ladder import Pace, ending
from tests.patience import PATIENCE

CGROUPS = next(
    (
        line.split()[4]
        for line in Path("/proc/self/mountinfo").read_text().splitlines()
        if " - cgroup2 " in line
    )
    if Path("/proc/self/mountinfo").exists()
    else iter(()),
    "",
)


def state(pid):
    return linux.glance(pid).state


async def test_pause_stops_the_tree_and_resume_continues_it(stage, hand, all_steps):
    pid = stage.start("name=agent", "child=setsid+name=one")
    session = hand.take(pid)
    plan = hand.actions.plan_pause(session)
    assert set(plan[0].pids) == {pid, stage.pids["one"]}
    steps = await all_steps(hand.actions.pause(session))
    assert steps[-1].outcome == "done"
    assert (state(pid), state(stage.pids["one"])) == ("T", "T")
    steps = await all_steps(hand.actions.resume(session))
    assert steps[-1].outcome == "done"
    assert (state(pid), state(stage.pids["one"])) == ("S", "S")


async def test_a_paused_process_is_killed_without_waking_up_for_more(stage, hand, all_steps):
    session = hand.take(stage.start("name=agent", "ignore=INT,TERM"))
    await all_steps(hand.actions.pause(session))
    steps = await all_steps(hand.actions.kill(session))
    assert [step.rung for step in steps if step.outcome == "sent"] == ["SIGTERM", "SIGKILL"]
    assert steps[-1].outcome == "gone"


async def test_two_who_kill_at_once_hear_one_and_the_same_ladder(stage, hand, all_steps):
    session = hand.take(stage.start("name=agent", "ignore=INT"))
    first, second = await asyncio.gather(
        all_steps(hand.actions.kill(session)), all_steps(hand.actions.kill(session))
    )
    assert first == second
    assert [step.rung for step in first if step.outcome == "sent"] == ["SIGINT", "SIGTERM"]


async def test_a_kill_goes_on_when_nobody_listens_any_more(stage, hand):
    session = hand.take(stage.start("name=agent", "ignore=INT,TERM"))
    async with contextlib.aclosing(hand.actions.kill(session)) as deed:
        async for step in deed:
            assert step.rung == "SIGINT"
            break
    await until(lambda: not stage.lives("agent"))


async def test_no_other_deed_begins_while_one_is_under_way(stage, hand, all_steps):
    session = hand.take(stage.start("name=agent", "ignore=INT"))
    deed = hand.actions.kill(session)
    await anext(deed)
    steps = await all_steps(hand.actions.pause(session))
    assert steps[-1].outcome == "refused"
    assert "a kill of process" in steps[-1].what
    assert [step async for step in deed][-1].outcome == "gone"


async def test_the_loop_runs_on_while_a_ladder_waits(stage, hand, all_steps):
    session = hand.take(stage.start("name=agent", "ignore=INT,TERM"))
    gaps = []

    async def beat():
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            gaps.append(time.monotonic() - before)

    pulse = asyncio.create_task(beat())
    await all_steps(hand.actions.kill(session))
    pulse.cancel()
    assert len(gaps) > 20  # 0.8 s of waiting; a blocked loop would give one or two


async def test_no_handles_are_left_behind(stage, hand, all_steps):
    session = hand.take(stage.start("name=agent", "child=name=one", "ignore=INT"))
    before = len(os.listdir("/proc/self/fd"))
    hand.actions.plan(session)
    await all_steps(hand.actions.kill(session))
    assert len(os.listdir("/proc/self/fd")) == before


async def test_a_session_without_a_process_is_refused(hand, all_steps):
    steps = await all_steps(hand.actions.kill("costtop/none"))
    assert [step.outcome for step in steps] == ["refused"]
    assert "no process is known" in steps[0].what


async def test_the_agent_above_the_asking_screen_is_refused(stage, hand, all_steps):
    session = hand.take(stage.start("name=agent", "child=name=screen"))
    steps = await all_steps(hand.actions.kill(session, asker=stage.pids["screen"]))
    assert steps[-1].outcome == "refused"
    assert stage.lives("agent")


def test_the_default_ladder_takes_fifteen_seconds_at_most():
    pace = Pace()
    assert pace.interrupt <= 5
    assert pace.interrupt + pace.terminate + pace.kill <= 15


async def test_fresh_children_do_not_escape_the_last_rung(stage, hand, all_steps, tmp_path):
    # It forks without end and ignores what can be ignored; each child lives a moment.
    code = (
        "import os,signal,time\n"
        "for s in (2, 15): signal.signal(s, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN); signal.alarm(30)\n"
        "print('ready agent', os.getpid(), flush=True)\n"
        "while True:\n"
        "  if os.fork() == 0: time.sleep(0.5); os._exit(0)\n"
        "  time.sleep(0.005)\n"
    )
    pid = stage.start("name=agent", program=[sys.executable, "-ISc", code], start_new_session=True)
    steps = await all_steps(hand.actions.kill(hand.take(pid)))
    assert steps[-1].outcome == "gone"
    left = [one for one in linux.census().values() if one.leader == pid and one.state != "Z"]
    assert left == []


@pytest.fixture
def scope(stage):
    """A control group named as `costtop run` names them."""
    if os.getuid() != 0 or not os.access(CGROUPS or "/nonexistent", os.W_OK):
        pytest.skip("needs a control group (version 2) that the test may divide")
    folder = Path(CGROUPS) / f"{PREFIX}test-{os.getpid()}.scope"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"control groups cannot be made here: {error}")
    yield folder
    stage.end_of("agent", "far")
    end = time.monotonic() + PATIENCE
    while (folder / "cgroup.procs").read_text() and time.monotonic() < end:
        time.sleep(0.01)
    folder.rmdir()


async def test_what_daemonised_inside_our_control_group_goes_too(stage, hand, all_steps, scope):
    pid = stage.start("name=agent", "ignore=INT,TERM")
    far = stage.start("name=far", "setsid", "ignore=INT,TERM")
    for one in (pid, far):
        (scope / "cgroup.procs").write_text(str(one))
    assert scope_of(pid).members() == {pid, far}
    assert scope_of(stage.pids["beside"]) is None
    steps = await all_steps(hand.actions.kill(hand.take(pid)))
    assert any("control group" in step.what for step in steps)
    assert not stage.lives("far")


async def test_a_control_group_is_killed_as_a_whole_but_never_with_costtop_in_it(stage, scope):
    (scope / "cgroup.procs").write_text(str(stage.start("name=far", "setsid")))
    mine = Path("/proc/self/cgroup").read_text().partition("0::")[2].strip()
    home = Path(CGROUPS + mine) / "cgroup.procs"
    (scope / "cgroup.procs").write_text(str(os.getpid()))
    try:
        assert not Scope(scope).kill()
    finally:
        home.write_text(str(os.getpid()))
    assert stage.lives("far")
    assert Scope(scope).kill()
    await until(lambda: not stage.lives("far"))


def test_a_process_that_waits_in_the_kernel_is_not_called_gone(stage):
    class Stuck:
        """An inspector that sees every process in the kernel's uninterruptible sleep."""

        def __getattr__(self, name):
            return getattr(linux, name)

        def glance(self, pid):
            return linux.glance(pid)._replace(state="D")

    from costtop.processes.kill.tree import Tree

    handle = hold(stage.start("name=agent"), None, linux)
    with Tree(handle, linux) as tree:
        words, outcome = ending(tree, Stuck())
    handle.close()
    assert outcome == "uninterruptible"
    assert "waits in the kernel" in words


async def test_a_copy_of_a_hold_lives_on_its_own(stage):
    handle = hold(stage.start("name=agent"), None, linux)
    copy = handle.copy()
    handle.close()
    assert copy.send(signal.SIGKILL)
    await until(copy.gone)
    copy.close()


async def until(true, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.01)


async def test_a_process_that_is_just_starting_a_program_stands_still_too(stage, hand, all_steps):
    # vfork: the parent waits in the kernel until its child runs the program.
    code = (
        "import os, signal; signal.alarm(30)\n"
        "print('ready agent', os.getpid(), flush=True)\n"
        "while True:\n"
        "  pid = os.posix_spawn('/bin/true', ['true'], {}); os.waitpid(pid, 0)\n"
    )
    session = hand.take(stage.start("name=agent", program=[sys.executable, "-ISc", code]))
    for _ in range(20):
        steps = await all_steps(hand.actions.pause(session))
        assert (steps[-1].outcome, state(stage.pids["agent"])) == ("done", "T")
        steps = await all_steps(hand.actions.resume(session))
        assert steps[-1].success
