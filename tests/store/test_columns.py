"""Calls written by columns end as those that are looked at one by one."""

import random
import sqlite3
from collections.abc import Mapping
from typing import Any

import pytest

from costtop.columnar.column_slices import parts
from costtop.model import Context, Media, SessionFact
from costtop.nouns.log_owner import LogOwner
from costtop.store.calls.arrivals import Arrivals
from costtop.store.calls.batch import Priced, Reading, of_priced
from costtop.store.calls.call_row import UNREADABLE
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.forgetting import tombstones
from costtop.store.sessions.accounts import Accounts
from tests.store import test_filled_here
from tests.store.test_filled_here import T0, dump, stores

__all__ = ("stores",)
Stores = tuple[sqlite3.Connection, sqlite3.Connection]


def told(chance: random.Random, wire: float) -> list[Reading]:
    """A batch of which some calls are of every rare kind, and so many heard over the wire."""
    readings = []
    for reading in test_filled_here.batch(chance):
        calls = [varied(chance, one, heard=chance.random() < wire) for one in reading.calls]
        facts = [
            SessionFact("test", one.call.session, parent=chance.choice(("", "s0")), started=T0)
            for one in calls[:1]
        ]
        owner = chance.choice((None, LogOwner("ana", "box"), LogOwner("ben", "box")))
        readings.append(reading._replace(calls=calls, facts=facts, owner=owner))
    return readings


def varied(chance: random.Random, priced: Priced, *, heard: bool) -> Priced:
    call = priced.call._replace(heard=heard)
    if chance.random() < 0.3:  # one that nothing else tells of
        call = call._replace(key=chance.randbytes(16), yields=False)
    if chance.random() < 0.9:
        return priced._replace(call=call)
    rest: Mapping[str, Any] = chance.choice((
        {"reported": 5}, {"placeholder": True}, {"unreadable": True}, {"status": "error"},
        {"media": Media(1)}, {"searches": 1}, {"attempt": 2}, {"agent": "a1"},
        {"reported": 9, "settled": True}, {"context": Context(user="eve", task="t9")},
    ))  # fmt: skip
    call = call._replace(**rest)
    short = chance.choice(((), (), ("tier",)))
    computed = chance.choice((None, priced.computed))
    cost = call.reported if call.settled or computed is None else computed
    return Priced(call, computed, cost, None, short)


def by_columns(readings: list[Reading]) -> list[Reading]:
    """The same, each with a stretch of one set of columns, as they come from a worker."""
    calls = of_priced([one for reading in readings for one in reading.calls])
    cut = parts(calls, [len(reading.calls) for reading in readings])
    return [one._replace(calls=part) for one, part in zip(readings, cut, strict=True)]


def into(rule: str) -> WriteContext:
    made = WriteContext(lambda context, source, model: context.user or context.branch)
    if rule == "accounts":
        made.accounts = Accounts(["/"])
    if rule == "labels":
        made.labels = frozenset({"test"})
    if rule == "runs":
        made.runs = {"test/s1": lambda context: context._replace(task="run", tags="x")}
    return made


def at_each(arrived: Arrivals, _slots: Mapping[bytes, int], *, every: bool) -> list[int]:
    """In the place of `Arrivals.looked_at`: nothing is written as it stands."""
    return list(range(arrived.calls.size))


@pytest.mark.parametrize("rule", ["none", "accounts", "labels", "runs", "forgotten", "wire"])
@pytest.mark.parametrize("seed", range(6))
def test_columns_leave_the_store_that_a_look_at_each_call_leaves(
    stores: Stores, seed: int, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, doors = random.Random(seed), [into(rule), into(rule)]
    if rule == "forgotten":
        for db in stores:
            tombstones.put(db, [(tombstones.who("test", "s2"), T0 + 900_000)], T0)
    for step in range(25):
        readings = told(chance, 0.2 if rule == "wire" else 0)
        answers = []
        for nth, (db, door) in enumerate(zip(stores, doors, strict=True)):
            with monkeypatch.context() as patched:
                if nth:
                    patched.setattr(Arrivals, "looked_at", at_each)
                db.execute("BEGIN")
                answer = record(db, door, readings if nth else by_columns(readings), T0 + step)
                db.execute("COMMIT")
            answers.append((answer.spends, answer[2:], answer.spent.new(), answer.spent.unpriced()))
        assert answers[0] == answers[1]
    one, other = map(dump, stores)
    assert one == other
    sums = "SELECT sum({}), sum(cost), sum(output) FROM {}"
    whole = f"calls WHERE NOT flags & {UNREADABLE}"
    told_of = (
        sums.format(1, whole),
        sums.format("calls", "spend"),
        sums.format("calls", "sessions"),
    )
    assert len({stores[0].execute(query).fetchone() for query in told_of}) == 1
