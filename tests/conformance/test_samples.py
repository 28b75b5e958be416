"""Real samples of other people's logs add up to what their provenance says, where they are here."""

import shutil
from pathlib import Path

import pytest

from tests.conformance import pipeline
from tests.conformance.pipeline import CLAUDE, CODEX, append, home, scan, spread, tokens, total

SPOTTER = "ae4a77f8-aedd-4bc1-888f-c94edc91af04"
THREAD = "rollout-2026-11-20T10-00-00-019f9000-0000-7000-8000-000000000001.jsonl"


@pytest.fixture
def samples(shared: Path) -> Path:
    return shared / "samples"


def put(source: Path, path: str) -> None:
    to = home() / path
    to.parent.mkdir(parents=True, exist_ok=True)
    (shutil.copytree if source.is_dir() else shutil.copy)(source, to)


def test_a_real_session_with_a_subagent_and_a_compaction_costs_its_golden_total(
    samples: Path,
) -> None:
    put(samples / "claude-code" / "spotter_redacted", CLAUDE)
    row = total()
    assert (row["cost_usd"], row["calls"]) == ("1.246198150", 36)
    assert tokens(row) == (2480 + 210_983 + 1_420_956, 1_420_956, 210_983, 0, 5396)
    assert spread() == {f"claude-code/{SPOTTER}": ("1.24619815", 36)}
    assert pipeline.by_agent(SPOTTER) == {
        "": "0.3898422",
        "aac57f5": "0.0866637",
        "acompact-946d2b": "0.76969225",
    }
    assert pipeline.agree()[0] == "1.24619815"


@pytest.mark.parametrize(
    ("name", "cost", "calls"),
    [
        ("spotter_short.jsonl", "0.1444475", 1),
        ("budgetclaw_session_sample.jsonl", "0.03993", 4),
    ],
)
def test_a_real_session_costs_its_golden_total(
    samples: Path, name: str, cost: str, calls: int
) -> None:
    put(samples / "claude-code" / name, f"{CLAUDE}/{name}")
    assert (pipeline.usd(), total()["calls"]) == (cost, calls)


@pytest.mark.parametrize(
    ("name", "calls", "used"),
    [
        ("SYNTHETIC_reemits.jsonl", 2, (3000, 1500, 800, 0, 300)),
        ("SYNTHETIC_token_usage_record.jsonl", 3, (6000, 1500, 800, 0, 600)),
        ("SYNTHETIC_fill_to_window.jsonl", 2, (3000, 1500, 800, 0, 300)),
        ("as_codex_053_rate_limit.jsonl", 1, (12_091, 10_880, 0, 0, 182)),
        ("as_large.jsonl", 1, (12_091, 10_880, 0, 0, 182)),
        ("ccusage_session-alpha.jsonl", 2, (3500, 750, 0, 0, 425)),
    ],
)
def test_a_codex_rollout_gives_its_golden_counts(
    samples: Path, name: str, calls: int, used: tuple[int, ...]
) -> None:
    put(samples / "codex" / name, f"{CODEX}/{THREAD}")
    row = total()
    assert (row["calls"], tokens(row)) == (calls, used)
    assert pipeline.bad() == []


def test_the_gemini_chat_gives_its_golden_counts(samples: Path) -> None:
    put(samples / "gemini-cli" / "as_jsonl_v040.jsonl", ".gemini/tmp/x/chats/session-1.jsonl")
    row = total()
    assert (row["calls"], tokens(row)) == (2, (23_924, 11_502, 0, 0, 228))


def test_the_malformed_line_is_named_and_its_neighbours_are_kept(samples: Path) -> None:
    file = samples / "claude-code" / "agentsview_truncated.jsonl"
    put(file, f"{CLAUDE}/{file.name}")
    scan()
    before = sum(len(line) for line in file.read_bytes().splitlines(keepends=True)[:2])
    assert [offset for offset, _ in pipeline.bad()] in ([before], [])


def test_qwen_s_glued_objects_are_read(samples: Path) -> None:
    name = "as_019f0000-0000-7000-8000-000000000005.jsonl"
    put(samples / "qwen-code" / name, f".qwen/projects/x/chats/{name}")
    scan()
    assert pipeline.bad() == []


def test_aider_s_last_message_costs_what_aider_says(samples: Path) -> None:
    name = "sample-analytics.trim.jsonl"
    put(samples / "aider" / name, "aider/analytics.jsonl")
    append(
        "costtop/config.toml",
        f'[[source]]\nname = "aider"\nformat = "aider"\npaths = ["{home()}/aider/*.jsonl"]\n',
    )
    scan()
    last = pipeline.ask(
        "SELECT input, output, reported FROM calls ORDER BY at DESC, id DESC LIMIT 1"
    )
    assert last == [(25_696, 181, 133_910_000)]


def test_all_samples_together_agree_in_every_view_and_a_second_time(samples: Path) -> None:
    put(samples / "claude-code" / "spotter_redacted", CLAUDE)
    for file in (samples / "claude-code").glob("*.jsonl"):
        put(file, f".claude/projects/other/{file.name}")
    for n, file in enumerate(sorted((samples / "codex").glob("*.jsonl"))):
        put(file, f"{CODEX}/{THREAD[:-12]}{n:06d}.jsonl")
    for n, file in enumerate(sorted((samples / "gemini-cli").glob("*.json*"))):
        put(file, f".gemini/tmp/p{n}/chats/{file.name}")
    logs = list(home().glob(".c*/**/*.jsonl"))
    for file in logs:
        file.write_bytes(file.read_bytes().rstrip(b"\n") + b"\n")  # one ends without
    scan()
    before = pipeline.agree()
    for file in logs:
        file.write_bytes(file.read_bytes() * 2)
    scan()
    assert pipeline.agree() == before
