"""Writes calls: each once, at its final value, with every roll-up that depends on it.

`record` runs inside the caller's transaction and is the only way in. It prices nothing and raises
no alerts; it answers with what was spent, in order of arrival, for those who do.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from costtop.model import Call, Context, Outcome, SessionFact, Spend, TaskFact
from costtop.named import NamedTuple
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.call_row import (
    HEARD,
    MODALITY,
    SETTLED,
    SHORT,
    TIER,
    UNREADABLE,
    CallRow,
    Rank,
    call_flags,
    merged,
    request_hash,
    tokens_of,
)
from costtop.store.calls.filling import Filling, hear, moved
from costtop.store.calls.merge import (
    Sight,
    Stored,
    delete,
    filled,
    lookup,
    overtaken,
    see,
    side_copies,
    wire_of,
    write,
)
from costtop.store.calls.otlp_twins import Joined, heard_rank, join
from costtop.store.calls.rollups import Deltas, next_rev
from costtop.store.calls.told_contexts import Affected
from costtop.store.calls.write_context import WriteContext
from costtop.store.names import read_context, read_name
from costtop.store.sessions import kept_lives, task_completion, tasks
from costtop.store.sessions.sessions import Ref
from costtop.store.sessions.tasks import record_tasks

_NOTHING = (None, None, None)
_tuple = tuple.__new__  # makes a row in half the time of its constructor


class Recorded(NamedTuple):
    """What a commit changed: spends in order of arrival, and calls whose tools are now known."""

    rev: int
    spends: list[Spend]
    answered: list[bytes]  # keys of calls with new tool outcomes
    removed: int = 0  # calls gone, or of another user or feature now: sums have to be read again
    ended: list[str] = []  # root sessions, "source/session", whose log says that they are over
    windows: int = 0  # ms of the latest that was told of plans' windows; 0: nothing was


def record(
    db: sqlite3.Connection, into: WriteContext, readings: Sequence[Reading], now: int
) -> Recorded:
    """Writes everything that was read; a second time changes nothing. `now` is ms UTC."""
    rev = next_rev(db)
    readings = into.forgotten.rest(db, readings)
    adopted = into.sessions.adopted
    facts = [fact for reading in readings for fact in reading.facts]
    into.sessions.expect(facts, rev)
    sights: dict[bytes, Sight] = {}
    placed = [(reading, into.places.enter(db, reading, now)) for reading in readings]
    into.old_keys.give_way(db, placed, rev)
    if into.owners.take(db, readings, rev):
        into.new_owners()
    for reading, place in placed:
        for fact in reading.facts:
            into.sessions.learn(db, fact, rev)
        rank = into.places.rank(db, place) if reading.calls else (0, 0, b"")
        for priced in reading.calls:
            see(sights, _sight(db, into, priced, (place, rank), now))
        if reading.source in into.labels:
            _label(db, into, reading, rev)
        if into.accounts:
            _place(db, into, reading, rev)
    into.sessions.expect((), rev)
    outcomes = [item for reading in readings for item in reading.outcomes]
    _answer_here(sights, outcomes)
    affected: dict[int, Affected] = {}
    if adopted != into.sessions.adopted:  # some of them have another root by now
        affected = moved(db, into, facts)
        sights = {key: sight._replace(ids=None) for key, sight in sights.items()}
    spends, removed = _store(db, into, sights, affected, rev)
    new = {spend.call.key for spend in spends if spend.new}
    answered = tasks.write_outcomes(db, (item for item in outcomes if item.call not in new))
    kept_lives.drop_of(db, answered)
    told = list(_tasks(db, into, readings))
    record_tasks(db, told)
    task_completion.hold_back(db, into.completed_by, (root for _, root, _ in told))
    return Recorded(rev, spends, answered, removed, _ended(db, into, facts))


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
    for root in sorted({ref.root for ref in _told_of(db, into, reading)}):
        into.sessions.label(db, root, reading.source, rev)


def _place(db: sqlite3.Connection, into: WriteContext, reading: Reading, rev: int) -> None:
    """Gives the sessions of a reading the account that their log stands in."""
    if account := into.accounts.of(reading.path):
        for session in sorted({ref.id for ref in _told_of(db, into, reading)}):
            into.sessions.place(db, session, account, rev)


def _told_of(db: sqlite3.Connection, into: WriteContext, reading: Reading) -> set[Ref]:
    """The session rows that a reading tells of."""
    told = {(one.call.source, one.call.session, one.call.agent) for one in reading.calls}
    told |= {(fact.source, fact.session, fact.agent) for fact in reading.facts}
    return {into.sessions.ref(db, *name) for name in told}


def _sight(
    db: sqlite3.Connection,
    into: WriteContext,
    priced: Priced,
    where: tuple[int, Rank],
    now: int,
) -> Sight:
    call, computed, cost, rates, short = priced
    ids = into.ids(db, call)
    if into.runs and ids.root_key in into.runs:
        call = call._replace(context=into.runs[ids.root_key](call.context))
        priced, ids = priced._replace(call=call), into.ids(db, call)
    key, at, request, media = call.key, call.at, call.request, call.media
    place, rank = where
    row = _tuple(CallRow, (
        key, computed, *ids[:6], at, now, *call.tokens, call.searches, cost,
        call.reported,
        into.names.card(db, rates) if rates else None,
        place,
        call.offset,
        request_hash(request) if request else None,
        call_flags(call) | (sum(SHORT[reason] for reason in short) if short else 0),
        call.attempt,
        json.dumps(media) if media else None,
    ))  # fmt: skip
    if call.heard:
        rank = heard_rank(rank, call.session, call.service)
    return Sight(row, rank, priced, None, ids)


def _store(
    db: sqlite3.Connection,
    into: WriteContext,
    sights: dict[bytes, Sight],
    affected: dict[int, Affected],
    rev: int,
) -> tuple[list[Spend], int]:
    joined, gone = _joined(db, into, sights, affected)
    sights, contexts = joined.sights, joined.contexts
    last, maybe, stored = _looked_up(db, into, joined)
    filling = Filling(db, into, stored.values(), affected)
    side = side_copies(db, sights, maybe)
    deltas = Deltas()
    ids: dict[bytes, int] = {}
    inserts: list[Sight] = []
    updates: list[tuple[int, CallRow]] = []
    spends: list[Spend] = []
    for key, sight in sights.items():
        if key in side:
            continue
        known = stored.get(key)
        ids[key] = known.id if known else last + 1 + len(inserts)
        row = _final(db, into, sight, known and filling.bare(known), contexts.get(key))
        if filling.matters or contexts:
            row = filling.row(ids[key], row, known, joined=key in contexts)
        if known is None:
            inserts.append(sight if row is sight.row else sight._replace(row=row))
            deltas.book(row)
        elif row != known.row:
            updates.append((known.id, row))
            deltas.book(known.row, -1)
            deltas.book(row)
        if not row.flags & UNREADABLE and (
            known is None or row != known.row or sight.priced.call.tools
        ):
            spends.append(_spend(into, db, sight, row, known.row if known else None))
    arrived = inserts + [sights[key] for key in joined.stored if key in sights]
    gone += overtaken(db, arrived, maybe)
    delete(db, gone)
    for item in gone:
        deltas.book(item.row, -1)
    updates += filling.rest(set(ids.values()) | {item.id for item in gone}, deltas)
    write(db, [(ids[sight.row.key], sight.row) for sight in inserts], updates)
    into.filled_here.written(_last(db))
    filling.write()
    asked = {key: tools for key in ids if (tools := sights[key].priced.call.tools)}
    tasks.write_tools(db, into.names, ((ids[key], tools) for key, tools in asked.items()))
    kept_lives.drop(db, {stored[key].row.session for key in asked.keys() & stored.keys()})
    deltas.write(db, rev, into.names.parts)
    return spends, len(gone) + filling.regrouped


def _looked_up(
    db: sqlite3.Connection, into: WriteContext, joined: Joined
) -> tuple[int, set[bytes], dict[bytes, Stored]]:
    """The table's last row, halves of keys that may be in it, and the rows that are."""
    last = _last(db)
    keys = into.filled_here.maybe(list(joined.sights), last)
    return last, {key[:8] for key in keys}, joined.stored | lookup(db, keys)


