"""What a reader asks of a fleet's server: rows as they stand there. It writes nothing anywhere.

All of one picture is read in one transaction that sees one moment. `rev` is the transaction that
changed a row last; who asks for `rev >=` the `since` of its reading before misses nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg

from costtop.named_tuples import NamedTuple

T = TypeVar("T")
PATIENCE = 2_000  # ms that the server may take for one answer

_BEGIN = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
    f" SET LOCAL statement_timeout = {PATIENCE}; SET LOCAL jit = off"
).encode()
_MOMENT = b"""
SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint"""
_MARK = b"SELECT count(*), coalesce(sum(h.seen), 0)::bigint FROM costtop.hosts h"
_HOSTS = b"""
SELECT h.team, h.id, t.name, h.name, h.version, h.seen, h.skew_ms, h.lag_ms, h.window_ms, h.idle_ms,
       CASE WHEN h.accepts = '{}' THEN '-' ELSE coalesce(array_to_string(h.accepts, ' '), '') END
FROM costtop.hosts h JOIN costtop.teams t ON t.id = h.team ORDER BY 3, 4"""
SESSION = """
SELECT s.team, s.id, s.host, s.source, s.usr, s.project, s.feature, s.model, s.started, s.last,
       s.ended, s.calls, s.errors, s.unpriced, s.short, s.cost, s.input, s.cache_read,
       s.cache_write, s.output, s.session, s.agent, s.root
FROM """
_SESSIONS = f"{SESSION} costtop.sessions s WHERE s.team = ANY(%s) AND s.last >= %s AND s.rev >= %s"
_SESSIONS_OF = (
    f"{SESSION} unnest(%s::smallint[], %s::int[]) k(team, host) CROSS JOIN LATERAL"
    " (SELECT * FROM costtop.sessions q WHERE q.team = k.team AND q.host = k.host AND q.last >= %s"
    " AND q.rev >= %s OFFSET 0) s"
)
_BY_ID = (
    f"{SESSION} unnest(%s::smallint[], %s::bigint[]) k(team, id) CROSS JOIN LATERAL"
    " (SELECT * FROM costtop.sessions q WHERE q.team = k.team AND q.id = k.id OFFSET 0) s"
)
_ROOTS = (
    f"{SESSION} unnest(%s::smallint[], %s::int[], %s::int[], %s::text[])"
    " k(team, host, source, session) CROSS JOIN LATERAL (SELECT * FROM costtop.sessions q"
    " WHERE q.team = k.team AND q.host = k.host AND q.source = k.source AND q.session = k.session"
    " AND q.agent = '' OFFSET 0) s"
)
_NAMES = b"""
SELECT n.team, n.id, n.text FROM unnest(%s::smallint[], %s::int[]) k(team, id)
CROSS JOIN LATERAL (SELECT * FROM costtop.names q WHERE q.team = k.team AND q.id = k.id OFFSET 0) n
"""
_SPEND = """
SELECT m.quarter, m.team, m.host, m.usr, m.project, m.model, m.feature, m.calls, m.errors,
       m.unpriced, m.short, m.cost, m.input, m.cache_read, m.cache_write, m.output FROM """
_MINUTE = "SELECT m.minute, m.team, m.session, m.cost, m.calls, m.unpriced, m.tokens FROM "
_SPEND_OF = (
    f"{_SPEND} unnest(%s::smallint[], %s::int[]) k(team, host) CROSS JOIN"
    " generate_series(%s::int, %s::int) g CROSS JOIN LATERAL (SELECT * FROM costtop.spend q"
    " WHERE q.team = k.team AND q.quarter = g AND q.host = k.host AND q.rev >= %s OFFSET 0) m"
)
_MINUTES_OF = (
    f"{_MINUTE} unnest(%s::smallint[], %s::bigint[]) k(team, session) CROSS JOIN"
    " generate_series(%s::int, %s::int) g CROSS JOIN LATERAL (SELECT * FROM costtop.minutes q"
    " WHERE q.team = k.team AND q.minute = g AND q.session = k.session AND q.rev >= %s OFFSET 0) m"
)
_SLICES = "unnest(%s::smallint[]) t(team) CROSS JOIN unnest(%s::int[], %s::int[], %s::bigint[])"
_MINUTES_IN = f"""{_MINUTE} {_SLICES}
  k(since, until, rev) CROSS JOIN LATERAL (SELECT * FROM costtop.minutes q
  WHERE q.team = t.team AND q.minute >= k.since AND q.minute < k.until AND q.rev >= k.rev
  OFFSET 0) m"""
_SPEND_IN = f"""{_SPEND} {_SLICES}
  k(since, until, rev) CROSS JOIN LATERAL (SELECT * FROM costtop.spend q
  WHERE q.team = t.team AND q.quarter >= k.since AND q.quarter < k.until AND q.rev >= k.rev
  OFFSET 0) m"""


class PictureMoment(NamedTuple):
    """The moment that a picture is of: ms UTC by the server's clock, and the `since` of it."""

    now: int
    since: int


class HostRow(NamedTuple):
    """A machine, as the server knows it."""

    team: int
    id: int
    team_name: str
    name: str
    version: str
    seen: int  # its last word, ms UTC by the server's clock; 0: never
    skew_ms: int
    lag_ms: int
    window_ms: int
    idle_ms: int
    accepts: str  # what operators may ask of it, with blanks between; "-" nothing, "" not said yet

    def is_silent(self, now: int) -> bool:
        """Whether three of its heartbeats are missing at `now`, by the server's clock."""
        return self.seen < now - 3 * self.idle_ms


