"""Where flagged sessions stand now beside their peers, as the daemon last saw it.

Every function is part of a transaction that the caller holds. A standing is text to this module.
"""

import sqlite3
from collections.abc import Iterable, Mapping

_CHUNK = 500  # names in one query


def keep(db: sqlite3.Connection, standings: Mapping[str, str]) -> None:
    """Puts the standings of sessions ("source/session") in the place of what was known."""
    db.executemany("INSERT OR REPLACE INTO standings VALUES (?, ?)", standings.items())


def of(db: sqlite3.Connection, sessions: Iterable[str]) -> dict[str, str]:
    """The standings of those of the sessions that have one."""
    wanted = sorted(set(sessions) - {""})
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        marks = ",".join("?" * len(part))
        found |= db.execute(
            f"SELECT session, standing FROM standings WHERE session IN ({marks})", part
        )
    return found
