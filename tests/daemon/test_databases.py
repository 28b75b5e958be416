"""Another tool's database goes into the store, each request once, whatever its owner does."""

import asyncio
import os
import resource
import sqlite3
import time
from contextlib import closing

import pytest

from costtop import config as configuration
from costtop import paths as places
from costtop.daemon.ingest.databases import asked
from costtop.daemon.jobs.scan_once import scan
from costtop.daemon.wiring import wired
from costtop.sources.registry import SOURCE
from costtop.tail.find import find
from costtop.tail.follow import Batch
from tests.patience import PATIENCE
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
        calls = db.execute(
            "SELECT count(*), sum(input), sum(output) FROM calls WHERE NOT flags & 256"
        ).fetchone()
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


def test_copilots_store_takes_the_place_of_its_event_log_whichever_is_read_first(paths, home):
    log = next((LOGS / "copilot.events" / "input").glob("**/events.jsonl"))
    there = home / ".copilot" / "session-state" / "cop-1" / "events.jsonl"
    there.parent.mkdir(parents=True)
    there.write_bytes(log.read_bytes())
    scan(paths)
    assert stored(paths)[0] == 8
    built(LOGS / "copilot" / "store.sql", home / ".copilot" / "session-store.db")
    scan(paths)
    assert stored(paths)[:3] == (2, 12_900, 385)
    there.write_bytes(log.read_bytes() * 2)
    scan(paths)
    assert stored(paths)[:3] == (2, 12_900, 385)


def changed(opencode, output):
    with closing(sqlite3.connect(opencode)) as db, db:
        db.execute(
            "UPDATE message SET time_updated = time_updated + 90000,"
            " data = json_set(data, '$.tokens.output', ?) WHERE id = 'msg_a4'",
            (output,),
        )


async def look(instance):
    found = find(instance.roots, time.time_ns())
    known = instance.ingest.known
    await instance.ingest.take(Batch([seen for seen in found.seen if not known.settled(seen)]))


async def test_a_busy_database_is_left_alone_for_a_moment_and_then_read(paths, opencode):
    async with wired(paths, configuration.load(paths), lambda: None) as instance:
        await look(instance)
        changed(opencode, 70)
        await look(instance)
        assert stored(paths) == GOLDEN
        deadline = time.monotonic() + PATIENCE
        while stored(paths) == GOLDEN and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
            await look(instance)
        calls, whole, output, bad = GOLDEN
        assert stored(paths) == (calls, whole, output + 30, bad)


def test_a_fault_that_passes_is_no_answer(opencode):
    """It changed the file for the last time, and nobody could open it just then."""
    path, source = os.fsencode(opencode), SOURCE["opencode"]
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    least = max(map(int, os.listdir("/proc/self/fd")))
    free = [os.open(os.devnull, os.O_RDONLY) for _ in range(least)]  # no gaps are left
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(free) + 1, limits[1]))
        page = asked(path, source, {}, 0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for one in free:
            os.close(one)
    assert page.again and "unable to open" in page.memo["trouble"]
    later = asked(path, source, page.memo, 0)
    assert not later.again and later.memo["trouble"] == "" and later.events


def test_what_is_wrong_with_the_file_itself_is_no_reason_to_ask_again(tmp_path):
    (tmp_path / "a.db").write_bytes(b"no database" * 1000)
    assert not asked(os.fsencode(tmp_path / "a.db"), SOURCE["opencode"], {}, 0).again
