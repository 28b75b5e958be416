"""The kill ladder on real processes: RELIABILITY.md K2, K3, K4."""

import os
import signal
import sys
from pathlib import Path

import pytest

from costtop.processes.actions import Actions
from costtop.processes.handle import hold
from costtop.processes.inspect import linux, psutil_
from costtop.processes.kill.ladder import LADDER, Pace
from costtop.processes.kill.tree import Tree

ACTOR = str(Path(__file__).with_name("actor.py"))


def in_group(number):
    code = f"import os,runpy,sys; os.setpgid(0, {number}); runpy.run_path(sys.argv[1], {{}}, 'a')"
    code = code.replace("sys.argv[1]", "sys.argv.pop(1)")
    return [sys.executable, "-ISc", code, ACTOR]


def rungs(steps):
    return [step.rung for step in steps if step.outcome == "sent"]


async def test_a_polite_process_goes_at_the_first_rung(stage, hand, all_steps):
    session = hand.take(stage.start("name=agent", "exit=INT"))
    steps = await all_steps(Actions(hand.holder, hand.vitals).kill(session))  # waits of 5 s
    assert rungs(steps) == ["SIGINT"]
    assert steps[-1].outcome == "gone"
    assert steps[-1].success
    assert not stage.lives("agent")


async def test_a_process_proof_against_int_goes_at_term(stage, hand, all_steps):
    session = hand.take(stage.start("name=agent", "ignore=INT"))
    steps = await all_steps(hand.actions.kill(session))
    assert rungs(steps) == ["SIGINT", "SIGTERM"]
    assert [step.outcome for step in steps] == ["sent", "stays", "sent", "gone"]
    assert not stage.lives("agent")


async def test_nobody_waits_for_a_process_that_ignores_int(stage, hand, all_steps):
    session = hand.take(stage.start("name=agent", "ignore=INT"))
    patient = Actions(hand.holder, hand.vitals, Pace(interrupt=3600))
    assert rungs(await all_steps(patient.kill(session))) == ["SIGINT", "SIGTERM"]


async def test_a_stubborn_process_goes_at_kill(stage, hand, all_steps):
    session = hand.take(stage.start("name=agent", "ignore=INT,TERM"))
    steps = await all_steps(hand.actions.kill(session))
    assert rungs(steps) == list(LADDER)
    assert steps[-1].outcome == "gone"
    assert not stage.lives("agent")


async def test_the_ladder_goes_no_further_than_asked(stage, hand, all_steps):
    session = hand.take(stage.start("name=agent", "ignore=INT,TERM"))
    steps = await all_steps(hand.actions.kill(session, last="SIGTERM"))
    assert rungs(steps) == ["SIGINT", "SIGTERM"]
    assert steps[-1].outcome == "alive"
    assert not steps[-1].success
    assert stage.lives("agent")


async def test_a_stopped_process_gets_no_int_and_is_continued_after_term(
    stage, hand, all_steps, until
):
    pid = stage.start("name=agent")
    session = hand.take(pid)
    os.kill(pid, signal.SIGSTOP)
    until(lambda: linux.glance(pid).state == "T")
    assert [rung.rung for rung in hand.actions.plan(session)] == ["SIGTERM", "SIGKILL"]
    steps = await all_steps(hand.actions.kill(session))
    assert steps[0].outcome == "passed over"
    assert "SIGCONT" in steps[1].what
    assert rungs(steps) == ["SIGTERM"]
    assert not stage.lives("agent")


async def test_children_and_those_with_a_session_of_their_own_go_too(stage, hand, all_steps):
    pid = stage.start("name=agent", "child=name=one+ignore=INT", "child=setsid+name=two")
    session = hand.take(pid)
    plan = hand.actions.plan(session)
    # Ctrl-C does not reach another terminal session.
    assert set(plan[0].pids) == {pid, stage.pids["one"]}
    assert set(plan[1].pids) == {pid, stage.pids["one"], stage.pids["two"]}
    steps = await all_steps(hand.actions.kill(session))
    assert steps[-1].outcome == "gone"
    assert not any(stage.lives(name) for name in ("agent", "one", "two"))


async def test_a_child_that_survives_its_parent_is_still_killed(stage, hand, all_steps):
    pid = stage.start("name=agent", "exit=INT", "child=setsid+name=stubborn+ignore=INT,TERM")
    session = hand.take(pid)
    steps = await all_steps(hand.actions.kill(session))
    assert rungs(steps) == list(LADDER)
    assert not stage.lives("stubborn")


