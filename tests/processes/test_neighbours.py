"""Agents in one folder: told apart where the kernel shows it, else refused with each one named.

Real processes, with the command lines that the real agents were seen to have.
"""

import os
import sys
import time

import pytest

from costtop.processes.evidence.evidence_nouns import Wanted
from costtop.processes.evidence.search import search
from costtop.processes.evidence.sole_agent import SoleAgents
from costtop.processes.inspect import linux
from tests.processes.conftest import ACTOR
from tests.processes.test_sole_agent import Writer

# Where each agent's program lies: as a command, or as a script that node or python runs.
PROGRAMS = {
    "claude-code": "bin/claude",
    "codex": "bin/codex",
    "gemini-cli": "lib/node_modules/.bin/gemini",
    "qwen-code": "lib/node_modules/.bin/qwen",
    "opencode": "bin/opencode",
    "copilot": "bin/copilot",
    "pi": "bin/pi",
    "goose": "bin/goose",
    "kimi": "bin/kimi",
    "amp": "lib/node_modules/@sourcegraph/amp/dist/main.js",
}
VARIABLES = {
    "claude-code": "CLAUDE_CODE_SESSION_ID",
    "codex": "CODEX_THREAD_ID",
    "goose": "AGENT_SESSION_ID",
    "amp": "AMP_CURRENT_THREAD_ID",
}
# Of this run alone: a command line names its session wherever it runs, also for tests beside us.
NAME = f"a1b2-{os.getpid()}"
every = pytest.mark.parametrize("source", sorted(PROGRAMS))


@pytest.fixture
def agent(stage, tmp_path):
    """Starts one of an agent's program in the current folder; its pid."""

    def start(source: str, name: str, *words: str) -> int:
        path = tmp_path / PROGRAMS[source]
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(ACTOR) as file:
            path.write_text(file.read())
        program = [sys.executable, "-I", "-S", str(path)]
        return int(stage.start(f"name={name}", *words, program=program))

    return start


def session(source: str, name: str = NAME, **facts: object) -> Wanted:
    now = time.time_ns() // 1_000_000
    known = {"cwd": os.getcwd(), "started": now, "last": now, **facts}
    return Wanted(f"{source}/{name}", source, (name,), **known)


@every
def test_one_that_is_alone_is_the_one(agent, look, source):
    pid = agent(source, "alone")
    (found,) = look(session(source))
    assert (found.process.pid, found.confidence, found.refusal) == (pid, "weak", "")


@every
async def test_two_are_refused_with_what_speaks_for_each_until_one_is_named(
    agent, stage, hand, look, all_steps, source
):
    pids = [agent(source, name) for name in ("one", "two")]
    beside = agent("gemini-cli" if source != "gemini-cli" else "pi", "another")
    (found,) = look(session(source))
    assert found.process is None
    for pid in pids:
        assert f"{pid}: " in found.refusal
    assert "2 in the session's folder" in found.refusal and "--pid" in found.refusal
    assert "before its first call" in found.refusal
    for typed in (None, beside, os.getpid(), 1):
        for act in (hand.actions.pause, hand.actions.kill):
            steps = await all_steps(act(found.session, None, typed))
            assert steps[-1].outcome == "refused"
    assert stage.lives("one") and stage.lives("two") and stage.lives("another")
    assert str(pids[1]) in hand.actions.plan(found.session, typed=pids[1])[0].words
    steps = await all_steps(hand.actions.kill(found.session, None, pids[1]))
    assert steps[-1].success
    stage.ended("two")
    assert stage.lives("one") and stage.lives("another")


async def test_a_candidate_that_has_gone_is_not_replaced_by_who_has_its_number(
    agent, stage, hand, look, all_steps
):
    pid = agent("kimi", "one")
    agent("kimi", "two")
    (found,) = look(session("kimi"))
    stage.end_of("one")
    stage.ended("one")
    stage.reap()
    steps = await all_steps(hand.actions.kill(found.session, None, pid))
    assert steps[-1].outcome == "refused" and stage.lives("two")


@every
@pytest.mark.parametrize("words", [("--resume", "{}"), ("--session={}",), ("resume", "{}")])
def test_two_are_told_apart_by_a_command_line_that_names_the_session(agent, look, source, words):
    agent(source, "one")
    pid = agent(source, "two", *[word.format(NAME) for word in words])
    (found,) = look(session(source))
    assert (found.process.pid, found.confidence, found.refusal) == (pid, "strong", "")


def test_a_command_line_may_name_the_sessions_log(agent, look, tmp_path):
    agent("pi", "one")
    pid = agent("pi", "two", "--session", str(tmp_path / "log.jsonl"))
    (found,) = look(session("pi", logs=(str(tmp_path / "log.jsonl"),)))
    assert (found.process.pid, found.confidence) == (pid, "strong")


