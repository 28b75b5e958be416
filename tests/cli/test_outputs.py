"""Every command where its output cannot be written: one line, the right code, never a traceback."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from costtop.cli.main import MODULES, _parser, main
from tests.cli.logs import claude_row, write
from tests.parser_walk import parsers

STAY = {
    "daemon",
    "start",
    "demo",
    "run",
    "gate",
    "statusline",
    "line",
}  # these begin something, or answer
ROOT = Path(__file__).resolve().parents[2]
UNWRITABLE = ("full", "gone", "closed")
FULL = "costtop: cannot write: No space left on device\n"


def lines() -> list[list[str]]:
    """Of every command and verb its help, and itself with what it must be given."""
    found = [["--help"], ["--version"], ["--once", "--all"], ["--jsonl", "-n", "2", "-d", "0.1"]]
    for name in MODULES:
        top = _parser((name,))._subparsers._group_actions[0].choices[name]
        for words, parser in parsers([name], top):
            found.append([*words, "--help"])
            if name in STAY or (words[-1] in ("edit", "show") and name == "config"):
                continue
            given = [a for a in parser._actions if not a.option_strings]
            if any(a.nargs == argparse.PARSER and a.required for a in given):
                continue
            wanted = [a for a in given if a.nargs in (None, "+")]
            plain = [next(iter(a.choices)) if a.choices else "5" for a in wanted]
            found.append([*words, *plain])
            for option in ("--json", "--csv"):
                if option in parser._option_string_actions:
                    found.append([*words, *plain, option])  # noqa: PERF401
    return found


def ran(given: list[list[str]], home: Path) -> dict[str, list[tuple[int, str, str]]]:
    """What each line did, by where its output went."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.forks", "pipe", *UNWRITABLE],
        input=json.dumps(given), capture_output=True, text=True, check=True, cwd=home,
        env=os.environ | {"PYTHONPATH": str(ROOT), "EDITOR": "true"},
    )  # fmt: skip
    return {kind: [tuple(one) for one in each] for kind, each in json.loads(done.stdout).items()}


@pytest.fixture
def scanned(home: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    write(home, claude_row())
    assert main(["scan"]) == 0
    capsys.readouterr()
    return home


SHARES = 4  # of the lines, each a test of its own: they take their time on a busy machine


@pytest.mark.parametrize("share", range(SHARES))
def test_output_that_cannot_be_written_is_one_line_or_none(scanned: Path, share: int) -> None:
    given = [line for line in lines() if "--help" not in line or len(line) < 3][share::SHARES]
    seen = ran(given, scanned)
    usual = seen["pipe"]
    assert sum(bool(out) for _, out, _ in usual) > 40 // SHARES
    for kind in UNWRITABLE:
        for words, (code, out, _), (got, _, err) in zip(given, usual, seen[kind], strict=True):
            assert "Traceback" not in err and "Exception" not in err, (kind, words, err)
            assert err.count("\n") <= 1, (kind, words, err)
            if kind == "full" and out:
                assert (got, err) == (1, FULL), words
            elif kind == "gone" and out:
                assert (got, err) == (0, ""), words
            elif not out:
                assert got in (code, 1), (kind, words)


@pytest.mark.parametrize("words", ["gate --agent claude-code", "statusline", "line --tmux"])
def test_a_hook_whose_reader_has_gone_still_lets_the_agent_go_on(home: Path, words: str) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "costtop", *words.split()],
            input="{}", stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("words", "code"), [("kill x", 3), ("report --by x", 2)])
def test_an_error_that_nobody_can_read_keeps_its_code(scanned: Path, words: str, code: int) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "costtop", *words.split()],
            stdout=subprocess.DEVNULL, stderr=full, check=False,
        )  # fmt: skip
    assert done.returncode == code
