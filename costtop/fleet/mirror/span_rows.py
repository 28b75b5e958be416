"""What a reader asks of a fleet's ledger of calls: sums of each session, and calls themselves."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from costtop.durations import DAY, QUARTER
from costtop.fleet.mirror.server_rows import SESSION, ServerSession, asked
from costtop.named_tuples import NamedTuple

_AT_ONCE = 4_000  # rows that the server hands over together

_OF_SPAN = (
    "FROM costtop.calls c WHERE c.team = ANY(%s) AND c.day BETWEEN date '1970-01-01' + %s::int"
    " AND date '1970-01-01' + %s::int AND c.at >= %s AND c.at < %s"
)
_TOKENS = "input, cache_read, cache_write, cache_write_1h, output, reasoning"
_SUMMED = ", ".join(f"sum(c.{one})::bigint" for one in _TOKENS.split(", "))
_SUMS = f"""
SELECT coalesce(%s::int, (c.at / {QUARTER})::int), c.team, c.session, c.host, c.usr, c.project,
  c.model, c.feature, count(*), sum(c.flags & 1), count(*) - count(c.cost), sum(c.flags >> 1 & 1),
  coalesce(sum(c.cost), 0)::bigint, coalesce(sum(c.reported), 0)::bigint, count(c.reported),
  {_SUMMED} {_OF_SPAN} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"""
_CALL = (
    "SELECT c.at, c.team, c.session, c.host, c.usr, c.project, c.model, c.feature, c.flags, c.cost,"
    f" c.computed, c.reported, {', '.join(f'c.{one}' for one in _TOKENS.split(', '))}, c.key "
)
_CALLS = f"{_CALL}{_OF_SPAN} ORDER BY c.at"
_OF_SESSIONS = (
    f"{_CALL}FROM costtop.calls c WHERE c.team = %s AND c.session = ANY(%s)"
    " AND c.day >= date '1970-01-01' + %s::int AND c.at < %s ORDER BY c.at"
)
_NAMED = (
    f"{SESSION} costtop.sessions s WHERE s.team = ANY(%s) AND s.agent = '' AND s.session"
    " LIKE ANY(%s) AND (%s = '' OR s.host IN (SELECT h.id FROM costtop.hosts h"
    " WHERE h.team = s.team AND h.name = ANY(%s))) ORDER BY s.last DESC LIMIT 50"
)
_FAMILY = (
    f"{SESSION} costtop.sessions s WHERE s.team = %s AND s.host = %s AND s.source = %s"
    " AND (s.root = %s OR s.session = %s)"
)
_WITHOUT_CALLS = b"SELECT h.team, h.id FROM costtop.hosts h WHERE h.detail NOT IN ('', 'calls')"
_FIRST = b"SELECT min(s.quarter) FROM costtop.spend s"


class SessionSum(NamedTuple):
    """The sums of a session in a quarter of an hour, or a day, by all that is told apart."""

    quarter: int
    team: int
    session: int
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
    reported: int
    reported_calls: int
    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    output: int
    reasoning: int


class FleetCall(NamedTuple):
    """A call as the server has it."""

    at: int
    team: int
    session: int
    host: int
    user: int
    project: int
    model: int
    feature: int
    flags: int
    cost: int | None
    computed: int | None
    reported: int | None
    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    output: int
    reasoning: int
    key: bytes


def first(db: psycopg.Connection) -> int | None:
    """When the earliest spend was, ms UTC to the quarter hour; None without any."""
    row = db.execute(_FIRST).fetchone()
    return None if row is None or row[0] is None else int(row[0]) * QUARTER


def without_calls(db: psycopg.Connection) -> set[tuple[int, int]]:
    """(team, id) of the machines that tell sums alone."""
    return {(row[0], row[1]) for row in db.execute(_WITHOUT_CALLS)}


def sums(
    db: psycopg.Connection, teams: Sequence[int], since: int, until: int, *, at: int | None
) -> list[SessionSum]:
    """Sums of [since, until), ms UTC, by quarter hour; all of it under one where `at` is given."""
    span = since // DAY, (until - 1) // DAY, since, until
    return asked(db, SessionSum, _SUMS.encode(), at, list(teams), *span)


def calls(
    db: psycopg.Connection, teams: Sequence[int], since: int, until: int
) -> Iterator[FleetCall]:
    """The calls of [since, until), ms UTC, in order of time."""
    span = since // DAY, (until - 1) // DAY, since, until
    return _streamed(db, _CALLS.encode(), list(teams), *span)


def calls_of(
    db: psycopg.Connection, team: int, sessions: Sequence[int], since: int, until: int
) -> Iterator[FleetCall]:
    """The calls of sessions from the day of `since` on and before `until`, in order of time."""
    return _streamed(db, _OF_SESSIONS.encode(), team, list(sessions), since // DAY, until)


def named(
    db: psycopg.Connection, teams: Sequence[int], hosts: Sequence[str], typed: str
) -> list[ServerSession]:
    """Sessions, the latest first, whose id begins or ends as typed; of these hosts, "" is any."""
    plain = typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    ways = [f"{plain}%", f"%{plain}"]
    return asked(db, ServerSession, _NAMED.encode(), list(teams), ways, hosts[0], list(hosts))


def family(db: psycopg.Connection, root: ServerSession) -> list[ServerSession]:
    """A session and all that are folded into it."""
    given = root.team, root.host, root.source, root.root, root.session
    return asked(db, ServerSession, _FAMILY.encode(), *given)


def _streamed(db: psycopg.Connection, question: bytes, *given: Any) -> Iterator[FleetCall]:
    with db.cursor("calls", row_factory=tuple_row) as cursor:
        cursor.itersize = _AT_ONCE
        cursor.execute(question, given)
        yield from map(FleetCall._make, cursor)
