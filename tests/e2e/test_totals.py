"""Real files in, exact sums out, whatever they are summed by and however often they are read."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from costtop.queries.spending.report import KEYS
from costtop.sources.registry import SOURCES
from tests.conftest import ROOT
from tests.e2e.instance import Instance

LOGS = ROOT / "tests" / "logs"
IN_DATABASES = {
    "copilot",
    "crush",
    "goose",
    "kilo",
    "opencode",
    "zed",
}  # golden as SQL; tests/sources lays them
LONG_AGO = 1_795_000_000  # s since the epoch
SPOTTER = "ae4a77f8-aedd-4bc1-888f-c94edc91af04"


def lay_out(instance: Instance) -> list[str]:
    """Every source's golden logs where that source looks for them; the names of the sources."""
    entries, laid = "", []
    for source in SOURCES:
        golden = LOGS / source.name / "input"
        if not golden.is_dir():
            continue
        laid.append(source.name)
        roots = source.roots(os.environ, instance.home)
        place = roots[0] if roots else instance.home / "logs" / source.name
        if roots and roots[0].name in {part.name for part in golden.iterdir()}:
            place = place.parent
        shutil.copytree(golden, place, dirs_exist_ok=True)
        for file in filter(Path.is_file, place.rglob("*")):
            os.utime(file, (LONG_AGO, LONG_AGO))  # one just written is looked at twice
        if not roots:
            globs = ", ".join(f'"{place}/{glob}"' for glob in source.patterns)
            entries += f'[[source]]\nname = "{source.name}"\nformat = "{source.name}"\n'
            entries += f"paths = [{globs}]\n"
    instance.configure(f'timezone = "UTC"\n{entries}')
    return laid


def test_every_way_of_summing_gives_the_same_total_to_the_nano_dollar(instance):
    laid = lay_out(instance)
    counts = instance.json("scan")
    assert counts["calls"] > 30
    totals, sums = {}, {}
    for by in KEYS:
        report = instance.report(by)
        totals[by] = {k: v for k, v in report["total"].items() if k not in ("key", "sessions")}
        rows = [row["cost_usd"] for row in report["rows"]]
        sums[by] = sum(int(cost.replace(".", "")) for cost in rows)
    whole = totals.pop("total")
    assert int(whole["cost_usd"].replace(".", "")) > 0
    for by, total in totals.items():
        same = {k: v for k, v in total.items() if not k.startswith(("tasks", "cost_per"))}
        assert same == {k: whole[k] for k in same}, by
        assert sums[by] == int(whole["cost_usd"].replace(".", "")), by
    # Several forms of one tool ("gemini-cli", "gemini-cli.json") count as that tool.
    named = {row["key"] for row in instance.report("source")["rows"]}
    unnamed = {name.partition(".")[0] for name in laid} - named
    assert unnamed <= {*IN_DATABASES, "claude-stream"}  # a stream yields to its transcript
    again = instance.json("scan")
    assert (again["bytes"], again["calls"], again["updated"]) == (0, 0, 0)
    assert instance.report("total")["total"]["cost_usd"] == whole["cost_usd"]


def test_a_scan_counts_each_request_of_a_project_once(instance):
    shutil.copytree(LOGS / "claude-code" / "input", instance.home / ".claude" / "projects")
    counts = instance.json("scan")
    expected = json.loads((LOGS / "claude-code" / "expected.json").read_text())
    sessions = {call["session"] for call in expected["calls"].values()}
    report = instance.report()
    assert counts["calls"] == report["total"]["calls"] == len(expected["calls"])
    assert {row["session"] for row in report["rows"]} == sessions
    tokens = Counter()
    for call in expected["calls"].values():
        tokens.update(call["tokens"])
    assert report["total"]["input_tokens"] == tokens["input"]
    assert report["total"]["output_tokens"] == tokens["output"]
    assert report["total"]["cache_write_1h_tokens"] == tokens["cache_write_1h"]


def test_a_real_project_costs_what_was_billed(instance, shared):
    samples = shared / "samples" / "claude-code" / "spotter_redacted"
    shutil.copytree(samples, instance.home / ".claude" / "projects" / "-home-dev-project")
    instance.cli("scan")
    (row,) = instance.report()["rows"]
    assert (row["key"], row["calls"]) == (f"claude-code/{SPOTTER}", 36)
    # 16 of its outputs were never finished in the log: what it shows is the least it cost.
    assert (row["cost_usd"], row["floor"]) == ("1.246198150", True)
    assert row["floor_reasons"] == [{"reason": "placeholder", "calls": 16}]
    assert row["input_tokens"] == 1_634_419
    assert (row["cache_read_tokens"], row["output_tokens"]) == (1_420_956, 5_396)


@pytest.fixture
def corpus(home: Path, shared: Path) -> Path:
    """20 MB of history with every trap in it; CORPUS_BYTES=100M for more."""
    size = os.environ.get("CORPUS_BYTES", "20M")
    script = shared / "bench" / "gen_corpus.py"
    subprocess.run(
        [sys.executable, str(script), "--out", str(home), "--bytes", size], check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return home


@pytest.mark.timeout(180)
def test_a_corpus_full_of_traps_is_counted_to_the_token_and_read_again_at_once(instance, corpus):
    instance.cli("scan")
    rows = {row["key"]: row for row in instance.report("model")["rows"]}
    expected = json.loads((corpus / "expected.json").read_text())
    for model, known in expected["claude"].items():
        found = rows[model]
        assert found["calls"] == known["messages"]
        assert found["output_tokens"] == known["output"]
        assert found["cache_read_tokens"] == known["cache_read"]
        assert found["cache_write_tokens"] == known["cache_create"]
        assert found["cache_write_1h_tokens"] == known["cache_1h"]
        whole = known["input"] + known["cache_create"] + known["cache_read"]
        assert found["input_tokens"] == whole
    for model, known in expected["codex"].items():
        found = rows[model]
        assert found["calls"] == known["events"]
        assert found["input_tokens"] == known["input"] + known["cached"]
        assert found["output_tokens"] == known["output"]
    before = instance.report("day")
    again = instance.json("scan")
    assert (again["bytes"], again["calls"]) == (0, 0)
    assert instance.report("day")["rows"] == before["rows"]
