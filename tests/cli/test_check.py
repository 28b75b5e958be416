"""`costtop check`: how budgets stand, as an exit code that scripts can build on."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from costtop import paths
from tests.cli.test_report import line, read, run

__all__ = ["run"]  # the fixture
SPENT = 7_500_000  # nano-dollars of one line
CODES = {"ok": 0, "warning": 10, "over": 11, "nothing": 20, "unknown": 30}


def budgets(home: Path, **amounts: str) -> None:
    (home / "costtop").mkdir(exist_ok=True, mode=0o700)
    text = "".join(
        f'[[budget]]\nname = "{name}"\nperiod = "month"\namount = "{amount}"\n'
        for name, amount in amounts.items()
    )
    (home / "costtop" / "config.toml").write_text(text)


def now(**more: Any) -> dict[str, Any]:
    return line(int(time.time()), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("amount", "state", "tier"),
    [
        ("0.015", "warning", 50),
        ("0.0151", "ok", None),
        ("0.0075", "over", 100),
        ("0.007500001", "warning", 80),
        ("0.001", "over", 100),
    ],
)
def test_the_code_says_how_a_budget_stands(
    home: Path, run: Any, amount: str, state: str, tier: int | None
) -> None:
    budgets(home, monthly=amount)
    read(home, now())
    code, out, err = run("check", "--json")
    got = json.loads(out)
    assert (code, err, got["code"], got["state"]) == (CODES[state], "", CODES[state], state)
    (one,) = got["budgets"]
    assert (one["name"], one["state"], one["tier"]) == ("monthly", state, tier)
    assert one["spent_usd"] == "0.007500000"
    assert run("check")[0] == run("budget", "list", "--check")[0] == code
    assert run("check", "--quiet") == (code, "", "")
    assert run("budget", "list")[0] == 0


def test_of_several_budgets_the_worst_counts_and_one_can_be_named(home: Path, run: Any) -> None:
    budgets(home, small="0.001", middle="0.014", large="100")
    read(home, now())
    assert run("check")[0] == 11
    assert run("check", "--budget", "middle")[0] == 10
    assert run("check", "--budget", "large")[0] == 0
    assert run("check", "--budget", "large", "--budget", "middle")[0] == 10
    code, _, err = run("check", "--budget", "larg")
    assert (code, err) == (20, "costtop: no budget 'larg': did you mean large?\n")


def test_without_a_budget_there_is_nothing_to_judge(home: Path, run: Any) -> None:
    read(home, now())
    assert run("check")[0] == run("budget", "list", "--check")[0] == 20
    assert json.loads(run("check", "--json")[1])["state"] == "nothing"


def test_what_has_no_price_cannot_be_judged_unless_it_is_over_anyway(home: Path, run: Any) -> None:
    budgets(home, large="100", small="0.001", middle="0.014")
    read(home, now(), now(session="x", id="x", model="acme-2"))
    assert run("check", "--budget", "large")[0] == 30
    assert run("check", "--budget", "small")[0] == 11
    assert run("check", "--budget", "middle")[0] == 10
    assert "cannot know" in run("check", "--budget", "large")[1]
    assert run("check", "--budget", "large", "--budget", "middle")[0] == 30


def test_a_database_that_cannot_be_read_is_no_answer(home: Path, run: Any) -> None:
    read(home, now())
    database = paths.find().database
    for extra in ("-wal", "-shm"):
        database.with_name(database.name + extra).unlink(missing_ok=True)
    database.write_bytes(b"garbage" * 1000)
    for words in (("check",), ("budget", "list", "--check")):
        code, _, err = run(*words)
        assert (code, err.count("\n"), "cannot know" in err) == (30, 1, True)
        database.with_name("costtop.db.rebuild").unlink()  # else the next one has it mended
    assert json.loads(run("check", "--json")[1])["state"] == "unknown"
    code, _, err = run("check")
    assert (code, err.count("\n"), "is rebuilt" in err) == (20, 1, True)
