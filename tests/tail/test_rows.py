"""Another tool's database is asked read-only, quickly, and leaves its owner in peace."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from costtop.tail import rows
from costtop.tail.find import find
from costtop.tail.read import rows_place
from costtop.tail.roots import rooted
from costtop.tail.rotation import Known
from costtop.tail.rows import RowsPage
from tests.patience import PATIENCE

SQL = "SELECT id, text, updated FROM message WHERE updated > coalesce(:since, 0) ORDER BY updated"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def owner(database: Path) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(database, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, text TEXT, updated INTEGER)")
    yield db
    db.close()


def ask(path: Path, since: rows.Cursor = None, limit: int = rows.LIMIT, sql: str = SQL) -> RowsPage:
    return rows.ask(os.fsencode(path), sql, "updated", ("message",), since, limit)


def add(db: sqlite3.Connection, *updated: int) -> None:
    db.executemany("INSERT INTO message (text, updated) VALUES ('x', ?)", [(u,) for u in updated])


def test_rows_come_as_dicts_and_the_cursor_moves(database: Path, owner: sqlite3.Connection) -> None:
    add(owner, 10, 20)
    answer = ask(database)
    assert [row["updated"] for row in answer.rows] == [10, 20]
    assert set(answer.rows[0]) == {"id", "text", "updated"}
    assert (answer.since, answer.more, answer.trouble) == (20, False, "")
    assert ask(database, 20) == RowsPage([], 20)
    add(owner, 30)
    assert [row["updated"] for row in ask(database, 20).rows] == [30]


def test_a_long_answer_comes_in_parts(database: Path, owner: sqlite3.Connection) -> None:
    add(owner, *range(1, 26))
    got: list[int] = []
    answer = ask(database, limit=10)
    while answer.more:
        got += [row["updated"] for row in answer.rows]
        answer = ask(database, answer.since, limit=10)
    assert got + [row["updated"] for row in answer.rows] == list(range(1, 26))


def test_a_database_of_another_version_gives_an_empty_answer(
    database: Path, owner: sqlite3.Connection
) -> None:
    owner.execute("DROP TABLE message")
    assert ask(database, 7) == RowsPage([], 7)


def test_the_guest_cannot_write(database: Path, owner: sqlite3.Connection) -> None:
    answer = ask(database, sql="INSERT INTO message (updated) VALUES (1) RETURNING updated")
    assert "readonly" in answer.trouble
    assert owner.execute("SELECT count(*) FROM message").fetchone() == (0,)


def test_an_owner_in_a_transaction_is_neither_delayed_nor_waited_for(
    database: Path, owner: sqlite3.Connection
) -> None:
    add(owner, 1)
    owner.execute("BEGIN IMMEDIATE")
    add(owner, 2)
    assert [row["updated"] for row in ask(database).rows] == [1]
    owner.execute("COMMIT")
    assert [row["updated"] for row in ask(database).rows] == [1, 2]


def test_a_locked_database_is_left_alone_after_a_moment(database: Path) -> None:
    db = sqlite3.connect(database, isolation_level=None)
    db.execute("CREATE TABLE message (updated INTEGER)")
    db.execute("BEGIN EXCLUSIVE")
    answer = ask(database, 5, sql="SELECT updated FROM message")
    assert answer == RowsPage([], 5, trouble="is locked by its owner; asked again later",
                              passing=True)  # fmt: skip
    db.execute("COMMIT")
    db.close()


def test_an_owner_that_writes_all_the_time_meets_no_lock(
    database: Path, owner: sqlite3.Connection
) -> None:
    """The guest keeps no read transaction, so a checkpoint can always finish."""
    stop = threading.Event()
    seen: list[int] = []

    def watch() -> None:
        since = None
        while not stop.is_set():
            answer = ask(database, since)
            seen.extend(row["updated"] for row in answer.rows)
            since = answer.since

    thread = threading.Thread(target=watch)
    thread.start()
    for n in range(1, 301):
        add(owner, n)
    deadline = time.monotonic() + PATIENCE
    while len(seen) < 300 and time.monotonic() < deadline:
        time.sleep(0.005)
    stop.set()
    thread.join()
    busy, _, _ = owner.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0
    assert seen == list(range(1, 301))


def test_closing_owner_finds_nothing_in_its_way(database: Path, owner: sqlite3.Connection) -> None:
    add(owner, 1)
    owner.close()
    assert len(ask(database).rows) == 1
    again = sqlite3.connect(database)
    add(again, 2)
    again.commit()
    again.close()
    assert os.listdir(database.parent).count("state.db-wal") == 0
    assert len(ask(database).rows) == 2


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        (b"plain text, and enough of it to be no header" * 20, "is no SQLite database"),
        (b"", ""),
    ],
)
def test_a_foreign_file_gives_a_clear_report(database: Path, content: bytes, trouble: str) -> None:
    database.write_bytes(content)
    assert ask(database, 3).trouble.startswith(trouble)
    assert ask(database, 3).since == 3


def test_a_damaged_database_gives_a_clear_report(database: Path, owner: sqlite3.Connection) -> None:
    add(owner, *range(1, 5000))
    owner.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    owner.close()
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    assert "damaged" in ask(database).trouble


def test_text_that_is_not_utf8_is_mended(database: Path, owner: sqlite3.Connection) -> None:
    owner.execute("INSERT INTO message (text, updated) VALUES (CAST(x'61ff' AS TEXT), 1)")
    assert ask(database).rows[0]["text"] == "a\ufffd"


def test_a_question_that_takes_too_long_is_given_up(
    database: Path, owner: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "SLOW", 0.05)
    endless = (
        "WITH RECURSIVE n(updated) AS (SELECT 1 UNION ALL SELECT updated + 1 FROM n)"
        " SELECT max(updated) AS updated FROM n"
    )
    assert ask(database, sql=endless).trouble.startswith("took longer than")


def test_links_folders_and_missing_files_are_not_opened(database: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(database)
    assert ask(link).trouble == "is not a regular file"
    assert ask(tmp_path).trouble == "is not a regular file"
    assert ask(database).trouble == "no such file or directory"


def test_odd_names_are_opened_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a?b#c%20 d.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE message (updated INTEGER)")
    db.execute("INSERT INTO message VALUES (1)")
    db.commit()
    db.close()
    assert ask(path, sql="SELECT updated FROM message").rows == [{"updated": 1}]


def test_a_wrong_cursor_column_is_reported(database: Path, owner: sqlite3.Connection) -> None:
    add(owner, 1)
    assert "no column" in ask(database, sql="SELECT id FROM message").trouble


def test_a_database_is_asked_again_only_after_it_changed(
    database: Path, owner: sqlite3.Connection
) -> None:
    known = Known()
    root = rooted(database.parent, ["*.db"], "rows")
    add(owner, 1)
    [seen] = find([root], time.time_ns()).seen
    later = time.time_ns() + 10 * 10**9
    change = known.compare(seen, later)
    assert change.kind == "new"
    known.put(rows_place(seen, change.place, later))
    assert known.settled(seen, later)
    add(owner, 2)
    [seen] = find([root], time.time_ns()).seen
    assert known.compare(seen, later).kind == "grown"
