"""What docs/json.md says of the JSON of commands is what they print."""

import json
import re
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from costtop import paths
from costtop.cli.main import MODULES, _parser
from costtop.cli.parser import Parser
from costtop.daemon.notices.post import Audience, post_findings
from costtop.model import Finding, Silence
from costtop.store.alerts import silences
from costtop.store.db import open_writer
from tests.cli.test_outputs import parsers
from tests.cli.test_report import line, read, run
from tests.conftest import ROOT

__all__ = ["run"]  # the fixture
_ROW = re.compile(r"\| `costtop (.+?)` \| (.+?) \|")
SHAPES = {
    words: re.findall(r"`(\w+)`", keys)
    for words, keys in _ROW.findall((ROOT / "docs" / "json.md").read_text())
}


ASK_A_DAEMON = {"kill SESSION --dry-run --json"}  # tested where one runs
SETTINGS = """\
[[budget]]
name = "daily"
amount = "20"
[[notify]]
label = "log"
url = "log:/dev/null"
"""


def alerted() -> None:
    """An alert and a silence of the session that was read."""
    with closing(open_writer(paths.find().database)) as db:
        db.execute("BEGIN")
        found = Finding("median_5x", "warning", 1, "session s: $5", "why", session="costtop/s")
        post_findings(db, [found], Audience(), int(time.time() * 1000))
        silences.begin(db, Silence(0, "ana", 1, session="costtop/s"))
        db.execute("COMMIT")


@pytest.mark.parametrize("words", sorted(SHAPES.keys() - ASK_A_DAEMON))
def test_a_command_prints_the_names_that_the_document_lists(
    home: Path, run: Any, words: str
) -> None:
    (home / "costtop").mkdir(mode=0o700)
    (home / "costtop" / "config.toml").write_text(SETTINGS)
    read(home, line(int(time.time()) - 60))  # type: ignore[arg-type]
    alerted()
    words = words.replace("ALERT", "@s")
    code, out, err = run(*words.replace("SESSION", "s").split())
    assert (code in (0, 1), err) == (True, "")
    assert sorted(json.loads(out)) == sorted(SHAPES[words.replace("@s", "ALERT")])


def test_every_command_of_facts_is_listed() -> None:
    told = {words.split()[0] for words in SHAPES}
    assert told >= {"report", "why", "review", "explain", "check", "budget", "alerts", "status",
                    "doctor", "hooks", "scan", "reprice", "config", "--once"}  # fmt: skip


DEEDS = {  # what does something and says that it did; `export` has formats of its own
    *("export", "run", "override", "start"),
    *("demo", "init", "gate", "statusline", "line"),
    *("hooks", "hooks install", "hooks remove", "uninstall"),
    *("alerts ack", "budget set", "budget remove", "config edit"),
    *("completion", "man", "config example"),  # texts for a shell, for `man`, for an editor
}


def command(name: str) -> Parser:
    return _parser((name,))._subparsers._group_actions[0].choices[name]


def test_every_command_that_is_no_deed_has_json() -> None:
    silent = {
        " ".join(words)
        for name in MODULES
        for words, parser in parsers([name], command(name))
        if "--json" not in parser._option_string_actions
    }
    assert silent == DEEDS
