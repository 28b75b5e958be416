"""What a steward asks and writes on the fleet's server.

Each write is one statement that says the epoch of its leader, and changes nothing once another one
leads. Times are ms UTC by the server's clock, but where a column keeps what a store of SQLite says.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from costtop.fleet import server_link
from costtop.named_tuples import NamedTuple

Server = psycopg.Connection  # who leads needs to know no more of the driver than these two
ServerError = psycopg.Error
BEHIND_A_POOL = "CT005"  # what `lead` refuses by

_POOLED = (
    "the steward's URL leads through a pool (pgbouncer), and a leader's lock would be the pool's:"
    " give steward_url_file a URL straight to the server"
)
_READS_NOTHING = "the steward's login may lead no team: costtop fleet grant ROLE TEAM --steward"

Row = dict[str, Any]
_RENAMED = {"usr": "user", "happened": "at"}  # columns whose name a store of SQLite has otherwise
_OURS = frozenset("team teams epoch host host_name steward_tells claimed_by claimed_at".split())
KEPT_MS = 40 * 86_400_000  # how far back a new leader looks for what was said


class Leadership(NamedTuple):
    """Who leads: this connection where there is an `epoch`; `host` since then, ms."""

    epoch: int | None
    host: str
    since: int


class HostSeen(NamedTuple):
    """A host as the server knows it, and what it spent."""

    team: str
    name: str
    quiet_ms: int  # since its last word
    idle_ms: int  # it has one at least so often
    spent: int  # nano-dollars in the last half an hour of its words
    calls: int  # today, UTC
    unpriced: int  # of these


class Ledger(NamedTuple):
    """What a leader leaves to the next: rows by the columns of a store of SQLite."""

    alerts: list[Row]
    outbox: list[Row]  # "alerts": ids of those it tells of
    guards: list[Row]


def connect(url: str, *, insecure: bool) -> Server:
    """A connection of a steward's. Raises FleetError and ServerError."""
    return server_link.connect(url, insecure=insecure, name="costtop-steward")


def said(error: ServerError) -> str:
    """What an error means, without a word of the driver's."""
    if error.sqlstate == BEHIND_A_POOL:
        return _POOLED
    return _READS_NOTHING if error.sqlstate == "42501" else server_link.said(error)


def lead(db: Server, host: str, lease_ms: int) -> Leadership:
    """Stands for election, on a connection that is kept: with it the leadership ends.

    Raises psycopg.Error of BEHIND_A_POOL, and of "42501" where the login reads no team.
    """
    row = db.execute(
        "SELECT epoch, host, since FROM costtop.lead(%s::text, %s::int, %s::int)",
        (host, lease_ms, db.info.backend_pid),
    ).fetchone()
    assert row is not None
    return Leadership(*row)


def lead_on(db: Server, epoch: int, lease_ms: int) -> bool:
    """Says that the leader lives; False where another one leads."""
    return _said(db, "SELECT costtop.lead_on(%s::bigint, %s::int)", epoch, lease_ms)


def stand(db: Server, epoch: int, said: Mapping[str, Sequence[Row]]) -> int:
    """Writes rows by table: budgets, guards, standing, alerts, outbox; how many were written.

    0 where another one leads. Alerts and letters have the columns of a store of SQLite.
    """
    told = {
        table: [_there(row) for row in rows] if table in {"alerts", "outbox"} else rows
        for table, rows in said.items()
    }
    row = db.execute("SELECT costtop.stand(%s::bigint, %s::jsonb)", (epoch, Jsonb(told))).fetchone()
    assert row is not None
    return int(row[0])


def claim(db: Server, epoch: int, token: str) -> bool:
    """Takes a letter to send it now; False where it is gone, or another one leads."""
    return _said(db, "SELECT costtop.claim(%s::bigint, %s::text)", epoch, token)


def sent(db: Server, epoch: int, token: str, state: str) -> bool:
    """Marks a letter that was taken; False where another one has taken it since."""
    return _said(db, "SELECT costtop.sent(%s::bigint, %s::text, %s::text)", epoch, token, state)


def ledger(db: Server, since: int) -> Ledger:
    """What the fleet was told since then, and what is still open, of the teams of this login."""
    return Ledger(
        _rows(
            db,
            "SELECT * FROM costtop.alerts WHERE host = 0"
            " AND (at >= %s OR state IN ('open', 'acknowledged')) ORDER BY raised, ref",
            since,
        ),
        _rows(
            db,
            "SELECT * FROM costtop.outbox WHERE made >= %s OR state IN ('held', 'pending')"
            " ORDER BY made, token",
            since,
        ),
        _rows(
            db,
            "SELECT DISTINCT ON (nth) * FROM costtop.guards WHERE opened IS NOT NULL ORDER BY nth",
        ),
    )


_HOSTS = b"""
SELECT t.name, h.name, n.ms - h.seen, h.idle_ms,
  coalesce(sum(s.cost) FILTER (WHERE s.quarter >= (h.seen - 1800000) / 900000), 0)::bigint,
  coalesce(sum(s.calls) FILTER (WHERE s.quarter >= n.ms / 86400000 * 96), 0)::bigint,
  coalesce(sum(s.unpriced) FILTER (WHERE s.quarter >= n.ms / 86400000 * 96), 0)::bigint
FROM costtop.hosts h JOIN costtop.teams t ON t.id = h.team
CROSS JOIN (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms) n
LEFT JOIN costtop.spend s ON s.team = h.team AND s.host = h.id
  AND s.quarter >= n.ms / 86400000 * 96 - 96
GROUP BY t.name, h.name, h.seen, h.idle_ms, n.ms ORDER BY 1, 2"""


def hosts(db: Server) -> list[HostSeen]:
    """The hosts of the teams that this login reads."""
    return [HostSeen(*row) for row in db.execute(_HOSTS).fetchall()]


_OF_EDGES = (
    "SELECT a.*, h.name AS host_name FROM costtop.alerts a JOIN costtop.hosts h"
    " ON h.team = a.team AND h.id = a.host WHERE a.host <> 0 AND a.steward_tells AND a.at >= %s"
    " ORDER BY a.raised, a.ref"
)


def of_edges(db: Server, since: int) -> list[Row]:
    """Alerts that hosts leave to the steward to tell, of which they said something since then."""
    return rows(db, _OF_EDGES, since)


def leaders(db: Server) -> list[tuple[str, int, str, int, int]]:
    """(team, epoch, host, since, until) of each team that this login reads."""
    return db.execute(
        "SELECT t.name, l.epoch, l.host, l.since, l.until FROM costtop.leader l"
        " JOIN costtop.teams t ON t.id = l.team ORDER BY 1"
    ).fetchall()


def rows(db: Server, question: str, *given: object) -> list[Row]:
    """The answer to a question, by the server's columns."""
    with db.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(question.encode(), given).fetchall()


def _rows(db: Server, question: str, *given: object) -> list[Row]:
    return [here(row) for row in rows(db, question, *given)]


def here(row: Row) -> Row:
    """A row of the server's by the columns of a store of SQLite."""
    kept = {name: value for name, value in row.items() if name not in _OURS and name != "at"}
    return {_RENAMED.get(name, name): value for name, value in kept.items()}


def _there(row: Row) -> Row:
    names = {there: here for here, there in _RENAMED.items()}
    return {names.get(name, name): value for name, value in row.items()}


def _said(db: Server, question: str, *given: object) -> bool:
    row = db.execute(question.encode(), given).fetchone()
    assert row is not None
    return bool(row[0])
