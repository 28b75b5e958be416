"""No screen and no report walks the table of calls: what they need is rolled up or indexed."""

import random
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from costtop.model import Call, Context, Tokens, ToolUse
from costtop.queries.alerts import alert_json, alert_list
from costtop.queries.live import day_chart, past_frame
from costtop.queries.live.frame import Live
from costtop.queries.live.view import Pulse
from costtop.queries.pulls import work_shares
from costtop.queries.sessions import explain, lookup, session, tasks
from costtop.queries.spending import budget_periods, days, report, spending
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_reader, open_writer

NOW, UTC = 1_795_000_000_000, ZoneInfo("UTC")
KEY = "claude-code/s01"
ASKED: dict[str, Callable[[sqlite3.Connection], object]] = {
    "live": lambda db: Live(db).take(NOW, Pulse(running=False)),
    "past": lambda db: past_frame.take(db, NOW - 3_600_000, UTC),
    "day above the list": lambda db: day_chart.read(db, NOW, NOW),
    "session lit in it": lambda db: day_chart.lit(db, KEY, NOW),
    "session": lambda db: session.read(db, KEY),
    "days": lambda db: days.read(db, 30, NOW, UTC),
    "tasks": lambda db: tasks.read(db, "month", NOW, UTC),
    "budgets": lambda db: budget_periods.read(db, NOW, UTC),
    "alerts": lambda db: alert_list.read(db, NOW),
    "alerts of a session": lambda db: alert_list.read(db, NOW, KEY),
    "alert listing": alert_json.listing,
    "find": lambda db: lookup.session(db, "s01"),
    "explain a session": lambda db: explain.session(db, KEY),
    **{f"report by {by}": lambda db, by=by: report.read(db, by, UTC) for by in report.KEYS},
    **{
        f"spending by {by}": lambda db, by=by: spending.read(db, by, "month", NOW, UTC)
        for by in ("model", "feature", "project")
    },
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path: Path = tmp_path_factory.mktemp("store") / "costtop.db"
    db, rng = open_writer(path), random.Random(3)
    calls = []
    for n in range(600):
        tokens, tools = Tokens(1_000, 500, 0, 0, 50, 0), (ToolUse("Bash", "k"),)
        calls.append(
            Call(rng.randbytes(16), "claude-code", f"s{n % 40:02}", f"m{n % 3}", tokens,
                 NOW - n * 600_000, Context("/w", "main", "/w", task=f"t{n % 50}"), tools=tools)
        )  # fmt: skip
    priced = [Priced(call, 5, 5, None) for call in calls]
    reading = Reading("claude-code", b"/a", "{}", "{}", 1, False, priced, [], [], [], [])
    db.execute("BEGIN")
    record(db, WriteContext(lambda context, _source, _model: context.branch), [reading], NOW)
    db.execute("COMMIT")
    reader = open_reader(path)
    yield reader
    reader.close()
    db.close()


def asked(db: sqlite3.Connection, ask: Callable[[sqlite3.Connection], object]) -> list[str]:
    """The statements that `ask` runs, with their values."""
    statements: list[str] = []
    db.set_trace_callback(statements.append)
    try:
        ask(db)
    finally:
        db.set_trace_callback(None)
    return [sql for sql in statements if sql.lstrip().upper().startswith(("SELECT", "WITH"))]


def scans(db: sqlite3.Connection, sql: str) -> list[str]:
    """Steps of the plan that walk all of `calls`."""
    if "temp.work_" in sql:
        work_shares.prepare(db)  # tables of the one question that was asked
    names = {"calls", *re.findall(r"\bcalls(?: AS)? ([a-z]\w*)", sql)}
    steps = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
    return [step for step in steps if (hit := re.match(r"SCAN (\w+)", step)) and hit[1] in names]


@pytest.mark.parametrize("name", ASKED)
def test_no_reader_scans_the_calls(store: sqlite3.Connection, name: str) -> None:
    statements = asked(store, ASKED[name])
    assert statements
    if any("work_shares" in sql for sql in statements):
        work_shares.prepare(store)  # the tables that a report by pull request makes and drops
    assert not [(sql, steps) for sql in statements if (steps := scans(store, sql))]


def test_a_scan_would_be_seen(store: sqlite3.Connection) -> None:
    assert scans(store, "SELECT sum(c.cost) FROM calls c")
    assert scans(store, "SELECT count(*) FROM calls")
    assert not scans(store, "SELECT cost FROM calls c WHERE c.session = 1")
