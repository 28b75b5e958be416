"""What a batch writes once, for it is new, is what it would come to told after told."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from costtop.model import Context, SessionFact, TaskFact
from costtop.store.db import open_writer
from costtop.store.names import Names
from costtop.store.sessions.sessions import Sessions
from costtop.store.sessions.tasks import record_tasks
from costtop.store.sums import context_parts
from tests.store.test_calls import T0, call, reading, write, write_context

PROMPTS = [f"7c1f0c1e-0000-4000-8000-0000000000{n:02}" for n in range(6)]
STATUSES: tuple[Any, ...] = ("started", "completed", "failed", "aborted")
SESSIONS = ["s1", "s2", "s3"]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[[], sqlite3.Connection]]:
    made: list[sqlite3.Connection] = []

    def make() -> sqlite3.Connection:
        made.append(open_writer(tmp_path / str(len(made)) / "costtop.db"))
        return made[-1]

    yield make
    for db in made:
        db.close()


def told(chance: random.Random) -> list[TaskFact]:
    """What logs may say of some tasks: ends twice, starts after ends, prompts that are copies."""
    return [
        TaskFact(
            "claude-code",
            chance.choice(SESSIONS),
            chance.choice([*PROMPTS, "1", "2", "turn/3"]),
            chance.choice(STATUSES),
            T0 + chance.randrange(12),
        )
        for _ in range(chance.randrange(1, 60))
    ]


def calls_of(chance: random.Random) -> list[Any]:
    return [
        call(
            f"m{n}/r", chance.choice(SESSIONS), at=T0 + chance.randrange(12),
            context=Context(task=chance.choice(["", "1", *PROMPTS]), branch=f"b{n % 3}"),
        )
        for n in range(chance.randrange(30))
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_new_tasks_are_written_at_once_as_one_by_one(fresh: Any, seed: int) -> None:
    chance = random.Random(seed)
    made, batches = calls_of(chance), [told(chance) for _ in range(3)]
    tables = []
    for many in (1, 10**9):
        db, into = fresh(), write_context()
        write(db, reading(*made), ledger=into)
        db.execute("BEGIN")
        for batch in batches:
            refs = [(into.sessions.ref(db, one.source, one.session), one) for one in batch]
            record_tasks(db, [(ref.id, ref.root, one) for ref, one in refs], many)
        db.execute("COMMIT")
        tables.append(db.execute("SELECT * FROM tasks ORDER BY session, task").fetchall())
        tables[-1].append(db.execute("SELECT * FROM done ORDER BY quarter, feature").fetchall())
    assert tables[0] == tables[1]


def fact_of(chance: random.Random) -> SessionFact:
    def maybe(value: Any) -> Any:
        return value if chance.random() < 0.6 else None

    began = maybe(T0 + chance.randrange(12))
    return SessionFact(
        "claude-code",
        chance.choice(SESSIONS),
        chance.choice(["", "", "a1"]),
        parent=chance.choice(["", "", "", "s1"]),
        agent_type=maybe("explore") or "",
        version=maybe("2.1") or "",
        context=maybe(Context(branch=chance.choice("xy"), cwd="/src/p")),
        started=began,
        at=maybe(T0 + chance.randrange(60)),
        ended=maybe(T0 + 50),
        premium=maybe(chance.randrange(9)),
    )


@pytest.mark.parametrize("seed", range(12))
def test_a_new_session_is_written_with_what_is_told_of_it_first(fresh: Any, seed: int) -> None:
    chance = random.Random(seed)
    facts = [fact_of(chance) for _ in range(chance.randrange(1, 9))]
    tables = []
    for expected in (facts, []):
        db = fresh()
        sessions = Sessions(Names())
        sessions.expect(db, expected, 7)
        for fact in facts:
            sessions.learn(db, fact, 7)
        query = (
            "SELECT s.session, s.agent, p.session, c.branch, c.cwd, s.agent_type, s.version,"
            " s.started, s.last, s.ended, s.premium, s.rev FROM sessions s"
            " LEFT JOIN sessions p ON p.id = s.parent LEFT JOIN contexts c ON c.id = s.context"
            " ORDER BY s.session, s.agent"
        )
        tables.append([named(db, row) for row in db.execute(query).fetchall()])
    assert tables[0] == tables[1]


def named(db: sqlite3.Connection, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The row with texts in the place of its names."""
    texts = dict(db.execute("SELECT id, text FROM names"))
    return (*row[:3], *(texts.get(one) for one in row[3:7]), *row[7:])


def test_what_is_expected_once_is_not_written_to_a_session_made_later(fresh: Any) -> None:
    db, sessions = fresh(), Sessions(Names())
    sessions.expect(db, [SessionFact("claude-code", "s1", version="1.0")], 7)
    sessions.expect(db, [], 8)
    ref = sessions.ref(db, "claude-code", "s1")
    assert db.execute("SELECT version, rev FROM sessions WHERE id = ?", (ref.id,)).fetchone() == (
        0, 0,
    )  # fmt: skip


def test_a_new_context_tells_at_once_what_it_is_without_its_task(fresh: Any) -> None:
    db, names = fresh(), Names()
    made = [
        names.context(db, Context(cwd=cwd, branch="main", task=task))
        for cwd, task in (("/a", "1"), ("/a", "2"), ("/b", ""), ("", ""))
    ]
    asked_for = context_parts.parts(db, made)
    assert asked_for == context_parts.parts(db, made, names.parts)
    assert {names.parts[one] for one in made[:3]} == {asked_for[one] for one in made[:3]}
    assert len({whose for whose, _ in asked_for.values()}) == 1
