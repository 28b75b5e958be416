"""What the gate decides and tells, in this process: a real store, a real socket, each condition."""

import json

import pytest

from costtop import paths
from costtop.hooks import gate, quick
from costtop.hooks.dialects import dialect_of
from costtop.store import gating
from costtop.store.alerts import breakers
from costtop.store.db import open_writer
from tests.hooks.conftest import heard, now

CLAUDE = dialect_of("claude-code")
ASK = {"session_id": "s1", "hook_event_name": "PreToolUse", "tool_name": "Bash",
       "tool_input": {"command": "make test"}}  # fmt: skip
PROMPT = {"session_id": "s1", "hook_event_name": "UserPromptSubmit", "prompt": "go on"}


def judged(asked, dialect=CLAUDE):
    answer, kind = gate._judge(dialect, json.dumps(asked).encode())
    return (json.loads(answer) if answer else ""), kind


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["--agent", "codex"], "codex"),
        (["--agent=codex"], "codex"),
        (["--agents=codex"], ""),
        (["x", "--agent", "qwen", "y"], "qwen"),
        (["codex"], ""),
        ([], ""),
    ],
)
def test_the_agent_is_named_by_an_option(arguments, name):
    assert gate._named(arguments) == name


def test_an_open_gate_and_one_without_a_session_are_neutral(stored):
    assert judged(ASK) == ("", "")
    assert judged({**ASK, "session_id": ""}) == ("", "")
    gemini = dialect_of("gemini")
    text = json.dumps({**ASK, "hook_event_name": "BeforeTool"}).encode()
    assert gate._judge(gemini, text) == (gemini.NEUTRAL, "")


def test_without_a_session_not_even_the_store_is_opened(home):
    assert not paths.find().database.exists()
    assert gate._judge(CLAUDE, b"{}") == (CLAUDE.NEUTRAL, "")


def test_a_closed_gate_refuses_a_tool_and_a_prompt(hold):
    hold("gate")
    answer, kind = judged(ASK)
    assert kind == "deny"
    assert answer["hookSpecificOutput"]["permissionDecision"] == "deny"
    answer, kind = judged(PROMPT)
    assert (answer["decision"], kind) == ("block", "deny")


def test_a_hook_that_cannot_refuse_says_nothing(hold):
    hold("gate")
    assert judged({**ASK, "hook_event_name": "SessionStart"}) == ("", "")


def test_a_soft_stop_ends_the_turn_and_a_prompt_lifts_it(stored):
    with open_writer(paths.find().database) as db:
        breakers.stop_session(db, "claude-code/s1", "enough", now())
    db.close()
    answer, kind = judged(ASK)
    assert (answer["continue"], kind) == (False, "stop")
    assert judged(PROMPT) == ("", "")


def test_one_request_for_a_summary_passes_an_agent_that_argued_and_nothing_else_of_it(hold):
    hold("gate")
    gemini = dialect_of("gemini")
    request = {"session_id": "s9", "hook_event_name": "BeforeModel", "prompt": ""}
    tool = {**ASK, "session_id": "s9", "hook_event_name": "BeforeTool"}
    with open_writer(paths.find().database) as db:
        breakers.denied(db, "gemini-cli/s9", now())
    db.close()
    assert judged(request, gemini) == ({}, "summary")
    assert judged(tool, gemini)[1] == "stop"  # it may not go on with a tool


def test_no_summary_passes_where_nothing_argued_or_the_turn_is_to_end(hold):
    gemini = dialect_of("gemini")
    request = {"session_id": "s9", "hook_event_name": "BeforeModel", "prompt": ""}
    hold("gate")
    assert judged(request, gemini)[1] != "summary"
    hold("stop", budget="other")
    answer, kind = judged(request, gemini)
    assert kind == "stop" and answer


def test_a_file_may_be_saved_for_a_minute_after_the_gate_closed(hold):
    save = {**ASK, "tool_name": "Write", "tool_input": {"file_path": "x", "content": "y"}}
    assert gating.PATIENCE == 60_000
    hold("gate", opened=now() - 55_000)
    assert judged(save) == ("", "")
    assert judged(ASK)[1] == "deny"


@pytest.mark.parametrize(("age", "kind"), [(59_999, ""), (60_000, "deny")])
def test_the_minute_ends_to_the_millisecond(hold, monkeypatch, age, kind):
    save = {**ASK, "tool_name": "Write", "tool_input": {"file_path": "x", "content": "y"}}
    present = now()
    hold("gate", opened=present - age)
    monkeypatch.setattr(quick, "now", lambda: present)
    assert judged(save)[1] == kind


def test_and_not_any_more_after_that(hold):
    save = {**ASK, "tool_name": "Write", "tool_input": {"file_path": "x", "content": "y"}}
    hold("gate", opened=now() - 60_001)
    assert judged(save)[1] == "deny"


def test_three_commits_pass_a_hold_and_no_fourth(hold):
    commit = {**ASK, "tool_input": {"command": "git commit -am wip"}}
    opened = now() - 300_000
    hold("gate", opened=opened)
    for _ in range(3):
        assert judged(commit) == ("", "commit")
        with open_writer(paths.find().database) as db:
            breakers.spared(db, "claude-code/s1", opened, "commit")
        db.close()
    assert judged(commit)[1] == "deny"
    assert judged({**ASK, "tool_input": {"command": "git status"}}) == ("", "look")
    with open_writer(paths.find().database) as db:
        breakers.end(db, [one.id for one in breakers.open_ones(db, now())], "test", now())
    db.close()
    hold("gate", opened=opened + 1)  # the next hold
    assert judged(commit) == ("", "commit")


@pytest.fixture
def daemon(ear):
    """The daemon's socket; gives the lines that it is sent."""
    return lambda: heard(ear)


# A hook's process ends at once, so it leaves its socket to the kernel.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("asked", "said", "event"),
    [
        (ASK, "", "PreToolUse"),
        (ASK, "deny", "PreToolUse"),
        (PROMPT, "", "prompt"),
        (PROMPT, "deny", "UserPromptSubmit"),
    ],
)
def test_the_daemon_is_told_who_asked_and_a_prompt_only_where_it_passed(daemon, asked, said, event):
    gate._tell(CLAUDE, json.dumps(asked).encode(), said)
    told = daemon()
    assert told["do"] == "hook"
    assert (told["source"], told["session"]) == ("claude-code", "s1")
    assert (told["event"], told["said"]) == (event, said)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_names_no_session_is_not_told(ear):
    assert gate._tell(CLAUDE, json.dumps(ASK).encode(), "")
    assert not gate._tell(CLAUDE, b"{}", "")


def test_it_ends_well_whatever_happens(capfd, monkeypatch):
    assert gate.main([]) == 0
    assert gate.main(["--agent", "nobody"]) == 0
    gate._put("")
    gate._put("said")
    assert capfd.readouterr() == ("said\n", "")
