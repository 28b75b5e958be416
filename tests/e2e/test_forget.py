"""What is forgotten has gone everywhere and does not come back; the other sums stay exact."""

import json
import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from costtop.store import places
from tests.e2e.instance import Instance, claude_line, claude_log
from tests.patience import until

GONE, KEPT = "5ecre701-1111-4111-8111-111111111111", "5ta11111-2222-4222-8222-222222222222"


def logs(instance: Instance, *, both: bool = True) -> None:
    copied = [claude_line(GONE, n, project="/secret/place") for n in range(4)]
    own = [claude_line(KEPT, n) for n in range(10, 15)]
    if both:
        instance.append(claude_log(GONE), "".join(copied))
    fork = [json.dumps({**json.loads(line), "sessionId": KEPT}) + "\n" for line in copied]
    instance.append(claude_log(KEPT), "".join([*fork, *own] if both else own))


def figures(instance: Instance, **options: object) -> dict[str, str]:
    return {by: instance.cli("report", "--by", by, "--csv", **options)
            for by in ("session", "model", "day", "user", "project", "branch", "tool")}  # fmt: skip


def traces(instance: Instance) -> set[str]:
    """Where the session still stands: kinds of costtop's files, and tables of the database."""
    found = {path.suffix for path in instance.paths.database.parent.rglob("*")
             if path.is_file() and GONE.encode() in path.read_bytes()}  # fmt: skip
    with closing(sqlite3.connect(f"file:{instance.paths.database}?mode=ro", uri=True)) as db:
        named = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = [row[0] for row in named]
        held = {table: str(db.execute(f"SELECT * FROM {table}").fetchall()) for table in tables}
        paths = [path for (path,) in db.execute("SELECT path FROM places")]
        held["memos"] = str(places.memos(db, paths))  # as they are read: some are deflated
    return found | {table for table, rows in held.items() if GONE in rows}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_a_forgotten_session_is_gone_and_stays_so(instance: Instance, running: bool):
    logs(instance)
    instance.start()
    until(lambda: instance.ask("SELECT count(*) FROM calls") == 9)
    instance.cli("mark", GONE, "--as", "runaway")
    instance.cli("backup")
    if not running:
        instance.stop()
    assert instance.json("forget", GONE, "--dry-run") == {
        "schema": 1, "of": ["1111-e701 (checkout)"], "calls": 4,
        "cost_usd": instance.report()["rows"][1]["cost_usd"],
        "done": False,
    }  # fmt: skip
    gone = instance.json("forget", GONE, "--yes")
    assert (gone["sessions"], gone["calls"], gone["marks"]) == (1, 4, 1)
    assert "kept" not in gone
    after = figures(instance)
    assert GONE not in "".join(after.values())
    if running:
        instance.stop()
    # Where its log is stands in the tables of logs, as long as the log is there.
    assert traces(instance) - {".log"} == {".db", "places", "memos"}
    instance.append(claude_log(GONE), claude_line(GONE, 3))  # a line that was counted before
    instance.cli("scan")
    assert figures(instance) == after
    shutil.copyfile(instance.paths.database, instance.home / "copy.db")
    instance.paths.database.write_bytes(b"")
    instance.cli("scan")
    assert figures(instance) == after
    for path in (instance.paths.database.parent / "backups").glob("*"):
        path.unlink()
    shutil.rmtree(instance.home / ".claude" / "projects" / "-shop")
    logs(instance, both=False)
    elsewhere = {"COSTTOP_HOME": str(instance.home / "other")}
    env = {**os.environ, **elsewhere}
    instance.cli("scan", env=env)
    assert figures(instance, env=env) == after


def dated(line: str, day: str) -> str:
    return json.dumps({**json.loads(line), "timestamp": f"{day}T03:04:05.000Z"}) + "\n"


def test_all_before_a_day_goes_and_the_rest_adds_up(instance: Instance):
    old = claude_line(GONE, 1).replace(
        '"timestamp": "', '"timestamp": "2025-01-02T03:04:05.000Z", "was": "'
    )
    instance.append(claude_log(GONE), old + claude_line(GONE, 2))
    instance.append(claude_log(KEPT), old.replace(GONE, KEPT).replace("_1", "_9"))
    instance.cli("scan")
    assert instance.report()["total"]["calls"] == 3
    assert "say so with --yes" in instance.cli("forget", "--before", "2026-01-01", code=2)
    assert instance.json("forget", "--before", "2026-01-01", "--yes")["calls"] == 2
    rows = instance.report()["rows"]
    assert [(row["key"], row["calls"]) for row in rows] == [(f"claude-code/{GONE}", 1)]
    late = claude_line(KEPT, 7).replace(
        '"timestamp": "', '"timestamp": "2025-06-02T03:04:05.000Z", "was": "'
    )
    instance.append(claude_log(KEPT), late)
    assert instance.json("scan")["calls"] == 0
    assert instance.report()["total"]["calls"] == 1
    assert "nothing is stored" in instance.cli("forget", "--before", "2026-01-01", "--yes", code=3)
