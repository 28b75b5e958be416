"""A session that has a log takes no money from the wire, whatever kind of record it sends."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance import pipeline
from tests.conformance.pipeline import append, home, report, scan, spread, total
from tests.conformance.test_other_agents import CHAT, HEAD, SID, gemini
from tests.sources.test_otlp import pairs

AT = 1_795_165_205 * 10**9
WHOSE = {"attributes": pairs({"service.name": "gemini-cli", "session.id": SID})}


def traced(number: int, given: int, output: int) -> dict[str, Any]:
    """A span with a response id, which Gemini CLI's own chat log lacks."""
    said = {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.conversation.id": SID,
        "gen_ai.request.model": "gemini-2.5-pro",
        "gen_ai.response.id": f"resp-{number}",
        "gen_ai.usage.input_tokens": given,
        "gen_ai.usage.output_tokens": output,
    }
    times = {"startTimeUnixNano": AT + number * 10**9, "endTimeUnixNano": AT + number * 10**9 + 9}
    ids = {"traceId": f"{number:032x}", "spanId": f"{number:016x}"}
    spans = [{"name": "llm", "attributes": pairs(said), **ids, **times}]
    scoped = [{"scope": {"name": "gemini-cli"}, "spans": spans}]
    return {"resourceSpans": [{"resource": WHOSE, "scopeSpans": scoped}]}


def logged(number: int, given: int, output: int) -> dict[str, Any]:
    said = {
        "event.name": "gemini_cli.api_response",
        "session.id": SID,
        "model": "gemini-2.5-pro",
        "input_token_count": given,
        "output_token_count": output,
        "response_id": f"resp-{number}",
    }
    rows = [{"timeUnixNano": AT + number * 10**9, "attributes": pairs(said)}]
    return {"resourceLogs": [{"resource": WHOSE, "scopeLogs": [{"logRecords": rows}]}]}


def summed(name: str, kind: str, given: int, output: int) -> dict[str, Any]:
    points = [
        {
            "startTimeUnixNano": AT,
            "timeUnixNano": AT + 60 * 10**9,
            "asInt": value,
            "attributes": pairs({"session.id": SID, "model": "gemini-2.5-pro", kind: word}),
        }
        for word, value in (("input", given), ("output", output))
    ]
    metric = {"name": name, "sum": {"aggregationTemporality": 1, "dataPoints": points}}
    return {"resourceMetrics": [{"resource": WHOSE, "scopeMetrics": [{"metrics": [metric]}]}]}


KINDS = {
    "spans": [traced(1, 12_000, 100), traced(2, 13_000, 200)],
    "events": [logged(1, 12_000, 100), logged(2, 13_000, 200)],
    "its sums": [summed("gemini_cli.token.usage", "type", 25_000, 300)],
    "common sums": [summed("gen_ai.client.token.usage", "gen_ai.token.type", 25_000, 300)],
}
CHATS = [HEAD, gemini("g1", 12_000, 100, cached=8_000), gemini("g2", 13_000, 200)]


@pytest.fixture(autouse=True)
def wire() -> Iterator[None]:
    append(
        "costtop/config.toml",
        f'[[source]]\nname = "wire"\nformat = "otlp"\npaths = ["{home()}/wire/*.jsonl"]\n',
    )
    yield
    pipeline.agree()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("first", ["the log", "the wire", "at once"])
def test_gemini_s_own_telemetry_beside_its_chat_is_counted_once(kind: str, first: str) -> None:
    steps = [lambda: append(CHAT, *CHATS), lambda: append("wire/a.jsonl", *KINDS[kind])]
    for step in reversed(steps) if first == "the wire" else steps:
        step()
        if first != "at once":
            scan()
    scan()
    assert report("total")["total"]["calls"] == 2
    assert spread() == {f"gemini-cli/{SID}": ("0.02525", 2)}


@pytest.mark.parametrize("kinds", list(itertools.permutations(KINDS, 2)))
def test_without_a_log_the_finest_record_alone_counts(kinds: tuple[str, str]) -> None:
    append("wire/a.jsonl", *KINDS[kinds[0]], *KINDS[kinds[1]])
    assert total()["output_tokens"] == 300
