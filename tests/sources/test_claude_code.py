"""FORMATS 1, rule by rule."""

import json
from pathlib import Path

import pytest

from costtop.sources.claude.transcript_files import roots
from tests.sources import lines
from tests.sources.lines import MAIN, ROOT, answers, asks, calls, events, kept, prompt, reply, tasks

NAME = "claude-code"
HOME = Path("/home/ana")


def read(*rows, path=MAIN):
    return events(NAME, *rows, path=path)


def test_a_request_written_once_a_block_counts_once_at_its_largest_output():
    rows = [reply(usage={"output_tokens": count}) for count in (1, 1, 512)]
    (call,) = calls(read(*rows))
    assert call.tokens.output == 512
    (call,) = calls(read(*reversed(rows)))
    assert call.tokens.output == 512


def test_five_equal_rows_are_one_request_of_the_worked_example():
    usage = {
        "input_tokens": 3, "cache_creation_input_tokens": 13835, "cache_read_input_tokens": 11515,
        "output_tokens": 13, "cache_creation": {"ephemeral_1h_input_tokens": 13835},
    }  # fmt: skip
    (call,) = calls(read(*[reply(usage=usage)] * 5))
    assert call.tokens == (3 + 13835 + 11515, 11515, 13835, 13835, 13, 0)


def test_a_missing_request_id_leaves_the_message_id_and_a_missing_message_id_the_uuid():
    same = read(reply(request=None), reply(request=None), reply(None, None, uuid="a"),
                reply(None, None, uuid="b"), reply(None, None, uuid="a"))  # fmt: skip
    assert len(calls(same)) == 3


def test_a_forked_file_shares_the_keys_of_what_it_copied():
    other = ROOT[:-1] + "b"
    ours = [reply(f"msg_{n}", f"req_{n}") for n in range(100)]
    copied = [json.loads(json.dumps(row).replace(ROOT, other)) for row in ours]
    own = [reply(f"msg_f{n}", f"req_f{n}", sessionId=other) for n in range(5)]
    fork = read(*copied, *own, path=MAIN.replace(ROOT, other))
    for found in (kept(read(*ours), fork), kept(fork, read(*ours))):
        assert len(found) == 105


def test_a_side_question_gives_way_to_the_message_it_replays():
    side = read(reply("msg_1", "req_side", isSidechain=True))
    main = read(reply("msg_1", "req_1"))
    assert [call["request"] for call in kept(side, main)] == ["req_1"]
    assert [call["request"] for call in kept(main, side)] == ["req_1"]
    assert len(kept(side)) == 1


def test_a_side_question_does_not_end_the_turn():
    found = read(prompt(), reply(stop="tool_use"), reply("msg_1", "req_2", isSidechain=True))
    assert [status for _, status in tasks(found)] == ["started"]


def test_progress_and_tool_results_repeat_usage_that_is_counted_elsewhere():
    inner = reply("msg_s", "req_s")
    progress = {"type": "progress", "data": {"type": "agent_progress", "message": inner}}
    result = answers("toolu_1", toolUseResult={"usage": {"output_tokens": 99}, "totalTokens": 9})
    assert not calls(read(progress, result))


def test_synthetic_rows_are_no_requests():
    assert not calls(read(reply(model="<synthetic>", isApiErrorMessage=True)))


def test_usage_quoted_in_a_text_is_no_usage():
    quoted = json.dumps(reply("msg_quoted"))
    rows = [prompt(quoted), reply(content=[{"type": "text", "text": quoted}])]
    assert not calls(read(rows[0]))
    assert [call.request for call in calls(read(*rows))] == ["req_1"]


