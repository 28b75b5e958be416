"""Writes the calls of one batch: what each becomes beside the table, and all that depends on it.

A call that is new and of which nothing else tells is written as it came, by columns. All others are
merged one by one with what is known of them.
"""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate, chain

from costtop.columnar.call_columns import kind_of
from costtop.model import Call, Context, Outcome, Spend
from costtop.named_tuples import NamedTuple
from costtop.store.calls.arrivals import Arrivals, FewArrivals
from costtop.store.calls.batch_contexts import Filling, hear
from costtop.store.calls.call_row import (
    HEARD,
    MODALITY,
    SETTLED,
    TIER,
    UNREADABLE,
    YIELDS,
    CallRow,
    Rank,
    merged,
    tokens_of,
)
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
from costtop.store.calls.rollups import Deltas
from costtop.store.calls.spends import Spends
from costtop.store.calls.told_contexts import Affected
from costtop.store.calls.write_context import WriteContext
from costtop.store.names import read_context, read_name
from costtop.store.sessions import resting_totals, tasks
from costtop.store.sessions.tasks import ToolRow

_NOTHING = (None, None, None)
_FLAGS = CallRow._fields.index("flags")


class Written(NamedTuple):
    """What a batch has changed."""

    spent: Spends
    removed: int  # calls gone, or of another user or feature now
    late: list[Outcome]  # of tools of calls that were stored before


class _Batch(NamedTuple):
    """The calls of a batch, and what is known of them."""

    arrived: Arrivals | FewArrivals
    slots: dict[bytes, int]  # where each stands among those that arrived
    sights: dict[bytes, Sight]  # those of which something else tells too
    joined: Joined
    stored: dict[bytes, Stored]
    maybe: set[bytes]  # halves of keys that may be stored
    yielding: set[bytes]  # keys of side copies
    side: set[bytes]  # keys of those of them that do not count
    fresh: bytes  # 1 where a call stands that is to be inserted
    numbers: list[int]  # the table's last row before each of them, and after all

    @property
    def inserted(self) -> range:
        """The rows of those that are fresh, in order."""
        return range(self.numbers[0] + 1, self.numbers[-1] + 1)


class _Became(NamedTuple):
    """What became of the calls of which something else tells too."""

    rows: dict[int, CallRow]  # that are new or others now, by where they stand
    updates: list[tuple[int, CallRow]]
    spends: dict[int, Spend]
    tools: list[ToolRow]


def store(
    db: sqlite3.Connection,
    into: WriteContext,
    arrived: Arrivals | FewArrivals,
    outcomes: Sequence[Outcome],
    affected: dict[int, Affected],
    rev: int,
) -> Written:
    """Writes what has arrived, with the outcomes that came with it, and every roll-up of it."""
    batch, gone = _batch(db, into, arrived, outcomes, affected)
    filling = Filling(db, into, batch.stored.values(), affected)
    deltas = Deltas()
    became = _merged(db, into, batch, filling, deltas)
    arrived.become(became.rows)
    new = arrived.chosen(batch.fresh)
    booked = _marked(batch.fresh, became.rows, 1)
    deltas.add(new if booked == batch.fresh else arrived.chosen(booked))
    gone += overtaken(db, _messages(batch), batch.maybe)
    delete(db, gone)
    for item in gone:
        deltas.book(item.row, -1)
    updates = became.updates + filling.rest(_rows(batch, gone) if affected else (), deltas)
    write(db, batch.inserted, new, updates)
    into.filled_here.written(_last(db) if gone else batch.numbers[-1])
    filling.write()
    plain = _marked(batch.fresh, [batch.slots[key] for key in batch.sights], 0)
    tools = arrived.tools(batch.numbers[1:], plain)
    if became.tools:
        added = zip(*became.tools, strict=True)
        tools = [[*one, *more] for one, more in zip(tools, added, strict=True)]
    tasks.write_tools(db, into.names, tools)
    resting_totals.drop(db, _asked_again(batch))
    deltas.write(db, rev, into.names.parts)
    spent = Spends(arrived, plain, became.spends, _labels(db, into, arrived))
    return Written(spent, len(gone) + filling.regrouped, _late(batch, outcomes))


