"""Calls that are written without looking them up end as those that were looked up."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from costtop.model import Call, Context, Outcome, TaskFact, Tokens, ToolUse
from costtop.sources.fold.keys import paired
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import FilledHere, WriteContext
from costtop.store.db import open_writer
from costtop.store.sessions.tasks import record_task, record_tasks

T0 = 1_795_000_000_000


class AlwaysAsked(FilledHere):
    """The ordinary door: every key is looked up."""

    def maybe(self, keys: list[bytes], last: int) -> list[bytes]:
        return keys


def into(*, asked: bool = False) -> WriteContext:
    made = WriteContext(lambda context, source, model: context.branch)
    if asked:
        made.filled_here = AlwaysAsked()
    return made


def made_up(chance: random.Random) -> Call:
    """One of a few calls, at some growth of it; a side copy of a message now and then."""
    message, side = chance.randrange(60), chance.random() < 0.2
    output = chance.randrange(1, 4) * 100
    return Call(
        paired(f"m{message}", f"side{chance.randrange(2)}" if side else ""),
        "test",
        f"s{chance.randrange(4)}",
        chance.choice(("m1", "m2")),
        Tokens(1000 + message, 0, 0, 0, output, 0),
        T0 + message * 50_000,
        Context(branch=chance.choice(("a", "b"))),
        yields=side,
        tools=(ToolUse("Bash", "0123456789abcdef"),) * chance.randrange(3),
        offset=chance.randrange(1000),
        heard=chance.random() < 0.1,
        request=chance.choice(("", f"r{message}")),
    )


def batch(chance: random.Random) -> list[Reading]:
    readings = []
    for _ in range(chance.randrange(1, 4)):
        calls = [made_up(chance) for _ in range(chance.randrange(8))]
        priced = [Priced(one, one.tokens.output, one.tokens.output, None) for one in calls]
        outcomes = [Outcome(one.key, 0, True, "r") for one in calls if one.tools]
        tasks = [TaskFact("test", one.session, "t", "completed", one.at) for one in calls[:1]]
        path = b"/log%d" % chance.randrange(5)
        readings.append(
            Reading("test", path, "[]", "{}", T0, False, priced, [], tasks, outcomes, [])
        )
    return readings


def dump(db: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: sorted(map(repr, db.execute(f"SELECT * FROM {name}"))) for name in names}


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    with (
        closing(open_writer(tmp_path / "a" / "costtop.db")) as one,
        closing(open_writer(tmp_path / "b" / "costtop.db")) as other,
    ):
        yield one, other


@pytest.mark.parametrize("seed", range(12))
def test_both_doors_leave_the_same_store(
    stores: tuple[sqlite3.Connection, sqlite3.Connection], seed: int
) -> None:
    chance, (one, other) = random.Random(seed), stores
    quick, asked = into(), into(asked=True)
    for step in range(25):
        readings, undone = batch(chance), chance.random() < 0.15
        if chance.random() < 0.1:
            quick = into()  # a daemon that starts again over a store that is not empty
        answers = []
        for db, door in ((one, quick), (other, asked)):
            db.execute("BEGIN IMMEDIATE")
            answer = record(db, door, readings, T0 + step)
            answers.append((answer.spends, answer[2:]))
            db.execute("ROLLBACK" if undone else "COMMIT")
            if undone:
                door.forget()
        assert answers[0] == answers[1]
    told = [dump(db) for db in stores]
    assert told[0] == told[1]
    assert len(told[0]["calls"]) > 30


def test_what_somebody_else_wrote_is_looked_up(
    stores: tuple[sqlite3.Connection, sqlite3.Connection],
) -> None:
    db, chance = stores[0], random.Random(3)
    first, second = into(), into()
    same = batch(chance)
    record(db, first, batch(chance), T0)
    record(db, second, same, T0)
    calls = db.execute("SELECT count(*) FROM calls").fetchone()
    record(db, first, same, T0)
    assert db.execute("SELECT count(*) FROM calls").fetchone() == calls


def test_a_full_filter_knows_no_less() -> None:
    chance, filled = random.Random(9), FilledHere()
    keys = [chance.randbytes(16) for _ in range(5_000)]
    assert filled.maybe(keys, 0) == []
    filled.written(5_000)
    assert filled.maybe(keys, 5_000) == keys
    others = [chance.randbytes(16) for _ in range(5_000)]
    assert len(filled.maybe(others, 5_000)) < 50
    assert filled.maybe(others, 5_000) == others  # they are to be written since they were asked for
    assert filled.maybe(others, 5_001) == others
    filled.forget()
    assert filled.maybe(others, 5_000) == others


def test_tasks_of_a_batch_end_as_those_told_one_by_one(
    stores: tuple[sqlite3.Connection, sqlite3.Connection],
) -> None:
    chance, (one, other) = random.Random(11), stores
    for db in stores:
        for seed in range(4):
            record(db, into(), batch(random.Random(seed)), T0)
    roots = [row[0] for row in one.execute("SELECT id FROM sessions WHERE root = id ORDER BY id")]
    names = ["a", "b", "c", "0323d46c-045f-4000-8000-000000000001"]
    for _ in range(60):
        facts = []
        for _ in range(chance.randrange(1, 7)):
            root = chance.choice(roots)
            status = chance.choice(("started", "completed", "failed", "aborted", "started"))
            at = T0 + chance.randrange(40)
            facts.append((root, root, TaskFact("test", "s", chance.choice(names), status, at)))
        record_tasks(one, facts)
        for session, root, fact in facts:
            record_task(other, session, root, fact)
        assert dump(one)["tasks"] == dump(other)["tasks"]
    assert len(dump(one)["tasks"]) > 8
