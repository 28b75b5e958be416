"""What the gate answers, in each agent's own words; and that it never stands in the way."""

import json
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop import paths
from costtop.hooks.dialects import AGENTS, dialect_of
from costtop.model import Mark
from costtop.store.alerts import breakers
from costtop.store.db import open_writer
from costtop.store.sessions import marks
from tests.hooks.conftest import call, now

WHY = 'spent: "all" of it'
CLAUDE = {"session_id": "s1", "hook_event_name": "PreToolUse", "tool_name": "Bash",
          "tool_input": {"command": "make test"}}  # fmt: skip
DENY = {"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "deny",
                               "permissionDecisionReason": WHY}}  # fmt: skip

# (agent, hook, kind of refusal) -> the answer, None where the hook cannot refuse.
ANSWERS = [
    ("claude-code", "PreToolUse", "deny", DENY),
    ("claude-code", "PreToolUse", "stop", {"continue": False, "stopReason": WHY}),
    ("claude-code", "UserPromptSubmit", "stop", {"decision": "block", "reason": WHY}),
    ("claude-code", "SessionStart", "stop", None),
    ("codex", "PreToolUse", "deny", DENY),
    ("codex", "PreToolUse", "stop", DENY),  # `continue` would be an error, and the tool would run
    ("codex", "UserPromptSubmit", "deny", {"decision": "block", "reason": WHY}),
    ("codex", "SessionStart", "deny", None),
    ("gemini", "BeforeTool", "deny", {"decision": "deny", "reason": WHY}),
    ("gemini", "BeforeTool", "stop", {"continue": False, "stopReason": WHY}),
    ("gemini", "BeforeModel", "stop", {"decision": "deny", "reason": WHY}),
    ("gemini", "BeforeModel", "deny", None),  # it may still be asked to commit
    ("gemini", "BeforeAgent", "deny", {"decision": "deny", "reason": WHY}),
    ("copilot", "preToolUse", "stop",
     {"permissionDecision": "deny", "permissionDecisionReason": f"Tell the user: {WHY}",
      "systemMessage": WHY}),
    ("copilot", "userPromptSubmitted", "stop", {"type": "progress", "message": WHY}),
    ("qwen", "PreToolUse", "deny", {"systemMessage": WHY, **DENY}),
    ("qwen", "PreToolUse", "stop",
     {"continue": False, "stopReason": WHY, "systemMessage": WHY, **DENY}),
    ("qwen", "SubmittedPrompt", "deny",
     {"decision": "block", "reason": WHY, "systemMessage": WHY}),
    ("qwen", "UserPromptSubmit", "stop",
     {"decision": "block", "reason": WHY, "systemMessage": WHY}),
    ("qwen", "UserPromptSubmit", "deny", None),  # the result of a commit goes on to the model
]  # fmt: skip

ASKS = {
    "claude-code": CLAUDE,
    "codex": CLAUDE,
    "qwen": CLAUDE,
    "gemini": {**CLAUDE, "hook_event_name": "BeforeTool"},
    "copilot": {"sessionId": "s1", "toolName": "bash", "toolArgs": '{"command": "make test"}'},
}


@pytest.mark.parametrize(("agent", "event", "kind", "answer"), ANSWERS)
def test_every_agent_is_refused_in_its_own_words(agent, event, kind, answer):
    said = dialect_of(agent).refuse(event, kind, WHY)
    assert (None if said is None else json.loads(said)) == answer


@pytest.mark.parametrize("agent", AGENTS)
def test_a_spent_budget_closes_the_gate_of_every_agent(hold, agent):
    hold("gate")
    ran = call("gate", "--agent", agent, text=ASKS[agent])
    assert ran.returncode == 0 and not ran.stderr
    assert "budget daily is spent" in ran.stdout and "costtop override daily" in ran.stdout
    assert json.loads(ran.stdout)


