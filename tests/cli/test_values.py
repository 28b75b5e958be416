"""Bad values of every option of every command, off a terminal: one line and the right code."""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from costtop.cli.main import MODULES, _parser, main
from costtop.cli.parser import Parser

BAD = ("", "x", "-1", "nan", "9" * 24, "☃", "\x1b[31m", "a\nb", "9999-12-31", "../..", "=", "null")
STAY = {"daemon", "start", "demo", "run", "gate", "statusline"}  # these begin something
GIVEN = {"amount": "5", "file": "b.db"}


def parsers(name: str) -> Iterator[tuple[list[str], Parser]]:
    """A command and its verbs: the words that lead there, and the parser."""
    verbs = {name: _parser((name,))._subparsers._group_actions[0].choices[name]}
    for words, parser in (([name], verbs[name]),):
        yield words, parser
        for action in parser._actions:
            if action.nargs == argparse.PARSER:
                yield from (([*words, verb], one) for verb, one in action.choices.items())


def lines(name: str) -> Iterator[list[str]]:
    """Command lines with one bad value each."""
    for words, parser in parsers(name):
        given = [a for a in parser._actions if not a.option_strings and a.nargs != argparse.PARSER]
        usual = [next(iter(a.choices or ())) if a.choices else GIVEN.get(a.dest, "s1")
                 for a in given]  # fmt: skip
        for bad in BAD:
            for action in parser._actions:
                if action.option_strings and action.nargs is None:
                    option = action.option_strings[0]
                    yield [
                        *words,
                        *usual,
                        *([f"{option}={bad}"] if option[1] == "-" else [option, bad]),
                    ]
            for at in range(len(given)):
                yield [*words, *usual[:at], bad, *usual[at + 1 :]]


@pytest.mark.parametrize("name", [name for name in MODULES if name not in STAY])
def test_a_bad_value_is_told_in_one_line_with_a_code_that_means_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.chdir(home)
    tried = list(lines(name))
    for words in tried:
        try:
            code = main(words)
        except SystemExit as end:
            code = end.code
        err = capfd.readouterr().err
        assert code in (0, 1, 2, 3, 11, 78, *((10, 20, 30) if name == "check" else ())), words
        assert err.count("\n") == (1 if code else 0) or (name in {"doctor", "status"}), words
        assert "Traceback" not in err and "\x1b" not in err, words
    assert tried or name in {"config", "doctor", "status", "scan", "reprice", "uninstall", "man"}


@pytest.mark.parametrize("bad", BAD)
def test_so_are_those_of_the_screens_own_options(
    home: Path, capfd: pytest.CaptureFixture[str], bad: str
) -> None:
    for option in ("--sort", "--limit", "--replay", "--delay", "--frames"):
        try:
            code = main(["--once", f"{option}={bad}"])
        except SystemExit as end:
            code = end.code
        err = capfd.readouterr().err
        assert code in (2, 3)
        assert err.count("\n") == 1
        assert "\x1b" not in err


@pytest.mark.parametrize("name", sorted(STAY))
def test_what_begins_something_reads_its_values_first(
    capfd: pytest.CaptureFixture[str], name: str
) -> None:
    tried = list(lines(name))
    for words in tried:
        try:
            _parser((name,)).parse_args(words)
            code = 0
        except SystemExit as end:
            code = end.code
        err = capfd.readouterr().err
        assert code in (0, 2), words
        assert err.count("\n") == (1 if code else 0), words
        assert "\x1b" not in err, words
    assert tried or name == "start"


@pytest.mark.parametrize("bad", [bad for bad in BAD if not bad.isdigit()])
def test_a_cap_that_is_none_runs_nothing(
    home: Path, capfd: pytest.CaptureFixture[str], bad: str
) -> None:
    made = home / "made"
    code = main(["run", f"--max-cost={bad}", "--", "touch", str(made)])
    out, err = capfd.readouterr()
    assert (code, out, err.count("\n"), made.exists()) == (2, "", 1, False)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("words", [["gate", "--agent"], ["statusline", "--then"], ["gate", "--x"]])
def test_a_hook_given_nonsense_lets_the_agent_go_on(home: Path, words: list[str], bad: str) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "costtop", *words, bad.replace("\0", "")],
        input="{}", capture_output=True, text=True, check=False, cwd=home,
    )  # fmt: skip
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
