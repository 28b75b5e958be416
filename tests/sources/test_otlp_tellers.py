"""One request told by several libraries, in the shapes that they were seen to send, is one call."""

import itertools
import json
import random
from typing import Any

import pytest

from costtop.model import Call, Tokens
from costtop.sources.otlp.telemetry import told
from tests.sources.fork_trees import random_id
from tests.sources.test_otlp import pairs

SEEN = 1_795_478_400_000
SDK, OI, CHAIN, LOOP, AGENT = (
    "com.anthropic.sdk.python",
    "openinference.instrumentation.anthropic",
    "openinference.instrumentation.langchain",
    "opentelemetry.instrumentation.anthropic",
    "pydantic-ai",
)
Span = tuple[str, dict[str, Any]]


def ids(number: int) -> str:
    return f"{number:016x}"


def span(scope: str, number: int, began: int, took: int, said: dict[str, Any], **at: int) -> Span:
    """`began` and `took` in ms; `trace` and `parent` as small numbers."""
    times = {"startTimeUnixNano": (SEEN + began) * 10**6}
    times["endTimeUnixNano"] = (SEEN + began + took) * 10**6
    trace, parent = 2 * ids(at.get("trace", number)), at.get("parent")
    whole = {"traceId": trace, "spanId": ids(number), "attributes": pairs(said), **times}
    return scope, {**whole, "parentSpanId": ids(parent) if parent else ""}


def sdk(number: int, began: int, response: str, output: int = 50, **at: int) -> Span:
    """The provider's SDK, which traces itself: it knows the response and how long writes live."""
    used = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.response.model": "claude-sonnet-4-5-20250929",
        "gen_ai.response.id": response,
        "gen_ai.usage.input_tokens": 1_900,
        "gen_ai.usage.output_tokens": output,
        "gen_ai.usage.cache_read.input_tokens": 200,
        "gen_ai.usage.cache_write.input_tokens": 700,
        "anthropic.usage.cache_creation.ephemeral_5m_input_tokens": 300,
        "anthropic.usage.cache_creation.ephemeral_1h_input_tokens": 400,
        "anthropic.response.service_tier": "standard",
    }
    return span(SDK, number, began, 80, used, **at)


def around(number: int, began: int, scope: str = OI, output: int = 50, **at: Any) -> Span:
    """An instrumentation around it: no response, no lifetimes."""
    used = {
        "openinference.span.kind": "LLM",
        "llm.provider": "anthropic",
        "llm.model_name": "claude-sonnet-4-5",
        "llm.token_count.prompt": 1_900,
        "llm.token_count.completion": output,
        "llm.token_count.prompt_details.cache_read": 200,
        "llm.token_count.prompt_details.cache_write": 700,
    }
    if session := at.pop("session", ""):
        used["session.id"] = session
    return span(scope, number, began - 10, 110, used, **at)


def message(*spans: Span, service: str = "shop") -> dict[str, Any]:
    whose = {"attributes": pairs({"service.name": service})}
    scoped = [{"scope": {"name": scope}, "spans": [one]} for scope, one in spans]
    return {"resourceSpans": [{"resource": whose, "scopeSpans": scoped}]}


def calls(*messages: dict[str, Any]) -> dict[bytes, Call]:
    """The last word on each call, as the store keeps it of one wire."""
    memo: dict[str, Any] = {}
    found: dict[bytes, Call] = {}
    for one in messages:
        events, memo = told(one, SEEN, json.loads(json.dumps(memo)))
        for call in events:
            assert isinstance(call, Call)
            fullest = max(call.tokens, found.get(call.key, call).tokens)
            found[call.key] = call._replace(tokens=fullest)
    return found


WHOLE = Tokens(1_900, 200, 700, 400, 50, 0)


@pytest.mark.parametrize(
    "spans",
    [
        (sdk(1, 0, "msg_1", trace=7, parent=2), around(2, 0, trace=7)),
        (sdk(1, 0, "msg_1"), around(2, 0)),
        (sdk(1, 0, "msg_1"), around(2, 0, CHAIN)),
        (sdk(1, 0, "msg_1", trace=7, parent=2), around(2, 0, trace=7), around(3, 0, CHAIN)),
    ],
    ids=["a child", "another trace", "a framework", "three tellers"],
)
def test_tellers_of_one_request_are_one_call_in_any_order_and_any_messages(spans):
    for order in itertools.permutations(spans):
        for messages in ([message(*order)], [message(one) for one in order]):
            (call,) = calls(*messages).values()
            assert (call.tokens, call.request, call.coarse) == (WHOLE, "msg_1", 0)
            assert not told(messages[-1], SEEN, told_memo(messages))[0]  # nothing new again


