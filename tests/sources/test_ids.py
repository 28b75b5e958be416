"""Which ids are their response's alone, and what follows from it in each source."""

import json

import pytest

from costtop.daemon.ingest.fold import sorted_events
from costtop.daemon.ingest.intake import place_of
from costtop.sources.fold import keys
from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE
from tests.sources.fork_trees import random_id
from tests.sources.golden import SEEN
from tests.sources.lines import calls as calls_of
from tests.sources.lines import events, kept, reply

GLOBAL = [
    "msg_01AbQ7wZk3nT9xLmPvRs2dYu", "msg_bdrk_01Hq8sVnT3kXw5yZp7LmRd2c",
    "resp_68f1c2a97e0481b3a5d4c6e7f8091a2b3c4d5e6f7a8b9c0d",
    "chatcmpl-BqX7n2LwP9vTz4kRmYs8Hd3cF6gJa", "gen-1795100000-Zk3nT9xLmPvRs2dYu7wQ",
    "chatcmpl-1d0c7a52-93f4-4c1e-8a6b-0f2d3e4c5b6a", "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
]  # fmt: skip
OWN = [
    "", "1", "msg_1", "msg_17", "msg_00000000000000000000000017", "resp_20261120100000000017",
    "chatcmpl-5", "gen-1795100000-000000000000000003", "msg_answer_of_the_first_session_07",
    "msg_aaaaaaaaaaaaaaaaaaaaaaaa",
]  # fmt: skip


@pytest.mark.parametrize("name", GLOBAL)
def test_an_id_of_random_characters_is_named_alone(name):
    assert keys.is_global(name)
    assert keys.named(name, "session") == name


@pytest.mark.parametrize("name", OWN)
def test_a_short_or_counted_id_is_named_within_its_owner(name):
    assert not keys.is_global(name)
    assert keys.named(name, "a") != keys.named(name, "b")


LOST = [("req_1", None), (None, "req_1"), ("req_1", "req_2")]


@pytest.mark.parametrize(("first", "second"), LOST)
def test_claude_a_response_repeated_with_another_request_id_is_one_call(first, second):
    name = random_id("msg_01", 5)
    again = reply(name, second, timestamp="2026-11-20T10:00:07.000Z", uuid="u-2")
    assert len(kept(events("claude-code", reply(name, first, uuid="u-1"), again))) == 1


@pytest.mark.parametrize(
    ("first", "second", "calls"), [(*LOST[0], 1), (*LOST[1], 1), (*LOST[2], 2)]
)
def test_claude_a_short_id_is_one_call_of_its_session_unless_two_requests_say_otherwise(
    first, second, calls
):
    again = reply("msg_1", second, timestamp="2026-11-20T10:00:07.000Z", uuid="u-2")
    assert len(kept(events("claude-code", reply("msg_1", first, uuid="u-1"), again))) == calls


def test_claude_two_gateways_that_number_from_one_are_two_calls():
    one = events("claude-code", reply("msg_1", None, uuid="u-1"), path="/x/a.jsonl")
    other = events("claude-code", reply("msg_1", None, uuid="u-2"), path="/x/b.jsonl")
    assert len(kept(one, other)) == 2


def test_claude_a_fork_that_names_the_row_it_copied_is_that_row():
    origin = {"sessionId": "s-1", "messageUuid": "u-1"}
    one = events("claude-code", reply("msg_1", None, uuid="u-1"), path="/x/a.jsonl")
    copy = reply("msg_1", None, uuid="u-9", forkedFrom=origin)
    assert len(kept(one, events("claude-code", copy, path="/x/b.jsonl"))) == 1


def test_claude_a_subagent_behind_a_numbering_gateway_keeps_its_calls():
    main = events("claude-code", reply("msg_1", "r-1", uuid="u-1"))
    path = "/x/5d1f0c1e-0000-4000-8000-00000000000a/subagents/agent-7.jsonl"
    agent = events("claude-code", reply("msg_1", "r-1", uuid="u-2", isSidechain=True), path=path)
    assert len(kept(main, agent)) == 2


def entry(response, name="aaaa0001", at="2026-11-20T10:00:00.000Z"):
    usage = {"input": 9, "output": 40}
    message = {"role": "assistant", "model": "m", "usage": usage, "responseId": response}
    return {"type": "message", "id": name, "timestamp": at, "message": message}