@pytest.mark.parametrize("agent", AGENTS)
def test_a_gate_that_is_open_says_nothing(stored, agent):
    ran = call("gate", f"--agent={agent}", text=ASKS[agent])
    assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, dialect_of(agent).NEUTRAL, "")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"session_id": 7}', "\x00\xff", '"s1"'])
@pytest.mark.parametrize("agent", [*AGENTS, "nobody", ""])
def test_odd_input_lets_everything_pass(hold, agent, text):
    hold("kill")
    ran = call("gate", "--agent", agent, text=text)
    assert ran.returncode == 0 and not ran.stderr
    assert ran.stdout.strip() in {"", "{}"}


def test_without_a_store_everything_passes():
    ran = call("gate", "--agent", "claude-code", text=CLAUDE)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_a_broken_store_lets_everything_pass(stored):
    paths.find().database.write_bytes(b"no database" * 1000)
    ran = call("gate", "--agent", "gemini", text=ASKS["gemini"])
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "{}\n", "")


@pytest.mark.parametrize("action", ["stop", "kill"])
def test_a_breaker_that_ends_sessions_ends_the_turn(hold, action):
    hold(action)
    ran = call("gate", "--agent", "claude-code", text=CLAUDE)
    assert json.loads(ran.stdout)["continue"] is False


def _in_store(change, *arguments) -> None:
    with open_writer(paths.find().database) as db:
        change(db, *arguments)
    db.close()


def test_a_session_marked_runaway_is_stopped_until_it_is_unmarked(stored):
    _in_store(marks.put, Mark("claude-code/s1", "runaway", "ana", now(), "loops"))
    ran = call("gate", "--agent", "claude-code", text=CLAUDE)
    assert "marked runaway: loops" in ran.stdout and "costtop unmark s1" in ran.stdout
    assert json.loads(ran.stdout)["continue"] is False
    _in_store(marks.take_back, "claude-code/s1", "ana", now())
    assert call("gate", "--agent", "claude-code", text=CLAUDE).stdout == ""


def test_a_mark_of_another_kind_holds_nobody(stored):
    _in_store(marks.put, Mark("claude-code/s1", "watch", "ana", now()))
    assert call("gate", "--agent", "claude-code", text=CLAUDE).stdout == ""


def test_a_model_that_argues_is_stopped(hold):
    hold("gate")
    for _ in range(3):
        _in_store(breakers.denied, "claude-code/s1", now())
    ran = call("gate", "--agent", "claude-code", text=CLAUDE)
    assert json.loads(ran.stdout)["continue"] is False


@pytest.mark.parametrize(
    ("budget", "session", "passes"),
    [("", "", True), ("daily", "", True), ("", "claude-code/s1", True),
     ("weekly", "", False), ("", "claude-code/s2", False), ("daily", "claude-code/s2", False)],
)  # fmt: skip
def test_an_override_opens_the_gate_of_what_it_names(hold, budget, session, passes):
    hold("kill")
    _in_store(breakers.override, "ana", budget, session, 60_000, now())
    ran = call("gate", "--agent", "claude-code", text=CLAUDE)
    assert (ran.stdout == "") is passes


def test_an_override_ends(hold):
    hold("gate")
    _in_store(breakers.override, "ana", "", "", 1, now() - 10)
    assert call("gate", "--agent", "claude-code", text=CLAUDE).stdout


def test_a_breaker_holds_no_longer_than_its_period(hold):
    hold("gate", until=now() - 1)
    assert call("gate", "--agent", "claude-code", text=CLAUDE).stdout == ""


@pytest.mark.parametrize(
    ("scope", "holds"),
    [({"source": "claude-*"}, True), ({"source": "codex"}, False), ({"session": "s1"}, True),
     ({"session": "claude-code/s?"}, True), ({"session": "s2"}, False),
     ({"model": "claude-opus-*"}, True), ({"model": "gpt-*"}, False),
     ({"user": "ana"}, False), ({"source": "claude-code", "model": "gpt-*"}, False)],
)  # fmt: skip
def test_a_breaker_holds_only_sessions_of_its_scope(hold, scope, holds):
    hold("gate", scope=tuple(scope.items()))
    ran = call("gate", "--agent", "claude-code", text=CLAUDE)
    assert bool(ran.stdout) is holds


