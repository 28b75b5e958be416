"""Writes a fleet's calls, or their sums by session, into a store of costtop's own.

Tools, tasks and lists of prices stay on the machine that made a call.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from costtop.fleet.mirror import copied_sums
from costtop.fleet.mirror.own_store import LINE, OwnStore, session_id
from costtop.fleet.mirror.span_rows import FleetCall, SessionSum
from costtop.store.calls import merge
from costtop.store.calls.call_row import CallRow
from costtop.store.calls.rollups import Deltas

_AT_ONCE = 4_000  # rows that are written together
_SUMS = (
    "calls, errors, unpriced, cost, reported, reported_calls,"
    " input, cache_read, cache_write, cache_write_1h, output, reasoning"
)
_SPEND = f"INSERT INTO spend ({LINE}, {_SUMS}) VALUES (?{', ?' * 16})"
_NOTHING_YET = ", ".join(f"{one} = 0" for one in _SUMS.split(", "))


def put_sums(store: OwnStore, rows: Iterable[SessionSum]) -> None:
    """Writes lines of spend, each in its session, and what they lack."""
    for one in rows:
        line = (
            one.quarter,
            session_id(one.team, one.session),
            store.context(one.team, one.host, one.user, one.project),
            store.name(one.team, one.model),
            store.name(one.team, one.feature),
        )
        store.db.execute(_SPEND, (*line, *one[8:11], *one[12:]))
        copied_sums.put_floors(store.db, line, {"unpriced": one.unpriced, "placeholder": one.short})


def put_models(store: OwnStore) -> None:
    """Which models each session used is what its lines of spend say."""
    store.db.execute("DELETE FROM session_models")
    store.db.execute(
        "INSERT INTO session_models SELECT session, model, sum(calls), sum(cost),"
        " sum(input + output) FROM spend GROUP BY 1, 2"
    )


def put_calls(store: OwnStore, rows: Iterable[FleetCall], *, booked: bool, rev: int) -> None:
    """Writes calls, in order of time; where they are `booked` all sums are theirs alone."""
    every, deltas = iter(rows), Deltas()
    last = store.db.execute("SELECT coalesce(max(id), 0) FROM calls").fetchone()[0]
    while part := [_row(store, one) for one in islice(every, _AT_ONCE)]:
        columns = list(zip(*part, strict=True))
        merge.write(store.db, range(last + 1, last + 1 + len(part)), columns, [])
        last += len(part)
        if booked:
            deltas.add(columns)
    if booked:
        store.db.execute(f"UPDATE sessions SET {_NOTHING_YET}")
        for table in ("spend", "minutes", "session_models"):
            store.db.execute(f"DELETE FROM {table}")
        store.db.execute("DELETE FROM floors WHERE reason <> 'silent'")
        deltas.write(store.db, rev)


def drop_doubles(store: OwnStore) -> None:
    """Leaves of each call one row: what came before one span may stand in another."""
    store.db.execute(
        "DELETE FROM calls WHERE id NOT IN (SELECT min(id) FROM calls GROUP BY session, key)"
    )


def _row(store: OwnStore, one: FleetCall) -> CallRow:
    return CallRow(
        key=one.key,
        computed=one.computed,
        session=session_id(one.team, one.session),
        context=store.context(one.team, one.host, one.user, one.project),
        feature=store.name(one.team, one.feature),
        model=store.name(one.team, one.model),
        provider=0,
        variant=0,
        at=one.at,
        seen=one.at,
        input=one.input,
        cache_read=one.cache_read,
        cache_write=one.cache_write,
        cache_write_1h=one.cache_write_1h,
        output=one.output,
        reasoning=one.reasoning,
        searches=0,
        cost=one.cost,
        reported=one.reported,
        card=None,
        place=0,
        offset=0,
        request=None,
        flags=one.flags,  # 1 and 2 are the same here: failed, less than was billed
        attempt=1,
        media=None,
    )


def told_names(rows: Iterable[FleetCall | SessionSum]) -> Iterator[tuple[int, int]]:
    """(team, number) of the names that rows speak of."""
    for one in rows:
        for name in (one.user, one.project, one.model, one.feature):
            yield one.team, name
