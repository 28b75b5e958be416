"""What leaves this machine next: rows of the store as a shipment. It opens and sends nothing."""

import sqlite3
from collections.abc import Iterable, Sequence

from costtop.fleet.naming import Naming
from costtop.fleet.shipment import FAILED, SHORT, Shipment, ShippedCall, ShippedSession
from costtop.named import NamedTuple
from costtop.store import outgoing, unsent
from costtop.store.calls.call_row import ANY_SHORT, ERROR, shortfall
from costtop.store.db import snapshot
from costtop.store.outgoing import Done, Mark, Place, Shipping
from costtop.store.unsent import History, StoredCall, StoredSession

AT_ONCE = 500  # calls of a batch; the server takes up to 2,000


class Batch(NamedTuple):
    """One batch, and what may be crossed out once the server has answered."""

    shipment: Shipment
    upto: int  # the number up to which everything has gone, with this
    done: Done  # for `outgoing.sent`
    live: bool  # what has changed; else what was stored before
    more: bool  # there is more to send
    rows: tuple[int, ...]  # of the shipment's calls here: for `outgoing.set_aside`


class Outbox:
    """What a store has not sent yet, batch by batch."""

    def __init__(self, db: sqlite3.Connection, naming: Naming) -> None:
        self._db, self._naming = db, naming
        self._history = History(db)

    def next(self, limit: int = AT_ONCE, sent: Sequence[Done] = ()) -> Batch | None:
        """The next batch; None where nothing waits. `sent` are on their way: they are left out."""
        with snapshot(self._db):
            stands = outgoing.shipping(self._db)
            if not stands.joined:
                return None
            ours = [one for one in sent if one.turn == stands.turn]
            live = self._changed(stands, ours, limit)
            return live or self._stored(stands, ours, limit)

    def _changed(self, stands: Shipping, sent: Sequence[Done], limit: int) -> Batch | None:
        ranges = [one for done in sent for one in done.live]
        found = unsent.changes(self._db, limit, ranges)
        mark = max((stands.changed, *(_mark(one) for one in sent)))
        told, upto_mark = unsent.changed_sessions(self._db, mark, limit)
        if not found.taken and upto_mark is None:
            return None
        taken = [last for _, last in (*ranges, *found.taken)]
        upto = stands.acked if found.left or not taken else max(taken)
        done = Done(
            live=found.taken,
            changed=None if upto_mark is None else list(upto_mark),
            upto=upto,
            turn=stands.turn,
        )
        calls = unsent.calls(self._db, found.calls)
        shipment = shipped(self._db, self._naming, calls, told, found.gone)
        more = found.left or len(told) >= limit or stands.history is not None
        return Batch(shipment, upto, done, True, more, tuple(one.row for one in calls))

    def _stored(self, stands: Shipping, sent: Sequence[Done], limit: int) -> Batch | None:
        place = _place(stands, sent)
        if place is None:
            return None
        calls, sessions, on = self._history.after(place, limit)
        upto = max((stands.acked, 1, *(one.upto for one in sent)))
        done = Done(history=[] if on is None else list(on), upto=upto, turn=stands.turn)
        shipment = shipped(self._db, self._naming, calls, sessions, ())
        rows = tuple(one.row for one in calls)
        return Batch(shipment, upto, done, False, on is not None, rows)


def _mark(done: Done) -> Mark:
    return (0, 0) if done.changed is None else (done.changed[0], done.changed[1])


def _place(stands: Shipping, sent: Sequence[Done]) -> Place | None:
    """Where history goes on, behind what is on its way; None where all of it went."""
    places = [done.history for done in sent if done.history is not None]
    if stands.history is None or [] in places:
        return None
    day, session, at, row = max((stands.history, *places), key=outgoing.progress)
    return (day, session, at, row)


def newest(db: sqlite3.Connection, naming: Naming, limit: int) -> Shipment:
    """The newest calls of a store as they would leave, whether they have or not."""
    with snapshot(db):
        calls, sessions, _ = History(db).after(outgoing.BEGINNING, limit)
        return shipped(db, naming, calls, sessions, ())


def shipped(
    db: sqlite3.Connection,
    naming: Naming,
    calls: Sequence[StoredCall],
    sessions: Iterable[int],
    gone: Sequence[bytes],
) -> Shipment:
    """Calls, their sessions and others (rows), and keys that are gone, as they leave."""
    rows = list(dict.fromkeys([*(one.session for one in calls), *sessions]))
    known = unsent.sessions(db, rows)
    places = {one.row: number for number, one in enumerate(known)}
    return Shipment(
        [_session(naming, one) for one in known],
        [_call(naming, one, places[one.session]) for one in calls],
        gone,
    )


def halves(shipment: Shipment) -> tuple[Shipment, Shipment]:
    """A shipment of several calls as two; what is not of calls goes with the first."""
    middle = len(shipment.calls) // 2
    first, second = shipment.calls[:middle], shipment.calls[middle:]
    return shipment._replace(calls=first), Shipment(shipment.sessions, second)


def _session(naming: Naming, one: StoredSession) -> ShippedSession:
    return ShippedSession(
        source=naming.source(one.source),
        session=naming.session(one.session),
        agent=naming.session(one.agent),
        root=naming.session(one.root),
        user=naming.name("user", one.user),
        project=naming.name("project", one.project),
        feature=naming.name("feature", one.feature),
        model=naming.name("model", one.model),
        started=one.started,
        last=one.last,
        ended=one.ended,
    )


def _call(naming: Naming, one: StoredCall, of: int) -> ShippedCall:
    flags = FAILED if one.flags & ERROR else 0
    if one.flags & ANY_SHORT:
        counted = bool(one.input or one.output)
        flags |= SHORT if shortfall(one.flags, one.cost, one.computed, counted=counted) else 0
    return ShippedCall(
        key=one.key,
        of=of,
        at=one.at,
        model=naming.name("model", one.model),
        feature=naming.name("feature", one.feature),
        project=naming.name("project", one.project),
        user=naming.name("user", one.user),
        input=one.input,
        cache_read=one.cache_read,
        cache_write=one.cache_write,
        cache_write_1h=one.cache_write_1h,
        output=one.output,
        reasoning=one.reasoning,
        flags=flags,
        cost=one.cost,
        computed=one.computed,
        reported=one.reported,
    )
