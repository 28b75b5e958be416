"""Takes the details of old finished sessions out of the store: their tools and minutes.

Every sum stays: calls, quarter hours, days, sessions, tasks. Each step is a short transaction of
the caller's.
"""

import sqlite3

from costtop.durations import DAY, MINUTE
from costtop.named_tuples import NamedTuple
from costtop.store.calls.call_row import UNREADABLE
from costtop.store.sessions import resting_totals

AT_ONCE = 2_000  # calls of one step
_SESSIONS = 200  # looked at in one step
_PAGES = 400  # of the file, given back in one go


class Step(NamedTuple):
    """What a step has done, and where the next one goes on."""

    after: tuple[int, int]  # (last, row) of the session looked at last
    looked: int  # sessions looked at
    sessions: int
    tools: int
    minutes: int


class StoreSize(NamedTuple):
    """How large a store is, and what it grows by in a month as the last one was."""

    size: int  # bytes
    calls: int
    growth: int  # bytes
    thinned: int  # sessions


def step(db: sqlite3.Connection, before: int, after: tuple[int, int] = (0, 0)) -> Step | None:
    """Thins the next sessions that ended before `before`, ms UTC; None where there are no more."""
    rows = db.execute(
        "SELECT last, id, root, calls FROM sessions WHERE (last, id) > (?, ?) AND last < ?"
        " ORDER BY last, id LIMIT ?",
        (*after, before, _SESSIONS),
    ).fetchall()
    if not rows:
        return None
    looked = sessions = tools = minutes = calls = 0
    for last, row, root, count in rows:
        after, looked = (last, row), looked + 1
        if _is_due(db, root, before):
            calls += count
            more = _thin(db, root)
            sessions, tools, minutes = sessions + 1, tools + more[0], minutes + more[1]
        if calls >= AT_ONCE:
            break
    return Step(after, looked, sessions, tools, minutes)


def many(db: sqlite3.Connection, before: int) -> int:
    """How many sessions the steps will look at."""
    return int(db.execute("SELECT count(*) FROM sessions WHERE last < ?", (before,)).fetchone()[0])


def _is_due(db: sqlite3.Connection, root: int, before: int) -> bool:
    """Whether all of a family is that old, and not thinned since."""
    last = db.execute("SELECT max(last) FROM sessions WHERE root = ?", (root,)).fetchone()[0]
    known = db.execute("SELECT last FROM thinned WHERE root = ?", (root,)).fetchone()
    return bool(last < before and (known is None or known[0] < last))


def _thin(db: sqlite3.Connection, root: int) -> tuple[int, int]:
    tools = minutes = 0
    family = db.execute("SELECT id FROM sessions WHERE root = ?", (root,)).fetchall()
    for one in family:
        of_calls = "SELECT id FROM calls WHERE session = ?"
        tools += db.execute(f"DELETE FROM tools WHERE call IN ({of_calls})", one).rowcount
        of_times = f"SELECT at / {MINUTE} FROM calls WHERE session = ?1"
        minutes += db.execute(
            f"DELETE FROM minutes WHERE session = ?1 AND minute IN ({of_times})", one
        ).rowcount
    db.execute(
        "INSERT INTO thinned (root, last) SELECT ?1, max(last) FROM sessions WHERE root = ?1"
        " ON CONFLICT DO UPDATE SET last = excluded.last",
        (root,),
    )
    resting_totals.drop(db, [root])
    return tools, minutes


def give_back(db: sqlite3.Connection) -> bool:
    """Gives some free pages back to the disk, outside a transaction; False where none are left."""
    if not db.execute("PRAGMA freelist_count").fetchone()[0]:
        return False
    db.execute(f"PRAGMA incremental_vacuum({_PAGES})").fetchall()
    return int(db.execute("PRAGMA auto_vacuum").fetchone()[0]) == 2


def gone(db: sqlite3.Connection, since: int | None, until: int | None) -> int:
    """How many sessions of a span, ms UTC, have no details any more."""
    span = (since or 0, until or 1 << 53)
    query = (
        "SELECT count(*) FROM thinned t JOIN sessions s ON s.id = t.root"
        " WHERE t.last >= ? AND coalesce(s.started, 0) < ?"
    )
    return int(db.execute(query, span).fetchone()[0])


def thinned(db: sqlite3.Connection, root: int) -> int | None:
    """Up to when (ms UTC) details of this root session row are gone; None where all are there."""
    row = db.execute("SELECT last FROM thinned WHERE root = ?", (root,)).fetchone()
    return None if row is None else int(row[0])


def minutes(db: sqlite3.Connection, first: int, last: int) -> list[tuple[int, int, int]]:
    """(minute, session row, nano-dollars) of minutes that are gone, from their calls.

    From the minute `first` to `last` since 1970, both included.
    """
    return db.execute(
        f"SELECT c.at / {MINUTE} AS minute, c.session, sum(coalesce(c.cost, 0))"
        " FROM sessions s JOIN thinned t ON t.root = s.root JOIN calls c ON c.session = s.id"
        f" WHERE s.last >= ?1 * {MINUTE} AND coalesce(s.started, 0) < (?2 + 1) * {MINUTE}"
        f" AND c.at >= ?1 * {MINUTE} AND c.at < (?2 + 1) * {MINUTE} AND NOT c.flags & {UNREADABLE}"
        " AND NOT EXISTS (SELECT 1 FROM minutes m"
        f"  WHERE m.minute = c.at / {MINUTE} AND m.session = c.session) GROUP BY 1, 2",
        (first, last),
    ).fetchall()


def size(db: sqlite3.Connection, now: int) -> StoreSize:
    """The store's size, and its growth as it was in the last 30 days."""
    named = ("page_count", "page_size", "freelist_count")
    pages, page, free = (int(db.execute(f"PRAGMA {name}").fetchone()[0]) for name in named)
    calls = db.execute("SELECT coalesce(sum(calls), 0) FROM sessions").fetchone()[0]
    lately = db.execute(
        "SELECT coalesce(sum(calls), 0) FROM sessions WHERE last >= ?", (now - 30 * DAY,)
    ).fetchone()[0]
    growth = (pages - free) * page * lately // calls if calls else 0
    thinned = db.execute("SELECT count(*) FROM thinned").fetchone()[0]
    return StoreSize(pages * page, calls, growth, thinned)
