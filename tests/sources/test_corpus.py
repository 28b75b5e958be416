"""A generated corpus with every trap in it, to the token (where the generator lies beside)."""

import json
import random
import subprocess
import sys
from collections import Counter, defaultdict

import pytest

from costtop.sources.registry import SOURCE
from tests.sources.golden import chunks, folded, settled


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    from tests.conftest import ROOT

    script = ROOT.parent / "shared" / "bench" / "gen_corpus.py"
    if not script.is_file():
        pytest.skip("needs ../shared/bench/gen_corpus.py, which is not part of the repository")
    folder = tmp_path_factory.mktemp("corpus")
    command = [
        sys.executable,
        str(script),
        "--out",
        str(folder),
        "--bytes",
        "3M",
        "--sessions",
        "60",
    ]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def totals(name, root, order):
    files = sorted(root.glob("**/*.jsonl"))
    random.Random(order).shuffle(files)
    events = []
    for file in files:
        parts = chunks(SOURCE[name], str(file).lstrip("/"), file.read_bytes(), range(0, 9999, 50))
        events += folded(SOURCE[name], parts)
    models = defaultdict(Counter)
    for call in settled(events)["calls"].values():
        models[call["model"]].update({**call["tokens"], "calls": 1})
    return models


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_totals_of_a_corpus_are_exact_in_any_order_of_its_files(corpus, order):
    expected = json.loads((corpus / "expected.json").read_text())
    claude = totals("claude-code", corpus / ".claude", order)
    for model, known in expected["claude"].items():
        found = claude[model]
        assert found["calls"] == known["messages"]
        assert found["output"] == known["output"]
        assert found["cache_read"] == known["cache_read"]
        assert found["cache_write"] == known["cache_create"]
        assert found["cache_write_1h"] == known["cache_1h"]
        assert found["input"] == known["input"] + known["cache_create"] + known["cache_read"]
    codex = totals("codex", corpus / ".codex", order)
    for model, known in expected["codex"].items():
        found = codex[model]
        assert found["calls"] == known["events"]
        assert found["input"] == known["input"] + known["cached"]
        assert found["output"] == known["output"]
        assert found["reasoning"] == known["reasoning"]
