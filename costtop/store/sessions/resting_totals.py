"""What sessions at rest came to, kept beside them while nothing of theirs changes.

It does not know what is kept: a text, which is given back as long as it holds. A family (a root
session and its subagents) is written with a new `rev` by whatever changes its calls; what changes
tools alone drops the row. A row is claimed before its calls are read, so that a change meanwhile
is never missed. Times are ms UTC; every function is part of the caller's transaction.
"""

import sqlite3
import zlib
from collections.abc import Collection, Iterable

from costtop.named_tuples import NamedTuple
from costtop.store import meta
from costtop.store.calls.call_row import has_key

_FORM = "lives"  # meta: what the kept texts depend on


class AtRest(NamedTuple):
    """A root session row without a life that holds, and the `rev` of its family."""

    session: int
    rev: int
    calls: int


class KeptLife(NamedTuple):
    """One that holds: its first and latest call, the first one's row, and the text."""

    session: int
    began: int
    last: int
    first: int
    text: str


def begin(db: sqlite3.Connection, form: str, since: int) -> None:
    """From now on texts of this form are kept; others go, and those that ended before `since`."""
    if meta.get(db, _FORM) != form:
        db.execute("DELETE FROM lives")
        meta.put(db, {_FORM: form})
    db.execute("DELETE FROM lives WHERE last < ? AND life IS NOT NULL", (since,))


def changed(db: sqlite3.Connection, after: int, since: int) -> list[tuple[int, int, int]]:
    """(root row, rev, last) of sessions changed after the commit `after`, active since then."""
    query = "SELECT root, rev, last FROM sessions WHERE rev > ? AND last >= ?"
    return db.execute(query, (after, since)).fetchall()


def at_rest(db: sqlite3.Connection, root: int, until: int) -> AtRest | None:
    """The family of a root row where it is to be kept; None where it goes on, or is kept."""
    rev, last, calls = db.execute(
        "SELECT max(rev), max(last), sum(calls) FROM sessions WHERE root = ?", (root,)
    ).fetchone()
    if rev is None or not calls or last >= until:
        return None
    known = db.execute("SELECT rev FROM lives WHERE session = ? AND life IS NOT NULL", (root,))
    return None if known.fetchone() == (rev,) else AtRest(root, rev, calls)


def family_rev(db: sqlite3.Connection, root: int) -> int | None:
    """The highest `rev` of a root row's family."""
    row = db.execute("SELECT max(rev) FROM sessions WHERE root = ?", (root,)).fetchone()
    return None if row[0] is None else int(row[0])


def claim(db: sqlite3.Connection, resting: Iterable[AtRest]) -> None:
    """Says that their calls are about to be read."""
    db.executemany(
        "INSERT OR REPLACE INTO lives (session, rev) VALUES (?, ?)",
        [(one.session, one.rev) for one in resting],
    )


def put(db: sqlite3.Connection, rev: int, life: KeptLife) -> None:
    """Keeps what was worked out of the calls as they were at `rev`, unless tools have changed."""
    db.execute(
        "UPDATE lives SET began = ?, last = ?, first = ?, life = ?"
        " WHERE session = ? AND rev = ? AND life IS NULL",
        (*life[1:4], zlib.compress(life.text.encode(), 1), life.session, rev),
    )


def drop(db: sqlite3.Connection, sessions: Collection[int]) -> None:
    """Those of the families of these session rows hold no longer."""
    if not sessions:
        return
    db.executemany(
        "DELETE FROM lives WHERE session = (SELECT root FROM sessions WHERE id = ?)",
        [(one,) for one in sessions],
    )


def drop_of(db: sqlite3.Connection, calls: Collection[bytes]) -> None:
    """The same, of the families of the calls with these keys."""
    if not calls:
        return
    db.executemany(
        "DELETE FROM lives WHERE session = (SELECT s.root FROM calls c"
        f" JOIN sessions s ON s.id = c.session WHERE {has_key('c.', '?1')})",
        [(one,) for one in calls],
    )


def forget(db: sqlite3.Connection) -> None:
    """Drops them all."""
    db.execute("DELETE FROM lives")


def read(db: sqlite3.Connection, form: str, since: int, until: int) -> list[KeptLife]:
    """Those that hold, of sessions of which every call lies in [since, until)."""
    if meta.get(db, _FORM) != form:
        return []
    rows = db.execute(
        "SELECT session, began, last, first, life FROM lives l"
        " WHERE last >= ? AND last < ? AND began >= ? AND life IS NOT NULL"
        " AND rev = (SELECT max(rev) FROM sessions WHERE root = l.session)",
        (since, until, since),
    )
    return [KeptLife._make((*row, zlib.decompress(life).decode())) for *row, life in rows]
