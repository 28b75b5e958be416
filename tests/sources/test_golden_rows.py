"""The golden rows are what today's questions give, so that SQL and fold are proven together."""

import json

import pytest

from tests.sources.databases import SCRIPTS, built, golden_rows, rows
from tests.sources.golden import LOGS


@pytest.mark.parametrize(
    "script", SCRIPTS, ids=lambda script: f"{script.parent.name} {script.stem}"
)
def test_the_questions_give_the_golden_rows(script, tmp_path):
    database = built(script, tmp_path / "golden.db")
    assert rows(script.parent.name, database) == json.loads(golden_rows(script).read_text())


def test_no_text_of_a_prompt_leaves_the_database(tmp_path):
    script = LOGS / "opencode" / "v1.sql"
    assert "secret" in script.read_text()
    assert "secret" not in json.dumps(rows("opencode", built(script, tmp_path / "golden.db")))
