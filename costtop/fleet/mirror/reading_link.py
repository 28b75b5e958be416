"""Connects a reader to a fleet's server, and says in plain words what is wrong with it.

And the two questions that need no picture: which machines there are, and who leads.
"""

from collections.abc import Mapping
from typing import Any

import psycopg

from costtop.errors import CosttopError, FleetError
from costtop.fleet import schema, server_link
from costtop.named_tuples import NamedTuple

_OTHER_TABLES = {"42P01", "42703", "42883", "42P10", "3F000"}  # what is asked for is not there
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
    return MachineRow(
        host=host,
        team=team,
        version=version,
        seen=seen or None,
        ago=ago,
        lag=lag,
        skew=skew,
        schema=schema,
        silent=silent,
    )


def leaders(db: psycopg.Connection) -> list[LeaderRow]:
    """The stewards that lead, or led last."""
    rows: list[tuple[Any, ...]] = db.execute(
        "SELECT t.name, l.host, l.epoch, l.since FROM costtop.leader l"
        " JOIN costtop.teams t ON t.id = l.team WHERE l.host <> '' ORDER BY t.name"
    ).fetchall()
    return [LeaderRow(*row) for row in rows]


def connect(first: Mapping[str, Any], name: str) -> psycopg.Connection:
    """A connection to a server whose tables this costtop knows; raises FleetError, psycopg.Error.

    `first` is what the child was told at first; `name` is what the server's administrator sees.
    """
    db = server_link.connect(first["url"], insecure=first["insecure"], name=name)
    try:
        has, wants = schema.version(db), len(schema.steps())
    except BaseException:
        db.close()
        raise
    if has == wants:
        return db
    db.close()
    if not has:
        raise FleetError("the fleet's server has no costtop in it: costtop fleet init")
    todo = "update costtop here" if has > wants else "costtop fleet migrate"
    raise FleetError(f"the fleet's server has schema {has}, this costtop wants {wants}: {todo}")


def said(error: Exception) -> str:
    """What went wrong, in a line without a URL; whatever it was."""
    if isinstance(error, psycopg.Error):
        if error.sqlstate in _OTHER_TABLES:
            return (
                "the tables of the fleet's server are not those of this costtop, though their"
                " number is: it was made by another build; make it anew (costtop fleet init)"
            )
        return server_link.said(error)
    if isinstance(error, CosttopError):
        return str(error)
    return f"the fleet could not be read, a bug of costtop: {type(error).__name__}"
