"""What a login that may read sees of a fleet's machines, and of who leads: one question each."""

from typing import Any

import psycopg

from costtop.named import NamedTuple

_NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
_SILENT_AFTER = 3  # times of what it promised


class MachineRow(NamedTuple):
    """One machine as the server knows it; times ms UTC, spans ms."""

    host: str
    team: str
    version: str
    seen: int | None  # None: never
    ago: int | None  # since then, by the server's clock
    lag: int
    skew: int
    schema: int
    silent: bool  # it should have said something since


class LeaderRow(NamedTuple):
    """The steward of a team."""

    team: str
    host: str
    epoch: int
    since: int  # ms UTC


def machines(db: psycopg.Connection) -> list[MachineRow]:
    """Those of the teams that this login may read, by team and name."""
    rows = db.execute(
        "SELECT h.name, t.name, h.version, h.seen, h.lag_ms, h.skew_ms, h.schema, h.idle_ms,"
        f" {_NOW} FROM costtop.hosts h JOIN costtop.teams t ON t.id = h.team"
        " ORDER BY t.name, h.name".encode()
    ).fetchall()
    return [_machine(*row) for row in rows]


def _machine(host: str, team: str, version: str, seen: int, *numbers: int) -> MachineRow:
    lag, skew, schema, idle, now = numbers
    ago = max(0, now - seen) if seen else None
    silent = ago is None or ago > _SILENT_AFTER * idle
    return MachineRow(host, team, version, seen or None, ago, lag, skew, schema, silent)


def leaders(db: psycopg.Connection) -> list[LeaderRow]:
    """The stewards that lead, or led last."""
    rows: list[tuple[Any, ...]] = db.execute(
        "SELECT t.name, l.host, l.epoch, l.since FROM costtop.leader l"
        " JOIN costtop.teams t ON t.id = l.team WHERE l.host <> '' ORDER BY t.name"
    ).fetchall()
    return [LeaderRow(*row) for row in rows]


def schema_there(db: psycopg.Connection) -> int:
    """How many steps the server has, for who may read."""
    (found,) = db.execute("SELECT version FROM costtop.meta").fetchone() or (0,)
    return int(found)
