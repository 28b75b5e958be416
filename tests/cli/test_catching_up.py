"""Where no daemon runs, a command that shows numbers reads what is new first."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from costtop import paths
from costtop.cli import catching_up
from costtop.daemon.lifecycle.instance import hold
from tests.cli.logs import claude_row, write
from tests.cli.test_report import line, run

__all__ = ["run"]  # the fixture
ASKING = (
    *("report", "--once --all", "budget list", "review", "why 2026-11-20", "check"),
    *("explain s", "export calls", "alerts replay 2026-11-20"),
)


def log(home: Path, *lines: dict[str, Any]) -> None:
    spool = home / "costtop" / "spool"
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(spool / "a.jsonl", "a", encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in lines)


def stored() -> list[int]:
    with sqlite3.connect(f"file:{paths.find().database}?mode=ro", uri=True) as db:
        return [row[0] for table in ("calls", "alerts", "outbox")
                for row in db.execute(f"SELECT count(*) FROM {table}")]  # fmt: skip


@pytest.mark.parametrize("words", ASKING)
def test_a_first_question_is_answered_and_nobody_is_alerted(
    home: Path, run: Any, words: str
) -> None:
    log(home, line("2026-11-20T10:00:00Z"))
    code, out, err = run(*words.split())
    assert code in (0, 20)
    assert (out != "", err) == (
        True, "costtop: read 1 new call first, for no daemon runs (costtop start)\n"
    )  # fmt: skip
    assert stored() == [1, 0, 0]
    log(home, line("2026-11-20T11:00:00Z"))
    assert run(*words.split())[2].startswith("costtop: read 1 new call first")
    assert stored() == [2, 0, 0]
    again = run(*words.split())
    assert (again[0], again[2]) == (code, "")


def test_what_is_stored_is_shown_where_nothing_may_be_read(home: Path, run: Any) -> None:
    log(home, line("2026-11-20T10:00:00Z"))
    run("report")
    log(home, line("2026-11-20T11:00:00Z"))
    config = home / "costtop" / "config.toml"
    for text, said in (("read_only = true\n", "read_only is set"), ("tiers = 3\n", "config.toml")):
        config.write_text(text)
        code, out, err = run("report", "--json")
        assert (code, json.loads(out)["total"]["calls"]) == (0, 1)
        assert said in err
        assert err.endswith("; what is stored is shown\n")
        assert err.count("\n") == 1


def test_beside_another_reader_what_is_stored_is_shown_and_said(home: Path, run: Any) -> None:
    log(home, line("2026-11-20T10:00:00Z"))
    run("report")
    log(home, line("2026-11-20T11:00:00Z"))
    with hold(paths.find()):
        code, out, err = run("report", "--json")
    assert (code, json.loads(out)["total"]["calls"]) == (0, 1)
    assert err == "costtop: another costtop is reading; what is stored is shown\n"


def test_a_person_is_told_that_nothing_is_new_and_a_script_is_not(
    home: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(home, line("2026-11-20T10:00:00Z"))
    run("report")
    assert run("report")[2] == ""
    monkeypatch.setattr("costtop.cli.catching_up.sys.stderr.isatty", lambda: True)
    assert run("report")[2] == (
        "costtop: nothing new to read, what is stored is shown; no daemon runs (costtop start)\n"
    )
    assert run("check", "--quiet")[2] == ""


def test_without_any_log_nothing_is_made(home: Path, run: Any) -> None:
    code, out, err = run("report")
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert not (home / "costtop").exists()


def test_one_that_was_interrupted_or_piped_leaves_json_alone(home: Path) -> None:
    log(home, *(line("2026-11-20T10:00:00Z", f"s{n}") for n in range(50)))
    ran = subprocess.run(
        [sys.executable, "-m", "costtop", "report", "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(ran.stdout)["total"]["calls"] == 50
    assert ran.stderr == "costtop: read 50 new calls first, for no daemon runs (costtop start)\n"


def test_a_log_that_was_copied_and_begun_anew_is_read_and_asked_about_again(
    home: Path, run: Any
) -> None:
    log(home, line("2026-11-20T10:00:00Z"))
    run("report")
    file = home / "costtop" / "spool" / "a.jsonl"
    file.with_name("b.jsonl").write_bytes(file.read_bytes())
    file.unlink()
    log(home, line("2026-11-20T12:00:00Z", id="another"))
    for _ in range(3):
        code, out, _ = run("report", "--by", "total", "--json")
        assert (code, json.loads(out)["total"]["calls"]) == (0, 2)


def test_a_budget_that_was_just_set_is_known_at_once(home: Path, run: Any) -> None:
    log(home, line("2026-11-20T10:00:00Z"))
    assert run("check")[:2] == (20, "nothing to judge: no budget is set\n")
    assert run("budget", "set", "daily", "120")[0] == 0
    assert "daily" in run("budget", "list")[1]
    assert run("check")[0] == 0
    config = home / "costtop" / "config.toml"
    config.write_text('[[budget]]\nname = "tiny"\namount = 5\n')
    assert "tiny" in run("check")[1]
    config.write_text("")
    assert "tiny" not in run("check")[1]


def test_a_saved_configuration_is_looked_at_once(home: Path, run: Any) -> None:
    write(home, claude_row())
    run("report")
    place = paths.find()
    place.config.write_text("[anomaly]\nmultiplier = 5.0\n")
    for looks in (True, False):
        assert catching_up.may_be_new(place) is looks
        assert run("report")[0] == 0
    place.config.write_text('[[budget]]\nname = "daily"\namount = "20"\n')
    assert catching_up.may_be_new(place)
    run("report")
    assert "daily" in run("budget", "list")[1]


def test_a_log_that_is_long_gone_is_looked_for_by_its_folder_alone(home: Path, run: Any) -> None:
    write(home, claude_row())
    run("report")
    place = paths.find()
    [file] = (home / ".claude").rglob("*.jsonl")
    assert not catching_up.may_be_new(place)
    with file.open("ab") as more:
        more.write(b"\n")
    assert catching_up.may_be_new(place)
    with sqlite3.connect(place.database) as db:
        db.execute("UPDATE places SET state = ''")  # as a week after its end
    assert not catching_up.may_be_new(place)
    file.with_name("another.jsonl").touch()
    assert catching_up.may_be_new(place)
