"""CSV as programs and spreadsheets read it: nothing that runs, and nothing that is no number."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop.cli.csv_rows import cell, write
from costtop.cli.main import main
from tests.cli.logs import SESSION, claude_row
from tests.cli.logs import write as write_log

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
FORMULAS = (
    "=1+1",
    "+1",
    "-1+2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    '"=1"',
    "'=1",
    " =1",
    "a;=1",
    'a;"=1',
    "a\t@x",
)


def rows(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, str]]:
    assert main(list(words)) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


@pytest.fixture
def told(home: Path) -> Path:
    """A store of one session, and of a program's session with hostile names."""
    write_log(home, claude_row())
    line = {
        "ts": "2026-11-20T10:00:00Z",
        "session": "s1",
        "model": "claude-opus-4-6",
        "provider": "anthropic",
        "input_tokens": 10,
        "output_tokens": 1,
        "feature": "=HYPERLINK(1)",
        "user": "@me",
        "task": "-2+3",
    }
    assert main(["record", "--json", json.dumps(line)]) == 0
    assert main(["scan"]) == 0
    return home


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    made = cell(text)
    assert made != text
    assert made.replace("'", "") == text.replace("'", "")


@given(st.text(st.sampled_from(SIGNS + "\t\r\n\"';, a1."), max_size=12))
def test_no_part_of_a_cell_that_a_spreadsheet_cuts_out_begins_like_a_formula(text: str) -> None:
    made = cell(text)
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        assert made == text
        return
    for part in re.split(r"[;\t\r\n]", made):
        assert part.strip(' "')[:1] not in set(SIGNS), made
    assert cell(text) == made


@pytest.mark.parametrize("value", [-5, "-1.246198150", 0, "12", 1.5, -1e-7, "0.000000000"])
def test_numbers_stay_numbers(value: object) -> None:
    assert cell(value) == str(value)
    assert float(cell(value)) == float(str(value))


def test_truth_and_what_is_not_known_are_words_of_every_language() -> None:
    out = io.StringIO()
    write([{"yes": True, "no": False, "none": None, "text": "a,b"}], out)
    assert out.getvalue() == 'yes,no,none,text\r\ntrue,false,,"a,b"\r\n'


@pytest.mark.parametrize(
    "words",
    [
        "report --by feature --csv",
        "report --by user --csv",
        "report --by task --csv",
        "export calls",
        "export sessions",
        "export days",
        "review --csv --since 3650d",
    ],
)
def test_no_command_writes_a_cell_that_runs(
    told: Path, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    capsys.readouterr()
    found = rows(capsys, *words.split())
    assert found
    for value in (value for row in found for value in row.values()):
        assert value[:1] not in {"=", "+", "@"}, value
        assert value[:1] != "-" or float(value) <= 0
        assert value not in {"True", "False", "None"}
    assert (
        any("'=HYPERLINK" in str(row) or "'@me" in str(row) or "'-2+3" in str(row) for row in found)
        or "days" in words
    )


def test_moments_are_iso_and_sessions_have_the_id_that_people_type(
    told: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    claude, own = sorted(rows(capsys, "export", "sessions"), key=lambda row: row["source"])
    assert (claude["session"], claude["started"]) == (SESSION, "2026-11-20T10:01:00.000Z")
    assert (claude["id"], own["id"]) == ("0a1b2c3", "s1")
    calls = rows(capsys, "export", "calls")
    assert sorted(row["id"] for row in calls) == ["0a1b2c3", "s1"]
    main(["export", "sessions", "--format", "jsonl"])
    as_json = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["started"] for row in as_json} == {1795168860000, 1795168800000}
