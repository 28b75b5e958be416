"""FORMATS 1, mapping, completion, retries and errors: whose a call is and how it went."""

from typing import Any

import pytest

from tests.conformance import pipeline
from tests.conformance.pipeline import CLAUDE, append, report, scan, spread, total
from tests.sources.lines import ROOT, answers, asks, prompt, reply

MAIN = f"{CLAUDE}/{ROOT}.jsonl"
AT = "2026-11-20T10:0{}:00.000Z"
TASK = "7c1f0c1e-0000-4000-8000-0000000000aa"


def session_row() -> dict[str, Any]:
    scan()
    (row,) = report("session")["rows"]
    return dict(row)


def test_the_session_is_the_root_file_s_and_its_project_the_first_folder() -> None:
    append(
        MAIN,
        reply("m1", cwd="/home/ana/shop", gitBranch="checkout"),
        reply("m2", cwd="/home/ana/shop/api", gitBranch="checkout"),
    )
    row = session_row()
    assert row["key"] == f"claude-code/{ROOT}"
    assert (row["source"], row["project"], row["feature"]) == (
        "claude-code",
        "/home/ana/shop",
        "checkout",
    )


def test_calls_follow_the_branch_they_were_made_on() -> None:
    append(
        MAIN,
        reply("m1", cwd="/w", gitBranch="one"),
        reply("m2", cwd="/w", gitBranch="two"),
        reply("m3", cwd="/w", gitBranch="main"),
    )
    assert {key: count for key, (_, count) in spread("feature").items()} == {
        "one": 1,
        "two": 1,
        "w": 1,
    }


def test_a_feature_rule_of_the_config_goes_before_the_branch() -> None:
    append(
        "costtop/config.toml", b'[[feature]]\nname = "checkout"\nmatch = { cwd = "~/shop/**" }\n'
    )
    append(MAIN, reply(cwd=f"{pipeline.home()}/shop/api", gitBranch="x"))
    assert list(spread("feature")) == ["checkout"]


def test_a_worktree_counts_for_the_folder_that_it_was_made_from() -> None:
    append(
        MAIN,
        {
            "type": "worktree-state",
            "sessionId": ROOT,
            "timestamp": AT.format(0),
            "worktreeSession": {"originalCwd": "/home/ana/shop"},
        },
        reply(cwd="/home/ana/shop-wt"),
    )
    assert list(spread("project")) == ["/home/ana/shop"]


def test_a_prompt_is_a_task_and_its_calls_are_the_task_s() -> None:
    append(
        MAIN,
        prompt(promptId=TASK, timestamp=AT.format(1)),
        reply("m1", "r1", stop="tool_use", content=asks("t1"), timestamp=AT.format(2)),
        answers("t1", timestamp=AT.format(2)),
        reply("m2", "r2", timestamp=AT.format(3)),
    )
    assert spread("task")[TASK][1] == 2
    row = session_row()
    assert (row["tasks_completed"], row["cost_per_task_usd"]) == (1, row["cost_usd"])