async def test_an_orphan_in_the_group_of_the_agent_goes_too(stage, hand, all_steps):
    pid = stage.start("name=agent", "setsid", "orphan=name=orphan")
    assert linux.glance(stage.pids["orphan"]).parent != pid
    steps = await all_steps(hand.actions.kill(hand.take(pid)))
    assert steps[-1].outcome == "gone"
    assert not stage.lives("orphan")


async def test_the_rest_of_a_pipeline_is_left_alone(stage, hand, all_steps):
    pid = stage.start("name=agent", program=in_group(0))
    stage.start("name=tee", program=in_group(pid))
    assert linux.glance(stage.pids["tee"]).group == pid
    steps = await all_steps(hand.actions.kill(hand.take(pid)))
    assert steps[-1].outcome == "gone"
    assert stage.lives("tee")


def test_a_group_named_after_another_process_is_not_the_agents(stage):
    pid = stage.start("name=agent")
    root = hold(pid, None, linux)
    with Tree(root, linux) as tree:
        stranger = linux.glance(pid)._replace(pid=2**22 - 1, parent=1, group=pid, leader=5)
        owner = linux.glance(pid)
        assert tree._left(stranger, {pid: owner})
        assert tree._left(stranger, {})
        assert not tree._left(stranger, {pid: owner._replace(start=owner.start + 1)})
    root.close()


async def test_an_orphan_that_was_seen_before_goes_too(stage, hand, all_steps, until):
    pid = stage.start("name=agent", "child=name=between+child=setsid~name=far")
    session = hand.take(pid)
    stage.grown("far", linux)
    hand.vitals.refresh()
    os.kill(stage.pids["between"], signal.SIGKILL)
    until(lambda: linux.glance(stage.pids["far"]).parent != stage.pids["between"])
    far = linux.glance(stage.pids["far"])
    assert far.parent != pid
    assert far.group == far.pid  # nothing but the earlier look ties it to the agent
    steps = await all_steps(hand.actions.kill(session))
    assert steps[-1].outcome == "gone"
    assert not stage.lives("far")


async def test_a_zombie_is_gone_and_its_parent_is_named(stage, hand, all_steps):
    pid = stage.start("name=agent")
    steps = await all_steps(hand.actions.kill(hand.take(pid)))
    # This test is the parent and has not reaped it.
    assert f"{pid} is gone, parent {os.getpid()} has not reaped it" in steps[-1].what
    assert steps[-1].success
    again = await all_steps(hand.actions.kill("costtop/s"))
    assert again[-1].outcome == "already gone"
    assert "has not reaped it" in again[-1].what


async def test_a_process_that_went_meanwhile_is_a_success(stage, hand, all_steps):
    pid = stage.start("name=agent")
    session = hand.take(pid)
    os.kill(pid, signal.SIGKILL)
    stage.ended("agent")
    stage.reap()
    steps = await all_steps(hand.actions.kill(session))
    assert [step.outcome for step in steps] == ["already gone"]
    assert steps[0].success


async def test_a_zombie_below_the_agent_does_not_hold_it_up(stage, hand, all_steps):
    session = hand.take(stage.start("name=agent", "zombie"))
    steps = await all_steps(hand.actions.kill(session))
    assert rungs(steps) == ["SIGINT"]
    assert steps[-1].outcome == "gone"


class Young:
    """An inspector for which every process has just begun, until they have grown."""

    def __init__(self, inspector):
        self._inspector, self.grown = inspector, False

    def __getattr__(self, name):
        return getattr(self._inspector, name)

    def age(self, start):
        return self._inspector.age(start) if self.grown else 0.5


@pytest.mark.parametrize("inspector", [linux, psutil_], ids=["proc", "psutil"])
async def test_without_pidfds_the_start_time_guards_and_a_young_process_is_refused(
    stage, hand_of, all_steps, inspector
):
    young = Young(inspector)
    hand = hand_of(inspector=young, pidfds=False)
    pid = stage.start("name=agent", "child=name=one+ignore=INT")
    session = hand.take(pid)
    steps = await all_steps(hand.actions.kill(session))
    assert steps[-1].outcome == "refused"
    assert "younger than a second" in steps[-1].what
    young.grown = True
    stage.grown("one", inspector)
    steps = await all_steps(hand.actions.kill(session))
    assert steps[-1].outcome == "gone"
    assert not stage.lives("agent")
    assert not stage.lives("one")
