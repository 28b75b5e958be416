"""`costtop report` says what INTERFACES says, at every edge of time and with nothing to say."""

import csv
import io
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from costtop import paths
from costtop.cli.main import main
from costtop.daemon.jobs.scan_once import scan

KEYS = (
    "total", "day", "week", "month", "session", "feature", "model", "user", "task", "project",
    "source", "host", "label",
)  # fmt: skip
ROW = {
    "key", "cost_usd", "floor", "floor_reasons", "calls", "unpriced_calls", "sessions",
    "tasks_completed",
    "cost_per_task_usd", "input_tokens", "cache_read_tokens", "cache_write_tokens",
    "cache_write_1h_tokens", "output_tokens", "reasoning_tokens", "reported_cost_usd",
}  # fmt: skip
ABOUT = {"source", "project", "feature", "user", "model", "model_now", "state", "pid", "started",
         "last", "children", "label"}  # fmt: skip


def line(ts: str, session: str = "s", **more: Any) -> dict[str, Any]:
    return {"ts": ts, "session": session, "model": "claude-opus-4-6", "input_tokens": 1000,
            "output_tokens": 100, "id": f"{session}-{ts}", **more}  # fmt: skip


def read(home: Path, *lines: dict[str, Any]) -> None:
    spool = home / "costtop" / "spool"
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(spool / "a.jsonl", "a", encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in lines)
    scan(paths.find())


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(list(arguments))
        except SystemExit as ended:  # argparse
            code = int(str(ended.code))
        return (code, *capsys.readouterr())

    return call


def tree(run: Any, *arguments: str) -> Any:
    code, out, err = run("report", "--json", *arguments)
    assert (code, err) == (0, "")
    return json.loads(out)


@pytest.mark.parametrize("by", KEYS)
def test_every_key_has_the_fields_of_the_contract(home: Path, run: Any, by: str) -> None:
    read(home, line("2026-11-20T10:00:00Z"))
    got = tree(run, "--by", by)
    assert got.keys() >= {"schema", "currency", "by", "since", "until", "tz", "rows", "total",
                          "unpriced_models"}  # fmt: skip
    assert (got["schema"], got["currency"], got["by"], got["tz"]) == (1, "USD", by, "UTC")
    (row,) = got["rows"]
    assert row.keys() >= (ROW | ABOUT if by == "session" else ROW)
    assert got["total"].keys() >= ROW
    assert (got["total"]["key"], row["cost_usd"]) == ("total", "0.007500000")


@pytest.mark.parametrize("by", KEYS)
def test_a_store_without_calls_gives_no_rows_and_an_exact_zero(
    home: Path, run: Any, by: str
) -> None:
    read(home)
    got = tree(run, "--by", by)
    assert (got["rows"], got["total"]["cost_usd"]) == ([], "0.000000000")
    assert (got["total"]["cost_per_task_usd"], got["total"]["floor"]) == (None, False)
    code, out, err = run("report", "--by", by, "--csv")
    (total,) = csv.DictReader(io.StringIO(out))
    assert (code, total["key"], err) == (0, "total", "")


def test_a_report_before_anything_was_read_says_so_with_exit_3(home: Path, run: Any) -> None:
    for command in (("report",), ("report", "--json"), ("export", "calls"), ("explain", "x")):
        code, out, err = run(*command)
        assert (code, out) == (3, ""), command
        assert "costtop scan" in err
        assert err.count("\n") == 1


def test_a_broken_database_is_one_line_on_stderr_with_exit_78(home: Path, run: Any) -> None:
    read(home)
    database = paths.find().database
    for extra in ("-wal", "-shm"):
        database.with_name(database.name + extra).unlink(missing_ok=True)
    database.write_bytes(b"garbage" * 1000)
    code, out, err = run("report", "--json")
    assert (code, out, err.count("\n")) == (78, "", 1)
    code, _, err = run("report", "--json")  # the next question begins with a rebuild, and says so
    assert (code, err.count("\n"), "is rebuilt" in err) == (0, 1, True)


def test_the_dates_asked_for_are_the_dates_answered(home: Path, run: Any) -> None:
    read(home, line("2026-11-20T10:00:00Z"))
    got = tree(run, "--since", "2026-11-01", "--until", "2099-12-31")
    assert (got["since"], got["until"]) == ("2026-11-01", "2099-12-31")
    assert tree(run)["since"] == "2026-11-20"


def test_a_day_s_edges_belong_to_one_day_each(home: Path, run: Any) -> None:
    stamps = ("2026-11-19T23:59:59.999Z", "2026-11-20T00:00:00Z", "2026-11-20T23:59:59.999Z",
              "2026-11-21T00:00:00Z")  # fmt: skip
    read(home, *(line(ts) for ts in stamps))
    rows = tree(run, "--by", "day")["rows"]
    assert [(row["key"], row["calls"]) for row in rows] == [
        ("2026-11-19", 1), ("2026-11-20", 2), ("2026-11-21", 1)
    ]  # fmt: skip
    one = tree(run, "--by", "day", "--since", "2026-11-20", "--until", "2026-11-20")
    assert [row["calls"] for row in one["rows"]] == [2]
    assert one["total"]["calls"] == 2


