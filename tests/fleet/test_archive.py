"""The fleet's ledger as Parquet: days whole, equal to the server's, again only if changed."""

import subprocess
import sys
from datetime import date

import psycopg
import pytest

from costtop.errors import CosttopError
from tests.fleet.fleet import DAY, NOON, call, session

pa = pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'costtop[parquet]'")
from pyarrow import parquet  # noqa: E402

from costtop.fleet.archive import parquet_days  # noqa: E402
from costtop.fleet.archive.archive_columns import CALLS, SESSIONS  # noqa: E402

TODAY, YESTERDAY = date(2026, 11, 25), date(2026, 11, 24)


@pytest.fixture
def told_by_two(fleet):
    """Calls of two days and two hosts of team red, which anna may read, and one of blue."""
    fleet.admin.execute("SELECT costtop.allow('anna', 'red')")
    fleet.ship(
        "a",
        [
            call(1),
            call(2, cost=None, computed=None, flags=1),
            call(3, at=NOON - DAY, cache_read=70, cache_write=20, cache_write_1h=5, reasoning=3),
            call(4, of=1, cost=7, reported=9, flags=2, feature="über", user="", at=NOON + 1),
        ],
        sessions=[session(0), session(1, agent="a1", root="s0", ended=NOON + 9)],
    )
    fleet.ship("b", [call(4, output=99, cost=8, model="haiku"), call(5, cost=10**12)])
    fleet.ship("c", [call(6)])
    return fleet


def _reader(fleet, who="anna"):
    url = fleet.server.url(fleet.database, who, fleet.port)
    return psycopg.connect(url, autocommit=True, prepare_threshold=None)


def _exported(fleet, folder, since=None, until=None):
    """What was written of which days."""
    told = {}
    with _reader(fleet) as db:
        parquet_days.export(db, folder, since, until, lambda one, new: told.update({one.day: new}))
    return told


def _rows(folder, table, day):
    return parquet.ParquetFile(parquet_days.place(folder, table, day)).read().to_pylist()


def test_a_day_has_each_call_once_with_its_names_and_money(told_by_two, tmp_path):
    assert _exported(told_by_two, tmp_path) == {YESTERDAY: True, TODAY: True}
    calls = {row["call"][-1]: row for row in _rows(tmp_path, CALLS, TODAY)}
    assert set(calls) == set("1245")
    assert calls["4"] == {
        "call": f"{4:032x}", "at": calls["1"]["at"].replace(microsecond=1000), "team": "red",
        "host": "a", "source": "claude-code", "session": "s1", "agent": "a1", "root": "s0",
        "user": "", "project": "shop", "feature": "über", "model": "haiku", "teller": "b",
        "input_tokens": 100, "cache_read_tokens": 0, "cache_write_tokens": 0,
        "cache_write_1h_tokens": 0, "output_tokens": 99, "reasoning_tokens": 0, "cost": 8,
        "computed": 10_000_000, "reported": None, "failed": False, "short": False,
    }  # fmt: skip
    assert calls["1"]["at"].isoformat() == "2026-11-25T12:00:00+00:00"
    assert calls["2"]["cost"] is None
    assert calls["2"]["failed"]
    assert calls["5"]["cost"] == 10**12
    (before,) = _rows(tmp_path, CALLS, YESTERDAY)
    assert (before["cache_write_1h_tokens"], before["reasoning_tokens"]) == (5, 3)


def test_sessions_of_a_day_have_the_sums_of_its_calls(told_by_two, tmp_path):
    _exported(told_by_two, tmp_path)
    for day in (YESTERDAY, TODAY):
        sums = {}
        for row in _rows(tmp_path, CALLS, day):
            key = tuple(row[name] for name in ("team", "host", "source", "session", "agent"))
            one = sums.setdefault(key, [0, 0, 0, 0, 0])
            parts = (1, row["failed"], row["cost"] is None, row["cost"] or 0, row["output_tokens"])
            one[:] = map(sum, zip(one, parts, strict=True))
        found = {
            tuple(row[name] for name in ("team", "host", "source", "session", "agent")): [
                row["calls"], row["failed"], row["unpriced"], row["cost"] or 0,
                row["output_tokens"],
            ]
            for row in _rows(tmp_path, SESSIONS, day)
        }  # fmt: skip
        assert found == sums
    assert len(_rows(tmp_path, SESSIONS, TODAY)) == 3


