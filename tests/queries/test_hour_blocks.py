"""Blocks of five hours: where they begin and end, and that what they hold adds up."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop.cli.main import main
from costtop.durations import HOUR, MINUTE, QUARTER
from costtop.model import Call, Context, Tokens
from costtop.queries.spending import hour_blocks, report
from costtop.queries.spending.spend_filters import Filter
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_reader, open_writer
from tests.cli.test_report import line, read

UTC, KOLKATA = ZoneInfo("UTC"), ZoneInfo("Asia/Kolkata")
DAY = 1_795_392_000_000  # Mon 2026-11-23 00:00 UTC
FIVE = 5 * HOUR


def plain(times: list[int]) -> list[int]:
    """The rule as ccusage words it, call by call."""
    begun: list[int] = []
    last = 0
    for at in sorted(times):
        if not begun or at - begun[-1] >= FIVE or at - last >= FIVE:
            begun.append(at // HOUR * HOUR)
        last = at
    return begun


@given(st.lists(st.integers(0, 40 * HOUR).map(lambda at: DAY + at), max_size=40))
def test_blocks_of_quarter_hours_are_those_of_single_calls(times: list[int]) -> None:
    found = hour_blocks.starts(sorted({at // QUARTER for at in times}))
    assert found == plain(times)
    for at in times:
        begun = hour_blocks.holding(found, at)
        assert begun is not None
        assert begun <= at < begun + FIVE
    assert len({hour_blocks.key(one, KOLKATA) for one in found}) == len(found)


TIMES = {
    "a": DAY + 9 * HOUR + 59 * MINUTE,  # begins a block at 09:00
    "b": DAY + 14 * HOUR - 1,  # its last millisecond
    "c": DAY + 14 * HOUR,  # the next
    "d": DAY + 23 * HOUR,  # after a pause
    "e": DAY + 28 * HOUR - 1,  # over midnight
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "costtop.db"
    db = open_writer(path)
    priced = [
        Priced(
            Call(name.encode() * 16, "codex" if name == "c" else "claude-code", name, "m",
                 Tokens(1000, 0, 0, 0, 10, 0), at, Context("/w", "main", "/w")), nth, nth, None,
        )
        for nth, (name, at) in enumerate(TIMES.items(), 1)
    ]  # fmt: skip
    reading = Reading("claude-code", b"/a", "{}", "{}", 1, False, priced, [], [], [], [])
    db.execute("BEGIN")
    record(db, WriteContext(lambda context, _source, _model: context.branch), [reading], DAY)
    db.execute("COMMIT")
    reader = open_reader(path)
    yield reader
    reader.close()
    db.close()


def costs(found: report.Report) -> dict[str, int]:
    return {line.key: line.cost for line in found.lines}


def test_a_block_begins_at_the_hour_lasts_five_and_adds_up(store: sqlite3.Connection) -> None:
    found = report.read(store, "block", UTC)
    assert costs(found) == {"2026-11-23 09:00": 3, "2026-11-23 14:00": 3, "2026-11-23 23:00": 9}
    assert sum(costs(found).values()) == found.total.cost == 15
    assert sum(line.calls for line in found.lines) == found.total.calls == 5
    assert list(found.blocks.values()) == [DAY + at * HOUR for at in (9, 14, 23)]
    assert list(costs(report.read(store, "block", KOLKATA))) == [
        "2026-11-23 14:30", "2026-11-23 19:30", "2026-11-24 04:30",
    ]  # fmt: skip


def test_a_span_shows_part_of_a_block_under_the_block_s_own_name(store: sqlite3.Connection) -> None:
    found = report.read(store, "block", UTC, DAY + 13 * HOUR, DAY + 24 * HOUR)
    assert costs(found) == {"2026-11-23 09:00": 2, "2026-11-23 14:00": 3, "2026-11-23 23:00": 4}
    assert sum(costs(found).values()) == found.total.cost


def test_blocks_are_of_the_calls_that_were_asked_for(store: sqlite3.Connection) -> None:
    claude = (Filter("agent", ("claude",)),)
    found = report.read(store, "block,agent", UTC, filters=claude)
    assert costs(found) == {"2026-11-23 09:00,claude": 3, "2026-11-23 23:00,claude": 9}
    only = report.read(store, "block", UTC, filters=(Filter("session", ("*b",)),))
    assert costs(only) == {"2026-11-23 13:00": 2}
    tools = report.read(store, "block,tool", UTC, filters=(Filter("tool", ("(no tool)",)),))
    assert sum(costs(tools).values()) == 15
    assert len(report.read(store, "block", UTC, top=1).lines) == 2


def test_json_says_when_blocks_begin_and_end_and_which_runs(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read(
        home,
        line("2026-11-20T10:20:00Z"),
        line("2026-11-20T14:59:59Z"),
        line("2026-11-20T15:00:00Z"),
    )
    capsys.readouterr()
    assert main(["report", "--by", "block", "--json"]) == 0
    got = json.loads(capsys.readouterr().out)
    assert [(row["key"], row["block_start"], row["block_end"], row["calls"], row["active"])
            for row in got["rows"]] == [
        ("2026-11-20 10:00", "2026-11-20T10:00:00.000Z", "2026-11-20T15:00:00.000Z", 2, False),
        ("2026-11-20 15:00", "2026-11-20T15:00:00.000Z", "2026-11-20T20:00:00.000Z", 1, False),
    ]  # fmt: skip
    assert got["by"] == "block"
    assert main(["report", "--by", "block", "--csv"]) == 0
    assert "2026-11-20 15:00,0.007500000,false" in capsys.readouterr().out
    assert main(["report", "7d", "--by", "block", "--against", "before"]) == 2