@pytest.mark.parametrize("source", ["pi", "oh-my-pi", "openclaw"])
def test_pi_a_global_response_is_one_call_under_any_entry_and_a_short_one_is_not(source):
    for response, calls in ((random_id("resp_", 3), 1), ("resp_3", 2)):
        later = entry(response, "bbbb0002", "2026-11-20T11:00:00.000Z")
        one = events(source, entry(response), path="/x/a.jsonl")
        assert len(kept(one, events(source, later, path="/x/b.jsonl"))) == calls


def step(message, path, output=30):
    usage = {"inputOther": 5, "inputCacheRead": 0, "inputCacheCreation": 0, "output": output}
    event = {"type": "step.end", "usage": usage, "messageId": message}
    row = {"type": "context.append_loop_event", "time": 1_795_168_800_000, "event": event}
    return events("kimi", row, path=path)


def test_kimi_a_global_message_is_one_call_in_a_copied_session_and_a_short_one_is_two():
    paths = [f"/x/wd/session_{name}/agents/main/wire.jsonl" for name in "ab"]
    for message, calls in ((random_id("chatcmpl-", 4), 1), ("chatcmpl-4", 2)):
        assert len(kept(*(step(message, path) for path in paths))) == calls


def test_openhands_short_response_ids_belong_to_their_conversation():
    def state(folder, response):
        usage = {"model": "m", "prompt_tokens": 9, "completion_tokens": 3, "response_id": response}
        metrics = {"agent": {"model_name": "m", "token_usages": [usage]}}
        text = json.dumps({"id": folder, "stats": {"usage_to_metrics": metrics}}).encode()
        chunk = Chunk(f"/c/{folder}/base_state.json", text, 0, SEEN)
        return SOURCE["openhands"].read(chunk, {})[0]

    for response, calls in ((random_id("chatcmpl-", 6), 1), ("chatcmpl-6", 2)):
        assert len(kept(state("c1", response), state("c2", response))) == calls


PATHS = ["/gw/a/log.jsonl", "/gw/b/log.jsonl"]
PARTS = [
    "/gw/a/log.jsonl", "/gw/a/log.jsonl.1", "/gw/a/log.jsonl-20261120.gz", "/gw/a/log.1.jsonl",
    "/backup/log-2026-11-20.jsonl", "/gw/a/log copy.jsonl", "/gw/a/log (1).jsonl",
    "/gw/a/log.jsonl.bak", "/gw/a/log.jsonl~", "/gw/a/log-copy-2.json",
]  # fmt: skip


def payload(name, start=1_795_168_800.25, **more):
    return {"id": name, "model": "gpt-5", "prompt_tokens": 9, "completion_tokens": 40,
            "startTime": start, "endTime": start + 1, **more}  # fmt: skip


def answer(name, created=1_795_168_800, **around):
    used = {"prompt_tokens": 9, "completion_tokens": 40}
    told = {"id": name, "object": "chat.completion", "model": "gpt-5", "created": created}
    return {**around, "response": {**told, "usage": used}}


GATEWAYS = [("litellm", payload), ("api-responses", answer)]


def starts(made, name):
    """The logs of two gateways: they begin at other moments."""
    times = (1_795_168_800, 1_795_168_807)
    return [(path, made(name, at)) for path, at in zip(PATHS, times, strict=True)]


@pytest.mark.parametrize(("source", "made"), GATEWAYS)
def test_two_gateways_that_number_from_one_are_two_calls(source, made):
    told = starts(made, "chatcmpl-8")
    assert len(kept(*(events(source, row, path=path) for path, row in told))) == 2
    same = made("chatcmpl-8")
    names = ("/gw/one.jsonl", "/gw/two.jsonl", "/gw/gw-1.jsonl", "/gw/gw-2.jsonl")
    assert len(kept(*(events(source, same, path=path) for path in names))) == 4


@pytest.mark.parametrize(("source", "made"), GATEWAYS)
def test_gateways_that_give_global_ids_tell_of_one_call(source, made):
    name = random_id("chatcmpl-", 8)
    assert len(kept(*(events(source, made(name), path=path) for path in PATHS))) == 1


@pytest.mark.parametrize(("source", "made"), GATEWAYS)
def test_a_log_read_twice_rotated_copied_or_gzipped_is_one_log(source, made):
    parts = [*PARTS, *PATHS]
    assert len(kept(*(events(source, made("chatcmpl-8"), path=path) for path in parts))) == 1


