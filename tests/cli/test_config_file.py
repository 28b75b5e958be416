"""`costtop config`: the file, what holds and from where, and mistakes with their line."""

import json
import shlex
import tomllib
from pathlib import Path

import pytest

from costtop import config, config_mistakes, paths
from costtop.cli.main import main

TEXT = """\
timezone = "Europe/Berlin"   # mine

[[budget]]
name = "daily"
amount = "$20"
tiers = [
  50,
  # a comment within
  100,
]

[[notify]]
label = "phone"
url = "ntfy://hush-hush"

[[notify]]
label = "log"
url = "log:~/alerts.log"
min_severity = "critical"
"""


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["config", *words])
    out, err = capsys.readouterr()
    return code, out, err


def written(text: str) -> Path:
    found = paths.find().config
    found.parent.mkdir(parents=True, exist_ok=True)
    found.write_text(text)
    return found


def test_the_path_is_told_also_where_no_file_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "path") == (0, f"{paths.find().config}\n", "")


def test_what_is_shown_is_toml_that_means_the_same_without_a_secret(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written(TEXT)
    code, out, _ = said(capsys, "show")
    shown, asked = tomllib.loads(out), tomllib.loads(TEXT)
    assert (code, shown["timezone"], shown["budget"][0]["tiers"]) == (0, "Europe/Berlin", [50, 100])
    assert [one["label"] for one in shown["notify"]] == [one["label"] for one in asked["notify"]]
    assert "hush" not in out


def test_each_setting_names_the_file_and_the_line_that_set_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written(TEXT)
    paths.find().budgets.write_text('[[budget]]\nname = "week"\namount = 3\n')
    _, out, _ = said(capsys, "show", "--json")
    origins = {one["key"]: one["origin"] for one in json.loads(out)["settings"]}
    assert origins["timezone"] == "config.toml:1"
    assert origins["budget.0.tiers"] == "config.toml:6"
    assert origins["budget.0.period"] == "default"
    assert origins["notify.1.min_severity"] == "config.toml:19"
    assert origins["budget.1.amount"] == "budgets.toml:3"
    assert "# config.toml:19" in said(capsys, "show", "--origin")[1]


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ('min_severity = "warn"', 'one of notice, warning, critical; did you mean "warning"?'),
        ('digest = "5 minutes"', 'write it as "90s", "30m", "2h" or "1d"; did you mean "5m"?'),
        ('quiet = "10pm"', 'write it as "22:00-08:00"'),
        ('max_per_hour = "many"', "a whole number, such as 5"),
        ('quite = "22:00-08:00"', "no setting of this name; did you mean `quiet`?"),
    ],
)
def test_a_mistake_has_its_line_what_stands_there_and_what_was_meant(
    capsys: pytest.CaptureFixture[str], line: str, remedy: str
) -> None:
    file = written(TEXT.replace('min_severity = "critical"', line))
    code, out, err = said(capsys, "check")
    assert (code, out, err.count("\n")) == (78, "", 1)
    assert f"{file}:" in err
    assert remedy in err
    if not line.startswith("quiet"):
        assert f"config.toml:19: {line}: " in err
    _, out, _ = said(capsys, "check", "--json")
    assert json.loads(out)["problems"] == [err.removeprefix("costtop: ").strip()]


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ('amount = "20 USD"', 'did you mean "$20"?'),
        ('amount = 1\nperiod = "daily"', 'did you mean "day"?'),
        ('amount = 1\nperiod = "5h"', 'did you mean "hours:5"?'),
        ('amount = 1\naction = "gated"', 'did you mean "gate"?'),
        ('amount = 1\nscope = { featur = "x" }', 'did you mean "feature"?'),
    ],
)
def test_amounts_periods_and_choices_are_guessed(
    capsys: pytest.CaptureFixture[str], line: str, meant: str
) -> None:
    written(f'[[budget]]\nname = "a"\n{line}\n')
    code, _, err = said(capsys, "check")
    assert code == 78
    assert f"config.toml:{3 + line.count(chr(10))}: " in err
    assert meant in err


def test_a_right_file_says_what_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    file = written(TEXT)
    assert said(capsys, "check") == (0, f"{file} is right: 1 budget, 2 endpoints\n", "")
    written("session_titles = true\n")
    assert said(capsys, "check") == (0, f"{file} is right: settings alone\n", "")
    written("session_titles = false\n")
    assert said(capsys, "check") == (0, f"{file} is right: the defaults hold\n", "")


def test_no_url_is_shown_in_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    written('[[notify]]\nlabel = "a"\nurl = ["ntfy://hush"]\n')
    _, _, err = said(capsys, "check")
    assert "config.toml:3: url = …: text in quotes" in err
    assert "hush" not in err


def test_every_setting_of_the_example_has_a_line() -> None:
    text = (Path(__file__).parents[2] / "config.example.toml").read_text()
    file = written(text)
    lines, rows = config_mistakes.lines(file.read_text()), text.splitlines()
    config.load(paths.find())
    for place, line in lines.items():
        names = [part for part in place if isinstance(part, str)]
        assert names[-1] in rows[line - 1] or isinstance(place[-1], int), place
    assert lines["notify", 0, "insecure"] > lines["notify", 0, "label"] > lines["budget", 0]


def editor(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """An editor that runs this shell script with the draft as `$1`."""
    monkeypatch.setenv("EDITOR", f"sh -c {shlex.quote(script)} editor")
    monkeypatch.delenv("VISUAL", raising=False)


def drafts() -> list[str]:
    return [one.name for one in paths.find().config.parent.iterdir() if "draft" in one.name]


def test_a_right_edit_is_saved_through_a_link_with_its_mode(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    link, real = paths.find().config, home / "dotfiles.toml"
    link.parent.mkdir(parents=True)
    real.write_text(TEXT)
    real.chmod(0o640)
    link.symlink_to(real)
    editor(monkeypatch, 'sed -i s/20/30/ "$1"')
    code, out, err = said(capsys, "edit")
    assert (code, err) == (0, "")
    assert out.startswith(f"{link} is saved: 1 budget, 2 endpoints")
    assert link.is_symlink()
    assert (real.read_text(), real.stat().st_mode & 0o777) == (TEXT.replace("20", "30"), 0o640)
    assert drafts() == []


@pytest.mark.parametrize(
    ("script", "code", "told"),
    [
        ('sed -i "s/critical/warn/" "$1"', 78, 'config.toml:19: min_severity = "warn": one of'),
        ("true", 0, "nothing changed"),
        ("exit 3", 1, "ended with 3; nothing is saved"),
    ],
)
def test_what_is_wrong_unchanged_or_given_up_leaves_the_file_as_it_was(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    code: int,
    told: str,
) -> None:
    file = written(TEXT)
    editor(monkeypatch, script)
    done, out, err = said(capsys, "edit")
    assert (done, file.read_text()) == (code, TEXT)
    assert told in out + err
    assert drafts() == []


def test_a_first_edit_begins_with_hints_and_a_file_changed_meanwhile_is_not_overwritten(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = paths.find().config
    editor(monkeypatch, 'grep -q "^# costtop" "$1" && echo "timezone = \\"UTC\\"" >> "$1"')
    assert said(capsys, "edit")[0] == 0
    assert file.read_text().endswith('timezone = "UTC"\n')
    editor(monkeypatch, f'echo "off = []" >> "$1"; echo "# other" > {file}')
    code, _, err = said(capsys, "edit")
    assert (code, file.read_text()) == (1, "# other\n")
    assert "was changed meanwhile; your draft is" in err
    assert drafts() == ["config.draft.toml"]
