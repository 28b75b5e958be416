"""Finds the one session that a user means by a prefix of its id, and where its log stands."""

import os
import sqlite3
from pathlib import Path

from costtop.errors import CosttopError, NothingFound
from costtop.store import meta
from costtop.store.sessions import live_logs
from costtop.store.sessions.past_spends import History

_NAMED = 5  # candidates named where a prefix is not unique


def session(db: sqlite3.Connection, prefix: str) -> str:
    """The key "source/session" of the root session whose id, or key, begins with `prefix`.

    Raises NothingFound for none, CosttopError naming the candidates for several.
    """
    source, _, rest = prefix.partition("/")
    found = _matching(db, prefix) or (_matching(db, rest, source) if rest else [])
    exact = [key for key in found if prefix in (key, key.partition("/")[2])]
    if len(found) == 1 or len(exact) == 1:
        return (exact or found)[0]
    if not found:
        raise NothingFound(f"no session begins with {prefix!r}; see: costtop --once --all")
    named = ", ".join(found[:_NAMED]) + (", …" if len(found) > _NAMED else "")
    raise CosttopError(f"{prefix!r} begins more than one session: {named}")


def budgets(db: sqlite3.Connection) -> frozenset[str]:
    """The names of the configured budgets."""
    return frozenset(budget.name for budget in meta.budgets(db))


def _matching(db: sqlite3.Connection, prefix: str, source: str = "") -> list[str]:
    if not prefix:
        return []
    rows = db.execute(
        "SELECT DISTINCT n.text || '/' || r.session FROM sessions s"
        " JOIN sessions r ON r.id = s.root JOIN names n ON n.id = r.source"
        " WHERE s.session >= ? AND s.session < ? AND (? = '' OR n.text = ?) ORDER BY 1 LIMIT 50",
        (prefix, prefix + "\U0010ffff", source, source),
    )
    return [str(row[0]) for row in rows]


def log_of(db: sqlite3.Connection, key: str) -> Path | None:
    """The file of the latest calls of the session "source/session"; None for one off a socket."""
    root = History(db).root_id(key)
    logs = live_logs.logs(db, root) if root is not None else ()
    return Path(os.fsdecode(logs[0])) if logs else None


def shortest(db: sqlite3.Connection, key: str) -> str:
    """The shortest beginning, of seven characters at least, that means only this session."""
    name = key.partition("/")[2]
    for length in range(min(7, len(name)), len(name) + 1):
        if _matching(db, name[:length]) == [key] and name[length - 1] != "-":
            return name[:length]
    return key
