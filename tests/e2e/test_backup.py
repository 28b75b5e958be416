"""Backups are made, listed and put back, with and without a daemon; nothing is lost by it."""

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.instance import Instance, claude_line, claude_log
from tests.patience import until


def logged(instance: Instance, first: int, last: int) -> None:
    lines = "".join(claude_line("5e551011", number) for number in range(first, last))
    instance.append(claude_log("5e551011"), lines)


def spooled(instance: Instance, name: str) -> None:
    line = {"session": name, "model": "claude-sonnet-4-5", "input_tokens": 10, "output_tokens": 5}
    instance.cli("record", "--json", json.dumps(line))


def calls(instance: Instance) -> int:
    return int(instance.ask("SELECT count(*) FROM calls") or 0)


@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_an_older_backup_put_back_loses_nothing(instance: Instance, tmp_path: Path, running: bool):
    logged(instance, 0, 5)
    instance.start()
    spooled(instance, "own-1")
    until(lambda: calls(instance) == 6)
    mine = tmp_path / "mine.db"
    made = instance.json("backup", str(mine))
    assert made["bytes"] == mine.stat().st_size
    kept = instance.json("backup")
    logged(instance, 5, 9)
    spooled(instance, "own-2")
    until(lambda: calls(instance) == 11)
    before = instance.cli("report", "--csv")
    if not running:
        instance.stop()
    done = instance.json("restore", str(mine))
    assert (done["backup"], done["lost_calls"]) == ("mine.db", 0)
    assert (instance.paths.database.parent / done["moved_aside"]).exists()
    assert instance.cli("report", "--csv") == before
    assert kept["file"] in [one["file"] for one in instance.json("backup", "--list")["backups"]]
    assert "put a backup back" in instance.cli("doctor", code=None)


def test_what_is_no_backup_is_not_put_back(instance: Instance, tmp_path: Path):
    logged(instance, 0, 2)
    instance.cli("scan")
    bad = tmp_path / "bad.db"
    bad.write_bytes(b"no database at all" * 500)
    assert "is damaged itself" in instance.cli("restore", str(bad), code=78)
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE mine (x)")
    assert "is no backup of costtop" in instance.cli("restore", str(other), code=78)
    newer = tmp_path / "newer.db"
    instance.cli("backup", str(newer))
    with closing(sqlite3.connect(newer)) as db:
        db.execute("PRAGMA user_version = 999")
    said = instance.cli("restore", str(newer), code=78)
    assert "newer costtop (schema 999" in said
    assert "exists already" in instance.cli("backup", str(newer), code=1)
    assert calls(instance) == 2


def test_three_backups_are_kept(instance: Instance):
    logged(instance, 0, 1)
    instance.cli("scan")
    made = [instance.json("backup")["file"]]
    for _ in range(4):
        time.sleep(1)  # their names have the second
        made.append(instance.json("backup")["file"])
    there = [one["file"] for one in instance.json("backup", "--list")["backups"]]
    assert there == made[:1:-1]
    assert instance.cli("backup", "--list").count("\n") == 4
