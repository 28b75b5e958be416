"""Labels of root sessions: the name of the config's [[source]] entry that found their logs."""

import json
import sqlite3
from collections.abc import Collection

from costtop.store import meta
from costtop.store.calls.rollups import next_rev
from costtop.store.names import Names
from costtop.store.sessions import finished_peers

_KNOWN = "labels"  # meta: the names of the entries that labels were last given by


def put(db: sqlite3.Connection, names: Names, root: int, label: str, rev: int) -> None:
    """Labels a root session row. Of two labels the first by the alphabet stays, in any order."""
    db.execute(
        "UPDATE sessions SET label = ?1, rev = ?2 WHERE id = ?3 AND label <> ?1"
        " AND (label = 0 OR (SELECT text FROM names WHERE id = label) > ?4)",
        (names.name(db, label), rev, root, label),
    )


def adopt(db: sqlite3.Connection, child: int, parent: int) -> None:
    """A root that takes in another takes its label too, where it has none itself."""
    db.execute(
        "UPDATE sessions SET label = (SELECT label FROM sessions WHERE id = ?) WHERE id = ?"
        " AND label = 0",
        (child, parent),
    )


def renew(db: sqlite3.Connection, entries: Collection[str]) -> None:
    """Labels what was read before these were the entries; nothing where they are the same."""
    told = json.dumps(sorted(entries))
    if told == (meta.get(db, _KNOWN) or "[]"):
        return
    meta.put(db, {_KNOWN: told})
    rev = next_rev(db)
    db.execute("UPDATE sessions SET label = 0, rev = ? WHERE label <> 0", (rev,))
    rows = db.execute(
        "SELECT s.root, p.source FROM (SELECT DISTINCT session, place FROM calls) c"
        " JOIN places p ON p.id = c.place JOIN sessions s ON s.id = c.session"
        " WHERE p.source IN (SELECT value FROM json_each(?)) GROUP BY 1, 2",
        (told,),
    ).fetchall()
    names = Names()
    for root, label in rows:
        put(db, names, root, label, rev)
    finished_peers.forget(db)  # a label is a group of peers
