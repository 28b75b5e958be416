"""FORMATS 1, "Dedup / counting", rules 1 to 12 in their order, and the price modifiers."""

import json
from typing import Any

import pytest

from tests.conformance import pipeline
from tests.conformance.pipeline import CLAUDE, age, append, home, scan, spread, tokens, total, usd
from tests.sources.lines import ROOT, answers, asks, prompt, reply

MAIN = f"{CLAUDE}/{ROOT}.jsonl"
FORK = ROOT[:-1] + "b"
K = {"input_tokens": 1000, "output_tokens": 1000}  # $0.03 at Opus 4.6


def renamed(rows: list[dict[str, Any]], session: str = FORK) -> list[dict[str, Any]]:
    return [json.loads(json.dumps(row).replace(ROOT, session)) for row in rows]


def agent(name: str, *rows: dict[str, Any], folder: str = "subagents") -> None:
    lines = ({**row, "isSidechain": True, "agentId": name} for row in rows)
    append(f"{CLAUDE}/{ROOT}/{folder}/agent-{name}.jsonl", *lines)


def test_1_one_request_is_one_message_id_and_request_id() -> None:
    append(MAIN, reply("m", "r", usage=K), reply("m", "r", usage=K), reply("n", "r", usage=K))
    assert (usd(), total()["calls"]) == ("0.06", 2)


def test_1_a_retry_of_the_same_message_under_another_request_is_another_request() -> None:
    append(MAIN, reply("m", "r1", usage=K), reply("m", "r2", usage=K))
    assert total()["calls"] == 2


def test_1_without_request_id_the_message_id_and_without_it_the_uuid_is_the_key() -> None:
    append(
        MAIN,
        reply("m", None),
        reply("m", None),
        reply(None, None, uuid="a"),
        reply(None, None, uuid="b"),
        reply(None, None, uuid="b"),
    )
    assert total()["calls"] == 3


@pytest.mark.parametrize("outputs", [(1, 1, 512), (512, 1, 1), (1, 512, 7)])
def test_1_the_largest_output_counts_wherever_it_stands(outputs: tuple[int, ...]) -> None:
    append(MAIN, *(reply(usage={"input_tokens": 1000, "output_tokens": n}) for n in outputs))
    assert tokens(total()) == (1000, 0, 0, 0, 512)


def test_1_a_subagent_s_output_that_never_arrived_is_shown_as_a_placeholder() -> None:
    agent("old", *[reply("m", "r", stop=None, usage={"output_tokens": 2})] * 3)
    scan()
    (call,) = pipeline.explain(ROOT)["calls"]
    assert (call["placeholder"], call["output_tokens"]) == (True, 2)


@pytest.mark.parametrize("pause", [1, 2, 5])
def test_2_a_growing_row_replaces_its_cost_at_every_look(pause: int) -> None:
    for n, output in enumerate((1, 20, 300, 4000, 5000)):
        append(MAIN, reply(usage={"input_tokens": 0, "output_tokens": output}))
        if n % pause == 0:
            assert usd() == pipeline.short(f"{output * 25 / 1e6:.9f}")
    assert (usd(), total()["calls"]) == ("0.125", 1)


@pytest.mark.parametrize("fork_first", [False, True])
def test_3_a_fork_owns_only_what_it_added(fork_first: bool) -> None:
    rows = [
        reply(f"m{n}", f"r{n}", timestamp=f"2026-11-20T10:{n // 2:02}:00.000Z") for n in range(100)
    ]
    own = [
        reply(f"f{n}", f"q{n}", timestamp="2026-11-20T12:00:00.000Z", sessionId=FORK)
        for n in range(5)
    ]
    files = [
        (f"{CLAUDE}/{ROOT}.jsonl", rows, 10),
        (f"{CLAUDE}/{FORK}.jsonl", renamed(rows) + own, 12),
    ]
    for path, lines, hour in reversed(files) if fork_first else files:
        age(append(path, *lines), hour)
        scan()
    calls = {key: count for key, (_, count) in spread().items()}
    assert calls == {f"claude-code/{ROOT}": 100, f"claude-code/{FORK}": 5}
    assert pipeline.agree()[1] == 105


def test_3_a_fork_of_a_fork_owns_nothing_old_either() -> None:
    rows = [reply(f"m{n}", f"r{n}") for n in range(6)]
    third = ROOT[:-1] + "c"
    for hour, (name, upto) in enumerate(((ROOT, 2), (FORK, 4), (third, 6))):
        age(append(f"{CLAUDE}/{name}.jsonl", *renamed(rows[:upto], name)), hour)
    assert [count for _, count in spread().values()] == [2, 2, 2]


def test_3_a_fork_s_prompts_are_not_tasks_again() -> None:
    task = "7c1f0c1e-0000-4000-8000-0000000000aa"
    rows = [prompt(uuid="u", promptId=task), reply(stop="end_turn")]
    age(append(MAIN, *rows), 1)
    age(append(f"{CLAUDE}/{FORK}.jsonl", *renamed(rows), reply("own", "own", sessionId=FORK)), 2)
    assert total()["tasks_completed"] == 1