def told_memo(messages: list[dict[str, Any]]) -> dict[str, Any]:
    memo: dict[str, Any] = {}
    for one in messages:
        memo = told(one, SEEN, memo)[1]
    return memo


def test_the_session_is_the_one_that_any_teller_names():
    for messages in (
        [message(sdk(1, 0, "msg_1"), around(2, 0, session="chat-7"))],
        [message(sdk(1, 0, "msg_1")), message(around(2, 0, session="chat-7"))],
        [message(around(2, 0, session="chat-7")), message(sdk(1, 0, "msg_1"))],
    ):
        (call,) = calls(*messages).values()
        assert call.session == "chat-7"


@pytest.mark.parametrize("seed", range(20))
def test_eight_equal_requests_at_once_are_eight_calls(seed):
    order = random.Random(seed)
    alone = [around(number, number % 3) for number in range(1, 9)]
    assert len(calls(message(*alone))) == 8
    assert len(calls(*map(message, alone))) == 8
    both = alone + [sdk(20 + number, number % 3, f"msg_{number}") for number in range(8)]
    order.shuffle(both)
    cut = order.randrange(len(both))
    assert len(calls(message(*both[:cut]), message(*both[cut:]))) == 8
    three = both + [around(40 + number, number % 3, CHAIN) for number in range(8)]
    order.shuffle(three)
    found = calls(*map(message, three)).values()
    assert len(found) == 8
    assert {call.request for call in found} == {f"msg_{number}" for number in range(8)}


def test_a_span_with_the_sum_of_two_requests_within_it_adds_nothing():
    spans = [
        sdk(1, 0, "msg_1", trace=7, parent=3),
        sdk(2, 200, "msg_2", output=70, trace=7, parent=3),
    ]
    whole = around(3, 0, AGENT, output=120, trace=7)
    for messages in ([message(*spans, whole)], [message(one) for one in (*spans, whole)]):
        found = sorted(call.tokens.output for call in calls(*messages).values())
        assert found == [50, 70]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (sdk(1, 0, "msg_1"), sdk(2, 0, "msg_2")),
        (sdk(1, 0, "msg_1"), around(2, 0, output=51)),
        (sdk(1, 0, "msg_1"), around(2, 5_000)),
        (around(1, 0), around(2, 0)),
    ],
    ids=["other responses", "other counts", "other times", "the same library"],
)
def test_what_is_not_alike_is_two_calls(first, second):
    assert len(calls(message(first, second))) == 2
    assert len(calls(message(first), message(second))) == 2


def test_equal_requests_of_two_services_are_two_calls():
    one, other = message(sdk(1, 0, "msg_1")), message(around(2, 0), service="bank")
    assert len(calls(one, other)) == 2


@pytest.mark.parametrize("name", ["msg_1", random_id("msg_01", 1)])
def test_a_response_that_two_libraries_count_otherwise_is_one_call(name):
    streamed = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.response.id": name,
        "gen_ai.usage.input_tokens": 1_900,
        "gen_ai.usage.output_tokens": 51,  # the placeholder at its start was added
    }
    loop = span(LOOP, 2, -5, 100, streamed)
    (call,) = calls(message(sdk(1, 0, name), loop)).values()
    assert call.tokens == WHOLE
    (call,) = calls(message(sdk(1, 0, name)), message(loop)).values()
    assert call.tokens == WHOLE


@pytest.mark.parametrize(
    "said",
    [
        {"anthropic.usage.cache_creation.ephemeral_1h_input_tokens": 40},
        {"gen_ai.usage.cache_creation.ephemeral_1h_input_tokens": "40"},
        {"gen_ai.usage.details.ephemeral_1h_input_tokens": 40},
        {"gen_ai.usage.raw": '{"cache_creation":{"ephemeral_1h_input_tokens":40}}'},
    ],
)
def test_cache_writes_that_live_an_hour_are_read_wherever_they_stand(said):
    used = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_creation.input_tokens": 60,
    }
    (call,) = calls(message(span(AGENT, 1, 0, 9, {**used, **said}))).values()
    assert call.tokens == Tokens(100, 0, 60, 40, 5, 0)


def test_what_is_remembered_stays_small():
    memo: dict[str, Any] = {}
    for number in range(1, 1_200):
        memo = told(message(sdk(number, number * 5, f"msg_{number}")), SEEN, memo)[1]
    assert len(memo["requests"]) <= 400
    late = message(sdk(9_999, 10_000_000, "msg_late"))
    assert len(told(late, SEEN, memo)[1]["requests"]) == 1


def test_a_short_response_that_comes_again_is_another_call():
    one, again = sdk(1, 0, "msg_1"), sdk(2, 500, "msg_1", 60)
    assert len(calls(message(one, again))) == 2
    assert len(calls(message(one), message(again))) == 2
