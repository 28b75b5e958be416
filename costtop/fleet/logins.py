"""Logins of a fleet, made and taken away by its owner: of hosts, of people. Passwords are new ones.

A password goes to the server as the verifier that it keeps, so that none stands in its log.
"""

import re
import secrets
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote, urlencode

import psycopg
from psycopg import conninfo, sql

from costtop.errors import FleetError, NothingFound
from costtop.named_tuples import NamedTuple

Right = Literal["reader", "operator", "steward"]
_LONGEST = 63  # bytes of a role's name
# Of the owner's URL these are the owner's own.
_OWN = ("user", "password", "passfile", "sslcert", "sslkey", "sslpassword", "application_name")


class Made(NamedTuple):
    """A login that was made, and its password, which is kept nowhere else."""

    role: str
    password: str


def enrol(db: psycopg.Connection, host: str, team: str) -> Made:
    """Takes a host into a team, which may be new, with a login of its own.

    Raises FleetError where the host is enrolled already, in this team or another.
    """
    with db.transaction():
        if known := hosts(db, host):
            raise FleetError(
                f"{host} is enrolled already, in team {known[0][1]}; a new password for it:"
                f" costtop fleet enrol {host} --anew"
            )
        made = _login(db, _free(db, f"costtop_host_{_slug(host)}"))
        # The word of costtop itself ends sooner; this is for one that hangs behind a pool.
        _do(db, "ALTER ROLE {} SET statement_timeout = '30s'", made.role)
        _do(db, "GRANT costtop_host TO {}", made.role)
        db.execute("SELECT costtop.enrol(%s, %s, %s)", (host, team, made.role))
    return made


def renew(db: psycopg.Connection, host: str, team: str = "") -> tuple[Made, str]:
    """A new password for an enrolled host, and its team; raises NothingFound."""
    role, of = the_host(db, host, team)
    return Made(role, _password(db, role, "ALTER")), of


def hosts(db: psycopg.Connection, host: str, team: str = "") -> list[tuple[str, str]]:
    """(role, team) of the hosts of that name, in that team or in any."""
    return db.execute(
        "SELECT h.role::text, t.name FROM costtop.hosts h JOIN costtop.teams t ON t.id = h.team"
        " WHERE h.name = %s AND %s IN ('', t.name) ORDER BY t.name",
        (host, team),
    ).fetchall()


def the_host(db: psycopg.Connection, host: str, team: str = "") -> tuple[str, str]:
    """(role, team) of the one host; raises NothingFound, and FleetError where there are several."""
    found = hosts(db, host, team)
    if not found:
        where = f" in team {team}" if team else ""
        raise NothingFound(f"no host {host}{where}; which there are: costtop fleet status")
    if len(found) > 1:
        teams = ", ".join(of for _, of in found)
        raise FleetError(f"{host} is a host of several teams ({teams}): name one with --team")
    return found[0]


def forget(db: psycopg.Connection, host: str, team: str = "") -> tuple[int, str]:
    """Takes a host out with all that it owns, and its login; (calls that went, team)."""
    with db.transaction():
        role, of = the_host(db, host, team)
        (calls,) = db.execute("SELECT costtop.forget(%s, %s)", (host, of)).fetchone() or (0,)
        if role.startswith("costtop_host_"):
            _do(db, "DROP ROLE IF EXISTS {}", role)
    return int(calls), of


def grant(db: psycopg.Connection, role: str, team: str, right: Right) -> Made | None:
    """Lets a role see a team, or do more there; a role that is not there is made, with a password.

    Raises NothingFound where there is no such team.
    """
    with db.transaction():
        _check_team(db, team)
        made = None if _exists(db, role) else _login(db, role)
        _do(db, f"GRANT costtop_{right} TO {{}}", role)
        commands = {"reader": False, "operator": True}.get(right)  # a steward: as it stands
        db.execute("SELECT costtop.allow(%s, %s, %s)", (role, team, commands))
    return made


def revoke(db: psycopg.Connection, role: str, team: str) -> None:
    """Lets a role see a team no more; raises NothingFound where there is no such team."""
    _check_team(db, team)
    db.execute("SELECT costtop.disallow(%s, %s)", (role, team))


def url_for(owner_url: str, made: Made) -> str:
    """Where the new login finds the same database, as one URL."""
    parts = {k: str(v) for k, v in conninfo.conninfo_to_dict(owner_url).items() if k not in _OWN}
    places = _places(parts.pop("host", ""), parts.pop("port", ""))
    database = quote(parts.pop("dbname", ""), safe="")
    who = f"{quote(made.role, safe='')}:{quote(made.password, safe='')}"
    rest = f"?{urlencode(parts)}" if parts else ""
    return f"postgresql://{who}@{places}/{database}{rest}"


def _places(host: str, port: str) -> str:
    """libpq's hosts and ports, two lists, as a URL has them."""
    ports = port.split(",")
    named = host.split(",")
    if len(ports) < len(named):
        ports *= len(named)
    quoted = (f"[{one}]" if ":" in one else quote(one, safe="") for one in named)
    pairs = zip(quoted, ports, strict=False)
    return ",".join(f"{one}:{number}" if number else one for one, number in pairs)


def _check_team(db: psycopg.Connection, team: str) -> None:
    if db.execute("SELECT FROM costtop.teams WHERE name = %s", (team,)).fetchone() is None:
        raise NothingFound(f"no team {team}: a team begins with its first host")


def _exists(db: psycopg.Connection, role: str) -> bool:
    return db.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is not None


def _free(db: psycopg.Connection, wanted: str) -> str:
    """A role's name that no other database of the server has taken."""
    name, number = wanted[:_LONGEST], 1
    while _exists(db, name):
        number += 1
        end = f"_{number}"
        name = wanted[: _LONGEST - len(end)] + end
    return name


def _slug(host: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", host.lower()).strip("_") or "machine"


def _login(db: psycopg.Connection, role: str) -> Made:
    return Made(role, _password(db, role, "CREATE"))


def _password(db: psycopg.Connection, role: str, how: Literal["CREATE", "ALTER"]) -> str:
    made = secrets.token_urlsafe(24)
    kept = db.pgconn.encrypt_password(made.encode(), role.encode(), b"scram-sha-256").decode()
    words: Mapping[str, str] = {"CREATE": "CREATE ROLE", "ALTER": "ALTER ROLE"}
    text = sql.SQL("{} {} LOGIN PASSWORD {}")
    db.execute(text.format(sql.SQL(words[how]), sql.Identifier(role), sql.Literal(kept)))
    return made


def _do(db: psycopg.Connection, statement: str, role: str) -> None:
    db.execute(sql.SQL(statement).format(sql.Identifier(role)))
