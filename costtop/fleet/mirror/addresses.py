"""How sessions of a fleet are told apart: HOST:SESSION.

A host is called by its name; where a reader sees two of one name in different teams, by NAME@TEAM.
"""

from collections import Counter
from collections.abc import Iterable

from costtop.fleet.mirror.server_rows import HostRow

_BETWEEN = ":"


def labels(hosts: Iterable[HostRow]) -> dict[tuple[int, int], str]:
    """What each host is called, by (team, id)."""
    every = list(hosts)
    times = Counter(one.name for one in every)
    return {
        (one.team, one.id): one.name if times[one.name] == 1 else f"{one.name}@{one.team_name}"
        for one in every
    }


def said(host: str, session: str) -> str:
    """A session's id in a store that holds those of many hosts."""
    return f"{host}{_BETWEEN}{session}"


def parted(session: str) -> tuple[str, str]:
    """(what its host is called, its id there); ("", session) of one of no host."""
    host, between, own = session.partition(_BETWEEN)
    return (host, own) if between else ("", session)
