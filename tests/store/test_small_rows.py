"""What the table of calls leaves out is read back as it was told."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costtop.model import Call, Context, Tokens, ToolUse
from costtop.store import places
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.call_row import CallRow, computed_of, fields, has_key, key_of
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import migrations, open_writer
from costtop.store.sessions.past_spends import History

T0 = 1_795_000_000_000
NO_TEXT = blake2b(b"", digest_size=8).digest()
amounts = st.none() | st.integers(0, 1 << 50)
halves = st.binary(min_size=8, max_size=8)
keys = st.builds(bytes.__add__, halves, halves | st.just(NO_TEXT))


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    with closing(open_writer(tmp_path_factory.mktemp("home") / "costtop.db")) as connection:
        yield connection


def read(db: sqlite3.Connection, key: bytes) -> CallRow:
    (row,) = db.execute(f"SELECT {fields('c')} FROM calls c WHERE {has_key('c.', '?1')}", (key,))
    return CallRow._make(row)


@settings(deadline=None)
@given(key=keys, computed=amounts, reported=amounts, other=amounts, pick=st.integers(0, 3))
def test_a_call_has_the_key_and_the_costs_that_were_written(
    db: sqlite3.Connection,
    key: bytes,
    computed: int | None,
    reported: int | None,
    other: int | None,
    pick: int,
) -> None:
    """Whatever counts: what was computed, what was reported, another one, nothing."""
    cost = (computed, reported, other, None)[pick]
    call = Call(key, "test", "s", "m", Tokens(10, 0, 0, 0, 5, 0), T0, reported=reported)
    reading = Reading("test", b"/log", "[]", "{}", T0, False, [Priced(call, computed, cost, None)],
                      [], [], [], [])  # fmt: skip
    into = WriteContext(lambda context, source, model: "f", lambda computed, reported: cost)
    db.execute("BEGIN")
    try:
        record(db, into, [reading], T0)
        row = read(db, key)
        assert (row.key, row.computed, row.cost, row.reported) == (key, computed, cost, reported)
        (spend,) = History(db).of_keys([key])
        assert (spend.call.key, spend.cost, spend.new) == (key, cost, False)
        before = db.total_changes
        record(db, into, [reading], T0)
        assert read(db, key) == row
        assert db.execute("SELECT count(*) FROM calls").fetchone() == (1,)
        assert db.total_changes - before < 20
    finally:
        db.execute("ROLLBACK")


def test_a_message_s_own_key_is_half_as_long_and_a_computed_cost_is_not_written_twice(
    db: sqlite3.Connection,
) -> None:
    call = Call(b"message-" + NO_TEXT, "test", "s", "m", Tokens(), T0)
    reading = Reading("test", b"/log", "[]", "{}", T0, False, [Priced(call, 7, 7, None)],
                      [], [], [], [])  # fmt: skip
    db.execute("BEGIN")
    record(db, WriteContext(lambda context, source, model: "f"), [reading], T0)
    assert db.execute("SELECT key, computed FROM calls").fetchall() == [(b"message-", None)]
    assert db.execute(f"SELECT {key_of()}, {computed_of()} FROM calls").fetchall() == [
        (call.key, 7)
    ]
    db.execute("ROLLBACK")


TEXTS = [
    "",
    "00",
    "0123456789abcdef",
    "0123456789ABCDEF",
    "01 23 45 67 89 a",
    "abc",
    "not hex",
    "r1",
    "é",
    "0" * 64,
]


def test_tools_are_told_again_by_what_they_were_told(db: sqlite3.Connection) -> None:
    tools = tuple(ToolUse(f"t{n}", text, True, text) for n, text in enumerate(TEXTS))
    tools += (ToolUse("open", "ab", None, None),)
    call = Call(b"k" * 16, "test", "s", "m", Tokens(), T0, context=Context(), tools=tools)
    reading = Reading("test", b"/log", "[]", "{}", T0, False, [Priced(call, 7, 7, None)],
                      [], [], [], [])  # fmt: skip
    db.execute("BEGIN")
    record(db, WriteContext(lambda context, source, model: "f"), [reading], T0)
    (spend,) = History(db).of_keys([call.key])
    assert spend.call.tools == tools
    db.execute("ROLLBACK")


@pytest.mark.parametrize("size", [0, 1, 50, 5_000])
def test_a_memo_is_read_as_it_was_left(db: sqlite3.Connection, size: int) -> None:
    memo = json.dumps({"waiting": ["é" + str(n) for n in range(size)]})
    db.execute("BEGIN")
    reading = Reading("test", b"/log", "[1]", memo, T0, True, [], [], [], [], [])
    record(db, WriteContext(lambda context, source, model: "f"), [reading], T0)
    assert places.memos(db, [b"/log"]) == {b"/log": memo}
    if size == 5_000:
        assert db.execute("SELECT length(memo) FROM memos").fetchone()[0] < len(memo) / 2
    db.execute("ROLLBACK")


def test_rows_of_before_say_the_same_after_the_update(tmp_path: Path) -> None:
    path = tmp_path / "costtop.db"
    told = [(None, None, None), (5, 5, None), (9, None, 9), (5, 5, 9), (9, 5, 9), (0, 0, None)]
    with closing(sqlite3.connect(path)) as old:
        for step in migrations()[:22]:
            old.executescript(step)
        old.execute("PRAGMA user_version = 22")
        old.executemany(
            "INSERT INTO calls (key, cost, computed, reported, session, context, feature, model,"
            " provider, variant, at, seen, input, cache_read, cache_write, cache_write_1h, output,"
            " reasoning, searches, offset, flags, attempt)"
            " VALUES (?,?,?,?,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1)",
            [(bytes([n]) * 8 + NO_TEXT, *costs) for n, costs in enumerate(told)],
        )
        old.commit()
    with closing(open_writer(path)) as new:
        query = f"SELECT {key_of()}, cost, {computed_of()}, reported FROM calls ORDER BY id"
        assert new.execute(query).fetchall() == [
            (bytes([n]) * 8 + NO_TEXT, *costs) for n, costs in enumerate(told)
        ]
        assert read(new, bytes([2]) * 8 + NO_TEXT).computed is None
