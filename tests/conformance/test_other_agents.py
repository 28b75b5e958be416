"""FORMATS 3 to 7, from logs to reports: Gemini CLI, Qwen Code, OpenCode, Copilot CLI, Cline."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.conformance import pipeline
from tests.conformance.pipeline import append, home, report, scan, spread, tokens, total, usd
from tests.sources.databases import built
from tests.sources.golden import LOGS

CHAT = ".gemini/tmp/shop/chats/session-2026-11-20T09-00-7c1d0000.jsonl"
SID = "7c1d0000-aaaa-4000-8000-000000000001"
HEAD = {
    "sessionId": SID,
    "projectHash": "9f",
    "startTime": "2026-11-20T09:00:00.000Z",
    "kind": "main",
}


def gemini(
    name: str,
    given: int,
    output: int,
    cached: int = 0,
    thoughts: int = 0,
    tool: int = 0,
    **over: Any,
) -> dict[str, Any]:
    used = {
        "input": given,
        "output": output,
        "cached": cached,
        "thoughts": thoughts,
        "tool": tool,
        "total": given + output + thoughts + tool,
    }
    return {
        "id": name,
        "timestamp": "2026-11-20T09:00:05.000Z",
        "type": "gemini",
        "model": "gemini-2.5-pro",
        "tokens": used,
        **over,
    }


def test_gemini_cached_tokens_are_input_thoughts_and_tool_prompts_are_not() -> None:
    append(CHAT, HEAD, gemini("g1", 12_000, 100, cached=10_000, thoughts=300, tool=50))
    row = total()
    assert tokens(row) == (12_050, 10_000, 0, 0, 400)
    assert row["reasoning_tokens"] == 300


def test_gemini_a_message_told_again_and_in_a_checkpoint_counts_once_at_its_last_state() -> None:
    bare = {name: value for name, value in gemini("g1", 1, 1).items() if name != "tokens"}
    full = gemini("g1", 1000, 100)
    append(CHAT, HEAD, bare, full)
    scan()
    append(CHAT, full, {"$set": {"messages": [full]}})
    assert (total()["calls"], tokens(total())[0]) == (1, 1000)


def test_gemini_rewound_messages_were_billed_and_stay() -> None:
    append(CHAT, HEAD, gemini("g1", 1000, 100), {"$rewindTo": "u0"}, gemini("g2", 1000, 100))
    assert total()["calls"] == 2


def test_gemini_a_chat_moved_from_json_to_json_lines_counts_once() -> None:
    old = {"sessionId": SID, "startTime": HEAD["startTime"], "messages": [gemini("g1", 1000, 100)]}
    append(CHAT.removesuffix("l"), json.dumps(old))
    append(CHAT, HEAD, gemini("g1", 1000, 100), gemini("g2", 500, 50))
    assert tokens(total()) == (1500, 0, 0, 0, 150)


def test_gemini_a_document_written_anew_replaces_what_it_said() -> None:
    path = CHAT.removesuffix("l")
    for messages in ([gemini("g1", 1000, 10)], [gemini("g1", 1000, 90), gemini("g2", 100, 10)]):
        (home() / path).unlink(missing_ok=True)
        append(path, json.dumps({"sessionId": SID, "messages": messages}))
        scan()
    assert tokens(total()) == (1100, 0, 0, 0, 100)
    pipeline.agree()


def test_gemini_a_subagent_s_chat_is_folded_into_its_parent() -> None:
    append(CHAT, HEAD, gemini("g1", 1000, 100))
    child = "7c1d0000-aaaa-4000-8000-000000000002"
    append(
        f".gemini/tmp/shop/chats/{SID}/{child}.jsonl",
        {**HEAD, "sessionId": child, "kind": "subagent"},
        gemini("g1", 1000, 100),
    )
    assert spread() == {f"gemini-cli/{SID}": ("0.0045", 2)}


def qwen(name: str, **over: Any) -> dict[str, Any]:
    used = {
        "promptTokenCount": 4000,
        "candidatesTokenCount": 100,
        "thoughtsTokenCount": 30,
        "cachedContentTokenCount": 1000,
        "totalTokenCount": 4130,
    }
    return {
        "uuid": name,
        "sessionId": "q1",
        "timestamp": "2026-11-20T12:00:03.000Z",
        "cwd": "/shop",
        "type": "assistant",
        "model": "coder-model",
        "usageMetadata": used,
        **over,
    }


TELEMETRY = {
    "uuid": "t", "sessionId": "q1", "timestamp": "2026-11-20T12:00:03.000Z", "type": "system",
    "subtype": "ui_telemetry", "systemPayload": {"uiEvent": {
        "event.name": "qwen-code.api_response", "response_id": "resp", "model": "coder-model",
        "status_code": 200, "input_token_count": 4000, "output_token_count": 100,
        "cached_content_token_count": 1000, "thoughts_token_count": 30, "total_token_count": 4130}},
}  # fmt: skip
QWEN = ".qwen/projects/shop/chats/q1.jsonl"


def test_qwen_telemetry_of_a_call_that_the_chat_has_is_not_counted_again() -> None:
    append(QWEN, qwen("a"), TELEMETRY)
    assert tokens(total()) == (4000, 1000, 0, 0, 130)
    assert usd() == "≥0"  # its alias has no public price


def test_qwen_telemetry_counts_in_a_file_without_usage_in_its_messages() -> None:
    append(QWEN, TELEMETRY)
    assert tokens(total()) == (4000, 1000, 0, 0, 130)


def test_qwen_objects_that_share_a_line_are_both_read() -> None:
    glued = json.dumps(qwen("a")) + json.dumps(qwen("b"))
    append(QWEN, glued, qwen("c"))
    assert total()["calls"] == 3
    assert pipeline.bad() == []


def opencode(version: str = "v1") -> Any:
    folder = home() / ".local" / "share" / "opencode"
    folder.mkdir(parents=True)
    return built(LOGS / "opencode" / f"{version}.sql", folder / "opencode.db")


def test_opencode_counts_are_disjoint_and_reasoning_is_beside_the_output() -> None:
    opencode()
    scan()
    by_model = {row["key"]: row for row in report("model")["rows"]}
    assert tokens(by_model["gpt-5.2-codex"]) == (10_370, 0, 0, 0, 55)
    assert by_model["gpt-5.2-codex"]["reasoning_tokens"] == 20


def test_opencode_a_session_s_child_is_folded_and_its_worktree_is_the_project() -> None:
    opencode()
    found = spread()
    assert "opencode/ses_child" not in found
    assert "/home/ana/shop" in spread("project")


def test_opencode_a_fork_s_copies_count_once() -> None:
    opencode("v2")
    assert {key: calls for key, (_, calls) in spread().items()} == {
        "opencode/ses_a": 1, "opencode/ses_fork": 1,
    }  # fmt: skip


def test_opencode_a_row_updated_in_place_replaces_its_cost() -> None:
    database = opencode()
    scan()
    before = tokens(total())
    with closing(sqlite3.connect(database)) as db, db:
        db.execute(
            "UPDATE message SET time_updated = time_updated + 90000,"
            " data = json_set(data, '$.tokens.output', 302) WHERE id = 'msg_a1'"
        )
    assert tokens(total()) == (*before[:4], before[4] + 200)
    pipeline.agree()


COP = ".copilot/session-state/cop-legs/events.jsonl"


def copilot(kind: str, second: int, **data: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "data": data,
        "id": f"e{second}",
        "timestamp": f"2026-11-20T11:00:{second:02}.000Z",
    }


def shutdown(second: int, given: int, output: int) -> dict[str, Any]:
    used = {
        "inputTokens": given,
        "outputTokens": output,
        "cacheReadTokens": 0,
        "cacheWriteTokens": 0,
    }
    metrics = {"gpt-5-mini": {"requests": {"count": 1, "cost": 1}, "usage": used}}
    return copilot("session.shutdown", second, modelMetrics=metrics)


def test_copilot_shutdown_sums_go_on_over_a_resume_and_begin_anew_when_they_fall() -> None:
    append(
        COP,
        copilot("session.start", 1, sessionId="cop-legs"),
        shutdown(2, 1000, 100),
        copilot("session.resume", 3),
        shutdown(4, 1500, 150),
        copilot("session.resume", 5),
        shutdown(6, 400, 40),
    )
    assert tokens(total()) == (1900, 0, 0, 0, 190)


@pytest.mark.parametrize("store_first", [False, True])
def test_copilot_the_store_s_rows_take_the_place_of_the_event_log_s_floor(
    store_first: bool,
) -> None:
    def store() -> None:
        (home() / ".copilot").mkdir(exist_ok=True)
        built(LOGS / "copilot" / "store.sql", home() / ".copilot" / "session-store.db")

    def events() -> None:
        append(
            COP.replace("cop-legs", "cop-1"),
            copilot("session.start", 1, sessionId="cop-1"),
            copilot("assistant.message", 2, messageId="m1", model="gpt-5-mini", outputTokens=12),
            shutdown(3, 1000, 100),
        )

    for step in (store, events) if store_first else (events, store):
        step()
        scan()
    assert {key: calls for key, (_, calls) in spread().items()} == {"copilot/cop-1": 2}
    assert tokens(total())[0] == 12_900
    pipeline.agree()


CLINE = (
    ".config/Code/User/globalStorage/saoudrizwan.claude-dev/tasks/1795000000000/ui_messages.json"
)


def cline(*requests: dict[str, Any]) -> None:
    rows = [
        {
            "ts": 1795000000002 + n,
            "type": "say",
            "say": "api_req_started",
            "text": json.dumps({"request": "x", **request}),
        }
        for n, request in enumerate(requests)
    ]
    (home() / CLINE).unlink(missing_ok=True)
    append(CLINE, json.dumps(rows))


def test_cline_a_placeholder_that_is_filled_in_later_is_one_request() -> None:
    cline({})
    assert (usd(), total()["calls"]) in (("≥0", 1), ("0", 0))
    cline(
        {"tokensIn": 12, "tokensOut": 345, "cacheWrites": 4000, "cacheReads": 9000, "cost": 0.0228}
    )
    assert (usd(), total()["calls"]) == ("0.0228", 1)
