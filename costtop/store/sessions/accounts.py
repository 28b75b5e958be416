"""Accounts of sessions: the home folder of an agent that their log stands in. Only those of plans.

Who has no plan of one account alone has no account stored.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Sequence

from costtop.store import meta
from costtop.store.calls.rollups import next_rev
from costtop.store.names import Names

_KNOWN = "accounts"  # meta: those that sessions were last given by


class Accounts:
    """The accounts that plans are of; an empty one is none."""

    def __init__(self, folders: Iterable[str] = ()) -> None:
        """`folders` are whole paths; logs may stand in them by a link."""
        self.folders = tuple(sorted(set(folders)))
        both = ((path, one) for one in self.folders for path in (one, os.path.realpath(one)))
        self._places = tuple((os.fsencode(path).rstrip(b"/") + b"/", one) for path, one in both)

    def __bool__(self) -> bool:
        return bool(self.folders)

    def of(self, path: bytes) -> str:
        """The account of a log, "" where it is none of these."""
        return next((one for place, one in self._places if path.startswith(place)), "")


def put(db: sqlite3.Connection, names: Names, session: int, account: str, rev: int) -> None:
    """Writes the account of a session row. Of two the first by the alphabet stays."""
    db.execute(
        "UPDATE sessions SET account = ?1, rev = ?2 WHERE id = ?3 AND account <> ?1"
        " AND (account = 0 OR (SELECT text FROM names WHERE id = account) > ?4)",
        (names.name(db, account), rev, session, account),
    )


def of_session(db: sqlite3.Connection, source: str, session: str, agent: str = "") -> str:
    """The account of a session or of a subagent of it; "" where none is known."""
    row = db.execute(
        "SELECT a.text FROM sessions s JOIN names a ON a.id = s.account WHERE s.source ="
        " (SELECT id FROM names WHERE text = ?) AND s.session = ? AND s.agent = ?",
        (source, session, agent),
    ).fetchone()
    return str(row[0]) if row else ""


def renew(db: sqlite3.Connection, accounts: Accounts) -> None:
    """Gives accounts to what was read before these were; nothing where they are the same."""
    told = json.dumps(accounts.folders)
    if told == (meta.get(db, _KNOWN) or "[]"):
        return
    meta.put(db, {_KNOWN: told})
    rev, names = next_rev(db), Names()
    db.execute("UPDATE sessions SET account = 0, rev = ? WHERE account <> 0", (rev,))
    for session, account in _found(db, accounts) if accounts else ():
        put(db, names, session, account, rev)
    meta.settle(db, rev)  # what of the past is billed


def _found(db: sqlite3.Connection, accounts: Accounts) -> Sequence[tuple[int, str]]:
    rows = db.execute("SELECT id, path FROM places").fetchall()
    places = {place: account for place, path in rows if (account := accounts.of(path))}
    rows = db.execute(
        "SELECT s.id, c.place FROM sessions s JOIN calls c ON c.id ="
        " (SELECT id FROM calls WHERE session = s.id AND place IN"
        " (SELECT value FROM json_each(?)) LIMIT 1)",
        (json.dumps(sorted(places)),),
    ).fetchall()
    return [(session, places[place]) for session, place in rows]