def test_seven_days_are_local_days_and_24_hours_roll(home: Path, run: Any) -> None:
    """The clock of the test's run is real: the calls lie beside the borders of the present."""
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight - timedelta(6)
    stamps = [first - timedelta(seconds=1), first, now - timedelta(hours=24, minutes=16), now]
    read(home, *(line(at.isoformat().replace("+00:00", "Z")) for at in stamps))
    week = tree(run, "--since", "7d")
    assert (week["since"], week["total"]["calls"]) == (f"{first:%Y-%m-%d}", 3)
    assert week["since_at"] == f"{first:%Y-%m-%d}T00:00:00.000Z"
    for words in (("7d",), ("last", "7", "days"), ("--since", "7 days"), ("--since", "6 days ago")):
        assert tree(run, *words)["total"] == week["total"], words
    assert tree(run, *"--since 6 days ago".split())["total"] == week["total"]
    assert tree(run, "24h")["total"]["calls"] == 1
    code, _, err = run("report", "yesterday", "--since", "7d")
    assert (code, err) == (
        2, "costtop: the span is given twice: in words, and with --since or --until\n"
    )  # fmt: skip


def test_a_day_that_the_span_cuts_says_so(home: Path, run: Any) -> None:
    read(home, *(line(f"2026-11-{day}T11:00:00Z") for day in (20, 21, 22)))
    said = run("report", "2026-11-20 10:25", "to", "22", "nov", "2026", "12:00")[1]
    first, second, third = (row.split("  ")[0] for row in said.splitlines()[1:4])
    assert (first, second) == ("2026-11-20 from 10:15", "2026-11-21")  # whole quarters count
    assert third == "2026-11-22 until 12:00"
    weeks = run("report", "--by", "week", "--since", "2026-11-21", "--until", "2026-11-22 12:00")[1]
    assert weeks.splitlines()[1].startswith("2026-W47 from Sat 21 Nov until Sun 22 Nov 12:00  ")


def test_days_without_spend_are_not_shown(home: Path, run: Any) -> None:
    read(home, line("2026-11-10T10:00:00Z"), line("2026-11-20T10:00:00Z"))
    rows = tree(run, "--by", "day", "--since", "2026-11-01", "--until", "2026-11-22")["rows"]
    assert [row["key"] for row in rows] == ["2026-11-10", "2026-11-20"]


def test_days_of_25_and_23_hours_hold_all_their_hours(home: Path, run: Any) -> None:
    autumn = ("2026-10-24T21:59:00Z", "2026-10-24T22:00:00Z", "2026-10-25T22:59:00Z",
              "2026-10-25T23:00:00Z")  # fmt: skip
    spring = ("2026-03-28T22:59:00Z", "2026-03-28T23:00:00Z", "2026-03-29T21:59:00Z",
              "2026-03-29T22:00:00Z")  # fmt: skip
    read(home, *(line(ts) for ts in autumn + spring))
    rows = tree(run, "--by", "day", "--tz", "Europe/Berlin")["rows"]
    assert [(row["key"], row["calls"]) for row in rows] == [
        ("2026-03-28", 1), ("2026-03-29", 2), ("2026-03-30", 1),
        ("2026-10-24", 1), ("2026-10-25", 2), ("2026-10-26", 1),
    ]  # fmt: skip
    day = ("--by", "day", "--tz", "Europe/Berlin", "--since", "2026-10-25", "--until", "2026-10-25")
    assert tree(run, *day)["total"]["calls"] == 2


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham"])
def test_zones_off_the_full_hour_split_days_where_they_do(home: Path, run: Any, zone: str) -> None:
    from costtop import periods

    start = periods.start_of("day", 1_795_000_000_000, periods.zone(zone))
    read(home, line(start - 1), line(start))  # type: ignore[arg-type]
    rows = tree(run, "--by", "day", "--tz", zone)["rows"]
    assert [row["calls"] for row in rows] == [1, 1]


def test_what_no_log_says_is_one_row_named_none(home: Path, run: Any) -> None:
    read(home, line("2026-11-20T10:00:00Z"), line("2026-11-20T11:00:00Z", user="ana"))
    rows = tree(run, "--by", "user")["rows"]
    assert sorted(row["key"] for row in rows) == ["(none)", "ana"]


def test_the_cost_of_a_task_is_rounded_half_up_to_the_nano(home: Path, run: Any) -> None:
    tasks = [
        {"ts": "2026-11-20T10:00:01Z", "event": "task", "session": "s", "task": f"T{n}",
         "status": "completed"}
        for n in range(3)
    ]  # fmt: skip
    read(home, line("2026-11-20T10:00:00Z", output_tokens=101), *tasks)
    total = tree(run)["total"]
    assert (total["cost_usd"], total["tasks_completed"]) == ("0.007525000", 3)
    assert total["cost_per_task_usd"] == "0.002508333"


