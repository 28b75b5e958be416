"""`costtop why` says why a day or a session cost what it did, in the very numbers of `report`."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from costtop import paths
from costtop.cli.main import main
from costtop.daemon.jobs.scan_once import scan

MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
YESTERDAY = MIDNIGHT - timedelta(1)
CHEAP, DEAR = "claude-haiku-4-5", "claude-opus-4-6"


def call(at: datetime, session: str, nth: int, **more: Any) -> dict[str, Any]:
    tokens = 4_000 + 900 * nth
    return {
        "ts": at.isoformat().replace("+00:00", "Z"), "id": f"{session}-{at:%j}-{nth}",
        "session": session, "model": CHEAP, "feature": "shop", "input_tokens": tokens,
        "cache_read_tokens": max(0, tokens - 1_200) if nth else 0, "output_tokens": 300,
        **{name: value[nth] if isinstance(value, list) else value for name, value in more.items()},
    }  # fmt: skip


def course(begins: datetime, session: str, turns: int, **more: Any) -> list[dict[str, Any]]:
    return [call(begins + timedelta(seconds=40 * n), session, n, **more) for n in range(turns)]


def history(seed: int, dear: dict[str, Any]) -> list[dict[str, Any]]:
    """Six weeks of two features; of yesterday one session is `dear`."""
    random, lines = Random(seed), []
    for back in range(2, 44):
        for nth in range(random.randint(2, 4)):
            at = MIDNIGHT - timedelta(back) + timedelta(hours=9 + nth)
            feature = "shop" if nth else "docs"
            lines += course(at, f"s-{back}-{nth}", random.randint(4, 9), feature=feature)
    for nth in range(3):
        at = YESTERDAY + timedelta(hours=9 + nth)
        lines += course(at, f"s-1-{nth}", 6, feature="shop" if nth else "docs")
    lines += course(MIDNIGHT - timedelta(minutes=10), "over-midnight", 30, feature="docs")
    return lines + course(YESTERDAY + timedelta(hours=15), "the-dear-one", **dear)


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def call_(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(list(arguments))
        except SystemExit as ended:
            code = int(str(ended.code))
        return (code, *capsys.readouterr())

    return call_


def read(home: Path, *lines: dict[str, Any]) -> None:
    spool = home / "costtop" / "spool"
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(spool / "a.jsonl", "a", encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in lines)
    scan(paths.find())


def tree(run: Any, *arguments: str) -> Any:
    code, out, err = run(*arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def rows(run: Any, by: str, *span: str) -> dict[str, str]:
    return {row["key"]: row["cost_usd"] for row in tree(run, "report", *span, "--by", by)["rows"]}


def summed(parts: Any) -> Decimal:
    return sum(map(Decimal, parts), Decimal(0))


@pytest.mark.parametrize("seed", [1, 2])
def test_every_number_of_a_day_is_that_of_the_report(home: Path, run: Any, seed: int) -> None:
    read(home, *history(seed, {"turns": 30, "model": DEAR}))
    for words in ("yesterday", f"{YESTERDAY:%Y-%m-%d}", "2 days ago", "7d", "last week"):
        got = tree(run, "why", words)
        report = tree(run, "report", words)["total"]
        assert got["cost_usd"] == report["cost_usd"], words
        features, sessions = rows(run, "feature", words), rows(run, "session", words)
        assert all(one["cost_usd"] == features[one["feature"]] for one in got["features"])
        assert all(one["cost_usd"] == sessions[one["key"]] for one in got["sessions"])
        assert summed(got["causes_usd"].values()) == Decimal(got["cost_usd"])
        for one in (got, *got["features"]):
            more = Decimal(one["cost_usd"]) - Decimal(one["usual"]["usd"])
            assert Decimal(one["more_usd"]) == more
            assert summed(part["usd"] for part in one["drivers"]) == more
        for one in got["sessions"]:
            assert summed(one["drivers_usd"].values()) == Decimal(one["more_usd"])


def test_the_usual_is_the_median_of_like_weekdays(home: Path, run: Any) -> None:
    read(home, *history(3, {"turns": 30}))
    got = tree(run, "why", "yesterday")
    days = [f"{YESTERDAY - timedelta(7 * week):%Y-%m-%d}" for week in range(1, 7)]
    by_day = rows(run, "day")
    costs = [Decimal(by_day.get(day, "0")) for day in days]
    assert [day["since_at"][:10] for day in got["usual"]["days"]] == days
    assert [Decimal(day["cost_usd"]) for day in got["usual"]["days"]] == costs
    assert got["usual"]["of"] == f"{YESTERDAY:%A}s"
    middle = sorted(costs)[2:4]
    assert abs(Decimal(got["usual"]["usd"]) - sum(middle) / 2) < Decimal("0.000000001")


def test_the_report_against_like_days_has_the_same_usual(home: Path, run: Any) -> None:
    read(home, *history(3, {"turns": 30}))
    for words in ("yesterday", "last week", "7d"):
        why = tree(run, "why", words)
        got = tree(run, "report", words, "--by", "feature", "--against", "like")
        assert got["total"]["against_usd"] == why["usual"]["usd"]
        assert got["total"]["change_usd"] == why["more_usd"]
        usual = {row["key"]: row["against_usd"] for row in got["rows"]}
        assert all(usual[one["feature"]] == one["usual"]["usd"] for one in why["features"])
    days = tree(run, "report", "yesterday", "--against", "like")["rows"]
    assert days[0]["against_usd"] == tree(run, "why", "yesterday")["usual"]["usd"]
    total = tree(run, "report", "today", "--by", "total", "--against", "before")
    assert total["total"]["against_usd"] == total["rows"][0]["against_usd"]
    assert total["against"]["spans"][0]["since_at"] == f"{YESTERDAY:%Y-%m-%d}T00:00:00.000Z"
    said = run("report", "yesterday", "--by", "feature", "--against", "like")[1]
    assert f"USUAL is the median of 6 {YESTERDAY:%A}s" in said
    assert run("report", "--against", "like")[0] == 2


DRIVERS = {
    "dearer models": {"turns": 6, "model": "claude-opus-4-6"},
    "a larger context": {
        "turns": 14, "input_tokens": [4_000] + 13 * [300_000],
        "cache_read_tokens": [0] + 13 * [299_000],
    },
    "longer replies": {"turns": 6, "output_tokens": 20_000},
    "longer sessions": {"turns": 70},
    "cache misses": {"turns": 9, "cache_read_tokens": [3_000] + 8 * [0]},
}  # fmt: skip


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_driver_is_what_was_changed(home: Path, run: Any, driver: str) -> None:
    read(home, *history(4, DRIVERS[driver]))
    got = tree(run, "why", "yesterday")
    assert got["sessions"][0]["key"].endswith("the-dear-one")
    assert got["sessions"][0]["mostly"] == driver
    assert got["features"][0]["feature"] == "shop"


def test_more_sessions_are_named_where_nothing_else_moved(home: Path, run: Any) -> None:
    lines = history(5, {"turns": 6})
    for nth in range(12):
        lines += course(YESTERDAY + timedelta(hours=11, minutes=5 * nth), f"more-{nth}", 6)
    read(home, *lines)
    got = tree(run, "why", "yesterday")
    assert (got["mostly"], got["pieces"]) == ("more sessions", "sessions")
    assert "nothing needs mending" in " ".join(got["advice"])


def test_a_session_of_two_days_counts_in_each_with_its_own_calls(home: Path, run: Any) -> None:
    read(home, *history(6, {"turns": 6}))
    key = "costtop/over-midnight"
    first = rows(run, "session", "yesterday")[key]
    second = rows(run, "session", "today")[key]
    got = tree(run, "why", "over-midnight")
    assert (got["of"], got["session"]) == ("session", key)
    assert list(got["days_usd"].values()) == [first, second]
    assert got["cost_usd"] == rows(run, "session")[key]
    assert summed(got["causes_usd"].values()) == Decimal(got["cost_usd"])
    assert tree(run, "explain", "over-midnight")["causes_usd"] == got["causes_usd"]


def test_a_session_is_measured_against_finished_ones_like_it(home: Path, run: Any) -> None:
    read(home, *history(6, {"turns": 40, "model": DEAR}))
    got = tree(run, "why", "the-dear-one")
    assert got["usual"]["of"] == "shop"
    assert got["usual"]["peers"] > 20
    more = Decimal(got["cost_usd"]) - Decimal(got["usual"]["usd"])
    assert Decimal(got["more_usd"]) == more
    assert summed(got["drivers_usd"].values()) == more
    said = run("why", "the-dear-one")[1]
    assert f"${more:.2f} more than usual: " in said
    assert " from dearer models" in said
    assert f"costtop explain {got['id']} --calls" in said


def test_the_first_call_after_midnight_is_compared_with_the_one_before(
    home: Path, run: Any
) -> None:
    read(home, *history(6, {"turns": 6}))
    books = tree(run, "why", "today", "--feature", "docs")["causes_usd"]
    assert "first_prompt" not in books
    assert Decimal(books["context_carry"]) > 0


def test_what_has_no_price_is_unknown_and_a_floor_everywhere(home: Path, run: Any) -> None:
    read(home, *course(YESTERDAY + timedelta(hours=9), "secret", 4, model="nobody-knows-1"))
    said = run("why", "yesterday")[1]
    assert "$?" in said.splitlines()[0]
    assert "calls are missing from it (unpriced 4): nobody-knows-1" in said
    read(home, *history(7, {"turns": 6}))
    got = tree(run, "why", "yesterday")
    assert (got["floor"], got["floor_reasons"]) == (True, [{"reason": "unpriced", "calls": 4}])
    assert "≥" in run("why", "yesterday")[1].splitlines()[0]
    assert "$?" in run("why", "secret")[1].splitlines()[0]


def test_a_day_without_any_before_it_says_that_nothing_is_usual(home: Path, run: Any) -> None:
    read(home, *course(YESTERDAY + timedelta(hours=9), "alone", 4))
    got = tree(run, "why")
    assert (got["usual"], got["drivers"], got["more_usd"]) == (None, None, None)
    assert "nothing is usual yet" in run("why")[1]
    empty = run("why", f"{YESTERDAY - timedelta(1):%Y-%m-%d}")[1].splitlines()
    assert empty[-2:] == ["What to do", "  nothing: no spend stands out"]


def test_it_is_one_screen(home: Path, run: Any) -> None:
    read(home, *history(8, {"turns": 30, "model": DEAR}))
    for words in ("yesterday", "7d", "last week", "the-dear-one"):  # a week of days tells which day
        lines = run("why", words)[1].splitlines()
        assert len([line for line in lines if line]) < 24
        assert [line for line in lines if len(line) > 80] == []


def test_what_is_neither_day_nor_session_is_one_line(home: Path, run: Any) -> None:
    read(home, *course(YESTERDAY + timedelta(hours=9), "alone", 4))
    for words, part in {
        "yesteday": "did you mean yesterday?",
        "nosuch": "and no session begins so",
        "all": "is compared with nothing",
        "2099-01-01": "is compared with nothing",
        "yesterday --feature nosuch": "nothing was spent for feature 'nosuch'",
    }.items():
        code, out, err = run("why", *words.split())
        assert (code in (2, 3), out, err.count("\n")) == (True, "", 1)
        assert part in err


def test_explain_sums_by_cause_first_and_shows_calls_on_request(home: Path, run: Any) -> None:
    read(home, *course(YESTERDAY + timedelta(hours=9), "alone", 4))
    short, long = (run("explain", "alone", *more)[1] for more in ((), ("--calls",)))
    assert short.startswith("Where it went\n")
    assert "costtop explain alone --calls" in short
    assert (short.count("  call "), long.count("  call ")) == (0, 4)
    assert long.index("  call ") < long.index("Where it went")
    assert len(tree(run, "explain", "alone")["calls"]) == 4
