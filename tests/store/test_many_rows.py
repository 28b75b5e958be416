"""Rows written many at once are those that `executemany` writes one by one."""

import sqlite3
from collections.abc import Iterator

import pytest

from costtop.store import many_rows

ADD = (
    "INSERT INTO sums (name, kind, calls) VALUES (?,?,?)"
    " ON CONFLICT DO UPDATE SET calls = calls + excluded.calls"
)
NEW = "INSERT OR IGNORE INTO sums (name, kind, calls) VALUES (?,'new',?)"


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(
        "CREATE TABLE sums (name, kind, calls NOT NULL, PRIMARY KEY (name, kind)) WITHOUT ROWID"
    )
    yield connection
    connection.close()


@pytest.mark.parametrize("rows", [0, 1, 31, 32, 33, 64, 100])
def test_sums_of_many_rows_are_those_of_each(db: sqlite3.Connection, rows: int) -> None:
    told = [(f"n{row % 7}", "a", row) for row in range(rows)]
    changed = many_rows.insert(db, ADD, told)
    wanted = sorted({name: 0 for name, *_ in told})
    assert changed == max(0, rows)
    assert [row[0] for row in db.execute("SELECT name FROM sums ORDER BY 1")] == wanted
    assert db.execute("SELECT coalesce(sum(calls), 0) FROM sums").fetchone()[0] == sum(range(rows))


def test_it_is_told_how_many_rows_are_new(db: sqlite3.Connection) -> None:
    assert many_rows.insert(db, NEW, [(f"n{row}", row) for row in range(40)]) == 40
    assert many_rows.insert(db, NEW, [(f"n{row}", row) for row in range(75)]) == 35
    assert set(db.execute("SELECT kind, count(*) FROM sums")) == {("new", 75)}


def test_a_row_that_cannot_be_is_told(db: sqlite3.Connection) -> None:
    rows = [(f"n{row}", None if row == 40 else row) for row in range(70)]
    with pytest.raises(sqlite3.IntegrityError):
        many_rows.insert(db, ADD, [(name, "a", calls) for name, calls in rows])
