"""Another tool's database is asked in pages, from where the last answer ended, as a quiet guest."""

import sqlite3
from contextlib import closing

import pytest

from costtop.daemon.ingest.databases import asked
from costtop.model import Bad, Call
from costtop.sources.fold.source import Query, Source
from costtop.sources.registry import SOURCE

ROWS = Query(
    "rows",
    "SELECT at AS mark, id, tokens FROM uses WHERE at >= coalesce(:since, 0)"
    " ORDER BY at LIMIT :limit",
    "mark", ("uses",), 10,
)  # fmt: skip


def _read(chunk, memo):
    events = [
        Bad(row["id"], "a row without tokens") if row["tokens"] is None else row["id"]
        for row in chunk.rows
    ]
    return events, {"seen": [*memo.get("seen", ()), *(row["query"] for row in chunk.rows)][:1]}


GUEST = Source("guest", "Guest", "rows", lambda *_: [], (), _read, (ROWS,))


@pytest.fixture
def owner(tmp_path):
    with closing(sqlite3.connect(tmp_path / "uses.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE uses (id INTEGER PRIMARY KEY, at INTEGER, tokens INTEGER)")
        yield db


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "uses.db").encode()


def add(owner, *rows):
    owner.executemany("INSERT OR REPLACE INTO uses VALUES (?, ?, 1)", rows)


def everything(path, memo, page):
    found = []
    for _ in range(100):
        answer = asked(path, GUEST, memo, 0, page)
        found += answer.events
        memo = answer.memo
        if not answer.more:
            return found, memo
    raise AssertionError("the pages never end")


def test_pages_of_any_size_give_every_row(owner, path):
    add(owner, *((n, n // 3) for n in range(1, 40)))
    for page in (1, 2, 7, 1000):
        found, memo = everything(path, {}, page)
        assert set(found) == set(range(1, 40))
        assert memo["fold"] == {"seen": ["rows"]}


def test_more_rows_with_one_time_than_fit_on_a_page_do_not_stop_it(owner, path):
    add(owner, *((n, 5) for n in range(1, 30)), (30, 6))
    found, _ = everything(path, {}, 3)
    assert set(found) == set(range(1, 31))


def test_a_row_committed_late_and_one_changed_in_place_are_seen(owner, path):
    add(owner, (1, 100), (2, 105))
    _, memo = everything(path, {}, 10)
    add(owner, (3, 101), (1, 107))
    found, memo = everything(path, memo, 10)
    assert set(found) == {1, 2, 3}
    assert memo["since"] == {"rows": [107, False]}


def test_an_older_time_than_the_slack_is_not_asked_for_again(owner, path):
    add(owner, (1, 100), (2, 205))
    _, memo = everything(path, {}, 10)
    assert everything(path, memo, 10)[0] == [2]


def test_an_unreadable_row_is_named_once(owner, path):
    owner.execute("INSERT INTO uses VALUES (7, 50, NULL)")
    found, memo = everything(path, {}, 10)
    assert found == [Bad(7, "a row without tokens")]
    assert everything(path, memo, 10)[0] == []


def test_the_owner_can_write_while_it_is_asked_and_after(owner, path):
    add(owner, (1, 1))
    owner.execute("BEGIN IMMEDIATE")
    owner.execute("INSERT INTO uses VALUES (2, 2, 1)")
    assert everything(path, {}, 10)[0] == [1]
    owner.execute("COMMIT")
    assert everything(path, {}, 10)[0] == [1, 2]


def test_a_database_that_its_owner_holds_is_asked_again_and_loses_nothing(tmp_path):
    held = tmp_path / "held.db"
    with closing(sqlite3.connect(held, isolation_level=None)) as db:
        db.execute("CREATE TABLE uses (id INTEGER PRIMARY KEY, at INTEGER, tokens INTEGER)")
        add(db, (1, 1))
        _, memo = everything(str(held).encode(), {}, 10)
        db.execute("BEGIN EXCLUSIVE")
        db.execute("INSERT INTO uses VALUES (2, 20, 1)")
        answer = asked(str(held).encode(), GUEST, memo, 0)
        assert answer.again and not answer.events
        db.execute("COMMIT")
        assert everything(str(held).encode(), answer.memo, 10)[0] == [1, 2]


def test_a_damaged_database_is_named_once_and_read_once_it_is_whole(tmp_path, owner, path):
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"not a database" * 100)
    answer = asked(str(broken).encode(), GUEST, {}, 0)
    assert [event.reason for event in answer.events] == [
        "is no SQLite database, or an encrypted one"
    ]
    again = asked(str(broken).encode(), GUEST, answer.memo, 0)
    assert not again.events
    add(owner, (1, 1))
    assert everything(path, again.memo, 10)[0] == [1]


def test_a_database_of_another_version_says_nothing(owner, path):
    source = SOURCE["opencode"]
    assert asked(path, source, {}, 0).events == []
    assert not [x for x in asked(path, source, {}, 0).events if isinstance(x, Call)]