@pytest.mark.parametrize("name", ["-y", "session", "hello", "--resume"])
def test_a_session_that_is_called_as_any_word_of_a_command_line_is_named_by_none(agent, look, name):
    agent("goose", "one", "session", "-y", "hello")
    agent("goose", "two")
    assert look(session("goose", name))[0].process is None


@pytest.mark.parametrize("source", sorted(VARIABLES))
def test_two_are_told_apart_by_what_their_children_carry(agent, look, source):
    agent(source, "one")
    pid = agent(source, "two", f"env={VARIABLES[source]}={NAME}", "child=name=tool")
    (found,) = look(session(source))
    assert (found.process.pid, found.confidence, found.refusal) == (pid, "strong", "")


@every
def test_two_are_told_apart_by_the_log_that_one_holds_open(agent, look, tmp_path, source):
    logs = [tmp_path / name for name in ("one.jsonl", "two.jsonl")]
    pids = [agent(source, log.stem, f"open={log}") for log in logs]
    found = look(*(session(source, log.stem, logs=(str(log),)) for log in logs))
    assert [(one.process.pid, one.confidence, one.refusal) for one in found] == [
        (pid, "exact", "") for pid in pids
    ]


@pytest.mark.parametrize("source", ["opencode", "goose", "copilot"])
def test_a_database_that_all_have_open_shows_nothing_of_one_session(agent, look, tmp_path, source):
    log = tmp_path / f"{source}.db"
    pids = [agent(source, name, f"open={log}") for name in ("one", "two")]
    found = look(*(session(source, name, logs=(str(log),)) for name in ("s1", "s2")))
    for one in found:
        assert one.process is None and all(f"{pid}: " in one.refusal for pid in pids)


@pytest.mark.parametrize("source", ["gemini-cli", "qwen-code"])
def test_an_agent_that_has_started_itself_anew_is_one(agent, look, source):
    pid = agent(source, "alone", "child=name=anew")
    (found,) = look(session(source))
    assert (found.process.pid, found.confidence) == (pid, "weak")
    second = agent(source, "second", "child=name=second-anew")
    (found,) = look(session(source, "other"))
    assert f"{pid}: " in found.refusal and f"{second}: " in found.refusal
    assert found.refusal.count("before its first call") == 2


def test_one_that_began_after_the_latest_call_is_not_the_one(agent, look):
    pid = agent("kimi", "one")
    began = linux.born(linux.glance(pid).start)
    late = session("kimi", started=began + 100, last=began + 200)
    time.sleep(2.4)
    agent("kimi", "two")
    (found,) = look(late)
    assert (found.process.pid, found.confidence) == (pid, "weak")
    assert "one of 2 in the session's folder" in found.evidence


def test_one_that_still_calls_elsewhere_is_not_the_one(agent, look):
    agent("goose", "one", "--resume", "other")
    pid = agent("goose", "two")
    now = time.time_ns() // 1_000_000
    other = session("goose", "other", started=now - 5000, last=now + 1000)
    assert look(session("goose"), other)[0].process.pid == pid
    gone_on = other._replace(last=now - 1000)  # it may have begun the new one
    assert look(session("goose", "third"), gone_on)[0].process is None


@pytest.fixture
def writers(tmp_path):
    """Two agents that write where they are told to."""
    here = tmp_path / "project"
    here.mkdir()
    made = [Writer(tmp_path / "gemini", here) for _ in range(2)]
    yield here, made
    for one in made:
        one.end()


def test_of_two_the_one_that_alone_writes_as_the_session_calls_is_known(
    writers, hand, root, tmp_path
):
    here, (idle, busy) = writers
    log, lone = tmp_path / "log", SoleAgents()

    def look(last: int) -> object:
        one = session("gemini-cli", cwd=str(here), logs=(str(log),), started=1, last=last)
        hand.holder.take([one], lone.weighed([one], search([one], [root]), linux))
        return hand.holder.find(one.session)

    busy.write(log)
    assert look(1000).process is None
    busy.write(log)
    found = look(2000)
    assert (found.process.pid, found.confidence) == (busy.process.pid, "strong")
    assert "alone writes as it calls" in found.evidence
    assert look(2000) == found  # it stays known
    third = session("gemini-cli", "c3", cwd=str(here), started=1500, last=1600)
    one = session("gemini-cli", cwd=str(here), logs=(str(log),), started=1, last=2000)
    hand.holder.take([one, third], search([one, third], [root]))
    other = hand.holder.find(third.session)  # the busy one called since that began
    assert (other.process.pid, other.confidence) == (idle.process.pid, "weak")
    idle.write(tmp_path / "elsewhere")
    busy.write(log)
    assert look(3000) == found  # both wrote: it says nothing, and takes nothing back
