"""A kill of Claude Code costs nothing more: at a tool, interrupted, it sends one more request."""

import os

import pytest

from costtop.processes.inspect import linux

MARK = f"env=CLAUDE_CODE_SESSION_ID=free-{os.getpid()}"


@pytest.fixture
def bill(tmp_path):
    return tmp_path / "bill"


def claude(stage, bill, *words):
    program = stage.program("claude")
    return stage.start("name=agent", MARK, f"resend={bill}", *words, program=program)


async def test_at_a_tool_it_is_stopped_and_ended_at_once(stage, hand, bill, all_steps):
    session = hand.take(claude(stage, bill, "child=setsid+name=tool"))
    (rung,) = hand.actions.plan(session)
    assert rung.rung == "SIGKILL" and "sends one more request" in rung.words
    steps = await all_steps(hand.actions.kill(session))
    assert [step.rung for step in steps] == ["SIGKILL", ""] and steps[-1].outcome == "gone"
    assert not bill.exists() and not stage.lives("tool")


async def test_so_is_one_that_is_paused(stage, hand, bill, all_steps):
    session = hand.take(claude(stage, bill))
    assert (await all_steps(hand.actions.pause(session)))[-1].success
    assert (await all_steps(hand.actions.kill(session)))[-1].outcome == "gone"
    assert not bill.exists()


async def test_between_its_tools_it_is_asked_politely(stage, hand, bill, all_steps):
    session = hand.take(claude(stage, bill, "child=name=server"))
    stage.end_of("server")
    stage.ended("server")
    steps = await all_steps(hand.actions.kill(session))
    assert steps[0].rung == "SIGINT" and steps[-1].outcome == "gone"
    assert bill.read_text() == "request\n"  # so the stand-in does what was measured


async def test_what_it_was_given_itself_is_no_sign_of_a_tool(stage, hand, bill, all_steps):
    program = stage.program("claude")
    env = {**os.environ, "CLAUDE_CODE_SESSION_ID": f"outer-{os.getpid()}"}
    pid = stage.start("name=agent", "exit=INT", "child=name=server", program=program, env=env)
    steps = await all_steps(hand.actions.kill(hand.take(pid)))
    assert steps[0].rung == "SIGINT"


async def test_a_lower_rung_is_climbed_where_it_is_asked_for(stage, hand, bill, all_steps):
    pid = claude(stage, bill, "child=setsid+name=tool")
    session = hand.take(pid)
    steps = await all_steps(hand.actions.kill(session, last="SIGINT"))
    assert steps[0].rung == "SIGINT" and bill.read_text() == "request\n"
    assert linux.glance(stage.pids["tool"]) is not None


async def test_other_agents_are_asked_politely_at_a_tool_too(stage, hand, bill, all_steps):
    program = stage.program("codex")
    words = (MARK, f"resend={bill}", "child=setsid+name=tool")
    session = hand.take(stage.start("name=agent", *words, program=program))
    steps = await all_steps(hand.actions.kill(session))
    assert steps[0].rung == "SIGINT" and steps[-1].outcome == "gone"


async def test_a_lower_rung_says_before_what_it_may_cost(stage, hand, bill):
    session = hand.take(claude(stage, bill, "child=setsid+name=tool"))
    (rung,) = hand.actions.plan(session, last="SIGINT")
    assert rung.rung == "SIGINT" and "sends one more request" in rung.words


@pytest.mark.parametrize(("word", "waits"), [("run", "0.2 s"), ("serve", "0.4 s")])
async def test_one_that_works_on_through_signals_is_not_waited_for(
    stage, hand, all_steps, word, waits
):
    program = stage.program("opencode")
    pid = stage.start(word, "name=agent", "ignore=INT,TERM", program=program)
    session = hand.take(pid)
    plan = hand.actions.plan(session)
    assert [rung.rung for rung in plan] == ["SIGINT", "SIGTERM", "SIGKILL"]
    assert all(f"then up to {waits}" in rung.words for rung in plan[:2])
    assert (await all_steps(hand.actions.kill(session)))[-1].outcome == "gone"


async def test_codex_that_is_paused_is_not_woken_to_end(stage, hand, bill, all_steps):
    words = (MARK, f"resend={bill}", "child=setsid+name=tool")
    session = hand.take(stage.start("name=agent", *words, program=stage.program("codex")))
    assert (await all_steps(hand.actions.pause(session)))[-1].success
    steps = await all_steps(hand.actions.kill(session))
    assert [step.rung for step in steps] == ["SIGKILL", ""] and steps[-1].outcome == "gone"
    assert not bill.exists() and not stage.lives("tool")