def test_a_day_that_has_not_changed_is_left_and_one_that_has_is_replaced(told_by_two, tmp_path):
    fleet = told_by_two
    _exported(fleet, tmp_path)
    assert _exported(fleet, tmp_path) == {YESTERDAY: False, TODAY: False}
    fleet.ship("a", [call(3, at=NOON - DAY + 1, cost=11)])
    assert _exported(fleet, tmp_path) == {YESTERDAY: True, TODAY: False}
    assert [row["cost"] for row in _rows(tmp_path, CALLS, YESTERDAY)] == [11]
    fleet.ship("a", [call(3, at=NOON - DAY + 2, cost=11)])  # no sum changes
    assert _exported(fleet, tmp_path)[YESTERDAY]
    fleet.rows("SELECT costtop.forget('a', 'red')")
    assert _exported(fleet, tmp_path) == {YESTERDAY: True, TODAY: True}
    assert _rows(tmp_path, CALLS, YESTERDAY) == []
    assert {row["host"] for row in _rows(tmp_path, CALLS, TODAY)} == {"b"}
    assert not any(_exported(fleet, tmp_path).values())


def test_only_the_days_that_were_asked_for_are_looked_at(told_by_two, tmp_path):
    assert _exported(told_by_two, tmp_path, until=TODAY) == {YESTERDAY: True}
    assert _exported(told_by_two, tmp_path, since=TODAY) == {TODAY: True}
    assert _exported(told_by_two, tmp_path, TODAY, TODAY) == {}


def test_many_rows_pass_in_groups(told_by_two, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_days, "_FETCHED", 7)
    monkeypatch.setattr(parquet_days, "_GROUP", 3)
    told_by_two.ship("b", [call(1000 + i, at=NOON + i) for i in range(100)])
    _exported(told_by_two, tmp_path)
    file = parquet.ParquetFile(parquet_days.place(tmp_path, CALLS, TODAY))
    assert file.metadata.num_rows == 104
    assert file.metadata.num_row_groups == 5
    times = [row["at"] for row in file.read().to_pylist()]
    assert times == sorted(times)


_LITTLE_ROOM = """
import resource, sys, psycopg
from pathlib import Path
from costtop.fleet.archive import parquet_days
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
db = psycopg.connect(sys.argv[1], autocommit=True)
parquet_days.export(db, Path(sys.argv[2]), None, None, lambda one, new: None)
"""


def test_a_file_that_does_not_become_whole_leaves_the_one_before(told_by_two, tmp_path):
    _exported(told_by_two, tmp_path)
    told_by_two.ship("a", [call(1000 + i * i, cost=i**3) for i in range(900)])
    url = told_by_two.server.url(told_by_two.database, "anna")
    child = subprocess.run(
        [sys.executable, "-c", _LITTLE_ROOM, url, str(tmp_path)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert "File too large" in child.stderr.splitlines()[-1]
    assert len(_rows(tmp_path, CALLS, TODAY)) == 4
    assert not list(tmp_path.rglob(".*"))
    assert _exported(told_by_two, tmp_path)[TODAY]
    assert len(_rows(tmp_path, CALLS, TODAY)) == 904


def test_what_a_killed_export_left_is_written_over(told_by_two, tmp_path):
    path = parquet_days.place(tmp_path, CALLS, TODAY)
    path.parent.mkdir(parents=True)
    path.with_name(".calls.parquet.part").write_bytes(b"PAR1 half a file")
    path.write_bytes(b"PAR1 nor is this one of ours")
    assert _exported(told_by_two, tmp_path)[TODAY]
    assert [one.name for one in path.parent.iterdir()] == ["calls.parquet"]
    assert len(_rows(tmp_path, CALLS, TODAY)) == 4


def test_two_exports_to_one_folder_are_not_at_once(told_by_two, tmp_path):
    def again(one, new):
        with pytest.raises(CosttopError, match="another export writes"):
            _exported(told_by_two, tmp_path)

    with _reader(told_by_two) as db:
        parquet_days.export(db, tmp_path, None, None, again)