def test_equal_numbers_at_one_moment_are_two_calls_where_other_counts_were_sent():
    rows = [answer("chatcmpl-8"), answer("chatcmpl-8")]
    rows[1]["response"]["usage"] = {"prompt_tokens": 10, "completion_tokens": 40}
    read = [events("api-responses", row, path=path) for row, path in zip(rows, PATHS, strict=True)]
    assert len(kept(*read)) == 2


@pytest.mark.parametrize("path", ["1.jsonl", "/d/1.json", "/d/20261120.jsonl", "/d/.1", "/d/"])
def test_a_log_whose_name_is_all_number_keeps_it(path):
    assert keys.log_name(path) == path.rpartition("/")[2].partition(".json")[0]


def anthropic(name, sent, output, at):
    """The lines of a stream, each with its own time as a logger may add it, then the message."""
    usage = {"input_tokens": sent, "output_tokens": 1}
    begun = {"id": name, "type": "message", "model": "claude-sonnet-4-5", "usage": usage}
    parts = [
        {"type": "message_start", "message": begun},
        {"type": "message_delta", "usage": {"input_tokens": sent + 5, "output_tokens": output}},
        {**begun, "usage": {"input_tokens": sent + 5, "output_tokens": output}},
    ]
    return [{"timestamp": at + nth, "data": part} for nth, part in enumerate(parts)]


def test_a_stream_of_anthropic_with_short_ids_is_one_call_also_in_a_copy():
    rows = [*anthropic("msg_1", 9, 40, 1_795_168_800), *anthropic("msg_1", 9, 40, 1_795_168_900)]
    once = kept(events("api-responses", *rows, path=PATHS[0]))
    assert [call["tokens"]["output"] for call in once] == [40, 40]
    assert len(kept(*(events("api-responses", *rows, path=path) for path in PARTS))) == 2


@pytest.mark.parametrize(("source", "made"), GATEWAYS)
def test_a_gateway_that_begins_anew_has_each_number_twice(source, made):
    rows = [made("chatcmpl-1"), made("chatcmpl-1", 1_795_168_900), made("chatcmpl-1")]
    assert len(kept(events(source, *rows, path=PATHS[0]))) == 2


@pytest.mark.parametrize(
    ("source", "made", "field"),
    [("litellm", payload, "litellm_session_id"), ("api-responses", answer, "session_id")],
)
def test_a_short_id_of_a_named_session_is_the_sessions_in_any_log(source, made, field):
    def told(session, path):
        return events(source, made("chatcmpl-8", **{field: session}), path=path)

    assert len(kept(*(told("s-1", path) for path in PATHS))) == 1
    assert len(kept(*(told(session, PATHS[0]) for session in ("s-1", "s-2")))) == 2


def test_the_chunks_of_a_stream_with_a_short_id_are_one_call():
    parts = [
        {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m", "created": 1_795_168,
         "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": output}}
        for output in (1, 20, 40)
    ]  # fmt: skip
    (call,) = kept(events("api-responses", *(f"data: {json.dumps(part)}" for part in parts)))
    assert call["tokens"]["output"] == 40


def test_documents_of_one_short_id_are_as_many_calls_as_files():
    def read(path):
        text = json.dumps(answer("chatcmpl-1")).encode()
        return SOURCE["api-responses.json"].read(Chunk(path, text, 0, SEEN), {})[0]

    assert len(kept(read("/d/1.json"), read("/d/2.json"), read("/d/1.json"))) == 2


def usage_record(response, thread, turn, family=None, output=40, **over):
    """A thread of Codex with one record, as `forked_from_id` would have it copied."""
    meta = {"id": thread, **({"forked_from_id": family} if family else {})}
    used = {"input_tokens": 9, "output_tokens": output}
    record = {"response_id": response, "turn_id": turn, "thread_id": thread, "usage": used, **over}
    rows = [("session_meta", meta), ("turn_context", {"turn_id": turn, "model": "gpt-5"}),
            ("token_usage_record", record)]  # fmt: skip
    at = "2026-11-20T10:00:00.000Z"
    lines = [{"timestamp": at, "type": kind, "payload": told} for kind, told in rows]
    return events("codex", *lines, path=f"/c/sessions/rollout-2026-11-20T10-00-00-{thread}.jsonl")


