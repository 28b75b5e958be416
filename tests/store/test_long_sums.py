"""Roll-ups of days and tasks are the sums of the calls, whatever has happened to these."""

import itertools
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from costtop.durations import HOUR, QUARTER
from costtop.model import Context, Price, SessionFact, TaskFact
from costtop.queries.spending import completed_tasks
from costtop.queries.spending.spend_filters import Filter
from costtop.queries.spending.sum_keys import Labels
from costtop.store.calls import scope_sums
from costtop.store.calls.batch import Reading
from costtop.store.calls.repricing import reprice
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_writer
from costtop.store.forgetting import removal, tombstones
from costtop.store.sums import rollup_building, rollup_progress
from tests.store.test_calls import T0, call, reading, write, write_context

DAY, UTC = 24 * HOUR, ZoneInfo("UTC")
_SUMS = (
    "count(*), sum(flags & 1), sum(cost IS NULL), sum(coalesce(cost, 0)),"
    " sum(coalesce(reported, 0)), count(reported), sum(input), sum(cache_read), sum(cache_write),"
    " sum(cache_write_1h), sum(output), sum(reasoning)"
)
_WHOSE = (
    "(SELECT w.id FROM contexts c JOIN contexts w ON w.cwd = 0 AND w.task = 0"
    " AND w.branch = c.branch AND w.project = c.project AND w.feature = c.feature"
    " AND w.user = c.user AND w.host = c.host AND w.tags = c.tags WHERE c.id = {}.context)"
)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_writer(tmp_path / "home" / "costtop.db")
    yield connection
    connection.close()


def summed(db: sqlite3.Connection, query: str, zone: str, width: int) -> dict[Any, list[int]]:
    found: dict[Any, list[int]] = {}
    for quarter, *row in db.execute(query):
        key = (rollup_progress.day_of(quarter, zone), *row[:width])
        known = found.get(key, [0] * (len(row) - width))
        found[key] = [a + b for a, b in zip(known, row[width:], strict=True)]
    return found


def stored(db: sqlite3.Connection, table: str, width: int) -> dict[Any, list[int]]:
    return {row[:width]: list(row[width:]) for row in db.execute(f"SELECT * FROM {table}")}


def exact(db: sqlite3.Connection) -> None:
    """Every roll-up of a long span equals the sum over the calls, as far as it is filled."""
    sessions, spend = (
        db.execute(f"SELECT sum(calls), sum(cost), sum(output) FROM {table}").fetchone()
        for table in ("sessions", "spend")
    )
    assert (spend[0] or 0, spend[1] or 0, spend[2] or 0) == sessions
    zone, upto = rollup_progress.days(db)
    line = f"session, {_WHOSE.format('p')}, model, feature"
    days = summed(
        db,
        f"SELECT at / {QUARTER} AS q, {line}, {_SUMS} FROM calls p"
        f" WHERE NOT flags & 256 AND at / {QUARTER} < {upto} GROUP BY 1, 2, 3, 4, 5",
        zone,
        4,
    )
    floors = summed(
        db,
        f"SELECT quarter, {line}, reason, calls, cost, output FROM floors p WHERE quarter < {upto}",
        zone,
        5,
    )
    assert {key: one for key, one in stored(db, "days", 5).items() if key[0] < upto} == days
    assert {key: one for key, one in stored(db, "floor_days", 6).items() if key[0] < upto} == floors
    done_is_exact(db)
    spent_is_exact(db)
    if rollup_progress.tasks(db) == rollup_progress.ALL:
        tasks_are_exact(db)


def spent_is_exact(db: sqlite3.Connection) -> None:
    """What falls under a scope is the same by days as by quarter hours."""

    def by_quarters(
        db: sqlite3.Connection, since: int, until: int, counted: str
    ) -> tuple[rollup_progress.Part]:
        return (rollup_progress.Part("spend", "floors", since, until),)

    scopes = ({}, {"feature": "f*"}, {"project": "p*"}, {"user": "*a*"}, {"model": "claude-*"})
    spans = ((T0 - 40 * DAY, T0 + DAY), (T0 - 3 * DAY - HOUR, T0 + HOUR), (T0, T0 + 9 * QUARTER))
    for scope, span in itertools.product(scopes, spans):
        quick = scope_sums.spent(db, scope, *span)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(scope_sums, "_parts", by_quarters)
            assert scope_sums.spent(db, scope, *span) == quick


