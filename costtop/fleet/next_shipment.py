"""What leaves this machine next: rows of the store as a shipment."""

import sqlite3
from collections.abc import Sequence

from costtop.fleet.naming import Naming
from costtop.fleet.shipment import Shipment, SumShipment
from costtop.fleet.shipped_rows import shipped, summed
from costtop.named_tuples import NamedTuple
from costtop.store import outgoing, unsent, unsent_sums
from costtop.store.db import snapshot
from costtop.store.outgoing import BatchTaken, Mark, Place, Shipping
from costtop.store.unsent import UnsentHistory

AT_ONCE = 500  # calls of a batch; the server takes up to 2,000
_LINES = 10  # of a quarter of an hour, about


class OutgoingBatch(NamedTuple):
    """One batch, and what may be crossed out once the server has answered."""

    shipment: Shipment | SumShipment
    upto: int  # the number up to which everything has gone, with this
    done: BatchTaken  # for `outgoing.sent`
    live: bool  # what has changed; else what was stored before
    more: bool  # there is more to send
    rows: tuple[int, ...]  # of the shipment's calls here: for `outgoing.set_aside`


class ShippingOutbox:
    """What a store has not sent yet, batch by batch."""

    def __init__(self, db: sqlite3.Connection, naming: Naming, detail: str = "calls") -> None:
        """`detail` is that of `[fleet]`: calls, sessions or spend."""
        self._db, self._naming, self._detail = db, naming, detail
        self._history = UnsentHistory(db)

    def next(self, limit: int = AT_ONCE, sent: Sequence[BatchTaken] = ()) -> OutgoingBatch | None:
        """The next batch; None where nothing waits. `sent` are on their way: they are left out."""
        with snapshot(self._db):
            stands = outgoing.shipping(self._db)
            if not stands.joined:
                return None
            ours = [one for one in sent if one.turn == stands.turn]
            live = self._changed(stands, ours, limit)
            return live or self._stored(stands, ours, limit)

    def _changed(
        self, stands: Shipping, sent: Sequence[BatchTaken], limit: int
    ) -> OutgoingBatch | None:
        ranges = [one for done in sent for one in done.live]
        mark = max((stands.changed, *(_mark(one) for one in sent)))
        told, upto_mark = unsent.changed_sessions(self._db, mark, limit)
        shipment, rows, taken, left = self._content(stands, ranges, told, limit)
        if not taken and upto_mark is None:
            return None
        upto = stands.acked if left else max((last for _, last in (*ranges, *taken)), default=0)
        done = BatchTaken(
            live=taken,
            changed=None if upto_mark is None else list(upto_mark),
            upto=max(upto, stands.acked),
            turn=stands.turn,
        )
        more = left or len(told) >= limit or stands.history is not None
        return OutgoingBatch(shipment, done.upto, done, live=True, more=more, rows=rows)

    def _content(
        self, stands: Shipping, ranges: Sequence[Sequence[int]], told: Sequence[int], limit: int
    ) -> tuple[Shipment | SumShipment, tuple[int, ...], list[list[int]], bool]:
        """What has changed as it leaves; rows of calls, numbers taken, whether more is left."""
        if stands.sums:
            sums = unsent_sums.changes(self._db, max(1, limit // _LINES), ranges)
            shipment = self._summed(sums.quarters, told, sums.gone)
            return shipment, (), sums.taken, sums.left
        found = unsent.changes(self._db, limit, ranges)
        calls = unsent.calls(self._db, found.calls)
        shipped_calls = shipped(self._db, self._naming, calls, told, found.gone)
        return shipped_calls, tuple(one.row for one in calls), found.taken, found.left

    def _stored(
        self, stands: Shipping, sent: Sequence[BatchTaken], limit: int
    ) -> OutgoingBatch | None:
        place = _place(stands, sent)
        if place is None:
            return None
        shipment: Shipment | SumShipment
        rows: tuple[int, ...] = ()
        if stands.sums:
            shipment, on = self._sums_before(place, limit)
        else:
            calls, sessions, on = self._history.after(place, limit)
            shipment = shipped(self._db, self._naming, calls, sessions, ())
            rows = tuple(one.row for one in calls)
        upto = max((stands.acked, 1, *(one.upto for one in sent)))
        done = BatchTaken(history=[] if on is None else list(on), upto=upto, turn=stands.turn)
        return OutgoingBatch(shipment, upto, done, live=False, more=on is not None, rows=rows)

    def _sums_before(self, place: Place, limit: int) -> tuple[SumShipment, Place | None]:
        """The day before a place as a whole; sessions without a call behind the last one."""
        day = None if place[0] == unsent.AGENTLESS else self._history.day_before(place[0])
        if day is not None:
            quarters, sessions = unsent_sums.of_day(self._db, day)
            return self._summed(quarters, sessions, ()), (day, 0, 0, 0)
        _, without, on = self._history.after((unsent.AGENTLESS, *place[1:]), limit)
        return self._summed((), without, ()), on

    def _summed(
        self, quarters: Sequence[int], sessions: Sequence[int], gone: Sequence[tuple[str, str, str]]
    ) -> SumShipment:
        detail = "spend" if self._detail == "spend" else "sessions"
        return summed(self._db, self._naming, quarters, sessions, gone, detail=detail)


def _mark(done: BatchTaken) -> Mark:
    return (0, 0) if done.changed is None else (done.changed[0], done.changed[1])


def _place(stands: Shipping, sent: Sequence[BatchTaken]) -> Place | None:
    """Where history goes on, behind what is on its way; None where all of it went."""
    places = [done.history for done in sent if done.history is not None]
    if stands.history is None or [] in places:
        return None
    day, session, at, row = max((stands.history, *places), key=outgoing.progress)
    return (day, session, at, row)


def newest(
    db: sqlite3.Connection, naming: Naming, limit: int, detail: str = "calls"
) -> Shipment | SumShipment:
    """The newest of a store as it would leave, whether it has or not."""
    with snapshot(db):
        if detail == "calls":
            calls, sessions, _ = UnsentHistory(db).after(outgoing.BEGINNING, limit)
            return shipped(db, naming, calls, sessions, ())
        day = UnsentHistory(db).day_before(outgoing.BEGINNING[0])
        quarters, rows = ([], []) if day is None else unsent_sums.of_day(db, day)
        return summed(db, naming, quarters, rows, (), detail=detail)