def test_models_without_a_price_are_named_in_the_span_they_were_used_in(
    home: Path, run: Any
) -> None:
    read(home, line("2026-11-10T10:00:00Z", model="acme-2"), line("2026-11-20T10:00:00Z"))
    assert tree(run)["unpriced_models"] == ["acme-2"]
    later = tree(run, "--since", "2026-11-15")
    assert (later["unpriced_models"], later["total"]["floor"]) == ([], False)


def test_sessions_without_calls_are_not_shown(home: Path, run: Any) -> None:
    begun = {"ts": "2026-11-20T10:00:00Z", "event": "session", "session": "x", "status": "started"}
    read(home, begun, line("2026-11-20T10:00:00Z"))
    assert [row["key"] for row in tree(run, "--by", "session")["rows"]] == ["costtop/s"]
    _, out, _ = run("--once", "--all", "--json")
    assert [row["key"] for row in json.loads(out)["sessions"]] == ["costtop/s"]


def test_a_parent_without_calls_is_described_by_its_child(home: Path, run: Any) -> None:
    read(home, line("2026-11-20T10:00:00Z", "child", parent="top", project="shop", user="ana"))
    (row,) = tree(run, "--by", "session")["rows"]
    assert (row["key"], row["children"]) == ("costtop/top", 1)
    assert (row["project"], row["feature"], row["user"]) == ("shop", "shop", "ana")
    assert row["model"] == "claude-opus-4-6"


def test_the_state_of_a_session_follows_the_config(home: Path, run: Any) -> None:
    import time

    (home / "costtop").mkdir(mode=0o700)
    (home / "costtop" / "config.toml").write_text('[anomaly]\nfinished_after = "3h"\n')
    read(home, line(int(time.time()) - 3600))  # type: ignore[arg-type]
    assert tree(run, "--by", "session")["rows"][0]["state"] == "idle"
    _, out, _ = run("--once", "--json")
    assert json.loads(out)["sessions"][0]["state"] == "idle"


@pytest.mark.parametrize("limit", ["-1", "x"])
def test_a_limit_that_is_no_count_is_wrong_usage(home: Path, run: Any, limit: str) -> None:
    read(home, line("2026-11-20T10:00:00Z"))
    code, out, err = run("--once", "--limit", limit)
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_a_limit_keeps_the_dearest(home: Path, run: Any) -> None:
    read(home, *(line("2026-11-20T10:00:00Z", name, input_tokens=n * 1000)
                 for n, name in enumerate("abc", 1)))  # fmt: skip
    _, out, _ = run("--once", "--all", "--json", "--limit", "2")
    assert [row["session"] for row in json.loads(out)["sessions"]] == ["c", "b"]


def test_rows_come_dearest_first_and_equal_ones_by_name(home: Path, run: Any) -> None:
    read(home, *(line("2026-11-20T10:00:00Z", name) for name in "cab"))
    keys = [row["key"] for row in tree(run, "--by", "session")["rows"]]
    assert keys == ["costtop/a", "costtop/b", "costtop/c"]


def test_csv_and_json_agree(home: Path, run: Any) -> None:
    read(home, line("2026-11-20T10:00:00Z"), line("2026-11-21T10:00:00Z", model="acme"))
    code, out, err = run("report", "--by", "day", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, err) == (0, "")
    got = tree(run, "--by", "day")
    for plain, made in zip(rows, [*got["rows"], got["total"]], strict=True):
        told = ", ".join(f"{one['reason']} {one['calls']}" for one in made.pop("floor_reasons"))
        assert plain.pop("floor_reasons") == told
        assert plain.pop("floor") == ("true" if made.pop("floor") else "false")
        assert plain == {name: "" if value is None else str(value) for name, value in made.items()}


def test_completed_tasks_add_up_by_every_key_but_the_model(home: Path, run: Any) -> None:
    done = [
        {"ts": f"2026-11-2{n}T10:05:00Z", "event": "task", "session": f"s{n}", "task": f"T{n}",
         "status": "completed"}
        for n in range(3)
    ]  # fmt: skip
    calls = [
        line(f"2026-11-2{n}T10:00:00Z", f"s{n}", task=f"T{n}", user=f"u{n % 2}", feature="f")
        for n in range(3)
    ]
    read(home, *calls, *done)
    for by in KEYS:
        got = tree(run, "--by", by)
        assert got["total"]["tasks_completed"] == 3, by
        if by != "model":
            assert sum(row["tasks_completed"] for row in got["rows"]) == 3, by


def test_nothing_is_written_by_a_report(home: Path, run: Any) -> None:
    read(home, line("2026-11-20T10:00:00Z"))
    with sqlite3.connect(f"file:{paths.find().database}?mode=ro", uri=True) as db:
        before = list(db.iterdump())
        tree(run, "--by", "session")
        assert list(db.iterdump()) == before
