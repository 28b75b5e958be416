"""A damaged page under a command: no traceback, no wrong sum, and the next one has it mended."""

import shutil
from pathlib import Path
from random import Random

import pytest

from costtop import paths
from costtop.cli.main import main
from tests.e2e.instance import claude_line, claude_log

PAGE = 4096
COMMANDS = (
    ["report", "--by", "session", "--csv"],
    ["--once", "--json", "--all"],
    ["explain", "0000s0"],
)


@pytest.fixture
def database(home: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    for nth in range(40):
        name = f"s{nth}-{nth:08d}"
        log = home / claude_log(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("".join(claude_line(f"{nth:04d}{name}", n) for n in range(60)))
    assert main(["scan"]) == 0
    capsys.readouterr()
    return paths.find().database


def said(capsys: pytest.CaptureFixture[str], words: list[str]) -> tuple[int, str, str]:
    code = main(words)
    return code, *capsys.readouterr()


@pytest.mark.parametrize("seed", range(6))
def test_a_bad_page_is_told_and_mended_by_the_next_command(database, capsys, seed):
    rng = Random(seed)
    report = COMMANDS[0]
    whole = said(capsys, report)
    assert whole[0] == 0
    kept = Path(f"{database}.pristine")
    shutil.copyfile(database, kept)
    tried = told = 0
    while tried < 6 or (not told and tried < 60):  # some pages are read by none of these
        tried += 1
        shutil.copyfile(kept, database)
        with database.open("r+b") as file:
            file.seek(rng.randrange(1, database.stat().st_size // PAGE) * PAGE)
            file.write(rng.randbytes(PAGE))
        for words in COMMANDS:
            code, _, error = said(capsys, words)  # a traceback would be an exception here
            told += code == 78
            assert code in (0, 78), error
            if code == 78:
                assert "damaged" in error and "costtop scan" in error
        again = said(capsys, report)
        assert again[:2] == whole[:2], again[2]
    assert told, "no page that was read was hit"


def test_a_store_that_is_being_rebuilt_is_refused_with_the_reason(database, capsys):
    import json
    import sqlite3

    with sqlite3.connect(database) as db:
        db.execute("INSERT INTO meta VALUES ('rebuilding', ?)", (json.dumps({"why": "a test"}),))
    from costtop.daemon.lifecycle.instance import hold

    with hold(paths.find()):  # somebody is at it
        code, out, error = said(capsys, COMMANDS[0])
    assert (code, out) == (78, "")
    assert "is being rebuilt (a test)" in error
