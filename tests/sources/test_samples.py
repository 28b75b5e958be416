"""Totals of real logs, where the folder of samples lies beside the checkout (PROVENANCE.md)."""

import pytest

from costtop.model import Bad
from costtop.sources.registry import SOURCE
from tests.sources.golden import chunks, folded, settled

CLAUDE = [
    ("spotter_redacted/*.jsonl", 32, (69, 1_373_840, 70_480, 0, 5_381)),
    ("spotter_redacted/*/subagents/agent-aac57f5.jsonl", 3, (2_408, 29_274, 18_814, 0, 7)),
    ("spotter_redacted/*/subagents/agent-acompact-946d2b.jsonl", 1, (3, 17_842, 121_689, 0, 8)),
    ("spotter_redacted/**/*.jsonl", 36, (2_480, 1_420_956, 210_983, 0, 5_396)),
    ("spotter_short.jsonl", 1, (3, 11_515, 13_835, 13_835, 13)),
    ("budgetclaw_session_sample.jsonl", 4, None),
]
CODEX = [
    ("SYNTHETIC_reemits.jsonl", 2, (700, 1_500, 800, 0, 300)),
    ("SYNTHETIC_token_usage_record.jsonl", 3, (3_700, 1_500, 800, 0, 600)),
    ("SYNTHETIC_fill_to_window.jsonl", 2, (700, 1_500, 800, 0, 300)),
    ("as_codex_053_rate_limit.jsonl", 1, (1_211, 10_880, 0, 0, 182)),
    ("as_large.jsonl", 1, (1_211, 10_880, 0, 0, 182)),
    ("ccusage_session-alpha.jsonl", 2, (2_750, 750, 0, 0, 425)),
]
CASES = [("claude-code", *case) for case in CLAUDE] + [("codex", *case) for case in CODEX]


@pytest.mark.parametrize(("name", "pattern", "requests", "tokens"), CASES)
def test_a_sample_has_the_requests_and_tokens_that_are_known(
    shared, name, pattern, requests, tokens
):
    events = []
    for file in sorted((shared / "samples" / name).glob(pattern)):
        parts = chunks(SOURCE[name], str(file).lstrip("/"), file.read_bytes(), range(0, 9999, 7))
        events += folded(SOURCE[name], parts)
    found = [call["tokens"] for call in settled(events)["calls"].values()]
    assert len(found) == requests
    total = {part: sum(one.get(part, 0) for one in found) for part in
             ("input", "cache_read", "cache_write", "cache_write_1h", "output")}  # fmt: skip
    total["input"] -= total["cache_read"] + total["cache_write"]
    assert tokens is None or tuple(total.values()) == tokens


@pytest.mark.parametrize("name", ["claude-code", "codex"])
def test_of_all_samples_only_the_line_known_as_broken_is_bad(shared, name):
    broken = []
    for file in sorted((shared / "samples" / name).glob("**/*.jsonl")):
        parts = chunks(SOURCE[name], str(file).lstrip("/"), file.read_bytes())
        events = folded(SOURCE[name], parts)
        broken += [(file.name, event.offset) for event in events if isinstance(event, Bad)]
    known = [("agentsview_truncated.jsonl", 309)] if name == "claude-code" else []
    assert broken == known