def turn(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    opened = reply("m1", "r1", stop="tool_use", content=asks("t1"), timestamp=AT.format(2))
    return [prompt(promptId=TASK, timestamp=AT.format(1)), opened, *rows]


def system(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": "system", "subtype": kind, "sessionId": ROOT, "timestamp": AT.format(4), **more}


COMMIT = asks("t1", "Bash", command="git commit -m x")
PULL = asks("t1", "Bash", command="gh pr create")


@pytest.mark.parametrize(
    ("rows", "done"),
    [
        (turn(system("turn_duration", durationMs=9)), 1),
        (turn(system("stop_hook_summary")), 1),
        (turn({"type": "pr-link", "sessionId": ROOT, "timestamp": AT.format(4), "prNumber": 7}), 1),
        (turn(answers("t1"), reply("m2", "r2", stop="end_turn", timestamp=AT.format(3))), 1),
        (
            turn(
                answers("t1"),
                reply("m2", "r2", stop=None, timestamp=AT.format(3)),
                {"type": "last-prompt", "sessionId": ROOT},
            ),
            1,
        ),
        (
            turn(
                answers("t1"),
                reply("m2", "r2", stop=None, timestamp=AT.format(3)),
                prompt("next", "u-2", promptId="p2", timestamp=AT.format(4)),
            ),
            1,
        ),
        (turn(answers("t1"), prompt("[Request interrupted by user]")), 0),
        (turn(prompt("next", "u-2", promptId="p2", timestamp=AT.format(4))), 0),
        (turn(), 0),
        ([prompt(promptId=TASK), reply(stop="tool_use", content=COMMIT), answers("t1")], 1),
        ([prompt(promptId=TASK), reply(stop="tool_use", content=PULL), answers("t1")], 1),
        (
            [
                prompt(promptId=TASK),
                reply(stop="tool_use", content=COMMIT),
                answers("t1", "Exit code 1", error=True),
            ],
            0,
        ),
        ([prompt(promptId=TASK), reply(stop="refusal", usage={"output_tokens": 0})], 0),
    ],
    ids=[
        "turn_duration",
        "stop_hook_summary",
        "pr-link",
        "end_turn",
        "last-prompt",
        "old build",
        "interrupted",
        "prompt while a tool runs",
        "still open",
        "commit",
        "pull request",
        "failed commit",
        "refusal",
    ],
)
def test_a_turn_is_done_by_the_signals_of_its_end_alone(rows: list[Any], done: int) -> None:
    append(MAIN, *rows)
    assert total()["tasks_completed"] == done


@pytest.mark.parametrize(
    "note",
    [
        {"isMeta": True},
        {"isCompactSummary": True},
        {"isVisibleInTranscriptOnly": True},
        {"isSidechain": True},
    ],
)
def test_what_no_user_typed_is_no_task(note: dict[str, Any]) -> None:
    append(MAIN, prompt(promptId=TASK, **note), reply())
    assert total()["tasks_completed"] == 0
    assert pipeline.ask("SELECT count(*) FROM tasks") == [(0,)]


def test_a_subagent_s_prompts_are_no_tasks_of_the_user() -> None:
    append(
        f"{CLAUDE}/{ROOT}/subagents/agent-a.jsonl",
        prompt(isSidechain=True, agentId="a"),
        reply(isSidechain=True, agentId="a"),
    )
    assert total()["tasks_completed"] == 0


def test_a_tool_s_outcome_reaches_the_call_that_asked_for_it_without_its_text() -> None:
    append(MAIN, reply(stop="tool_use", content=asks("t1", command="make test CANARY")))
    scan()
    append(MAIN, answers("t1", "Exit code 2 CANARY", error=True))
    scan()
    ((name, key, result, error),) = pipeline.ask(
        "SELECT n.text, t.key, t.result, t.error FROM tools t JOIN names n ON n.id = t.name"
    )
    assert (name, error) == ("Bash", 1)
    assert key
    assert result
    assert "CANARY" not in f"{key} {result}"


def test_the_same_call_of_a_tool_has_the_same_key_and_another_has_another() -> None:
    for n, command in enumerate(("make", "make", "make all")):
        append(MAIN, reply(f"m{n}", f"r{n}", content=asks(f"t{n}", command=command)))
    scan()
    keys = [row[0] for row in pipeline.ask("SELECT key FROM tools ORDER BY call")]
    assert keys[0] == keys[1] != keys[2]


def test_api_retries_are_no_calls_but_the_call_knows_its_attempt() -> None:
    append(
        MAIN,
        system("api_error", retryAttempt=1, maxRetries=10),
        system("api_error", retryAttempt=2, maxRetries=10),
        reply(),
    )
    row = total()
    assert row["calls"] == 1
    assert pipeline.ask("SELECT attempt FROM calls") == [(3,)]


def test_a_subagent_is_named_by_its_kind() -> None:
    append(
        MAIN,
        reply(stop="tool_use", content=asks("t1", "Task", subagent_type="explore")),
        answers("t1", toolUseResult={"agentId": "a17"}),
    )
    append(
        f"{CLAUDE}/{ROOT}/subagents/agent-a17.jsonl",
        reply("s", "q", isSidechain=True, agentId="a17"),
    )
    scan()
    found = pipeline.ask(
        "SELECT agent, n.text FROM sessions s JOIN names n ON n.id = s.agent_type WHERE agent <> ''"
    )
    assert found == [("a17", "explore")]


def test_records_without_interest_are_neither_calls_nor_unreadable() -> None:
    kinds = [
        "attachment",
        "summary",
        "ai-title",
        "custom-title",
        "queue-operation",
        "mode",
        "file-history-snapshot",
        "permission-mode",
        "relocated",
        "started",
        "result",
        "bridge-session",
        "progress",
        "of-the-future",
    ]
    append(MAIN, *({"type": kind, "uuid": kind} for kind in kinds), reply())
    assert total()["calls"] == 1
    assert pipeline.bad() == []


def test_a_partial_last_line_waits_for_its_end() -> None:
    import json

    text = json.dumps(reply("m2", "r2")).encode()
    file = append(MAIN, reply())
    with open(file, "ab") as log:
        log.write(text[:200])
    assert total()["calls"] == 1
    with open(file, "ab") as log:
        log.write(text[200:] + b"\n")
    assert total()["calls"] == 2
    assert pipeline.bad() == []
