"""Totals of real logs of the smaller tools, where the samples lie beside the checkout."""

import pytest

from costtop.model import Bad, Call
from costtop.money import parse
from costtop.pricing.book import PriceBook
from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE
from tests.sources.databases import rows
from tests.sources.golden import SEEN, chunks, folded, settled

PARTS = ("input", "cache_read", "cache_write", "output")
# (source, files, requests, (input in all, cache read, cache write, output), reported dollars)
CASES = [
    ("gemini-cli", "gemini-cli/as_jsonl_v040.jsonl", 2, (23_924, 11_502, 0, 228), "0"),
    ("gemini-cli.json", "gemini-cli/toktrack_no-session-model.json", 2, (700, 10, 0, 170), "0"),
    ("qwen-code", "qwen-code/*0004.jsonl", 1, (12, 0, 0, 4), "0"),
    ("qwen-code", "qwen-code/*0005.jsonl", 0, (0, 0, 0, 0), "0"),
    ("opencode", "opencode/*_v1.db", 3, (22_840, 500, 11_969, 137), "0.06505425"),
    ("opencode", "opencode/*_v2.db", 1, (12_470, 500, 11_969, 102), "0.04641675"),
    ("opencode.json", "opencode/toktrack_msg_*.json", 2, (3_450, 300, 150, 1_450), "0.17"),
    ("copilot", "copilot-cli/*.db", 1, (12_000, 11_000, 0, 345), "0.03236385"),  # credits
    ("copilot.events", "copilot-cli/as_schema_drift.jsonl", 1, (1_000, 800, 0, 50), "0"),
    ("copilot.events", "copilot-cli/*/*/events.jsonl", 2, (0, 0, 0, 26), "0"),
    ("goose", "goose/*.db", 2, (1_300, 800, 0, 140), "0.012"),
    ("amp", "amp/*.json", 2, (32_210, 28_000, 1_200, 465), "0"),
    # Two entries, two prompts; its made-up gateway names every response alike.
    ("pi", "pi/*.jsonl", 2, (24, 0, 0, 14), "0"),
    ("cline", "cline-roo-kilo/*/*/ui_messages.json", 3, (26_017, 22_000, 4_000, 405), "0.0276"),
    ("aider", "aider/*.jsonl", 9, (304_238, 0, 0, 4_171), "0.890425"),
    ("openhands", "openhands/llm-logs/*.json", 1, (4_812, 0, 0, 146), "0.016626"),
    ("openhands", "openhands/base_state.json", 0, (0, 0, 0, 0), "0"),
    ("api-responses", "gemini-api/agent-resume*", 2, (14_355, 0, 0, 6), "0"),
    ("api-responses", "gemini-api/hooks*", 2, (25_730, 24_406, 0, 97), "0"),
    ("api-responses.json", "openai-api/*.json", 2, (8_879, 0, 0, 1_309), "0"),
    ("kimi", "kimi/as_subagent_agent-0.jsonl", 3, (41_321, 28_416, 0, 330), "0"),
]


def read(name, file):
    source = SOURCE[name]
    if source.shape == "rows":
        return folded(source, [Chunk(str(file), seen=SEEN, rows=rows(name, file))])
    parts = chunks(source, str(file).lstrip("/"), file.read_bytes(), range(0, 9999, 7))
    return folded(source, parts)


@pytest.mark.parametrize(("name", "pattern", "requests", "tokens", "reported"), CASES)
def test_a_sample_has_the_requests_and_tokens_that_are_known(
    shared, name, pattern, requests, tokens, reported
):
    files = sorted((shared / "samples").glob(pattern))
    assert files
    found = settled(*(read(name, file) for file in files))
    told = list(found["calls"].values())
    assert len(told) == requests
    assert tuple(sum(c["tokens"].get(part, 0) for c in told) for part in PARTS) == tokens
    assert sum(call.get("reported", 0) for call in told) == parse(reported)
    assert found["bad"] == []


def test_the_last_request_of_the_aider_sample_costs_what_aider_says(shared):
    (file,) = (shared / "samples" / "aider").glob("*.jsonl")
    last = [event for event in read("aider", file) if isinstance(event, Call)][-1]
    assert last.reported == PriceBook().price(last)[0] == parse("0.13391")


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("openclaw", "openclaw/*"), ("claude-stream", "droid/*"), ("grok", "grok-build/*.jsonl")],
)
def test_samples_without_usage_give_no_call_and_no_complaint(shared, name, pattern):
    files = sorted((shared / "samples").glob(pattern))
    assert files
    events = [event for file in files for event in read(name, file)]
    assert not [event for event in events if isinstance(event, Call | Bad)]
