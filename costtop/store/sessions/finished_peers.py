"""Finished sessions as the detectors keep them, and which sessions have not finished.

It knows neither what a peer is (a text) nor when a session is finished; the daemon does. Times are
ms UTC; a root is "source/session". Every function is part of the caller's transaction.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from costtop.named_tuples import NamedTuple
from costtop.store import meta

_FORM = "peers"  # meta: what the kept peers depend on; "" where none are kept
_ROOT = "n.text || '/' || r.session"
_NAMED = "sessions r JOIN names n ON n.id = r.source"


class End(NamedTuple):
    """A session that its log or we have ended, and when that came true."""

    at: int
    root: str


def keep(
    db: sqlite3.Connection, peers: Iterable[tuple[str, int, str]], gone: Iterable[str]
) -> None:
    """Forgets the peers of the sessions in `gone`, then keeps (root, when it finished, peer)."""
    db.executemany("DELETE FROM peers WHERE root = ?", [(root,) for root in gone])
    db.executemany("INSERT OR REPLACE INTO peers (root, at, peer) VALUES (?, ?, ?)", peers)


def begin(db: sqlite3.Connection, form: str, since: int) -> None:
    """Declares that from now on all peers of this form are kept; drops those before `since`."""
    meta.put(db, {_FORM: form})
    db.execute("DELETE FROM peers WHERE at < ?", (since,))


def forget(db: sqlite3.Connection) -> None:
    """Drops them all, where they are no longer true: the next start reads calls again."""
    db.execute("DELETE FROM peers")
    db.execute("DELETE FROM meta WHERE key = ?", (_FORM,))


def read(db: sqlite3.Connection, form: str) -> list[str] | None:
    """All peers in the order in which they finished; None where none of this form are kept."""
    if meta.get(db, _FORM) != form:
        return None
    return [row[0] for row in db.execute("SELECT peer FROM peers ORDER BY at, id")]


def texts(db: sqlite3.Connection) -> Iterator[str]:
    """All that are kept, whole, in the order in which they finished."""
    return (row[0] for row in db.execute("SELECT peer FROM peers ORDER BY at, id"))


def values(db: sqlite3.Connection, numbers: Iterable[int]) -> Iterator[tuple[Any, ...]]:
    """Those of a peer's values, of each that is kept, in the order in which they finished."""
    wanted = ", ".join(f"json_extract(peer, '$[{number}]')" for number in numbers)
    yield from db.execute(f"SELECT {wanted} FROM peers ORDER BY at, id")


def unfinished(db: sqlite3.Connection, since: int) -> list[int]:
    """Rows of the root sessions with activity since then of which no peer is kept."""
    rows = db.execute(
        f"SELECT r.id FROM {_NAMED}"
        " WHERE r.id IN (SELECT root FROM sessions WHERE last >= ?)"
        f" AND NOT EXISTS (SELECT 1 FROM peers WHERE root = {_ROOT}) ORDER BY r.id",
        (since,),
    )
    return [int(row[0]) for row in rows]


def ends(db: sqlite3.Connection, since: int, imported: int) -> list[End]:
    """Sessions whose log said since then that they ended, and which did not go on.

    Where its calls arrived live (after `imported`), that is when the last of them arrived.
    """
    rows = db.execute(
        f"SELECT r.ended, (SELECT max(s.seen) FROM sessions s WHERE s.root = r.id), {_ROOT}"
        f" FROM {_NAMED} WHERE r.ended >= ? AND r.root = r.id ORDER BY r.ended, r.id",
        (since,),
    )
    return [
        End(ended if seen is None or seen <= imported else max(ended, seen), root)
        for ended, seen, root in rows
    ]


def kills(db: sqlite3.Connection, after: int) -> list[tuple[int, End]]:
    """(row, end) of each kill that we have carried out, after the journal's row `after`."""
    rows = db.execute(
        "SELECT id, at, session FROM deeds WHERE id > ? AND deed LIKE 'kill up to %' ORDER BY id",
        (after,),
    )
    return [(int(row), End(at, root)) for row, at, root in rows]


def newest_deed(db: sqlite3.Connection) -> int:
    """The journal's last row, 0 while it is empty."""
    return int(db.execute("SELECT coalesce(max(id), 0) FROM deeds").fetchone()[0])


def has_earlier(db: sqlite3.Connection, root: int, last: int) -> bool:
    """Whether the root session row or its subagents have a call up to the row `last`."""
    row = db.execute(
        "SELECT 1 FROM calls WHERE session IN (SELECT id FROM sessions WHERE root = ?)"
        " AND id <= ? LIMIT 1",
        (root, last),
    ).fetchone()
    return row is not None