def test_3_two_roots_of_configuration_hold_one_session_once() -> None:
    append(MAIN, reply())
    append(f".config/claude/projects/-home-ana-shop/{ROOT}.jsonl", reply())
    assert total()["calls"] == 1


@pytest.mark.parametrize("side_first", [False, True])
def test_4_a_side_question_s_replay_counts_only_where_its_message_is_missing(
    side_first: bool,
) -> None:
    side, real = reply("m", "r_side", isSidechain=True, usage=K), reply("m", "r", usage=K)
    for row in (side, real) if side_first else (real, side):
        append(MAIN, row)
        scan()
    assert usd() == "0.03"
    assert pipeline.agree()[1] == 1


def test_4_the_tools_of_a_dropped_side_copy_are_gone_with_it() -> None:
    append(MAIN, reply("m", "r_side", isSidechain=True, content=asks("t1", command="ls")))
    scan()
    assert len(pipeline.ask("SELECT * FROM tools")) == 1
    append(MAIN, reply("m", "r"))
    scan()
    assert pipeline.ask("SELECT * FROM tools") == []


def test_5_every_kind_of_subagent_file_is_real_spend_of_its_session() -> None:
    append(MAIN, reply(usage=K))
    agent("a17", reply("s1", "q1", usage=K))
    agent("w1", reply("s2", "q2", usage=K), folder="subagents/workflows/wf1")
    agent("acompact-77", reply("s3", "q3", usage=K))
    append(
        f"{CLAUDE}/agent-old1.jsonl", reply("s4", "q4", isSidechain=True, agentId="old1", usage=K)
    )
    assert spread() == {f"claude-code/{ROOT}": ("0.15", 5)}
    (row,) = pipeline.report("session")["rows"]
    assert row["children"] == 4
    parts = pipeline.by_agent(ROOT)
    assert parts == dict.fromkeys(["", "a17", "w1", "acompact-77", "old1"], "0.03")


def test_6_usage_in_progress_and_tool_results_is_not_counted_again() -> None:
    inner = reply("m_s", "r_s", usage=K)
    append(
        MAIN,
        reply(content=asks("t1", "Task", prompt="x"), usage=K),
        {"type": "progress", "data": {"type": "agent_progress", "message": inner}},
        answers("t1", toolUseResult={"usage": K, "totalTokens": 2000, "agentId": "a17"}),
    )
    agent("a17", inner)
    assert usd() == "0.06"


def test_7_synthetic_rows_are_no_requests() -> None:
    append(
        MAIN,
        reply(model="<synthetic>", usage={"input_tokens": 0, "output_tokens": 0}),
        reply("n", "q"),
    )
    assert total()["calls"] == 1


def iterations(*rows: dict[str, Any]) -> dict[str, Any]:
    return reply(usage={**K, "iterations": [{**K, **row} for row in rows]})


def test_8_advisor_and_compaction_are_extra_calls_at_their_own_model() -> None:
    append(
        MAIN,
        iterations(
            {"type": "message"},
            {"type": "compaction"},
            {"type": "advisor_message", "model": "claude-haiku-4-5"},
        ),
    )
    assert spread("model") == {"claude-opus-4-6": ("0.06", 2), "claude-haiku-4-5": ("0.006", 1)}


def test_8_after_a_fallback_each_attempt_with_output_is_billed_at_its_model() -> None:
    append(
        MAIN,
        iterations(
            {"type": "message", "model": "claude-haiku-4-5", "output_tokens": 400},
            {"type": "message", "model": "claude-haiku-4-5", "output_tokens": 0},
            {"type": "fallback_message"},
        ),
    )
    assert spread("model") == {"claude-opus-4-6": ("0.03", 1), "claude-haiku-4-5": ("0.003", 1)}


def test_8_an_unknown_kind_of_iteration_is_taken_as_included() -> None:
    append(MAIN, iterations({"type": "message"}, {"type": "something_new"}))
    assert usd() == "0.03"


def test_8_hidden_calls_grow_and_repeat_with_their_message() -> None:
    row = iterations({"type": "message"}, {"type": "compaction"})
    for _ in range(3):
        append(MAIN, row)
        scan()
    assert usd() == "0.06"


def test_9_a_refusal_without_output_costs_nothing_but_shows_as_an_error() -> None:
    append(
        MAIN,
        reply(stop="refusal", usage={"input_tokens": 5000, "output_tokens": 0}),
        reply("n", "q", stop="refusal", usage=K),
    )
    row = total()
    assert (row["cost_usd"], row["calls"], row["errors"]) == ("0.030000000", 2, 1)


def test_10_web_searches_cost_a_cent_each() -> None:
    append(
        MAIN,
        reply(model="claude-sonnet-5", usage={**K, "server_tool_use": {"web_search_requests": 3}}),
    )
    assert usd() == "0.042"