def _last(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(max(id), 0) FROM calls").fetchone()[0])


def _joined(
    db: sqlite3.Connection,
    into: WriteContext,
    sights: dict[bytes, Sight],
    affected: dict[int, Affected],
) -> tuple[Joined, list[Stored]]:
    """The batch with heard calls made one with logged ones, and rows that no longer count."""
    if not into.heard.matters(db, sights.values()):
        return Joined(sights, {}, {}), []
    hear(db, into, sights.values(), affected)
    joined = join(db, sights)
    roots = {key: _root(db, into, sight.priced.call) for key, sight in joined.sights.items()}
    dropped, gone = into.heard.outdone(db, into.names, joined, roots)
    kept = {key: sight for key, sight in joined.sights.items() if key not in dropped}
    return joined._replace(sights=kept), gone


def _root(db: sqlite3.Connection, into: WriteContext, call: Call) -> int:
    return into.sessions.ref(db, call.source, call.session, call.agent).root


def _final(
    db: sqlite3.Connection,
    into: WriteContext,
    sight: Sight,
    known: Stored | None,
    wire: Context | None,
) -> CallRow:
    """The row that a call becomes by this sight of it, with what only the wire told of it."""
    row = sight.row
    told = wire, sight.wire, row.reported
    if known is None and told == _NOTHING and row.cost == row.computed:
        return row  # as nearly always in an import: nothing but this sight tells of it
    if sight.wire is not None:
        wire = filled(sight.wire, wire or Context())
    if known is not None:
        rank = into.places.rank(db, known.row.place)
        if known.row.flags & row.flags & HEARD:
            rank, wire = _heard_before(db, into, sight, known, rank, wire)
        row = merged(known.row, rank, row, sight.rank)[0]._replace(key=row.key)
        if wire is None and row.flags & SETTLED and row.context != known.row.context:
            wire = read_context(db, known.row.context)  # its new owner knows no more of the wire
    if row.flags & (TIER | MODALITY) and row.reported is not None:
        # A floor is no price beside what the tool itself says.
        row = row._replace(computed=None, flags=row.flags & ~(TIER | MODALITY))
    # One sight may have brought the price, another what was reported.
    cost = row.cost if row.flags & SETTLED else into.counts(row.computed, row.reported)
    if cost != row.cost:
        row = row._replace(cost=cost)
    if wire is None:
        return row
    context = filled(read_context(db, row.context), wire)
    call = sight.priced.call
    feature = into.feature(db, row.session, context, call.source, call.model)
    return row._replace(
        context=into.names.context(db, context), feature=into.names.name(db, feature)
    )


def _heard_before(
    db: sqlite3.Connection,
    into: WriteContext,
    sight: Sight,
    known: Stored,
    rank: Rank,
    wire: Context | None,
) -> tuple[Rank, Context | None]:
    """The rank of a stored heard call, and what it and a heard sight of it say together."""
    session = into.sessions.root_key(db, known.row.session).partition("/")[2]
    if wire is not None or known.row.context != sight.row.context:
        wire = filled(wire or wire_of(sight), read_context(db, known.row.context))
    return heard_rank(rank, session, sight.priced.call.service), wire


def _spend(
    into: WriteContext, db: sqlite3.Connection, sight: Sight, row: CallRow, known: CallRow | None
) -> Spend:
    call, rates = sight.priced.call, sight.priced.rates
    ids = sight.ids or into.ids(db, call)
    root, feature, owner = ids.root_key, ids.feature_name, ids.owner
    if row.session != sight.row.session:  # another sight's owner keeps it
        root, feature = into.sessions.root_key(db, row.session), read_name(db, row.feature)
        owner = into.owners.shown(db, row.session)[0]
    elif row.context != sight.row.context:  # the wire told more
        call = call._replace(context=read_context(db, row.context))
        feature = read_name(db, row.feature)
    if known is not None:
        call = call._replace(tokens=tokens_of(row), at=row.at)
    previous = None if known is None else known.cost
    label = into.sessions.label_of(db, row.session)
    new = known is None
    spend = (call, root, row.cost, rates, row.seen, feature, new, previous, label, owner)
    return _tuple(Spend, spend)


def _ended(db: sqlite3.Connection, into: WriteContext, facts: Iterable[SessionFact]) -> list[str]:
    """Root sessions that these facts have ended and no later call goes on with."""
    named = {(fact.source, fact.session, fact.agent) for fact in facts if fact.ended is not None}
    refs = sorted(into.sessions.ref(db, *name) for name in named)
    query = "SELECT ended IS NOT NULL FROM sessions WHERE id = ? AND root = id"
    return [ref.root_key for ref in refs if (db.execute(query, (ref.id,)).fetchone() or [0])[0]]


def _answer_here(sights: dict[bytes, Sight], outcomes: Sequence[Outcome]) -> None:
    """Puts outcomes to the tools of calls that came with them: most do, in an import."""
    answers: dict[bytes, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.call in sights:
            answers.setdefault(outcome.call, []).append(outcome)
    for key, found in answers.items():
        sight = sights[key]
        call = sight.priced.call
        call = call._replace(tools=tasks.with_outcomes(call.tools, found))
        sights[key] = sight._replace(priced=sight.priced._replace(call=call))