def done_is_exact(db: sqlite3.Connection) -> None:
    """The roll-up of completed tasks follows them, and a report is told the same by all roads."""
    rows = db.execute(
        f"SELECT finished / {QUARTER}, feature, count(*), sum(calls > 0), sum(cost) FROM tasks"
        " WHERE status = 'completed' AND finished IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
    assert db.execute("SELECT * FROM done ORDER BY 1, 2").fetchall() == rows
    if rollup_progress.tasks(db) != rollup_progress.ALL:
        return
    span, some = (T0 // QUARTER - 300, T0 // QUARTER + 9), (Filter("feature", ("p*", "f*")),)
    for keys, filters in itertools.product(
        (("total",), ("feature",), ("day",), ("month", "feature"), ("model",)), ((), some)
    ):
        labels = [Labels(db, key, UTC) for key in keys]
        asked = (db, keys, labels, span, filters)
        quick = completed_tasks.read(*asked)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(completed_tasks, "_ROLLED", {})
            assert completed_tasks.read(*asked) == quick


def tasks_are_exact(db: sqlite3.Connection) -> None:
    rows = db.execute(
        "SELECT s.root, n.text, count(*), sum(coalesce(p.cost, 0)),"
        " sum(p.input - p.cache_read + p.output) FROM calls p JOIN contexts c ON c.id = p.context"
        " JOIN names n ON n.id = c.task JOIN sessions s ON s.id = p.session"
        " WHERE c.task <> 0 AND NOT p.flags & 256 GROUP BY 1, 2"
    )
    sums = {(root, task): rest for root, task, *rest in rows}
    kept = db.execute(
        "SELECT root, n.text, sum(calls), sum(cost), sum(fresh) FROM task_sums"
        " JOIN names n ON n.id = task GROUP BY 1, 2"
    )
    assert {(root, task): rest for root, task, *rest in kept} == sums
    for root, task, *rest in db.execute("SELECT session, task, calls, cost, fresh FROM tasks"):
        assert rest == sums.get((root, task), [0, 0, 0])


def rounds(rng: random.Random) -> Iterator[Reading]:
    """What a fleet tells, in pieces: calls that grow, move in time or to another owner, tasks."""
    for _ in range(40):
        calls, facts, tasks = [], [], []
        for _ in range(rng.randrange(1, 8)):
            n, session = rng.randrange(60), f"s{rng.randrange(5)}"
            where = {"project": f"p{rng.randrange(3)}", "cwd": f"/w{rng.randrange(2)}"}
            branch = rng.choice(("", "f1", "p2"))  # the feature, in this test's store
            context = Context(**where, branch=branch, task=rng.choice(("", "T-1", "T-2")))
            at = T0 - rng.randrange(9) * DAY // 2 - n * HOUR // 7
            made = call(f"m{n}/r{n}", session, rng.randrange(99), at, context=context)
            calls.append(
                made._replace(
                    agent=rng.choice(("", "", "a1")),
                    model=rng.choice(("opus", "haiku")),
                    placeholder=rng.random() < 0.2,
                    unreadable=rng.random() < 0.1,
                    reported=rng.choice((None, None, 77)),
                )
            )
        if rng.random() < 0.15:
            parent = f"s{rng.randrange(5)}"
            facts.append(SessionFact("claude-code", calls[0].session, parent=parent))
        if rng.random() < 0.6:
            status = rng.choice(("started", "completed", "failed"))
            task = rng.choice(("T-1", "T-2", "T-3"))
            tasks.append(TaskFact("claude-code", calls[0].session, task, status, calls[0].at))
        path = f"/log{rng.randrange(3)}".encode()
        yield reading(*calls, path=path, facts=facts, tasks=tasks)


def priced_anew(db: sqlite3.Connection, own: WriteContext, rng: random.Random) -> None:
    amount = rng.choice((None, rng.randrange(999)))
    price = Price(amount, None, () if amount is None else ("tier",))
    at: int | None = 0
    while at is not None:
        db.execute("BEGIN IMMEDIATE")
        at = reprice(db, own, lambda _: price, lambda computed, _: computed, at, {})
        db.execute("COMMIT")


def forgotten(db: sqlite3.Connection, own: WriteContext, before: int) -> None:
    db.execute("BEGIN IMMEDIATE")
    tombstones.put(db, [(tombstones.EVERYBODY, before)], T0)
    own.forgotten.forget()
    while removal.calls(db).calls:
        exact(db)
    removal.rest(db)
    own.forget()
    db.execute("COMMIT")


@pytest.mark.parametrize("seed", range(6))
def test_long_sums_are_those_of_the_calls_at_all_times(db: sqlite3.Connection, seed: int) -> None:
    rng, own = random.Random(seed), write_context()
    for n, part in enumerate(rounds(rng)):
        write(db, part, ledger=own)
        exact(db)
        if n % 9 == 4:
            priced_anew(db, own, rng)
            exact(db)
        if n % 13 == 6:
            rollup_progress.use_zone(db, rng.choice(("Asia/Kathmandu", "America/New_York", "UTC")))
        if rng.random() < 0.7:
            rollup_building.step(db)
            exact(db)
        if n == 30:
            forgotten(db, own, T0 - 2 * DAY)
            exact(db)
    while rollup_building.step(db):
        exact(db)
    assert rollup_progress.days(db).upto == rollup_progress.tasks(db) == rollup_progress.ALL
    exact(db)


def test_a_store_from_before_is_filled_while_it_is_written(db: sqlite3.Connection) -> None:
    rng, own = random.Random(9), write_context()
    parts = list(rounds(rng))
    for part in parts[:20]:
        write(db, part, ledger=own)
    for table in ("days", "floor_days", "task_sums"):
        db.execute(f"DELETE FROM {table}")
    db.execute("UPDATE tasks SET calls = 0, cost = 0, fresh = 0")
    db.execute("UPDATE rolled SET upto = 0")
    steps = Counter[bool]()
    for part in parts[20:]:
        exact(db)
        steps[rollup_building.step(db)] += 1
        write(db, part, ledger=own)
    assert steps[True] > 5
    while rollup_building.step(db):
        pass
    exact(db)
    tasks_are_exact(db)
