"""`costtop line`: words for tmux, waybar, polybar, i3 and prompts, in which no name is markup."""

import json
import os
import subprocess
import sys
from contextlib import closing

import pytest

from costtop import paths
from costtop.hooks import status_bars
from costtop.queries.live.view import BudgetMeter
from costtop.queries.totals import bar_fields
from costtop.sum_floors import Sum
from tests.hooks.conftest import Ran, call, now, write_claude
from tests.patience import until
from tests.receive.running import Instance


@pytest.fixture
def instance(home):
    made = Instance(home / "costtop")
    yield made
    made.kill()


FIELDS = {"line": "today $14.20 · daily 71 % · $3.10/h", "today": "$14.20", "burn": "$3.10/h",
          "plan_5h": "61 %", "level": "ok", "percent": "71"}  # fmt: skip
HOSTILE = 'x#[fg=red]#(id) %{F#f00} <b>b</b> & "q" \\ $(id) \x1b[31mred\x07\u202e\n'
I3STATUS = b'{"version":1}\n[\n[{"full_text":"9 %"}]\n,[{"full_text":"8 %"}]\n'


def _tell(age: float = 0, **fields: str) -> None:
    """What a daemon would have written, so many seconds ago."""
    path = paths.find().fields
    path.write_text("".join(f"{name} {words}\n" for name, words in (FIELDS | fields).items()))
    os.utime(path, (now() / 1000 - age,) * 2)


def _said(*arguments: str) -> str:
    ran = call("line", *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout.removesuffix("\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "today $14.20 · daily 71 % · $3.10/h"),
        (["--format", "{today} {burn} {plan_5h}"], "$14.20 $3.10/h 61 %"),
        (["--format={today:>8}|{plan_week}|{{}}"], "  $14.20|–|{}"),
        (["--tmux"], "today $14.20 · daily 71 % · $3.10/h"),
        (["--polybar", "--format", "%{{T2}}{today}%{{T-}}"], "%{T2}$14.20%{T-}"),
        (["--format", "{today}", "--starship"], "$14.20"),
        (["--i3status", "--format", "{today}"], '{"name": "costtop", "full_text": "$14.20"}'),
    ],
)
def test_a_bar_shows_what_the_daemon_has_written(stored, arguments, said):
    _tell()
    assert _said(*arguments) == said


def test_waybar_gets_text_tooltip_class_and_percentage(stored):
    _tell(level="warn", percent="104")
    assert json.loads(_said("--waybar", "--format", "{today}")) == {
        "text": "$14.20",
        "tooltip": "today $14.20\ndaily 71 %\n$3.10/h",
        "class": "warn",
        "percentage": 100,
    }


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("--tmux", "#[dim]~$14.20#[default]"),
        ("--polybar", "%{F#808080}~$14.20%{F-}"),
        ("--starship", "~$14.20"),
    ],
)
def test_what_is_old_says_so(stored, form, said):
    _tell(age=60)
    assert _said(form, "--format", "{today}") == said
    assert _said("--format", "{today}{stale} {level}") == "$14.20~ stale"
    told = json.loads(_said("--waybar"))
    assert told["class"] == "stale" and "costtop start" in told["tooltip"]


def test_without_a_word_of_a_daemon_it_says_that_there_is_none(home):
    assert _said("--tmux") == "#[dim]~costtop: no data yet#[default]"
    assert _said("--format", "{today}") == "~–"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("--tmux", 'x##[fg=red]##(id) %{F##f00} <b>b</b> & "q" \\ $(id) '),
        ("--polybar", 'x#[fg=red]#(id) % {F#f00} <b>b</b> & "q" \\ $(id) '),
        ("--starship", 'x#[fg=red]#(id) %{F#f00} <b>b</b> & "q" \\ $(id) '),
    ],
)
def test_no_name_becomes_markup_or_a_code_of_the_terminal(stored, form, said):
    _tell(line=HOSTILE)
    assert _said(form) == said + "\ufffd[31mred\ufffd\ufffd"
    told = json.loads(_said("--waybar"))
    assert "<" not in told["text"] + told["tooltip"]
    assert "&lt;b&gt;b&lt;/b&gt; &amp; &quot;q&quot;" in told["text"]
    assert json.loads(_said("--i3status"))["full_text"].startswith("x#[fg=red]#(id) %{F#f00} <b>")


def _beside(theirs: bytes, *arguments: str) -> bytes:
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "costtop", "line", "--i3status", *arguments],
        input=theirs, capture_output=True, check=True,
    )  # fmt: skip
    return ran.stdout


def test_in_front_of_i3status_it_is_a_block_of_each_line(stored):
    _tell(level="over")
    head, opened, *lines = _beside(I3STATUS).split(b"\n")
    assert (head, opened, lines[-1]) == (b'{"version":1}', b"[", b"")
    whole = json.loads(b"".join([opened, *lines, b"]"]))
    assert [[one["full_text"] for one in line] for line in whole] == [
        [FIELDS["line"], "9 %"],
        [FIELDS["line"], "8 %"],
    ]
    assert whole[0][0]["color"] == "#E06C75"
    assert _beside(b"9 %\n8 %\n", "--format", "{today}") == b"$14.20 | 9 %\n$14.20 | 8 %\n"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--format", "{todday}"], "no field 'todday'; there are line, today, billed, burn,"),
        (["--format", "{today"], "expected '}' before end of string"),
        (["--format", "{today!r}"], "!r is not known"),
        (["--format", "{today:>x}"], "is no format"),
        (["--format", "{}"], "no field ''"),
        (["--tmux", "--waybar"], "not allowed with argument --tmux"),
        (["--then", "true"], "--then CMD goes with --claude"),
        (["--polibar"], "did you mean --polybar?"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_what_can(home, arguments, why):
    ran = call("line", *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert why in ran.stderr and ran.stderr.count("\n") == 1


def test_for_claude_it_is_the_status_line(stored):
    ours: list[Ran] = [
        call(*words, "--then", "echo mine", text={"session_id": "s1"})
        for words in (["line", "--claude"], ["statusline"])
    ]
    assert ours[0].stdout == ours[1].stdout == "mine · ~session $0.05\n"


def test_every_field_is_one_that_the_daemon_writes_and_stands_in_the_help(home):
    meters = [BudgetMeter("daily", "day", 100, False, 100, (100,), 0)]
    made = bar_fields(Sum(14_200_000_000), 3_100_000_000, meters)
    assert (made["today"], made["burn"], made["budget"]) == ("$14.20", "$3.10/h", "daily 100 %!")
    assert (made["level"], made["percent"], made["plan_5h"]) == ("over", "100", "")
    assert {*made, "line", "plan", "alerts", "stale"} == set(status_bars.FIELDS)
    told = call("line", "--help").stdout
    assert all(f"{{{name}}}" in told for name in status_bars.FIELDS)
    assert status_bars.read(str(paths.find().line), now()) == status_bars.read(
        "/nowhere/status.txt", now()
    )


def test_a_daemon_writes_it_and_marks_what_it_left(home, instance):
    write_claude(home, "s1", 2)
    instance.start()
    assert until(lambda: _today(instance)) == "$0.05"
    with closing(open(paths.find().fields)) as file:
        assert {row.split(" ")[0] for row in file} == set(status_bars.FIELDS) - {"stale"}
    instance.stop()
    os.utime(paths.find().fields, (1, 1))
    assert _said("--format", "{today}") == "~$0.05"


def _today(instance: Instance) -> str:
    said = instance.run("line", "--format", "{today}").stdout.strip()
    return said if said == "$0.05" else ""
