"""The fake models of scripts/real_agents: what they say on the wire is what they bill."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from laboratory.bill import cost
from laboratory.fake_models import FakeModels
from laboratory.wire.exchange import Tokens

from tests.patience import PATIENCE, until

SHELL = {"type": "object", "required": ["command"], "properties": {"command": {"type": "string"}}}
PATHS = {
    "messages": "/v1/messages",
    "responses": "/v1/responses",
    "chat": "/v1/chat/completions",
    "gemini": "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
}


@pytest.fixture
def models(tmp_path: Path) -> Iterator[FakeModels]:
    server = FakeModels(tmp_path / "bill.jsonl")
    yield server
    server.close()


def ask(models: FakeModels, path: str, body: dict[str, Any]) -> tuple[int, str]:
    before = len(models.bill.lines())
    connection = http.client.HTTPConnection("127.0.0.1", models.port, timeout=PATIENCE)
    connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    until(lambda: len(models.bill.lines()) > before)  # billed once all is said
    return answer.status, text


def body(dialect: str, prompt: str, rounds: int) -> dict[str, Any]:
    """A request after so many rounds of tools, as agents send it."""
    if dialect == "messages":
        result = {"role": "user", "content": [{"type": "tool_result", "content": "ok"}]}
        own = {"role": "user", "content": [{"type": "text", "text": prompt}]}
        tool = {"name": "Bash", "input_schema": SHELL}
        return {"model": "claude-sonnet-4-5", "messages": [own, *[result] * rounds],
                "tools": [tool], "stream": True}  # fmt: skip
    if dialect == "responses":
        item = {"type": "message", "role": "user", "content": [{"text": prompt}]}
        output = {"type": "function_call_output", "output": "ok"}
        tool = {"type": "function", "name": "shell", "parameters": SHELL}
        return {"model": "gpt-5", "input": [item, *[output] * rounds], "tools": [tool],
                "stream": True}  # fmt: skip
    if dialect == "chat":
        messages = [{"role": "user", "content": prompt}]
        messages += [{"role": "tool", "content": "ok"}] * rounds
        tool = {"type": "function", "function": {"name": "bash", "parameters": SHELL}}
        return {"model": "gpt-5", "messages": messages, "tools": [tool], "stream": True}
    contents = [{"role": "user", "parts": [{"text": prompt}]}]
    contents += [{"role": "user", "parts": [{"functionResponse": {}}]}] * rounds
    tool = {"name": "run_shell_command", "parametersJsonSchema": SHELL}
    return {"contents": contents, "tools": [{"functionDeclarations": [tool]}]}


def told(dialect: str, text: str) -> Tokens:
    """What the last words of a stream say of usage."""
    events = [json.loads(x[6:]) for x in text.splitlines() if x.startswith("data: {")]
    if dialect == "messages":
        usage = next(x["usage"] for x in events if x["type"] == "message_delta")
        parts = usage["cache_creation"]
        return Tokens(usage["input_tokens"], usage["cache_read_input_tokens"],
                      parts["ephemeral_5m_input_tokens"], parts["ephemeral_1h_input_tokens"],
                      usage["output_tokens"])  # fmt: skip
    if dialect == "gemini":
        usage = events[-1]["usageMetadata"]
        read, think = usage["cachedContentTokenCount"], usage["thoughtsTokenCount"]
        out = usage["candidatesTokenCount"] + think
        return Tokens(usage["promptTokenCount"] - read, read, out=out, think=think)
    usage = events[-1]["response"]["usage"] if dialect == "responses" else events[-1]["usage"]
    given, out = ("input", "output") if dialect == "responses" else ("prompt", "completion")
    read = usage[f"{given}_tokens_details"]["cached_tokens"]
    think = usage[f"{out}_tokens_details"]["reasoning_tokens"]
    return Tokens(usage[f"{given}_tokens"] - read, read, out=usage[f"{out}_tokens"], think=think)


@pytest.mark.parametrize("dialect", PATHS)
def test_a_script_of_two_tools_is_two_tools_and_a_last_word_and_all_is_billed(models, dialect):
    streams = [
        ask(models, PATHS[dialect], body(dialect, "[[tools=2;run=make step-$n]] go", rounds))[1]
        for rounds in range(3)
    ]
    assert ["make step-" in text for text in streams] == [True, True, False]
    assert "All done." in streams[2]
    billed = models.bill.billed()
    assert [one.tokens for one in billed] == [told(dialect, text) for text in streams]
    assert [one.cost for one in billed] == [cost(one.model, one.tokens) for one in billed]
    assert models.bill.total() == sum(one.cost for one in billed) > 0


@pytest.mark.parametrize("dialect", PATHS)
def test_faults_come_as_often_as_they_were_ordered_and_cost_nothing(models, dialect):
    asked = body(dialect, "[[fault=429x2]] go", 0)
    statuses = [ask(models, PATHS[dialect], asked)[0] for _ in range(3)]
    assert statuses == [429, 429, 200]
    assert [line["status"] for line in models.bill.lines()] == [429, 429, 200]
    assert len(models.bill.billed()) == 1


def test_a_context_grows_with_every_step_and_the_newest_script_counts(models):
    prompt = "[[tools=9]] and then [[loop=1;in=1000;grow=500]] go"
    for rounds in range(3):
        ask(models, PATHS["chat"], body("chat", prompt, rounds))
    assert [one.tokens.fresh for one in models.bill.billed()] == [1000, 1500, 2000]


def test_a_request_without_tools_is_a_side_request_and_follows_no_script(models):
    asked = body("messages", "[[loop=1;in=90000]] go", 0) | {"tools": [], "stream": False}
    status, text = ask(models, PATHS["messages"], asked)
    assert status == 200 and "title" in json.loads(json.loads(text)["content"][0]["text"])
    billed = models.bill.billed()
    assert [one.side for one in billed] == [True] and billed[0].tokens.fresh < 100


def test_a_model_without_a_price_is_a_fault_of_the_laboratory():
    with pytest.raises(LookupError, match="unheard-of"):
        cost("unheard-of", Tokens(1))
