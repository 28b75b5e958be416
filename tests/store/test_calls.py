"""The store counts each call once, at its final value, in any order."""

import random
import sqlite3
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import pytest

from costtop.model import Call, Context, Outcome, SessionFact, TaskFact, Tokens, ToolUse
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.call_row import has_key
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_writer

T0 = 1_795_000_000_000


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_writer(tmp_path / "home" / "costtop.db")
    yield connection
    connection.close()


def write_context() -> WriteContext:
    return WriteContext(lambda context, source, model: context.feature or context.branch)


def key(text: str) -> bytes:
    group, _, member = text.partition("/")
    return (
        blake2b(group.encode(), digest_size=8).digest()
        + blake2b(member.encode(), digest_size=8).digest()
    )


def call(name: str, session: str = "s1", output: int = 10, at: int = T0, **more: object) -> Call:
    return Call(
        key=key(name),
        source="claude-code",
        session=session,
        model="opus",
        tokens=Tokens(input=100, output=output),
        at=at,
        **more,  # type: ignore[arg-type]
    )


def reading(*calls: Call, path: bytes = b"/a", born: int = 1, **more: object) -> Reading:
    priced = [Priced(item, item.tokens.output * 7, item.tokens.output * 7, None) for item in calls]
    given: dict[str, object] = {"facts": [], "tasks": [], "outcomes": [], "bad": [], **more}
    return Reading("claude-code", path, "{}", "{}", born, False, priced, **given)  # type: ignore[arg-type]


def write(db: sqlite3.Connection, *readings: Reading, ledger: WriteContext | None = None) -> None:
    db.execute("BEGIN IMMEDIATE")
    record(db, ledger or write_context(), readings, T0)
    db.execute("COMMIT")


def totals(db: sqlite3.Connection) -> dict[str, tuple[int, int, int]]:
    """(calls, cost, output) by each view of the same spend."""
    return {
        "calls": db.execute(
            "SELECT count(*), coalesce(sum(cost),0), coalesce(sum(output),0) FROM calls"
        ).fetchone(),
        "sessions": db.execute(
            "SELECT coalesce(sum(calls),0), coalesce(sum(cost),0), coalesce(sum(output),0)"
            " FROM sessions"
        ).fetchone(),
        "spend": db.execute(
            "SELECT coalesce(sum(calls),0), coalesce(sum(cost),0), coalesce(sum(output),0)"
            " FROM spend"
        ).fetchone(),
        "minutes": (
            *db.execute(
                "SELECT coalesce(sum(calls),0), coalesce(sum(cost),0) FROM minutes"
            ).fetchone(),
            db.execute("SELECT coalesce(sum(output),0) FROM calls").fetchone()[0],
        ),
    }


def agree(db: sqlite3.Connection) -> tuple[int, int, int]:
    views = totals(db)
    assert len(set(views.values())) == 1, views
    return views["calls"]


def by_session(db: sqlite3.Connection) -> dict[str, int]:
    return dict(db.execute("SELECT session, calls FROM sessions WHERE calls").fetchall())


def test_a_growing_streaming_row_replaces_its_own_cost(db: sqlite3.Connection) -> None:
    for output in (1, 1, 512, 30):
        write(db, reading(call("m1/r1", output=output)))
    assert agree(db) == (1, 512 * 7, 512)


def test_reading_twice_changes_nothing(db: sqlite3.Connection) -> None:
    batch = reading(*(call(f"m{n}/r{n}", output=n, at=T0 + n * 50_000) for n in range(50)))
    write(db, batch)
    before = agree(db)
    write(db, batch)
    assert agree(db) == before


def test_a_fork_owns_only_what_it_added_in_either_order(tmp_path: Path) -> None:
    old = [call(f"m{n}/r{n}", "original", at=T0 + n) for n in range(100)]
    copied = [item._replace(session="fork") for item in old]
    added = [call(f"n{n}/q{n}", "fork", at=T0 + 1000 + n) for n in range(5)]
    for order in (0, 1):
        db = open_writer(tmp_path / str(order) / "costtop.db")
        files = [
            reading(*old, path=b"/original", born=1),
            reading(*copied, *added, path=b"/fork", born=2),
        ]
        for item in reversed(files) if order else files:
            write(db, item)
        assert by_session(db) == {"original": 100, "fork": 5}
        assert agree(db)[0] == 105
        db.close()


def test_a_side_copy_of_a_message_counts_once_in_either_order(tmp_path: Path) -> None:
    side = call("m1/other", yields=True)
    for number, order in enumerate([(side, call("m1/r1")), (call("m1/r1"), side)]):
        db = open_writer(tmp_path / str(number) / "costtop.db")
        for item in order:
            write(db, reading(item))
        assert agree(db)[0] == 1
        db.close()