@pytest.mark.parametrize(("counter", "cost"), [(0, "0.05"), (2, "0.05")])
def test_10_a_hidden_search_counts_by_its_result_where_the_counter_says_nothing(
    counter: int, cost: str
) -> None:
    usage = {**K, "server_tool_use": {"web_search_requests": counter}}
    append(
        MAIN,
        reply(content=asks("t1", "WebSearch", query="x"), usage=usage),
        answers("t1", toolUseResult={"searchCount": 2, "results": []}),
    )
    assert usd() == cost


def test_11_a_search_whose_request_no_transcript_has_is_marked_as_incomplete() -> None:
    append(
        MAIN,
        reply(content=asks("t1", "WebSearch", query="x"), usage=K),
        answers("t1", toolUseResult={"searchCount": 1}),
    )
    scan()
    assert sorted(call["placeholder"] for call in pipeline.explain(ROOT)["calls"]) == [False, True]


def test_12_a_legacy_cost_is_kept_beside_the_computed_one() -> None:
    append(MAIN, {**reply(usage=K), "costUSD": 0.5})
    row = total()
    assert (row["cost_usd"], row["reported_cost_usd"]) == ("0.030000000", "0.500000000")


def test_12_a_legacy_cost_counts_where_nothing_can_be_computed() -> None:
    append(MAIN, {**reply(model="acme-1", usage=K), "costUSD": 0.5})
    assert usd() == "0.5"


def test_12_a_legacy_cost_counts_where_the_user_asks_for_it() -> None:
    append("costtop/config.toml", b'[prices]\ncounts = "reported"')
    append(MAIN, {**reply(usage=K), "costUSD": 0.5})
    assert usd() == "0.5"


SPLIT = {"cache_creation_input_tokens": 10_000}


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({**SPLIT}, "0.0625"),  # no split said: five minutes
        ({**SPLIT, "cache_creation": {"ephemeral_5m_input_tokens": 10_000}}, "0.0625"),
        ({**SPLIT, "cache_creation": {"ephemeral_1h_input_tokens": 10_000}}, "0.1"),
        ({**SPLIT, "cache_creation": {"ephemeral_1h_input_tokens": 4000}}, "0.0775"),
        ({**SPLIT, "cache_creation": None}, "0.0625"),
        ({"cache_read_input_tokens": 10_000}, "0.005"),
        ({"input_tokens": 10_000, "service_tier": "batch"}, "0.025"),
        ({"input_tokens": 10_000, "service_tier": "standard"}, "0.05"),
        ({"input_tokens": 10_000, "service_tier": None}, "0.05"),
        ({"input_tokens": 10_000, "speed": "fast"}, "0.3"),
        ({"input_tokens": 10_000, "speed": "standard"}, "0.05"),
        ({"input_tokens": 10_000, "inference_geo": "us"}, "0.055"),
        ({"input_tokens": 10_000, "inference_geo": "global"}, "0.05"),
        ({"input_tokens": 10_000, "inference_geo": "not_available"}, "0.05"),
    ],
)
def test_a_modifier_of_the_price_is_honoured(usage: dict[str, Any], cost: str) -> None:
    append(MAIN, reply(usage={"input_tokens": 0, "output_tokens": 0, **usage}))
    assert usd() == cost


@pytest.mark.parametrize(
    ("model", "cost"),
    [
        ("claude-opus-5", "0.06"),
        ("claude-opus-4-8", "0.06"),
        ("claude-opus-4-7", "0.18"),
        ("claude-opus-4-6", "0.18"),
    ],
)
def test_fast_mode_multiplies_by_what_the_model_s_list_says(model: str, cost: str) -> None:
    append(MAIN, reply(model=model, usage={**K, "speed": "fast"}))
    assert usd() == cost


def test_null_counts_and_unknown_fields_are_nothing_to_fail_on() -> None:
    usage = {
        "input_tokens": None,
        "output_tokens": 1000,
        "cache_read_input_tokens": None,
        "cache_creation": None,
        "server_tool_use": None,
        "speed": None,
        "novel": {"a": [1]},
    }
    append(MAIN, reply(usage=usage))
    assert (usd(), pipeline.bad()) == ("0.025", [])


@pytest.mark.parametrize(
    "model",
    [
        "claude-opus-4-6[1m]",
        "us.anthropic.claude-opus-4-6-v1",
        "claude-opus-4-6@20260205",
        "anthropic/claude-opus-4-6",
    ],
)
def test_a_model_is_priced_under_each_of_its_names(model: str) -> None:
    append(MAIN, reply(model=model, usage=K))
    row = total()
    assert row["unpriced_calls"] == 0
    assert row["cost_usd"] in ("0.030000000", "0.033000000")  # Bedrock's regions cost a tenth more


def test_only_the_configured_roots_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    append("one/projects/p/a.jsonl", reply())
    append("two/projects/p/b.jsonl", reply("n", "q"))
    append(MAIN, reply("x", "y"))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", f"{home()}/one, {home()}/two")
    assert total()["calls"] == 2


def test_spilled_tool_results_are_no_transcripts() -> None:
    append(f"{CLAUDE}/{ROOT}/tool-results/t1.txt", json.dumps(reply()))
    append(MAIN, reply("n", "q"))
    assert total()["calls"] == 1
