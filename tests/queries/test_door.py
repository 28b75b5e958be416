"""The door to the store: honest without one, and it finds the way back."""

import sqlite3
from pathlib import Path

import pytest

from costtop.errors import StoreError
from costtop.queries.connection import Door
from scripts.benches import fleet


def test_without_a_database_the_frame_is_empty_and_a_read_says_what_to_do(tmp_path: Path):
    door = Door(fleet.instance(tmp_path), lambda: fleet.AT)
    assert door.frame().sessions == ()
    assert not door.frame().pulse.running
    with pytest.raises(StoreError, match="costtop start"):
        door.zone()


def test_a_database_that_comes_later_or_is_replaced_is_read(tmp_path: Path):
    paths = fleet.instance(tmp_path)
    door = Door(paths, lambda: fleet.AT)
    assert door.frame().sessions == ()
    fleet.build(paths, days=1, sessions=3)
    assert len(door.frame().sessions) >= 3
    for leftover in tmp_path.glob("costtop.db*"):
        leftover.unlink()
    assert door.frame().sessions == ()
    fleet.build(paths, days=0, sessions=2)
    assert {r.state for r in door.frame().sessions} <= {"running", "idle", "ended"}
    assert len(door.frame().sessions) == 2


def test_a_database_of_a_newer_costtop_is_refused_in_one_line(tmp_path: Path):
    paths = fleet.instance(tmp_path)
    fleet.build(paths, days=0, sessions=1)
    db = sqlite3.connect(paths.database)
    db.execute("PRAGMA user_version = 999")
    db.close()
    with pytest.raises(StoreError, match="schema 999"):
        Door(paths).frame()


def test_a_frame_of_the_same_moment_is_not_read_twice_but_a_commit_is_seen(tmp_path: Path):
    paths = fleet.instance(tmp_path)
    fleet.build(paths, days=0, sessions=2)
    door = Door(paths, lambda: fleet.AT)
    first = door.frame()
    assert door.frame().sessions is first.sessions
    db = sqlite3.connect(paths.database)
    # as each commit does: what it changes has the next revision
    db.execute(
        "UPDATE sessions SET cost = cost + 1000000000, rev = 1 + (SELECT max(rev) FROM sessions)"
    )
    db.commit()
    db.close()
    assert door.frame().sessions[0].cost > first.sessions[0].cost


def test_the_outlook_comes_with_enough_history_and_meets_the_next_tier(tmp_path: Path):
    paths = fleet.instance(tmp_path)
    fleet.build(paths, days=30, sessions=4)
    day, month = Door(paths, lambda: fleet.AT - 3 * fleet.HOUR).frame().forecasts
    assert day.period == "day"
    assert day.low <= day.expected <= day.high
    assert month.expected > day.expected
    assert all(at > fleet.AT - 3 * fleet.HOUR for _, at in day.hits)
