"""Bad values in the logs of the smaller tools: quarantined with a reason, neighbours kept."""

import json

import pytest

from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE
from tests.sources.golden import SEEN
from tests.sources.lines import bad, calls, events
from tests.sources.test_hostile_lines import VALUES


def _line(template, number, value):
    return json.dumps(template(number)).replace("4711", value)


def gemini(n):
    tokens = {"input": 9, "output": 4711, "cached": 0}
    return {"id": f"g{n}", "type": "gemini", "timestamp": "2026-11-20T10:00:00Z", "tokens": tokens}


def qwen(n):
    used = {"promptTokenCount": 9, "candidatesTokenCount": 4711}
    return {"uuid": f"q{n}", "sessionId": "s", "type": "assistant", "usageMetadata": used}


def copilot(n):
    data = {"messageId": f"m{n}", "outputTokens": 4711, "model": "gpt-5"}
    return {"type": "assistant.message", "id": f"e{n}", "data": data}


def pi(n):
    usage = {"input": 9, "output": 4711}
    message = {"role": "assistant", "model": "m", "usage": usage, "responseId": f"r{n}"}
    return {"type": "message", "id": f"p{n}", "message": message}


def aider(n):
    properties = {"main_model": "m", "prompt_tokens": n, "completion_tokens": 4711}
    return {"event": "message_send", "time": 1795000000 + n, "properties": properties}


def litellm(n):
    return {"id": f"l{n}", "model": "m", "prompt_tokens": 9, "completion_tokens": 4711}


def api(n):
    return {"id": f"c{n}", "usage": {"prompt_tokens": 9, "completion_tokens": 4711}}


def stream(n):
    message = {"id": f"c{n}", "model": "m", "usage": {"input_tokens": 9, "output_tokens": 4711}}
    return {"type": "assistant", "session_id": "s", "message": message}


def grok(n):
    usage = {"inputTokens": 9, "outputTokens": 4711}
    update = {"sessionUpdate": "turn_completed", "prompt_id": f"p{n}", "usage": usage}
    return {"timestamp": 1795000000, "params": {"update": update}}


def kimi(n):
    event = {"type": "step.end", "messageId": f"k{n}", "usage": {"inputOther": 9, "output": 4711}}
    return {"type": "context.append_loop_event", "event": event, "time": 1795000000000}


FORMS = [
    ("gemini-cli", gemini), ("qwen-code", qwen), ("copilot.events", copilot), ("pi", pi),
    ("aider", aider), ("litellm", litellm), ("api-responses", api), ("claude-stream", stream),
    ("grok", grok), ("kimi", kimi),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=[value[:12] for value in VALUES])
@pytest.mark.parametrize(("name", "form"), FORMS, ids=[form[0] for form in FORMS])
def test_a_count_that_is_none_is_reported_and_its_neighbours_are_kept(name, form, value):
    rows = [_line(form, 1, "5"), _line(form, 2, value), _line(form, 3, "7")]
    found = events(name, *rows, path="/x/s/log.jsonl")
    assert [call.tokens.output for call in calls(found)] == [5, 7]
    (record,) = bad(found)
    assert record.offset == len(rows[0]) + 1
    assert record.reason
    assert "4711" not in record.reason


DOCUMENTS = [
    ("gemini-cli.json", lambda rows: {"sessionId": "s", "messages": rows}, gemini),
    (
        "amp",
        lambda rows: {"id": "T-1", "messages": rows},
        lambda n: {"role": "assistant", "messageId": n, "usage": {"outputTokens": 4711}},
    ),
    (
        "cline",
        lambda rows: rows,
        lambda n: {"ts": n, "say": "api_req_started", "text": '{"tokensOut": 4711}'},
    ),
    (
        "openhands",
        lambda rows: {"id": "c", "stats": {"usage_to_metrics": {"agent": {"token_usages": rows}}}},
        lambda n: {"response_id": f"r{n}", "prompt_tokens": 9, "completion_tokens": 4711},
    ),
]


@pytest.mark.parametrize("value", ["-1", "-0", "true", '"12"', "1.5", "1000000001"])
@pytest.mark.parametrize(("name", "whole", "form"), DOCUMENTS, ids=[x[0] for x in DOCUMENTS])
def test_a_bad_count_in_a_document_costs_none_of_its_neighbours(name, whole, form, value):
    quoted = value.replace('"', '\\"') if name == "cline" else value
    text = json.dumps(whole([form(n) for n in (1, 2, 3)]))
    for given in ("5", quoted, "7"):
        text = text.replace("4711", given, 1)
    found, _ = SOURCE[name].read(Chunk("/x/t/ui_messages.json", text.encode(), 0, SEEN), {})
    assert [call.tokens.output for call in calls(found)] == [5, 7]
    assert len(bad(found)) == 1


@pytest.mark.parametrize("name", [x[0] for x in DOCUMENTS])
def test_half_a_document_is_reported_until_it_is_whole(name):
    found, _ = SOURCE[name].read(Chunk("/x/t/ui_messages.json", b'{"id": "x", "mess', 0, SEEN), {})
    assert not calls(found)
    assert [record.reason for record in bad(found)] == ["not valid JSON"]
