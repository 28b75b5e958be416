"""Another tool's database goes into the store, each request once, whatever its owner does."""

import sqlite3
from contextlib import closing

import pytest

from costtop import paths as places
from costtop.daemon.scan import scan
from tests.sources.databases import built
from tests.sources.golden import LOGS


@pytest.fixture
def paths():
    return places.find()


@pytest.fixture
def opencode(home):
    folder = home / ".local" / "share" / "opencode"
    folder.mkdir(parents=True)
    return built(LOGS / "opencode" / "v1.sql", folder / "opencode.db")


def stored(paths):
    with closing(sqlite3.connect(f"file:{paths.database}?mode=ro", uri=True)) as db:
        calls = db.execute("SELECT count(*), sum(input), sum(output) FROM calls").fetchone()
        bad = db.execute("SELECT sum(bad) FROM places").fetchone()[0]
    return (*calls, bad)


GOLDEN = (6, 12470 + 10370 + 800 + 12781, 102 + 55 + 90 + 40, 2)


def test_it_is_read_once_and_again_without_a_change(paths, opencode):
    scan(paths)
    assert stored(paths) == GOLDEN
    assert scan(paths)["calls"] == 0
    assert stored(paths) == GOLDEN


def test_a_message_that_grows_in_place_replaces_its_counts(paths, opencode):
    scan(paths)
    with closing(sqlite3.connect(opencode)) as db, db:
        db.execute(
            "UPDATE message SET time_updated = time_updated + 90000,"
            " data = json_set(data, '$.tokens.output', 70) WHERE id = 'msg_a4'"
        )
    scan(paths)
    calls, whole, output, bad = GOLDEN
    assert stored(paths) == (calls, whole, output + 30, bad)


def test_the_older_files_of_the_same_messages_count_once(paths, opencode):
    folder = opencode.parent / "storage" / "message" / "ses_root"
    folder.mkdir(parents=True)
    with closing(sqlite3.connect(opencode)) as db:
        data = db.execute(
            "SELECT json_set(data, '$.id', id, '$.sessionID', session_id) FROM message"
            " WHERE id = 'msg_a1'"
        ).fetchone()[0]
    (folder / "msg_a1.json").write_text(data)
    scan(paths)
    assert stored(paths) == GOLDEN


def test_another_database_at_the_same_path_is_read_from_its_beginning(paths, home):
    folder = home / ".local" / "share" / "goose" / "sessions"
    folder.mkdir(parents=True)
    built(LOGS / "goose" / "v15.sql", folder / "sessions.db")
    scan(paths)
    before = stored(paths)[0]
    new = built(LOGS / "goose" / "v15.sql", folder / "new.db")
    with closing(sqlite3.connect(new)) as db, db:
        db.execute("DELETE FROM usage_ledger WHERE id > 1")
        db.execute("UPDATE usage_ledger SET session_id = 'another'")
    new.replace(folder / "sessions.db")
    scan(paths)
    assert stored(paths)[0] == before + 1


def test_a_held_database_is_read_by_the_next_scan(paths, opencode):
    with closing(sqlite3.connect(opencode, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("BEGIN EXCLUSIVE")
        assert scan(paths)["calls"] == 0
        db.execute("COMMIT")
    scan(paths)
    assert stored(paths) == GOLDEN
