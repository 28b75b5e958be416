"""`costtop report` answers questions: filters, several keys, the dearest, chosen columns."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_report import line, read, run, tree

__all__ = ["run"]  # the fixture
DAY = "2026-11-20T10:00:00Z"


def nanos(row: dict[str, Any]) -> int:
    return int(row["cost_usd"].replace(".", ""))


@pytest.fixture
def spent(home: Path) -> None:
    tools = [{"name": "Bash", "key": "a"}, {"name": "mcp__github__get", "key": "b"},
             {"name": "Bash", "key": "c"}]  # fmt: skip
    read(
        home,
        line(
            DAY,
            "a",
            feature="checkout",
            user="ana",
            tags={"team": "web"},
            tools=tools,
            branch="fix/SHOP-12",
        ),
        line(DAY, "b", feature="search, old", user="bo", model="gpt-5.4"),
        line("2026-11-21T10:00:00Z", "a", feature="checkout", user="bo", output_tokens=7),
    )


@pytest.mark.parametrize(
    ("asked", "calls"),
    [
        ("--feature checkout", 2),
        ("--feature check* --user ana", 1),
        ("--user ana --user bo", 3),
        ("--model opus* --agent costtop", 2),
        ("--tag team=web", 1),
        ("--session a", 2),
        ("--branch (none)", 2),
        ("--branch *-12", 1),
        ("--ticket SHOP-12", 1),
        ("--ticket (none)", 2),
    ],
)
def test_filters_keep_what_fits_all_of_them(spent, run: Any, asked: str, calls: int) -> None:
    got = tree(run, *asked.split())
    assert (got["total"]["calls"], sum(row["calls"] for row in got["rows"])) == (calls, calls)
    assert sum(map(nanos, got["rows"])) == nanos(got["total"])
    assert {f"--{field.partition(':')[0]}" for field in got["filters"]} == {*asked.split()[::2]}


def test_a_slip_in_a_filter_names_what_there_is_and_what_was_meant(spent, run: Any) -> None:
    code, out, err = run("report", "--feature", "chekout")
    assert (code, out) == (3, "")
    assert "no feature fits 'chekout'" in err
    assert err.endswith(": did you mean checkout?\n")
    quiet = tree(run, "2026-11-01", "--feature", "checkout")  # known, but not then
    assert (quiet["rows"], quiet["total"]["calls"]) == ([], 0)
    assert run("report", "--tag", "team")[0] == run("report", "--by", "day,day")[0] == 2
    assert "did you mean feature?" in run("report", "--by", "day,feture")[2]
    assert run("report", "--top", "0")[0] == run("report", "--by", "tag:")[0] == 2


def test_two_keys_are_a_row_for_each_pair_in_every_form(spent, run: Any) -> None:
    got = tree(run, "--by", "day,feature")
    assert (got["by"], got["keys"]) == ("day,feature", ["day", "feature"])
    assert [row["keys"] for row in got["rows"]] == [
        ["2026-11-20", "checkout"], ["2026-11-20", "search, old"], ["2026-11-21", "checkout"]
    ]  # fmt: skip
    assert [row["key"] for row in got["rows"]] == [",".join(row["keys"]) for row in got["rows"]]
    assert (got["total"]["key"], got["total"]["keys"]) == ("total", [])
    rows = list(csv.DictReader(io.StringIO(run("report", "--by", "day,feature", "--csv")[1])))
    assert [[row["day"], row["feature"]] for row in rows[:-1]] == [r["keys"] for r in got["rows"]]
    head, first, *_ = run("report", "--by", "day,feature")[1].splitlines()
    assert head.split()[:3] == ["DAY", "FEATURE", "COST"]
    assert first.split()[:2] == ["2026-11-20", "checkout"]


def test_the_cost_of_a_call_is_shared_over_its_tools_to_the_nano(spent, run: Any) -> None:
    got = tree(run, "--by", "tool", "--feature", "checkout", "--user", "ana")
    rows = {row["key"]: row for row in got["rows"]}
    assert rows.keys() == {"Bash", "mcp__github__get"}
    whole = nanos(got["total"])
    assert nanos(rows["mcp__github__get"]) in (whole // 3, whole // 3 + 1)
    assert sum(map(nanos, got["rows"])) == whole
    assert {row["calls"] for row in got["rows"]} == {None}
    assert got["total"]["calls"] == 1
    servers = {row["key"] for row in tree(run, "--by", "server")["rows"]}
    assert servers == {"github", "(no server)", "(no tool)"}
    assert tree(run, "--by", "tag:team")["rows"][0]["key"] in ("web", "(none)")


def test_the_dearest_rows_and_one_for_the_rest(spent, run: Any) -> None:
    got = tree(run, "--by", "session", "--top", "1")
    assert [row["key"] for row in got["rows"]] == ["costtop/a", "other"]
    assert sum(map(nanos, got["rows"])) == nanos(got["total"])
    said = run("report", "--by", "session", "--top", "1")[1].splitlines()
    assert said[2].startswith("other ")


def test_columns_are_those_named_or_one_more(spent, run: Any) -> None:
    def head(*columns: str) -> str:
        return " ".join(run("report", *columns)[1].splitlines()[0].split())

    assert head("--columns", "calls,cost") == "DAY CALLS COST $"
    assert head("--columns", "+errors") == head() + " ERRORS"
    against = head("2026-11-20", "--columns", "calls", "--against", "before")
    assert against == "DAY BEFORE $ CHANGE CALLS"
    code, _, err = run("report", "--columns", "clals")
    assert (code, err.count("\n"), "did you mean calls?" in err) == (2, 1, True)


def test_what_is_compared_is_compared_under_the_same_filter(spent, run: Any) -> None:
    got = tree(run, "2026-11-21", "--by", "feature", "--feature", "checkout", "--against", "before")
    (row,) = got["rows"]
    day_before = tree(run, "2026-11-20", "--feature", "checkout")["total"]["cost_usd"]
    assert row["against_usd"] == got["total"]["against_usd"] == day_before
    for keys in ("day,feature", "hour"):
        code, _, err = run("report", "yesterday", "--by", keys, "--against", "like")
        assert (code, err.count("\n")) == (2, 1)
    json.loads(
        run("report", "2026-11-21", "--by", "feature,user", "--against", "before", "--json")[1]
    )


def test_what_lies_beyond_the_dearest_is_compared_as_one(home: Path, run: Any) -> None:
    rows = (("21", "checkout", 9), ("21", "search", 2), ("21", "mail", 1), ("20", "search", 4),
            ("20", "mail", 5), ("20", "gone", 6), ("20", "checkout", 7))  # fmt: skip
    read(
        home,
        *(
            line(f"2026-11-{day}T10:00:00Z", name, feature=name, output_tokens=100 * output)
            for day, name, output in rows
        ),
    )
    asked = ("2026-11-21", "--by", "feature", "--against", "before")
    got = tree(run, *asked, "--top", "1")
    known = {row["key"]: row["against_usd"] for row in tree(run, *asked)["rows"]}
    shown, other = got["rows"]
    assert (shown["key"], other["key"], shown["against_usd"]) == (
        "checkout",
        "other",
        known["checkout"],
    )
    parts = [nanos({"cost_usd": row["against_usd"]}) for row in got["rows"]]
    assert sum(parts) == nanos({"cost_usd": got["total"]["against_usd"]})
