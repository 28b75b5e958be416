"""Brings what one question needs into a store of its own: sums of spans by session, or calls.

Costs are those of each call in a span, so that a report is exact whatever it is summed by.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import psycopg

from costtop import periods
from costtop.durations import DAY, MINUTE, QUARTER
from costtop.fleet.mirror import (
    addresses,
    copied_calls,
    copied_sessions,
    copied_sums,
    own_store,
    picture,
    server_rows,
    silent_hosts,
    span_rows,
)
from costtop.fleet.mirror.own_store import OwnStore
from costtop.fleet.mirror.server_rows import HostRow
from costtop.fleet.mirror.span_rows import FleetCall
from costtop.named_tuples import NamedTuple
from costtop.store.calls.rollups import next_rev

_BEFORE = 7 * DAY  # how far back calls are brought of sessions that began before a span
_AHEAD = 10 * MINUTE  # the server takes no time that lies further ahead
_AT_ONCE = 2_000  # rows that are asked for together

Span = tuple[int, int]  # [since, until) in ms UTC
Watch = Callable[[int, int], None]  # hears how many steps are done, and of how many


class AskedRows(NamedTuple):
    """What a question needs. None as an end: all that there is."""

    sums: Sequence[tuple[int | None, int | None]] = ()
    zone: str = ""  # of the local days under which sums stand; "": they stand by quarter hours
    calls: Sequence[Span] = ()
    session: str = ""  # as it is typed: all of its calls


class _Reading:
    """One reading: the connection, the store, and of which sessions there were rows."""

    def __init__(self, db: psycopg.Connection, store: OwnStore, rev: int, watch: Watch) -> None:
        self.db, self.store, self.rev, self.watch = db, store, rev, watch
        self.sessions: set[tuple[int, int]] = set()

    @property
    def teams(self) -> list[int]:
        """The teams that this reader may see."""
        return list(self.store.teams)

    def sums(self, spans: Iterable[Span], zone: str, hosts: Sequence[HostRow]) -> None:
        """Sums by session, a local day after the other; of machines that tell no calls theirs."""
        bare = span_rows.without_calls(self.db)
        plain = [one for one in hosts if (one.team, one.id) in bare]
        days = [day for since, until in spans for day in _days(since, until, zone or "UTC")]
        for done, (since, until) in enumerate(days):
            self.watch(done, len(days))
            at = since // QUARTER if zone else None
            rows = span_rows.sums(self.db, self.teams, since, until, at=at)
            picture.learn(self.db, self.store, copied_calls.told_names(rows))
            copied_calls.put_sums(self.store, rows)
            self.sessions.update((one.team, one.session) for one in rows)
            if plain:
                quarters = since // QUARTER, (until - 1) // QUARTER
                lines = server_rows.spend_of(self.db, plain, quarters, 0)
                names = ((one.team, name) for one in lines for name in one[3:7])
                picture.learn(self.db, self.store, names)
                copied_sums.put_spend(self.store, lines)

    def calls(self, spans: Sequence[Span]) -> None:
        """Calls of spans, and of sessions that began before them what came before."""
        for since, until in spans:
            self.put(span_rows.calls(self.db, self.teams, since, until), booked=False)
        for since, _ in spans:
            for team, mine in self._begun_before(since).items():
                earlier = span_rows.calls_of(self.db, team, mine, since - _BEFORE, since)
                self.put(earlier, booked=False)
        copied_calls.drop_doubles(self.store)

    def _begun_before(self, since: int) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        rows = server_rows.sessions_by_id(self.db, self.sessions)
        for one in rows:
            if one.started is not None and one.started < since <= one.last:
                found.setdefault(one.team, []).append(one.id)
        return found

    def session(self, typed: str) -> None:
        """All calls of the sessions that may be meant, and of those folded into them."""
        host, own = addresses.parted(typed.partition("/")[2] or typed)
        names = [host, host.rpartition("@")[0]]
        found = [
            one
            for one in span_rows.named(self.db, self.teams, names, own)
            if not host or self.store.labels[one.team, one.host] == host
        ]
        found = [one for one in found if one.session == own] or found
        if not found:
            return
        every = [one for root in found for one in span_rows.family(self.db, root)]
        picture.put_sessions(self.db, self.store, every, self.rev)
        if len(found) > 1:
            return
        began = min((one.started for one in every if one.started is not None), default=0)
        ids = [one.id for one in every]
        calls = span_rows.calls_of(self.db, every[0].team, ids, began, 1 << 62)
        self.put(calls, booked=True)

    def put(self, calls: Iterator[FleetCall], *, booked: bool) -> None:
        """Writes calls as they come, with the names that they speak of."""

        def named() -> Iterator[FleetCall]:
            while part := list(islice(calls, _AT_ONCE)):
                picture.learn(self.db, self.store, copied_calls.told_names(part))
                self.sessions.update((one.team, one.session) for one in part)
                yield from part

        copied_calls.put_calls(self.store, named(), booked=booked, rev=self.rev)

    def put_sessions(self) -> None:
        """Writes the sessions of all rows."""
        known = iter(sorted(self.sessions))
        while part := list(islice(known, _AT_ONCE)):
            rows = server_rows.sessions_by_id(self.db, part)
            picture.put_sessions(self.db, self.store, rows, self.rev)
        copied_calls.put_models(self.store)


def fetch(db: psycopg.Connection, store: OwnStore, wanted: AskedRows, watch: Watch) -> None:
    """Brings it into an empty store. Raises psycopg.Error; the store is then empty as before."""
    with server_rows.one_moment(db) as moment, own_store.written(store.db):
        hosts = server_rows.hosts(db)
        copied_sessions.put_hosts(store, hosts)
        reading = _Reading(db, store, next_rev(store.db), watch)
        first, last = span_rows.first(db), moment.now + _AHEAD
        if first is not None:
            spans = [(max(since or 0, first), until or last) for since, until in wanted.sums]
            reading.sums(spans, wanted.zone, hosts)
        reading.calls(wanted.calls)
        if wanted.session:
            reading.session(wanted.session)
        else:
            reading.put_sessions()
        silent_hosts.put(store, hosts, moment.now, reading.rev)
    store.at = moment.now


def _days(since: int, until: int, zone: str) -> Iterator[Span]:
    """[since, until) cut at the beginnings of local days."""
    tz = periods.zone(zone)
    while since < until:
        end = min(periods.end_of("day", since, tz), until)
        yield since, end
        since = end
