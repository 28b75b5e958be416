"""Numbers can be traced, priced anew, exported and copied; what is unknown is said."""

import csv
import io
import json
import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from costtop.cli.main import main

sys.path.insert(0, str(Path(__file__).parent))
from logs import SESSION, claude_row, write

OPUS = 5_000_000 + 2_500_000  # nano-dollars of 1,000 in at $5/M and 100 out at $25/M


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def report(capsys: pytest.CaptureFixture[str], by: str = "session") -> dict[str, object]:
    return json.loads(run(capsys, "report", "--by", by, "--json")[1])


@pytest.fixture
def scanned(home: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = write(home, claude_row(1), "garbage", claude_row(2, "acme-llm-2"))
    assert run(capsys, "scan")[0] == 0
    return path


def test_explain_leads_from_the_total_to_line_rate_and_sum(
    scanned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = json.loads(run(capsys, "explain", SESSION[:8], "--json")[1])
    first, second = tree["calls"]
    assert first["file"] == str(scanned)
    assert scanned.read_bytes()[first["offset"] :].startswith(b'{"type": "assistant"')
    assert [line["usd"] for line in first["lines"]] == ["0.005000000", "0.002500000"]
    assert first["cost_usd"] == "0.007500000"
    assert (second["basis"], second["cost_usd"]) == ("unpriced", None)
    assert (tree["cost_usd"], tree["floor"]) == ("0.007500000", True)


def test_explain_takes_a_call_s_key_too(scanned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = json.loads(run(capsys, "explain", SESSION, "--json")[1])
    code, out, _ = run(capsys, "explain", tree["calls"][0]["call"][:10])
    assert code == 0
    assert "$5.00/M" in out
    assert "byte 0" in out


def test_explain_of_nothing_is_one_line_and_exit_3(
    scanned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "explain", "nothing")
    assert (code, out, err.count("\n")) == (3, "", 1)


def test_an_unpriced_call_makes_every_sum_a_floor(
    scanned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for by in ("total", "day", "session", "feature", "model", "project", "source"):
        tree = report(capsys, by)
        assert tree["total"]["floor"] is True, by
        assert tree["total"]["cost_usd"] == "0.007500000", by
        assert tree["unpriced_models"] == ["acme-llm-2"], by
    assert "≥0.0075" in run(capsys, "report", "--by", "session")[1]


def test_reprice_says_what_a_new_price_changes_and_changes_all_views(
    scanned: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prices = home / "costtop" / "prices.toml"
    prices.write_text(
        '[[price]]\nmodel = "acme-*"\nper_million = { input = "$1", output = "$2" }\n'
    )
    code, out, _ = run(capsys, "reprice", "--json")
    assert code == 0
    assert json.loads(out)["changes"] == [
        {"model": "acme-llm-2", "calls": 1, "before_usd": "0.000000000",
         "after_usd": "0.001200000", "newly_priced": 1, "no_longer_priced": 0}
    ]  # fmt: skip
    for by in ("total", "day", "session", "feature", "model"):
        tree = report(capsys, by)
        assert (tree["total"]["cost_usd"], tree["total"]["floor"]) == ("0.008700000", False), by
    assert "nothing changes" in run(capsys, "reprice")[1]


def test_a_changed_feature_rule_reaches_old_calls_with_reprice(
    scanned: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(capsys, "feature")["rows"][0]["key"] == "checkout"
    config = home / "costtop" / "config.toml"
    config.write_text('[[feature]]\nname = "shop"\nmatch = { cwd = "/home/dev/shop/**" }\n')
    run(capsys, "reprice")
    assert [row["key"] for row in report(capsys, "feature")["rows"]] == ["shop"]


def test_doctor_names_the_bad_line_and_the_unpriced_model(
    scanned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "doctor", "--json")
    tree = json.loads(out)
    assert code == 1
    assert "no daemon is running" in tree["problems"][0]
    (bad,) = tree["bad_lines"]
    (first,) = bad["first"]
    assert (bad["file"], bad["count"]) == (str(scanned), 1)
    assert scanned.read_bytes()[first["offset"] :].startswith(b"garbage")
    (model,) = tree["unpriced_models"]
    assert (model["model"], model["input_tokens"]) == ("acme-llm-2", 1000)
    assert model["why"]


def test_doctor_works_before_anything_was_read(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "doctor")
    assert code == 1
    assert "Claude Code" in out
    assert err == ""


def test_export_gives_every_call_once(scanned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(run(capsys, "export", "calls")[1])))
    assert [row["cost_usd"] for row in rows] == ["0.007500000", ""]
    lines = run(capsys, "export", "days", "--format", "jsonl")[1].splitlines()
    assert [json.loads(line)["key"] for line in lines] == ["2026-11-20"]


def test_backup_is_a_whole_private_database_and_overwrites_nothing(
    scanned: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = home / "copy.db"
    assert run(capsys, "backup", str(copy))[0] == 0
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert sqlite3.connect(copy).execute("SELECT sum(cost) FROM calls").fetchone() == (OPUS,)
    code, _, err = run(capsys, "backup", str(copy))
    assert (code, err.count("\n")) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("report", "--since", "yesterdayish"), 2),
        (("report", "--tz", "Mars/Olympus"), 2),
        (("report", "--since", "2026-11-22", "--until", "2026-11-01"), 2),
        (("mark", "nothing"), 3),
        (("budget", "set", "a", "$1", "--scope", "feature"), 2),
    ],
)
def test_a_mistake_is_one_line_with_its_exit_code(
    scanned: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int
) -> None:
    got, out, err = run(capsys, *arguments)
    assert (got, out, err.count("\n")) == (code, "", 1), err


def test_dates_include_the_last_day_whole(
    scanned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("report", "--by", "day", "--json", "--since", "2026-11-20", "--until")
    inside = json.loads(run(capsys, *arguments, "2026-11-20")[1])
    assert (inside["since"], inside["until"]) == ("2026-11-20", "2026-11-20")
    assert inside["total"]["calls"] == 2
    west = json.loads(run(capsys, *arguments, "2026-11-20", "--tz", "Pacific/Auckland")[1])
    assert [row["key"] for row in west["rows"]] == ["2026-11-20"]
