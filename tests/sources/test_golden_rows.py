"""The golden rows are what today's questions give, so that SQL and fold are proven together."""

import json

import pytest

from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE
from tests.sources.databases import SCRIPTS, built, golden_rows, rows
from tests.sources.golden import LOGS, SEEN, folded, settled


@pytest.mark.parametrize(
    "script", SCRIPTS, ids=lambda script: f"{script.parent.name} {script.stem}"
)
def test_the_questions_give_the_golden_rows(script, tmp_path):
    database = built(script, tmp_path / "golden.db")
    assert rows(script.parent.name, database) == json.loads(golden_rows(script).read_text())


@pytest.mark.parametrize(
    "script", SCRIPTS, ids=lambda script: f"{script.parent.name} {script.stem}"
)
def test_rows_read_one_by_one_and_twice_give_the_same(script):
    source = SOURCE[script.parent.name]
    found = json.loads(golden_rows(script).read_text())
    whole = settled(folded(source, [Chunk("/x/a.db", seen=SEEN, rows=found)]))
    each = [Chunk("/x/a.db", seen=SEEN, rows=[row]) for row in found]
    one_by_one = settled(folded(source, each))
    assert one_by_one == whole
    assert settled(folded(source, each * 2))["calls"] == whole["calls"]


def test_no_text_of_a_prompt_leaves_the_database(tmp_path):
    script = LOGS / "opencode" / "v1.sql"
    assert "secret" in script.read_text()
    assert "secret" not in json.dumps(rows("opencode", built(script, tmp_path / "golden.db")))