def test_a_side_copy_alone_counts(db: sqlite3.Connection) -> None:
    write(db, reading(call("m1/other", yields=True)))
    assert agree(db)[0] == 1


def test_any_order_and_chunking_gives_the_same_totals(tmp_path: Path) -> None:
    rng = random.Random(5)
    sights = [
        (call(f"m{n}/r{n}", rng.choice("ab"), output=rng.randint(1, 9), at=T0 + n * 9999), path)
        for n in range(40)
        for path in (b"/x", b"/y", b"/z")[: rng.randint(1, 3)]
    ]
    seen = set()
    for trial in range(6):
        rng.shuffle(sights)
        db = open_writer(tmp_path / str(trial) / "costtop.db")
        ledger = write_context()
        for item, path in sights:
            write(db, reading(item, path=path, born=ord(path[-1:])), ledger=ledger)
        seen.add(agree(db))
        db.close()
    assert len(seen) == 1


def test_subagents_fold_into_their_root_and_parents_may_come_late(db: sqlite3.Connection) -> None:
    write(db, reading(call("m1/r1", "child"), call("m2/r2", "child", agent="a1")))
    write(db, reading(facts=[SessionFact("claude-code", "child", parent="top")]))
    write(db, reading(call("m3/r3", "top")))
    roots = db.execute(
        "SELECT r.session, sum(s.calls) FROM sessions s JOIN sessions r ON r.id = s.root GROUP BY 1"
    ).fetchall()
    assert roots == [("top", 3)]


def test_a_circle_of_parents_is_refused(db: sqlite3.Connection) -> None:
    write(db, reading(facts=[SessionFact("x", "a", parent="b")]))
    write(db, reading(facts=[SessionFact("x", "b", parent="a")]))
    assert db.execute("SELECT count(DISTINCT root) FROM sessions").fetchone()[0] == 1


def test_an_unpriced_call_is_counted_as_unpriced_not_as_free(db: sqlite3.Connection) -> None:
    unknown = reading()
    unknown.calls.append(Priced(call("m1/r1"), None, None, None))
    write(db, unknown)
    assert db.execute("SELECT sum(unpriced), sum(cost) FROM spend").fetchone() == (1, 0)


def test_tool_outcomes_reach_their_call(db: sqlite3.Connection) -> None:
    asked = call("m1/r1", tools=(ToolUse("Bash", "k1"),))
    write(db, reading(asked))
    write(db, reading(outcomes=[Outcome(asked.key, 0, True, "r1")]))
    assert db.execute("SELECT error, result FROM tools").fetchall() == [(1, "r1")]


def test_a_completed_task_stays_completed(db: sqlite3.Connection) -> None:
    for status, at in (("started", 5), ("completed", 9), ("aborted", 11), ("started", 1)):
        write(db, reading(tasks=[TaskFact("claude-code", "s1", "T", status, at)]))
    assert db.execute("SELECT status, started, finished FROM tasks").fetchall() == [
        ("completed", 1, 9)
    ]


def test_a_failed_write_leaves_nothing_behind(db: sqlite3.Connection) -> None:
    ledger = write_context()
    bad = call("m2/r2")._replace(at="not a time")  # type: ignore[arg-type]
    db.execute("BEGIN IMMEDIATE")
    with pytest.raises(TypeError):
        record(db, ledger, [reading(call("m1/r1", context=Context(user="ana"))), reading(bad)], T0)
    db.rollback()
    ledger.forget()
    write(db, reading(call("m1/r1", context=Context(user="ana"))), ledger=ledger)
    assert agree(db)[0] == 1


def test_lookups_use_an_index(db: sqlite3.Connection) -> None:
    plans = [
        "SELECT id FROM calls WHERE substr(key, 1, 4) IN (x'00', x'01')",
        f"SELECT id FROM calls c WHERE {has_key('c.', 'x00')}".replace("x00", "x'00'"),
        "SELECT id FROM calls WHERE flags & 8 AND substr(key, 1, 8) IN (x'00')",
        "SELECT 1 FROM calls WHERE substr(key, 1, 4) = x'00' AND NOT flags & 8",
        "SELECT * FROM calls WHERE session = 1 ORDER BY at",
        "SELECT * FROM sessions WHERE rev > 3",
    ]
    for query in plans:
        plan = " ".join(row[3] for row in db.execute("EXPLAIN QUERY PLAN " + query))
        assert "SEARCH" in plan and "SCAN" not in plan, (query, plan)