@pytest.mark.parametrize(
    ("excepted", "holds"),
    [
        ((("project", "*/shop"),), False),
        ((("project", "*/shop"), ("model", "gpt-*")), True),
        ((("feature", "release"),), True),
    ],
)
def test_a_breaker_spares_what_matches_all_of_its_exception(hold, excepted, holds):
    hold(excepted=excepted)
    assert (call("gate", "--agent", "claude-code", text=CLAUDE).stdout != "") is holds


def test_of_two_accounts_a_breaker_holds_the_one_in_whose_folder_the_log_is(hold, stored):
    hold(scope=(("source", "claude-code"), ("home", f"{stored}/.claude-work")))
    assert call("gate", "--agent", "claude-code", text=CLAUDE).stdout == ""
    new = f"{stored}/.claude-work/projects/x/s9.jsonl"
    begun = {**CLAUDE, "session_id": "s9", "transcript_path": new}
    assert call("gate", "--agent", "claude-code", text=begun).stdout != ""
    hold(scope=(("source", "claude-code"), ("home", f"{stored}/.claude")))
    assert call("gate", "--agent", "claude-code", text=CLAUDE).stdout != ""


def test_a_new_session_is_held_by_a_budget_for_everything(hold):
    hold("gate")
    assert call("gate", "--agent", "claude-code", text={**CLAUDE, "session_id": "new"}).stdout


def test_a_subagent_is_held_with_its_parent(hold):
    hold("gate", scope=(("session", "s1"),))
    inside = {**CLAUDE, "agent_id": "a1", "agent_type": "explore"}
    assert call("gate", "--agent", "claude-code", text=inside).stdout


def test_a_soft_stop_ends_where_the_user_speaks_again(stored):
    _in_store(breakers.stop_session, "claude-code/s1", "the user stops this session", now())
    assert "continue" in call("gate", "--agent", "claude-code", text=CLAUDE).stdout
    prompt = {"session_id": "s1", "hook_event_name": "UserPromptSubmit", "prompt": "go on"}
    assert call("gate", "--agent", "claude-code", text=prompt).stdout == ""
    other = {**CLAUDE, "session_id": "s2"}
    assert call("gate", "--agent", "claude-code", text=other).stdout == ""


def test_a_budget_refuses_prompts_too(hold):
    hold("gate")
    prompt = {"session_id": "s1", "hook_event_name": "UserPromptSubmit", "prompt": "more!"}
    ran = call("gate", "--agent", "claude-code", text=prompt)
    assert json.loads(ran.stdout)["decision"] == "block"


SHELLS = {
    "claude-code": "Bash",
    "codex": "exec_command",
    "gemini": "run_shell_command",
    "qwen": "run_shell_command",
}


def shell(agent: str, command: str) -> dict[str, object]:
    """What an agent asks its hook before it runs a command."""
    if agent == "copilot":
        return {**ASKS[agent], "toolArgs": json.dumps({"command": command})}
    key = "cmd" if agent == "codex" else "command"
    return {**ASKS[agent], "tool_name": SHELLS[agent], "tool_input": {key: command}}


@pytest.mark.parametrize("agent", AGENTS)
def test_a_commit_passes_a_closed_gate_and_no_list_of_commands(hold, agent):
    hold("stop")
    said = call("gate", "--agent", agent, text=shell(agent, 'git commit -am "wip; done"')).stdout
    assert said.strip() == dialect_of(agent).NEUTRAL
    for command in ('git commit -am "wip" && make', "git push", "costtop budget set daily 99"):
        assert "is spent" in call("gate", "--agent", agent, text=shell(agent, command)).stdout


