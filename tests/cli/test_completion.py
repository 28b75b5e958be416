"""Completions in the shells themselves, and the manual page through groff: real programs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from costtop.cli.main import MODULES, main, whole_parser
from costtop.cli.upkeep import completion, man_page
from costtop.queries import completions
from tests.cli.logs import claude_row, write
from tests.parser_walk import parsers

_ASK = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
_shtab_costtop costtop "${@: -1}" "${@: -2:1}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def needs(shell: str) -> str:
    found = shutil.which(shell)
    if not found:
        pytest.skip(f"needs {shell}, which is not installed here; .ci/run has bash and groff")
    return found


@pytest.fixture
def stored(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A home with a session and two budgets, and `costtop` on PATH; the session's short id."""
    write(home, claude_row())
    assert main(["scan"]) == 0
    assert main(["budget", "set", "daily", "20"]) == 0
    assert main(["budget", "set", "week-ci", "150", "--period", "week"]) == 0
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "costtop").write_text(f'#!/bin/sh\nexec {sys.executable} -m costtop "$@"\n')
    (bin_ / "costtop").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}{os.pathsep}{os.environ['PATH']}")
    return next(word for word, _ in _words("sessions"))


def _words(kind: str) -> list[tuple[str, str]]:
    return list(completion._words(kind))


def _bash(tmp_path: Path, *typed: str) -> set[str]:
    script = tmp_path / "costtop.bash"
    if not script.exists():
        script.write_text(completion.script(whole_parser(), "bash"))
    ran = subprocess.run(
        [needs("bash"), "-c", _ASK, "bash", script, *typed],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not ran.stderr
    return set(ran.stdout.split())


def test_bash_completes_commands_options_choices_and_what_only_this_home_knows(
    stored: str, tmp_path: Path
) -> None:
    assert _bash(tmp_path, "costtop", "re") == {name for name in MODULES if name.startswith("re")}
    assert "--by" in _bash(tmp_path, "costtop", "report", "--b")
    assert {"day", "feature", "model"} <= _bash(tmp_path, "costtop", "report", "--by", "")
    assert _bash(tmp_path, "costtop", "kill", "") == {stored}
    assert _bash(tmp_path, "costtop", "budget", "remove", "") == {"daily", "week-ci"}
    assert _bash(tmp_path, "costtop", "override", "") == {"daily", "week-ci", stored}
    assert _bash(tmp_path, "costtop", "mark", stored, "--as", "r") == {"runaway"}
    assert _bash(tmp_path, "costtop", "hooks", "install", "c") >= {"claude-code", "codex"}


def test_fish_completes_the_same_and_says_what_it_is(stored: str, tmp_path: Path) -> None:
    fish = needs("fish")
    script = tmp_path / "costtop.fish"
    script.write_text(completion.script(whole_parser(), "fish"))

    def ask(line: str) -> list[str]:
        asked = [fish, "--no-config", "-c", f"source {script}; complete -C '{line}'"]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()

    assert [line.split("\t")[0] for line in ask("costtop budget remove ")] == ["daily", "week-ci"]
    (line,) = ask("costtop kill ")
    assert line.split("\t")[0] == stored
    assert "checkout" in line  # the branch: what a person knows of it


def test_zsh_takes_its_script(stored: str, tmp_path: Path) -> None:
    script = tmp_path / "_costtop"
    script.write_text(completion.script(whole_parser(), "zsh"))
    ran = subprocess.run([needs("zsh"), "-f", "-n", script], capture_output=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert script.read_text().startswith("#compdef costtop")


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_every_command_and_option_is_in_the_script(shell: str) -> None:
    script = completion.script(whole_parser(), shell)
    for words, parser in parsers(["costtop"], whole_parser()):
        assert all(word in script for word in words)
        for action in parser._actions:
            if action.help != "==SUPPRESS==":
                for name in action.option_strings:
                    assert name.lstrip("-") in script, (words, name)


def test_a_tab_in_an_empty_or_broken_home_says_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in (*completions.KINDS, "channels", "nonsense"):
        assert main(["completion", "--words", kind]) == 0
    database = home / "costtop" / "costtop.db"
    database.parent.mkdir(exist_ok=True)
    database.write_bytes(b"no database at all" * 300)
    assert main(["completion", "--words", "sessions"]) == 0
    assert capsys.readouterr() == ("", "")


def test_names_that_a_shell_would_obey_are_never_offered(stored: str, home: Path) -> None:
    write(home, claude_row(2, model="$(touch /pwned)"), claude_row(3, model="a`b`"))
    assert main(["scan"]) == 0
    assert [word for word, _ in _words("models")] == ["claude-opus-4-6"]


def test_the_manual_has_every_command_and_groff_finds_nothing_wrong() -> None:
    page = man_page.page(whole_parser())
    for words, parser in parsers(["costtop"], whole_parser()):
        assert man_page._text(" ".join(words)) in page
        for action in parser._actions:
            for name in action.option_strings if action.help != "==SUPPRESS==" else ():
                assert man_page._text(name) in page
    ran = subprocess.run(
        [needs("groff"), "-man", "-ww", "-Tutf8"],
        input=page,
        text=True,
        capture_output=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "COSTTOP(1)" in ran.stdout


def test_roff_obeys_nothing_in_a_text() -> None:
    text = man_page._text(".so /etc/passwd")
    assert text.startswith(r"\&.so")
    assert man_page._text("'q") == r"\&\(aqq"
    assert man_page._text(r"a\b") == r"a\eb"
