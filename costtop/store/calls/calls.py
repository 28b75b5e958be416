"""Writes calls: each once, at its final value, with every roll-up that depends on it.

`record` runs inside the caller's transaction and is the only way in. It prices nothing and raises
no alerts; it answers with what was spent, in order of arrival, for those who do.
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence

from costtop.columnar.column_slices import whole
from costtop.model import Context, SessionFact, Spend, TaskFact
from costtop.named_tuples import NamedTuple
from costtop.store.calls.arrivals import Arrivals, FewArrivals
from costtop.store.calls.batch import Priced, Reading, of_priced, told_of
from costtop.store.calls.batch_contexts import moved
from costtop.store.calls.rollups import next_rev
from costtop.store.calls.spends import Spends
from costtop.store.calls.storing import store
from costtop.store.calls.told_contexts import Affected
from costtop.store.calls.write_context import WriteContext
from costtop.store.sessions import resting_totals, task_completion, tasks
from costtop.store.sessions.sessions import Ref
from costtop.store.sessions.tasks import record_tasks

FEW = 8  # calls that are sooner written one by one than by columns


class Recorded(NamedTuple):
    """What a commit changed: what was spent, and calls whose tools are now known."""

    rev: int
    spent: Spends
    answered: list[bytes]  # keys of calls with new tool outcomes
    removed: int = 0  # calls gone, or of another user or feature now: sums have to be read again
    ended: list[str] = []  # root sessions, "source/session", whose log says that they are over
    windows: int = 0  # ms of the latest that was told of plans' windows; 0: nothing was

    @property
    def spends(self) -> list[Spend]:
        """Spends in order of arrival."""
        return self.spent.all()


def record(
    db: sqlite3.Connection, into: WriteContext, readings: Sequence[Reading], now: int
) -> Recorded:
    """Writes everything that was read; a second time changes nothing. `now` is ms UTC."""
    rev = next_rev(db)
    readings = into.forgotten.rest(db, readings)
    adopted = into.sessions.adopted
    facts = [fact for reading in readings for fact in reading.facts]
    into.sessions.expect(db, facts, rev)
    placed = into.places.enter_all(db, readings, now)
    into.old_keys.give_way(db, placed, rev)
    if into.owners.take(db, readings, rev):
        into.new_owners()
    arrived = _arrived(db, into, placed, now, rev)
    into.sessions.expect(db, (), rev)
    affected: dict[int, Affected] = {}
    if adopted != into.sessions.adopted:  # some of them have another root by now
        affected = moved(db, into, facts)
        arrived.renew(db, into)
    outcomes = [item for reading in readings for item in reading.outcomes]
    written = store(db, into, arrived, outcomes, affected, rev)
    answered = tasks.write_outcomes(db, written.late)
    resting_totals.drop_of(db, answered)
    told = list(_tasks(db, into, readings))
    record_tasks(db, told)
    task_completion.hold_back(db, into.completed_by, (root for _, root, _ in told))
    ended = _ended(db, into, facts)
    return Recorded(rev, written.spent, answered, written.removed, ended)


def _arrived(
    db: sqlite3.Connection,
    into: WriteContext,
    placed: Sequence[tuple[Reading, int]],
    now: int,
    rev: int,
) -> Arrivals | FewArrivals:
    """The calls as rows; what else the readings tell of their sessions is written."""
    arrived = _awaited(db, into, [reading.calls for reading, _ in placed], now)
    for reading, place in placed:
        for fact in reading.facts:
            into.sessions.learn(db, fact, rev)
        if reading.calls:
            arrived.arrive(db, into, reading.calls, (place, into.places.rank(db, place)))
        if reading.source in into.labels:
            _label(db, into, reading, rev)
        if into.accounts:
            _place(db, into, reading, rev)
    arrived.settle(db, into)
    return arrived


def _awaited(
    db: sqlite3.Connection, into: WriteContext, calls: Sequence[Collection[Priced]], now: int
) -> Arrivals | FewArrivals:
    """What takes these calls: by columns where they are many."""
    if sum(map(len, calls)) <= FEW:
        return FewArrivals(now)
    columns = whole(calls, of_priced)
    if not into.runs:  # who runs may say otherwise
        into.names.foresee(db, (kind.context for kind in columns.calls.kinds))
    return Arrivals(columns, now)


def _tasks(
    db: sqlite3.Connection, into: WriteContext, readings: Sequence[Reading]
) -> Iterator[tuple[int, int, TaskFact]]:
    """(session row, its root's, fact) of what was told of tasks, named as their runs say."""
    for task in (task for reading in readings for task in reading.tasks):
        ref = into.sessions.ref(db, task.source, task.session)
        tagged = into.runs.get(ref.root_key)
        name = tagged(Context(task=task.task)).task if tagged else task.task
        yield ref.id, ref.root, task if name == task.task else task._replace(task=name)


def _label(db: sqlite3.Connection, into: WriteContext, reading: Reading, rev: int) -> None:
    """Gives the sessions of a reading the label of the entry that found their log."""
    for root in sorted({ref.root for ref in _refs(db, into, reading)}):
        into.sessions.label(db, root, reading.source, rev)


def _place(db: sqlite3.Connection, into: WriteContext, reading: Reading, rev: int) -> None:
    """Gives the sessions of a reading the account that their log stands in."""
    if account := into.accounts.of(reading.path):
        for session in sorted({ref.id for ref in _refs(db, into, reading)}):
            into.sessions.place(db, session, account, rev)


def _refs(db: sqlite3.Connection, into: WriteContext, reading: Reading) -> set[Ref]:
    """The session rows that a reading tells of."""
    return {into.sessions.ref(db, *name) for name in told_of(reading)}


def _ended(db: sqlite3.Connection, into: WriteContext, facts: Iterable[SessionFact]) -> list[str]:
    """Root sessions that these facts have ended and no later call goes on with."""
    named = {(fact.source, fact.session, fact.agent) for fact in facts if fact.ended is not None}
    refs = sorted(into.sessions.ref(db, *name) for name in named)
    query = "SELECT ended IS NOT NULL FROM sessions WHERE id = ? AND root = id"
    return [ref.root_key for ref in refs if (db.execute(query, (ref.id,)).fetchone() or [0])[0]]