PROMPTS = {
    "claude-code": {"hook_event_name": "UserPromptSubmit", "prompt": "go on"},
    "codex": {"hook_event_name": "UserPromptSubmit", "prompt": "go on"},
    "gemini": {"hook_event_name": "BeforeAgent", "prompt": "go on"},
    "qwen": {"hook_event_name": "UserPromptSubmit", "prompt": "go on"},
}


@pytest.mark.parametrize("agent", sorted(PROMPTS))
def test_prompts_are_held_where_the_agent_has_a_hook_for_them(hold, agent):
    hold("gate")
    ran = call("gate", "--agent", agent, text={"session_id": "s1", **PROMPTS[agent]})
    answer = json.loads(ran.stdout)
    assert answer["decision"] in {"block", "deny"} and "budget daily is spent" in answer["reason"]


def test_copilot_whose_prompts_cannot_be_held_is_told_in_its_users_timeline(hold):
    hold("gate")
    prompt = {"sessionId": "s1", "prompt": "go on", "cwd": "/"}
    told = json.loads(call("gate", "--agent", "copilot", text=prompt).stdout)
    assert told["type"] == "progress" and "budget daily is spent" in told["message"]


@pytest.mark.parametrize("prompt", [{"prompt": ""}, {"prompt": "x", "submitted_prompt": ""}])
def test_results_of_tools_that_qwen_sends_on_are_no_prompts(hold, prompt):
    hold("gate")  # the result of a commit goes on to the model
    asked = {"session_id": "s1", "hook_event_name": "UserPromptSubmit", **prompt}
    assert call("gate", "--agent", "qwen", text=asked).stdout == ""


@given(st.text(), st.sampled_from(["PreToolUse", "UserPromptSubmit"]), st.sampled_from(AGENTS))
def test_an_answer_is_json_whatever_the_reason_says(why, event, agent):
    said = dialect_of(agent).refuse(event, "deny", why)
    assert said is None or isinstance(json.loads(said), dict)


def test_the_gate_writes_nothing_into_the_store(hold):
    hold("gate")
    database = paths.find().database
    before = sqlite3.connect(database).execute("SELECT * FROM breakers").fetchall()
    call("gate", "--agent", "claude-code", text=CLAUDE)
    with sqlite3.connect(database) as db:
        assert db.execute("SELECT * FROM breakers").fetchall() == before
        assert db.execute("SELECT count(*) FROM denials").fetchone() == (0,)
    db.close()


@pytest.mark.parametrize("agent", AGENTS)
def test_a_gates_sessions_are_those_of_a_source(agent):
    from costtop.processes.evidence.agents import AGENTS as PROGRAMS
    from costtop.sources.registry import SOURCE

    assert dialect_of(agent).SOURCE in SOURCE.keys() & PROGRAMS.keys()


@pytest.mark.parametrize(
    ("agent", "event"), [("gemini", "BeforeModel"), ("qwen", "UserPromptSubmit")]
)
def test_one_summary_passes_after_a_denial_and_no_second(hold, agent, event):
    opened = now() - 120_000
    hold("gate", opened=opened)
    source = dialect_of(agent).SOURCE
    asked = {"session_id": "s9", "hook_event_name": event, "prompt": ""}
    neutral = dialect_of(agent).NEUTRAL
    assert call("gate", "--agent", agent, text=asked).stdout.strip() == neutral
    _in_store(breakers.denied, f"{source}/s9", now())
    assert call("gate", "--agent", agent, text=asked).stdout.strip() == neutral
    _in_store(breakers.spared, f"{source}/s9", opened, "summary")
    assert "is spent" in call("gate", "--agent", agent, text=asked).stdout


@pytest.mark.parametrize(
    ("agent", "event"), [("gemini", "BeforeModel"), ("qwen", "UserPromptSubmit")]
)
def test_no_summary_passes_what_ends_the_turn(hold, agent, event):
    hold("stop")
    asked = {"session_id": "s9", "hook_event_name": event, "prompt": ""}
    assert "is spent" in call("gate", "--agent", agent, text=asked).stdout