class ServerSession(NamedTuple):
    """A session or one agent of it; names are numbers of its team."""

    team: int
    id: int
    host: int
    source: int
    user: int
    project: int
    feature: int
    model: int
    started: int | None
    last: int
    ended: int | None
    calls: int
    errors: int
    unpriced: int
    short: int
    cost: int
    input: int
    cache_read: int
    cache_write: int
    output: int
    session: str
    agent: str
    root: str


class MinuteRow(NamedTuple):
    """The sums of a session in a minute."""

    minute: int
    team: int
    session: int
    cost: int
    calls: int
    unpriced: int
    tokens: int


class SpendRow(NamedTuple):
    """The sums of a quarter of an hour by host, user, project, model and feature."""

    quarter: int
    team: int
    host: int
    user: int
    project: int
    model: int
    feature: int
    calls: int
    errors: int
    unpriced: int
    short: int
    cost: int
    input: int
    cache_read: int
    cache_write: int
    output: int


class Slice(NamedTuple):
    """Minutes, or quarters, of which what changed since a reading is asked for."""

    since: int
    until: int
    rev: int


@contextmanager
def one_moment(db: psycopg.Connection) -> Iterator[PictureMoment]:
    """What is asked inside belongs together; the server gives up an answer after `PATIENCE`."""
    db.execute(_BEGIN)
    try:
        row = db.execute(_MOMENT).fetchone()
        assert row is not None
        yield PictureMoment(*row)
    finally:
        if not db.closed:
            db.execute("ROLLBACK")


def mark(db: psycopg.Connection) -> tuple[int, int]:
    """Two numbers that move whenever a host has told anything: cheap to ask for."""
    row = db.execute(_MARK).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def hosts(db: psycopg.Connection) -> list[HostRow]:
    """The machines of the teams that this reader may see."""
    return asked(db, HostRow, _HOSTS)


def sessions(
    db: psycopg.Connection, teams: Sequence[int], last: int, rev: int
) -> list[ServerSession]:
    """Sessions with a word at or after `last`, ms UTC, that changed since `rev`."""
    return asked(db, ServerSession, _SESSIONS.encode(), teams, last, rev)


def sessions_of(
    db: psycopg.Connection, hosts: Iterable[HostRow], last: int, rev: int
) -> list[ServerSession]:
    """The same of some hosts alone."""
    keys = _columns(((one.team, one.id) for one in hosts), 2)
    return asked(db, ServerSession, _SESSIONS_OF.encode(), *keys, last, rev)


def spend_of(
    db: psycopg.Connection, hosts: Iterable[HostRow], quarters: tuple[int, int], rev: int
) -> list[SpendRow]:
    """Lines of spend of some hosts, from the first to the last of these quarters."""
    keys = _columns(((one.team, one.id) for one in hosts), 2)
    return asked(db, SpendRow, _SPEND_OF.encode(), *keys, *quarters, rev)


def minutes_of(
    db: psycopg.Connection, sessions: Iterable[ServerSession], span: tuple[int, int], rev: int
) -> list[MinuteRow]:
    """Minutes of some sessions, from the first to the last of these."""
    keys = _columns(((one.team, one.id) for one in sessions), 2)
    return asked(db, MinuteRow, _MINUTES_OF.encode(), *keys, *span, rev)


def sessions_by_id(
    db: psycopg.Connection, wanted: Iterable[tuple[int, int]]
) -> list[ServerSession]:
    """Sessions by (team, id)."""
    return asked(db, ServerSession, _BY_ID.encode(), *_columns(wanted, 2))


def roots(
    db: psycopg.Connection, wanted: Iterable[tuple[int, int, int, str]]
) -> list[ServerSession]:
    """Sessions themselves by (team, host, source, session)."""
    return asked(db, ServerSession, _ROOTS.encode(), *_columns(wanted, 4))


def names(db: psycopg.Connection, wanted: Iterable[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """(team, number, text) of names by (team, number)."""
    return [(*row,) for row in db.execute(_NAMES, _columns(wanted, 2))]


def minutes(
    db: psycopg.Connection, teams: Sequence[int], slices: Sequence[Slice]
) -> list[MinuteRow]:
    """Minutes of each slice that changed since it was read."""
    return asked(db, MinuteRow, _MINUTES_IN.encode(), teams, *_columns(slices, 3))


def spend(db: psycopg.Connection, teams: Sequence[int], slices: Sequence[Slice]) -> list[SpendRow]:
    """Lines of spend of each slice that changed since it was read."""
    return asked(db, SpendRow, _SPEND_IN.encode(), teams, *_columns(slices, 3))


def _columns(rows: Iterable[tuple[Any, ...]], width: int) -> list[list[Any]]:
    kept = list(rows)
    return [[row[at] for row in kept] for at in range(width)]


def asked(db: psycopg.Connection, made: type[T], question: bytes, *given: Any) -> list[T]:
    """The rows of an answer as named tuples."""
    make = made._make  # type: ignore[attr-defined]
    return list(map(make, db.execute(question, given)))
