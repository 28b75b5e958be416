"""What is kept of sessions at rest is what their calls say now, whatever has happened to these."""

import asyncio
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from costtop.daemon.jobs import resting_sessions
from costtop.durations import DAY, HOUR
from costtop.model import Context, Outcome, SessionFact, ToolUse
from costtop.queries.sessions import finished_sessions
from costtop.store.calls.batch import Reading
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_writer
from costtop.store.forgetting import removal, thinning, tombstones
from costtop.store.sessions import resting_totals
from costtop.store.writer import Writer
from tests.store.test_calls import T0, call, reading, write, write_context
from tests.store.test_long_sums import priced_anew

EVER = 1 << 60
SPANS = ((0, EVER), (T0 - 3 * DAY, EVER), (T0 - 5 * DAY, T0 - 2 * DAY))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "costtop.db"


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_writer(path)
    yield connection
    connection.close()


def renewed(path: Path, now: int = T0 + 2 * HOUR) -> None:
    """One round of the daemon's, over the store as it stands."""

    async def round_() -> None:
        async with Writer(path) as writer:
            await resting_sessions.renew(writer, 0, now, rests=0)

    asyncio.run(round_())


def kept(db: sqlite3.Connection) -> int:
    return len(resting_totals.read(db, finished_sessions.FORM, 0, EVER))


def exact(db: sqlite3.Connection) -> None:
    """With what is kept a question is answered as it is without."""
    with_them = [finished_sessions.read(db, *span) for span in SPANS]
    db.execute("SAVEPOINT bare")
    db.execute("DELETE FROM lives")
    without = [finished_sessions.read(db, *span) for span in SPANS]
    db.execute("ROLLBACK TO bare")
    db.execute("RELEASE bare")
    assert repr(with_them) == repr(without)


def rounds(rng: random.Random) -> Iterator[Reading]:
    """Calls that grow, move to another owner, get tools, outcomes and parents later."""
    for n in range(50):
        calls, facts = [], []
        for _ in range(rng.randrange(1, 7)):
            nth, session = rng.randrange(70), f"s{rng.randrange(6)}"
            tools = tuple(ToolUse("Bash", f"k{rng.randrange(2)}") for _ in range(rng.randrange(3)))
            context = Context(project=f"p{rng.randrange(3)}", cwd="/w", task="")
            at = T0 - int(session[1]) * DAY + nth * HOUR // 70
            made = call(f"m{nth}/r{nth}", session, rng.randrange(9, 99), at, context=context)
            calls.append(
                made._replace(
                    agent=rng.choice(("", "", "a1")),
                    model=rng.choice(("opus", "haiku")),
                    tools=tools,
                    unreadable=rng.random() < 0.05,
                )
            )
        key, result = rng.choice(calls).key, f"x{rng.randrange(2)}"
        outcomes = [Outcome(key, nth, rng.random() < 0.6, result) for nth in range(2)]
        if n % 17 == 5:
            facts.append(SessionFact("claude-code", "s1", parent=f"s{rng.randrange(2, 5)}"))
        if rng.random() < 0.2:
            facts.append(SessionFact("claude-code", "s3", started=T0 - 20 * DAY))
        path = f"/log{rng.randrange(3)}".encode()
        yield reading(*calls, path=path, facts=facts, outcomes=outcomes)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_kept_is_what_the_calls_say_at_all_times(
    path: Path, db: sqlite3.Connection, seed: int
) -> None:
    rng, own, most = random.Random(seed), write_context(), 0
    for n, part in enumerate(rounds(rng)):
        write(db, part, ledger=own)
        exact(db)
        if n % 4 == 3:
            renewed(path)
            most = max(most, kept(db))
            exact(db)
        if n % 9 == 4:
            priced_anew(db, own, rng)
            exact(db)
        if n in {28, 29}:
            assert thinning.step(db, T0 - 2 * DAY) is not None
            exact(db)
        if n == 40:
            forgotten(db, own)
            assert not db.execute("SELECT count(*) FROM lives").fetchone()[0]
            exact(db)
    assert most >= 4


def forgotten(db: sqlite3.Connection, own: WriteContext) -> None:
    db.execute("BEGIN IMMEDIATE")
    tombstones.put(db, [(tombstones.EVERYBODY, T0 - 4 * DAY)], T0)
    own.forgotten.forget()
    while removal.calls(db).calls:
        pass
    removal.rest(db)
    own.forget()
    db.execute("COMMIT")


def filled(path: Path, db: sqlite3.Connection, own: WriteContext) -> bytes:
    """A session with one kept life; the key of its call."""
    asked = call("m/r", "s", 20, T0 - DAY)._replace(tools=(ToolUse("Bash", "k"),))
    write(db, reading(asked), ledger=own)
    renewed(path)
    assert kept(db) == 1
    return asked.key


def test_an_outcome_that_comes_late_takes_it_away(path: Path, db: sqlite3.Connection) -> None:
    own = write_context()
    key = filled(path, db, own)
    write(db, reading(outcomes=[Outcome(key, 0, True, "x")]), ledger=own)
    assert kept(db) == 0
    exact(db)


def test_a_tool_that_only_a_later_sight_tells_takes_it_away(
    path: Path, db: sqlite3.Connection
) -> None:
    own = write_context()
    told = call("m/r", "s", 20, T0 - DAY)
    write(db, reading(told), ledger=own)
    renewed(path)
    write(db, reading(told), ledger=own)
    assert kept(db) == 1
    write(db, reading(told._replace(tools=(ToolUse("Bash", "k"),))), ledger=own)
    assert kept(db) == 0
    exact(db)


def test_what_changes_while_it_is_worked_out_is_not_missed(
    path: Path, db: sqlite3.Connection
) -> None:
    own = write_context()
    key = filled(path, db, own)
    db.execute("DELETE FROM lives")
    (resting,) = [resting_totals.at_rest(db, 1, T0)]
    resting_totals.claim(db, [resting])
    life = finished_sessions.worked_out(db, 1)
    write(db, reading(outcomes=[Outcome(key, 0, True, "x")]), ledger=own)
    resting_totals.put(db, resting.rev, life)
    assert kept(db) == 0


def test_a_session_that_runs_and_one_of_long_ago_are_not_kept(
    path: Path, db: sqlite3.Connection
) -> None:
    own = write_context()
    write(db, reading(call("a/r", "old", at=T0 - 80 * DAY), call("b/r", "now", at=T0)), ledger=own)
    renewed(path, T0 + HOUR // 2)
    assert kept(db) == 0
    renewed(path, T0 + 2 * HOUR)
    assert kept(db) == 1


def test_what_another_costtop_worked_out_is_not_believed(
    path: Path, db: sqlite3.Connection
) -> None:
    filled(path, db, write_context())
    assert resting_totals.read(db, "another", 0, EVER) == []
    resting_totals.begin(db, "another", 0)
    assert not db.execute("SELECT count(*) FROM lives").fetchone()[0]