def test_codex_a_short_response_is_its_turns_which_a_fork_keeps():
    one, other = "019f9000-0000-7000-8000-000000000001", "019f9000-0000-7000-8000-000000000002"
    turn, later = "019f9100-0000-7000-8000-000000000001", "019f9100-0000-7000-8000-000000000002"
    mine = usage_record("resp_1", one, turn)
    assert len(kept(mine, usage_record("resp_1", other, turn, one))) == 1
    assert len(kept(mine, usage_record("resp_1", other, later))) == 2
    whole = random_id("resp_", 9)
    assert len(kept(usage_record(whole, one, turn), usage_record(whole, other, later))) == 1


@pytest.mark.parametrize("name", ["resp_1", random_id("resp_", 9)])
def test_codex_a_record_without_a_turn_is_one_of_the_turn_under_way(name):
    one, other = "019f9000-0000-7000-8000-000000000001", "019f9000-0000-7000-8000-000000000002"
    turn = "019f9100-0000-7000-8000-000000000001"
    mine = usage_record(name, one, turn, turn_id=None)
    assert len(kept(mine, usage_record(name, other, turn, turn_id=None))) == 1


def test_codex_a_short_response_of_a_gateway_that_begins_anew_is_another():
    one, other = "019f9000-0000-7000-8000-000000000001", "019f9000-0000-7000-8000-000000000002"
    mine = usage_record("resp_1", one, "1"), usage_record("resp_1", one, "1", output=41)
    copied = usage_record("resp_1", other, "1", one, output=41)
    assert len(kept(*mine)) == len(kept(*mine, copied)) == 2


def test_codex_a_short_response_of_a_counted_turn_is_its_familys():
    one, other = "019f9000-0000-7000-8000-000000000001", "019f9000-0000-7000-8000-000000000002"
    mine = usage_record("resp_1", one, "1")
    assert len(kept(mine, usage_record("resp_1", other, "1", one))) == 1
    assert len(kept(mine, usage_record("resp_1", other, "1"))) == 2


def traced(response, trace, session=""):
    said = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5", "gen_ai.response.id":
            response, "gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 40}  # fmt: skip
    if session:
        said["gen_ai.conversation.id"] = session
    kinds = {str: "stringValue", int: "intValue"}
    attributes = [{"key": key, "value": {kinds[type(v)]: v}} for key, v in said.items()]
    at = int(trace, 16) * 10**15
    span = {"traceId": trace * 32, "spanId": trace * 16, "attributes": attributes,
            "startTimeUnixNano": at, "endTimeUnixNano": at}  # fmt: skip
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


@pytest.mark.parametrize(("response", "calls"), [(random_id("chatcmpl-", 8), 1), ("chatcmpl-8", 2)])
def test_otlp_a_short_response_is_one_of_its_trace(response, calls):
    assert len(kept(events("otlp", traced(response, "1"), traced(response, "2")))) == calls
    again = events("otlp", traced(response, "1"), traced(response, "1"))
    assert len(kept(again, events("otlp", traced(response, "1"), path=PATHS[1]))) == 1


def joined_by(call):
    """The request under which a call is joined with other channels' sights of it."""
    (one,) = sorted_events("costtop", place_of(b"x"), {}, [call], 0).calls
    return one.request


def test_a_short_request_of_an_agent_joins_its_log_and_the_wire_within_the_session():
    def row(session, request):
        line = reply(random_id("msg_01", 5), request, sessionId=session)
        told = events("claude-code", line, path=f"/x/{session}.jsonl")
        return joined_by(calls_of(told)[0])

    a, b = (f"5d1f0c1e-0000-4000-8000-00000000000{end}" for end in "ab")
    assert row(a, "req_1") == row(a, "req_1") != row(b, "req_1")
    whole = random_id("req_", 7)
    assert row(a, whole) == row(b, whole) == whole


def test_a_short_request_of_a_program_joins_what_has_the_same_output():
    def line(request, output):
        told = {"session": "a", "model": "gpt-5", "input_tokens": 9, "output_tokens": output}
        return joined_by(calls_of(events("costtop", {**told, "request": request}))[0])

    span = joined_by(calls_of(events("otlp", traced("chatcmpl-8", "1")))[0])
    assert line("chatcmpl-8", 40) == span != line("chatcmpl-8", 41)