def test_cache_writes_of_no_stated_lifetime_live_five_minutes():
    usage = {
        "cache_creation_input_tokens": 1000,
        "cache_creation": {"ephemeral_1h_input_tokens": 400},
    }
    assert calls(read(reply(usage=usage)))[0].tokens[2:4] == (1000, 400)
    assert calls(read(reply(usage={"cache_creation_input_tokens": 7})))[0].tokens[2:4] == (7, 0)
    alone = {"cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 6}}
    assert calls(read(reply(usage=alone)))[0].tokens[2:4] == (11, 6)


def test_nulls_in_usage_are_zeros():
    usage = dict.fromkeys(("input_tokens", "cache_read_input_tokens", "cache_creation", "speed"))
    assert calls(read(reply(usage=usage)))[0].tokens == (0, 0, 0, 0, 50, 0)
    assert not calls(read({"type": "assistant", "message": {"usage": None}}))


def test_thinking_is_part_of_the_output():
    usage = {"output_tokens": 90, "output_tokens_details": {"thinking_tokens": 60}}
    tokens = calls(read(reply(usage=usage)))[0].tokens
    assert (tokens.output, tokens.reasoning) == (90, 60)


def test_advisor_and_compaction_requests_are_extra_and_messages_are_not():
    parts = [
        {"type": "message", "input_tokens": 3, "output_tokens": 50},
        {
            "type": "advisor_message",
            "model": "claude-opus-5",
            "input_tokens": 9,
            "output_tokens": 5,
        },
        {"type": "compaction", "input_tokens": 100, "output_tokens": 20},
        {"type": "something_new", "input_tokens": 1, "output_tokens": 1},
    ]
    found = calls(read(reply(usage={"iterations": parts})))
    assert [(call.model, call.tokens.output) for call in found] == [
        ("claude-opus-4-6", 50), ("claude-opus-5", 5), ("claude-opus-4-6", 20),
    ]  # fmt: skip
    assert len({call.key for call in found}) == 3
    assert len(calls(read(*[reply(usage={"iterations": parts})] * 3))) == 3


def test_each_attempt_of_a_fallback_that_made_output_is_billed_at_its_own_model():
    parts = [
        {"type": "message", "model": "claude-opus-5", "input_tokens": 3, "output_tokens": 0},
        {"type": "message", "model": "claude-opus-5", "input_tokens": 3, "output_tokens": 8},
        {"type": "fallback_message", "model": "claude-opus-4-6", "input_tokens": 3,
         "output_tokens": 50},
    ]  # fmt: skip
    found = calls(read(reply(usage={"iterations": parts})))
    assert [(call.model, call.tokens.output) for call in found] == [
        ("claude-opus-4-6", 50), ("claude-opus-5", 8),
    ]  # fmt: skip


def test_odd_iterations_do_not_cost_the_message():
    assert (
        len(calls(read(reply(usage={"iterations": [{"type": "compaction", "input_tokens": -1}]}))))
        == 1
    )


def test_a_refusal_without_output_costs_nothing_and_is_an_error():
    (call,) = calls(read(reply(stop="refusal", usage={"input_tokens": 4000, "output_tokens": 0})))
    assert (call.tokens, call.status) == ((0, 0, 0, 0, 0, 0), "error")


def test_searches_at_the_provider_are_counted_with_the_request():
    usage = {"server_tool_use": {"web_search_requests": 3}}
    assert calls(read(reply(usage=usage)))[0].searches == 3


@pytest.mark.parametrize("counter", [0, 1])
def test_searches_of_the_hidden_side_call_count_only_where_the_counter_is_zero(counter):
    usage = {"server_tool_use": {"web_search_requests": counter}}
    asked = reply(stop="tool_use", content=asks("toolu_1", "WebSearch", query="x"), usage=usage)
    found = calls(read(asked, answers("toolu_1", toolUseResult={"searchCount": 2})))
    assert sum(call.searches for call in found) == (1 if counter else 2)


def test_a_subagents_searches_do_not_displace_its_own_calls():
    path = MAIN.replace(".jsonl", "/subagents/agent-a1.jsonl")
    asked = reply(content=asks("toolu_1", "WebSearch", query="x"), isSidechain=True)
    result = answers("toolu_1", isSidechain=True, toolUseResult={"searchCount": 2})
    assert len(kept(read(asked, result, path=path))) == 2


def test_tier_speed_and_geography_are_told_where_they_change_the_price():
    usage = {"service_tier": "batch", "speed": "fast", "inference_geo": "us"}
    (call,) = calls(read(reply(usage=usage)))
    assert (call.tier, call.speed, call.geo) == ("batch", "fast", "us")
    usage = {"service_tier": "standard", "speed": "standard", "inference_geo": "global"}
    (call,) = calls(read(reply(usage=usage)))
    assert (call.tier, call.speed, call.geo) == ("", "", "")


def test_a_legacy_cost_is_kept_as_reported():
    assert calls(read(reply(costUSD=0.0123)))[0].reported == 12_300_000
    assert calls(read(reply(costUSD="free")))[0].reported is None


def test_a_first_count_without_its_final_is_a_placeholder():
    assert calls(read(reply(stop=None, usage={"output_tokens": 8})))[0].placeholder
    rows = [reply(stop=None, usage={"output_tokens": 8}), reply(usage={"output_tokens": 80})]
    assert not calls(read(*rows))[0].placeholder


def test_an_api_error_makes_the_next_request_a_second_attempt():
    failure = {"type": "system", "subtype": "api_error", "retryAttempt": 2}
    found = calls(read(reply("a", "a"), failure, reply("b", "b"), reply("b", "b"), reply("c", "c")))
    assert [call.attempt for call in found] == [1, 3, 1]


@pytest.mark.parametrize(
    ("path", "session", "agent"),
    [
        (MAIN, ROOT, ""),
        (MAIN.replace(".jsonl", "/subagents/agent-a17.jsonl"), ROOT, "a17"),
        (MAIN.replace(".jsonl", "/subagents/workflows/w1/agent-b2.jsonl"), ROOT, "b2"),
        (MAIN.replace(ROOT, "agent-old"), "said", "old"),
        (MAIN.replace(ROOT, "notes"), "said", ""),
    ],
)
def test_the_path_names_session_and_subagent_else_the_records_do(path, session, agent):
    (call,) = calls(read(reply(sessionId="said"), path=path))
    assert (call.session, call.agent) == (session, agent)


def test_a_compaction_agent_and_a_subagents_kind_are_known():
    path = MAIN.replace(".jsonl", "/subagents/agent-acompact-1.jsonl")
    assert lines.sessions(read(reply(), path=path))[0].agent_type == "compact"
    asked = reply(content=asks("toolu_1", "Task", subagent_type="explorer"))
    done = answers("toolu_1", toolUseResult={"agentId": "a17", "status": "completed"})
    facts = [(fact.agent, fact.agent_type) for fact in lines.sessions(read(asked, done))]
    assert ("a17", "explorer") in facts


def test_a_change_of_folder_or_branch_changes_the_context_but_not_the_project():
    moved = reply("b", "b", cwd="/home/ana/shop/web", gitBranch="next")
    first, second = calls(read(reply("a", "a", cwd="/home/ana/shop", gitBranch="main"), moved))
    assert first.context[:3] == ("/home/ana/shop", "main", "/home/ana/shop")
    assert second.context[:3] == ("/home/ana/shop/web", "next", "/home/ana/shop")


def test_roots_are_both_defaults_or_the_configured_list_alone():
    assert roots({}, HOME) == [HOME / ".config/claude/projects", HOME / ".claude/projects"]
    assert roots({"XDG_CONFIG_HOME": "/x"}, HOME)[0] == Path("/x/claude/projects")
    configured = {"CLAUDE_CONFIG_DIR": "~/a, /b"}
    assert roots(configured, HOME) == [HOME / "a/projects", Path("/b/projects")]
