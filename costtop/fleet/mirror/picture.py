"""The picture of a fleet: what a screen shows and a steward judges by, kept near the server's.

It holds the sessions of the last day, the minutes of eight days and the spend of five weeks, of all
teams that its reader may see. What changed is asked for by `rev`: of today each time, of what lies
further back one slice of time after another, so that no question is long.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import psycopg

from costtop.durations import DAY, HOUR, MINUTE, QUARTER
from costtop.fleet.mirror import (
    copied_deeds,
    copied_sessions,
    copied_sums,
    own_store,
    server_rows,
    silent_hosts,
    steward_words,
)
from costtop.fleet.mirror.own_store import OwnStore
from costtop.fleet.mirror.server_rows import HostRow, PictureMoment, ServerSession, Slice, SpendRow
from costtop.named_tuples import NamedTuple
from costtop.store import meta
from costtop.store.calls.rollups import next_rev

_AHEAD = 10 * MINUTE  # the server takes no time that lies further ahead
_LATE = 45 * MINUTE  # what comes later than this is found when its slice has its turn


class KeptRollUp(NamedTuple):
    """A roll-up, how it is cut into slices, and how far back it is kept; ms."""

    what: str
    unit: int  # of its times
    slice: int
    back: int
    at_once: int  # slices that were never read, of one pull


MINUTES = KeptRollUp("minutes", MINUTE, HOUR, 8 * DAY, 24)
SPEND = KeptRollUp("spend", QUARTER, 3 * HOUR, 35 * DAY, 24)
_FEW = 50  # hosts up to which all are asked each time
_ALL = 10_000  # ms after which all are asked where there are more
_TURN = 1_000  # ms after which another slice of the past has its turn
Slices = dict[tuple[str, int], Slice]
_KEPT = (MINUTES, SPEND)
_OF_SESSIONS = ("sessions", 0)


def opened(path: Path, told: dict[str, str], *, has_ledger: bool = True) -> OwnStore:
    """The store of a picture, to be pulled into; `told` are values of `meta` that readers go by.

    What the steward says is pulled too, but by the steward itself, whose own ledger lies there.
    """
    store = own_store.opened(path, told)
    store.has_ledger = has_ledger
    return store


def pull(db: psycopg.Connection, store: OwnStore) -> bool:
    """Brings what has changed; whether any sum has. Until `is_whole` older slices are missing.

    Raises psycopg.Error; the store is then as it was.
    """
    before = store.changes
    try:
        with server_rows.one_moment(db) as moment, own_store.written(store.db):
            hosts = server_rows.hosts(db)
            _meet(store, hosts, moment)
            rev = next_rev(store.db)
            if len(hosts) <= _FEW or moment.now >= store.swept + _ALL or not is_whole(store):
                _pull_sessions(db, store, moment, rev)
                _pull_spend(db, store, _due(store, SPEND, moment), moment, rev)
                _pull_minutes(db, store, _due(store, MINUTES, moment), moment)
                store.swept = moment.now
                store.told = {(one.team, one.id): (one.seen, moment.since) for one in hosts}
            else:
                _pull_moved(db, store, hosts, moment, rev)
            silent_hosts.put(store, hosts, moment.now, rev)
            if store.has_ledger:
                steward_words.pull(db, store.db)
                copied_deeds.pull_deeds(db, store, moment.now)
            else:
                copied_deeds.pull_windows(db, store)
            moved = store.changes != before
            if moved:
                store.save_slices()
    except BaseException:
        store.remember()
        raise
    store.at = moment.now
    return moved


def pull_whole(
    db: psycopg.Connection, store: OwnStore, watch: Callable[[int, int], None] | None = None
) -> None:
    """Pulls until nothing is missing; `watch` hears how many slices there are, and of how many."""
    pull(db, store)
    while not is_whole(store):
        if watch:
            watch(*left(store))
        pull(db, store)


def is_whole(store: OwnStore) -> bool:
    """Whether every slice has been read once: then sums of a month are those of the server."""
    return all(key in store.slices for kept in _KEPT for key in _keys(kept, store.at))


def left(store: OwnStore) -> tuple[int, int]:
    """(slices that were read, all of them)."""
    every = [key for kept in _KEPT for key in _keys(kept, store.at)]
    return sum(key in store.slices for key in every), len(every)


def _meet(store: OwnStore, hosts: Sequence[HostRow], moment: PictureMoment) -> None:
    """Who there is; what was read before is of no use where the server or its teams are others."""
    known = {row[0] for row in store.db.execute("SELECT DISTINCT team FROM fleet_hosts")}
    set_back = any(rev > moment.since for rev in store.slices.values())
    if set_back:
        copied_sessions.put_hosts(store, ())
    if set_back or not known >= {one.team for one in hosts}:
        store.drop_slices(list(store.slices))
    copied_sessions.put_hosts(store, hosts)


def _pull_sessions(
    db: psycopg.Connection, store: OwnStore, moment: PictureMoment, rev: int
) -> None:
    since = store.slices.get(_OF_SESSIONS, 0)
    rows = server_rows.sessions(db, list(store.teams), moment.now - DAY, since)
    put_sessions(db, store, rows, rev)
    store.slices[_OF_SESSIONS] = moment.since


def put_sessions(
    db: psycopg.Connection, store: OwnStore, rows: list[ServerSession], rev: int
) -> None:
    """Writes sessions with the roots that they are folded into."""
    learn(db, store, ((one.team, name) for one in rows for name in one[3:8]))
    more = server_rows.roots(db, copied_sessions.missing_roots(store, rows)) if rows else []
    learn(db, store, ((one.team, name) for one in more for name in one[3:8]))
    copied_sessions.put(store, [*more, *rows], rev)


def learn(db: psycopg.Connection, store: OwnStore, wanted: Iterable[tuple[int, int]]) -> None:
    """Asks for the names, as (team, number), that the store does not know yet."""
    if unknown := store.unknown(wanted):
        store.learn(server_rows.names(db, unknown))


def _pull_moved(
    db: psycopg.Connection,
    store: OwnStore,
    hosts: Sequence[HostRow],
    moment: PictureMoment,
    rev: int,
) -> None:
    """What hosts that told something changed of the last hour. All else waits until all are asked:
    what comes late, and what a host told of another one's calls.
    """
    if moment.now >= store.turned + _TURN:
        _pull_spend(db, store, _due(store, SPEND, moment, present=False), moment, rev)
        _pull_minutes(db, store, _due(store, MINUTES, moment, present=False), moment)
        store.turned = moment.now
    moved = [one for one in hosts if store.told.get((one.team, one.id), (0, 0))[0] != one.seen]
    if not moved:
        return
    since = min(store.told.get((one.team, one.id), (0, 0))[1] for one in moved)
    rows = server_rows.sessions_of(db, moved, moment.now - DAY, since)
    put_sessions(db, store, rows, rev)
    first, last = moment.now - _LATE, moment.now + _AHEAD
    quarters = first // QUARTER, last // QUARTER
    _put_spend(db, store, server_rows.spend_of(db, moved, quarters, since), moment, rev)
    span = first // MINUTE, last // MINUTE
    copied_sums.put_minutes(store, server_rows.minutes_of(db, rows, span, since))
    store.told |= {(one.team, one.id): (one.seen, moment.since) for one in moved}


def _pull_spend(
    db: psycopg.Connection, store: OwnStore, slices: Slices, moment: PictureMoment, rev: int
) -> None:
    rows = server_rows.spend(db, list(store.teams), list(slices.values()))
    _put_spend(db, store, rows, moment, rev)
    store.slices |= dict.fromkeys(slices, moment.since)


def _put_spend(
    db: psycopg.Connection, store: OwnStore, rows: list[SpendRow], moment: PictureMoment, rev: int
) -> None:
    learn(db, store, ((one.team, name) for one in rows for name in one[3:7]))
    before = store.changes
    copied_sums.put_spend(store, rows)
    past = any(one.quarter < moment.now // QUARTER for one in rows)
    if past and store.changes != before:
        meta.settle(store.db, rev)


def _pull_minutes(
    db: psycopg.Connection, store: OwnStore, slices: Slices, moment: PictureMoment
) -> None:
    rows = server_rows.minutes(db, list(store.teams), list(slices.values()))
    copied_sums.put_minutes(store, rows)
    store.slices |= dict.fromkeys(slices, moment.since)


def _due(
    store: OwnStore, kept: KeptRollUp, moment: PictureMoment, *, present: bool = True
) -> Slices:
    """The slices to ask for: those of now, some that were never read, one or two of the others."""
    keys = _keys(kept, moment.now)
    old = [key for key in store.slices if key[0] == kept.what and key not in keys]
    if old:
        store.drop_slices(old)
        _drop_before(store, kept, keys[-1][1])
    first, last = ((moment.now + by) // kept.slice for by in (-_LATE, _AHEAD))
    now = [key for key in keys if first <= key[1] <= last]
    unread = [key for key in keys if key not in store.slices and key not in now]
    read = [key for key in keys if key in store.slices and key not in now]
    if not present:
        now = []
    for part in (read[: DAY // kept.slice], read[DAY // kept.slice :]):  # the last day more often
        now += sorted(part, key=lambda key: store.slices[key])[:1]
    now += unread[: kept.at_once]
    size = kept.slice // kept.unit
    return {key: Slice(key[1] * size, (key[1] + 1) * size, store.slices.get(key, 0)) for key in now}


def _keys(kept: KeptRollUp, now: int) -> list[tuple[str, int]]:
    """The slices that are kept at `now`, newest first."""
    newest, oldest = (now + _AHEAD) // kept.slice, (now - kept.back) // kept.slice
    return [(kept.what, number) for number in range(newest, oldest - 1, -1)]


def _drop_before(store: OwnStore, kept: KeptRollUp, oldest: int) -> None:
    first = oldest * kept.slice // kept.unit
    if kept is MINUTES:
        store.db.execute("DELETE FROM minutes WHERE minute < ?", (first,))
        return
    for table in ("spend", "floors"):
        where = "quarter < ? AND quarter > ?"
        store.db.execute(f"DELETE FROM {table} WHERE {where}", (first, copied_sessions.NO_TIME))
