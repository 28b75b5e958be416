"""What docs/json.md says of the JSON of commands is what they print."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_report import line, read, run
from tests.conftest import ROOT

__all__ = ["run"]  # the fixture
_ROW = re.compile(r"\| `costtop (.+?)` \| (.+?) \|")
SHAPES = {
    words: re.findall(r"`(\w+)`", keys)
    for words, keys in _ROW.findall((ROOT / "docs" / "json.md").read_text())
}


@pytest.mark.parametrize("words", SHAPES)
def test_a_command_prints_the_names_that_the_document_lists(
    home: Path, run: Any, words: str
) -> None:
    (home / "costtop").mkdir(mode=0o700)
    budget = '[[budget]]\nname = "daily"\namount = "20"\n'
    (home / "costtop" / "config.toml").write_text(budget)
    read(home, line(int(time.time()) - 60))  # type: ignore[arg-type]
    code, out, err = run(*words.replace("SESSION", "s").split())
    assert (code in (0, 1), err) == (True, "")
    assert sorted(json.loads(out)) == sorted(SHAPES[words])


def test_every_command_of_facts_is_listed() -> None:
    told = {words.split()[0] for words in SHAPES}
    assert told >= {"report", "why", "review", "explain", "check", "budget", "alerts", "status",
                    "doctor", "hooks", "scan", "reprice", "config", "--once"}  # fmt: skip