def _batch(
    db: sqlite3.Connection,
    into: WriteContext,
    arrived: Arrivals | FewArrivals,
    outcomes: Sequence[Outcome],
    affected: dict[int, Affected],
) -> tuple[_Batch, list[Stored]]:
    """What is known of the calls; rows that count no more."""
    slots = arrived.slots()
    arrived.answer(outcomes, slots)
    heard = into.heard.matters(db, comes=arrived.has(HEARD))
    every = heard or into.told.matters(db)
    sights: dict[bytes, Sight] = {}
    for n in arrived.looked_at(slots, every=every):
        see(sights, arrived.sight(n))
    joined, gone = Joined(sights, {}, {}), list[Stored]()
    if heard:
        joined, gone = _joined(db, into, sights, affected)
        sights = joined.sights
    if every:  # some have another's key by now: each stands where it came first
        slots = {key: n for n, key in enumerate(sights)}
    last = _last(db)
    keys = into.filled_here.maybe(list(slots), last)
    maybe, stored = {key[:8] for key in keys}, joined.stored | lookup(db, keys)
    for key in stored.keys() - sights.keys():
        sights[key] = arrived.sight(slots[key])
    yielding = _yielding(arrived, slots, sights)
    side = side_copies(db, slots, yielding, maybe)
    known = [slots[key] for key in chain(stored, side) if key in slots]
    fresh = _marked(_marked(bytes(arrived.size), slots.values(), 1), known, 0)
    numbers = list(accumulate(fresh, initial=last))
    batch = _Batch(arrived, slots, sights, joined, stored, maybe, yielding, side, fresh, numbers)
    return batch, gone


def _merged(
    db: sqlite3.Connection, into: WriteContext, batch: _Batch, filling: Filling, deltas: Deltas
) -> _Became:
    """What becomes of the calls of which something else tells too."""
    became = _Became({}, [], {}, [])
    contexts = batch.joined.contexts
    for key, sight in batch.sights.items():
        if key in batch.side:
            continue
        n, known = batch.slots[key], batch.stored.get(key)
        number = known.id if known else batch.numbers[n + 1]
        row = _final(db, into, sight, known and filling.bare(known), contexts.get(key))
        if filling.matters or contexts:
            row = filling.row(number, row, known, joined=key in contexts)
        if known is None:
            became.rows[n] = row
        elif row != known.row:
            became.rows[n] = row
            became.updates.append((known.id, row))
            deltas.book(known.row, -1)
        asked = sight.priced.call.tools
        became.tools.extend(tasks.rows_of(number, asked))
        if not row.flags & UNREADABLE and (n in became.rows or asked):
            became.spends[n] = _spend(into, db, sight, row, known.row if known else None)
    return became


def _yielding(
    arrived: Arrivals | FewArrivals, slots: Mapping[bytes, int], sights: Mapping[bytes, Sight]
) -> set[bytes]:
    """Keys of the calls that are side copies."""
    if not arrived.has(YIELDS):
        return set()
    flags = arrived.rows[_FLAGS] if isinstance(arrived, Arrivals) else ()
    told = ((key, sights[key].row.flags if key in sights else flags[n]) for key, n in slots.items())
    return {key for key, flag in told if flag & YIELDS}


def _messages(batch: _Batch) -> list[bytes]:
    """Keys of those that came now and are no side copies, of halves that may be stored."""
    if not batch.maybe:
        return []
    came = [key for key, n in batch.slots.items() if batch.fresh[n] or key in batch.joined.stored]
    return [key for key in came if key not in batch.yielding]


def _rows(batch: _Batch, gone: Sequence[Stored]) -> set[int]:
    """The rows that the batch itself writes or deletes."""
    own = (known.id for key, known in batch.stored.items() if key in batch.slots)
    return {*batch.inserted, *own, *(one.id for one in gone)}


def _asked_again(batch: _Batch) -> set[int]:
    """Sessions of stored calls that ask for tools here."""
    return {
        known.row.session
        for key, known in batch.stored.items()
        if key in batch.sights and key not in batch.side and batch.sights[key].priced.call.tools
    }


def _late(batch: _Batch, outcomes: Sequence[Outcome]) -> list[Outcome]:
    slots, fresh = batch.slots, batch.fresh
    return [one for one in outcomes if one.call not in slots or not fresh[slots[one.call]]]


def _labels(
    db: sqlite3.Connection, into: WriteContext, arrived: Arrivals | FewArrivals
) -> list[str]:
    labels = {
        session: into.sessions.label_of(db, session)
        for session in {one.session for one in arrived.ids}
    }
    return [labels[one.session] for one in arrived.ids]


def _marked(which: bytes, places: Collection[int], mark: int) -> bytes:
    """The same, with `mark` (1 or 0) in these places."""
    if not places:
        return which
    changed = bytearray(which)
    for n in places:
        changed[n] = mark
    return bytes(changed)


def _last(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(max(id), 0) FROM calls").fetchone()[0])


def _joined(
    db: sqlite3.Connection,
    into: WriteContext,
    sights: dict[bytes, Sight],
    affected: dict[int, Affected],
) -> tuple[Joined, list[Stored]]:
    """The batch with heard calls made one with logged ones, and rows that no longer count."""
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
    ids = sight.ids or into.ids(db, kind_of(call))
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
    return Spend._make(spend)
