"""What the command line says of slips, and its help."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from costtop.cli.main import MODULES, _parser, main

VERBS = {
    "config": ("path", "show", "check", "edit"),
    "budget": ("list", "set", "remove"),
    "alerts": ("list", "show", "ack", "silence", "test", "replay"),
    "hooks": ("install", "remove", "status"),
}
ALL = [[], *([name] for name in MODULES), *([n, verb] for n, v in VERBS.items() for verb in v)]


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    try:
        code = main(list(words))
    except SystemExit as end:
        code = int(end.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


SLIPS = {
    "repotr": "costtop: no command 'repotr': did you mean report?",
    "xyzzy": "costtop: no command 'xyzzy'",
    "--foo bar": "costtop: no option --foo",
    "--foo=1 report": "costtop: no option --foo",
    "--onec": "costtop: no option --onec: did you mean --once?",
    "-x": "costtop: no option -x",
    "report --sinc 7d --foo bar": "costtop report: no option --foo",
    "explain a b": "costtop explain: 'b' is one word too many",
    "budget sett a 1": "costtop budget: no command 'sett': did you mean set?",
    "alerts --foo list": "costtop alerts: no option --foo",
    "kill": "costtop kill: the following arguments are required: SESSION",
    "--delay x": "costtop: argument --delay/-d: 'x' is no number of seconds from 0.1 to 86400",
    "demo --speed x": "costtop demo: argument --speed: a speed is between 0.01 and 100",
}


@pytest.mark.parametrize("words", SLIPS)
def test_a_slip_is_one_line_that_names_the_slip_and_what_was_meant(
    home: Path, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    line = SLIPS[words]
    help_of = line.partition(":")[0]
    assert said(capsys, *words.split()) == (2, "", f"{line}; see: {help_of} --help\n")


def test_a_wrong_choice_names_the_choices(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "report", "--by", "modle")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "'modle' is not one of total, day, week" in err
    assert "did you mean model?" in err


@pytest.mark.parametrize(
    "words", ["-b -d2 --limit 3", "-bd 2", "--once --sort=cost", "-b --no-col"]
)
def test_options_of_the_screen_are_taken_in_every_way_of_writing_them(
    home: Path, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    code, _, err = said(capsys, *words.split())
    assert (code, "nothing" in err or "no database" in err or "scan" in err) == (3, True)


def test_the_main_help_has_every_command_and_fits_a_small_window(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = said(capsys, "--help")
    lines = out.splitlines()
    assert code == 0
    assert len(lines) < 24  # the prompt below it takes one
    assert max(map(len, lines)) <= 80
    assert all(re.search(rf" {name} ", out) for name in MODULES)


@pytest.mark.parametrize("words", ALL[1:], ids=" ".join)
def test_every_help_has_examples_that_parse_and_that_no_shell_eats(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    code, out, err = said(capsys, *words, "--help")
    assert (code, err) == (0, "")
    examples = out.partition("examples:\n")[2].splitlines()
    assert examples
    assert "$" not in out
    assert all(max(map(len, part.splitlines())) <= 100 for part in out.split("\n\n"))
    for line in examples:
        typed = shlex.split(line.partition(" | ")[2] or line.partition(" >")[0])
        assert typed[:2] == ["costtop", words[0]]
        assert len(words) == 1 or typed[2] == words[1]
        assert _parser((words[0],)).parse_args(typed[1:]).run


@pytest.mark.parametrize("words", [["--help"], ["report", "--help"], ["--version"], ["doctor"]])
def test_a_full_disk_behind_standard_output_is_one_line(home: Path, words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "costtop", *words],
            stdout=full, stderr=subprocess.PIPE, text=True, env=os.environ, check=False,
        )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (1, "costtop: cannot write: No space left on device\n")


def test_a_closed_standard_output_ends_nothing_with_a_traceback(home: Path) -> None:
    ran = subprocess.run(
        ["sh", "-c", f"{shlex.quote(sys.executable)} -m costtop doctor --json >&-"],
        stderr=subprocess.PIPE, text=True, env=os.environ, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (1, "")  # no daemon runs


def test_a_reader_that_goes_ends_the_command_quietly(home: Path) -> None:
    ran = subprocess.run(
        ["sh", "-c", f"{shlex.quote(sys.executable)} -m costtop doctor --json | head -1"],
        capture_output=True, text=True, env=os.environ, check=False,
    )  # fmt: skip
    assert (ran.stdout, ran.stderr) == ("{\n", "")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("daily 120", "budget daily is set: $120.00 a day, tiers 50 80 100 %"),
        (
            "burst 5 --period hours:5 --tiers 80",
            "budget burst is set: $5.00 in 5 hours, tiers 80 %",
        ),
        (
            "ci 150 --period week --scope feature=ci --action gate",
            (
                "budget ci is set: $150.00 a week feature=ci, tiers 50 80 100 %, at 100 %: gate,"
                " where it does not hold: pause"
            ),
        ),
    ],
)
def test_a_budget_that_is_set_says_what_was_understood(
    home: Path, capsys: pytest.CaptureFixture[str], words: str, line: str
) -> None:
    assert said(capsys, "budget", "set", *words.split()) == (0, line + "\n", "")


def test_no_hint_has_what_a_shell_would_eat(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "budget", "set", "daily", "1")[0] == 0
    assert said(capsys, "budget", "remove", "daily")[0] == 0
    assert said(capsys, "scan")[0] == 0
    assert said(capsys, "budget")[1] == "no budget is set; such as: costtop budget set daily 20\n"


@pytest.mark.parametrize(
    "words", ["budget set daily lots", "budget set daily 0", "run --max-cost x -- true"]
)
def test_a_wrong_amount_is_told_without_a_dollar_sign(
    home: Path, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    code, out, err = said(capsys, *words.split())
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.endswith("is no amount of dollars over 0; write it as 20 or 2.50\n")


def test_the_daemon_is_shut_down_by_its_own_name_and_stop_says_what_it_stopped(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, "daemon", "stop") == (0, "no costtop daemon is running\n", "")
    assert said(capsys, "daemon", "status")[0] == 1
    for order, end in ((["daemon", "stop"], ""), (["stop"], "; a session: costtop stop SESSION")):
        subprocess.run(
            [sys.executable, "-m", "costtop", "daemon", "start"],
            check=True, stdout=subprocess.DEVNULL, env=os.environ,
        )  # fmt: skip
        assert said(capsys, *order) == (0, f"costtop daemon stopped{end}\n", "")
