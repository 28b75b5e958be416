"""OTLP messages beyond the golden log: hostile shapes, wrong counts, what must not be kept."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop.model import Bad, Call
from costtop.sources.otlp.inference_spans import is_inference
from costtop.sources.otlp.telemetry import told

SEEN = 1_795_478_400_000
WORDS = st.sampled_from(
    "resourceSpans scopeSpans spans resourceLogs scopeLogs logRecords resourceMetrics scopeMetrics"
    " metrics resource attributes key value stringValue intValue doubleValue sum histogram"
    " dataPoints asInt count gen_ai.operation.name chat gen_ai.usage.input_tokens name"
    " claude_code.token.usage claude_code.api_request event.name type timeUnixNano".split()
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=40,
)


def pairs(said: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = {str: "stringValue", int: "intValue", float: "doubleValue", bool: "boolValue"}
    return [{"key": name, "value": {kinds[type(value)]: value}} for name, value in said.items()]


def span(said: dict[str, Any], **more: Any) -> dict[str, Any]:
    whole = {"traceId": "a" * 32, "spanId": "b" * 16, "attributes": pairs(said), **more}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [whole]}]}]}


CHAT = {
    "gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-5",
    "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 2,
}  # fmt: skip


@given(ANYTHING, ANYTHING)
def test_no_tree_raises(tree, memo):
    events, after = told(tree if isinstance(tree, dict) else {}, SEEN, {})
    assert all(isinstance(event, Call | Bad) for event in events)
    json.dumps(after)


@pytest.mark.parametrize(
    "value", [-1, 10**9 + 1, 2**63, 1.5, float("nan"), float("inf"), True, "ten", "-3", "1e3"]
)
def test_a_count_that_is_none_is_named_and_stores_nothing(value):
    events, _ = told(span({**CHAT, "gen_ai.usage.output_tokens": value}), SEEN, {})
    assert [type(event) for event in events] == [Bad]


@pytest.mark.parametrize("value", [2, "2", 2.0])
def test_counts_may_come_as_text_or_as_whole_floats(value):
    (call,), _ = told(span({**CHAT, "gen_ai.usage.output_tokens": value}), SEEN, {})
    assert call.tokens.output == 2


@pytest.mark.parametrize("at", ["0", "garbage", str(2**63), "-5", None, str(10**27)])
def test_a_time_out_of_range_is_held_to_what_can_be(at):
    (call,), _ = told(span(CHAT, endTimeUnixNano=at), SEEN, {})
    assert 1_672_531_200_000 <= call.at <= SEEN + 300_000


def test_no_text_of_prompts_or_replies_is_in_an_event():
    canary = "canary-4f1d"
    said = {
        **CHAT, "gen_ai.prompt": canary, "gen_ai.completion.0.content": canary,
        "gen_ai.input.messages": canary, "input.value": canary, "llm.input_messages": canary,
    }  # fmt: skip
    events, memo = told(span(said, name=canary, events=[{"name": canary}]), SEEN, {})
    assert canary not in repr(events) + json.dumps(memo)


def test_a_span_without_ids_still_counts_once_when_sent_again():
    tree = span(CHAT, traceId="", spanId="0000000000000000", endTimeUnixNano="1795428000000000000")
    (first,), _ = told(tree, SEEN, {})
    (again,), _ = told(tree, SEEN, {})
    assert first.key == again.key


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ({"gen_ai.operation.name": "invoke_agent"}, False),
        ({"gen_ai.operation.name": "invoke_workflow"}, False),
        ({"gen_ai.operation.name": "execute_tool"}, False),
        ({"gen_ai.operation.name": "generate_content"}, True),
        ({"openinference.span.kind": "AGENT"}, False),
        ({"openinference.span.kind": "LLM"}, True),
        ({"gen_ai.operation.name": "chat", "openinference.span.kind": "CHAIN"}, False),
        ({"llm.request.type": "chat"}, True),
        ({"traceloop.span.kind": "agent", "gen_ai.system": "x"}, False),
        ({"http.request.method": "POST"}, False),
    ],
)
def test_only_requests_to_a_model_are_inference(said, counts):
    assert is_inference({"gen_ai.request.model": "m", **said}) is counts


def test_a_cumulative_series_sent_again_after_a_restart_of_the_fold_adds_nothing():
    point = {"attributes": pairs({"type": "input", "model": "m", "session.id": "s"}),
             "startTimeUnixNano": "1795428000000000000", "timeUnixNano": "1795428060000000000",
             "asInt": "500"}  # fmt: skip
    held = {"aggregationTemporality": 2, "dataPoints": [point]}
    metric = {"name": "claude_code.token.usage", "sum": held}
    tree = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}
    events, memo = told(tree, SEEN, {})
    assert events[0].tokens.input == 500
    memo = json.loads(json.dumps(memo))
    assert told(tree, SEEN, memo)[0] == []
    point.update(timeUnixNano="1795428120000000000", asInt="700")
    assert told(tree, SEEN, memo)[0][0].tokens.input == 200
