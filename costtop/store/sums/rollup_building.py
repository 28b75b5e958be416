"""Fills the roll-ups of long spans from what a store holds already, in short steps.

Each step is one transaction of the caller's; between two of them calls are added as ever. Until all
are done readers go by quarter hours, as they did before.
"""

import sqlite3

from costtop.store.calls.call_row import UNREADABLE
from costtop.store.sums import context_parts, day_sums, rollup_progress, task_sums
from costtop.store.sums.rollup_table import LINE, SUMS

AT_ONCE = 4_000  # rows of `spend`, or calls, of one step: some 30 ms


def step(db: sqlite3.Connection) -> bool:
    """Fills a little more; False where everything is filled."""
    known = rollup_progress.days(db)
    if known.upto < rollup_progress.ALL:
        _days(db, known)
        return True
    upto = rollup_progress.tasks(db)
    if upto < rollup_progress.ALL:
        _tasks(db, upto)
        return True
    return False


def _days(db: sqlite3.Connection, known: rollup_progress.RolledDays) -> None:
    first = _first(db, known.upto)
    if first is None:
        for table in ("days", "floor_days"):  # of another zone
            db.execute(f"DELETE FROM {table} WHERE quarter >= ?", (known.upto,))
        rollup_progress.put(db, "days", rollup_progress.ALL)
        return
    day, until = (
        rollup_progress.day_of(first, known.zone),
        rollup_progress.day_after(first, known.zone),
    )
    row = db.execute(
        "SELECT quarter FROM spend WHERE quarter >= ? ORDER BY quarter LIMIT 1 OFFSET ?",
        (first, AT_ONCE),
    ).fetchone()
    until = min(until, max(row[0], first + 1)) if row else until
    if known.upto <= day:  # the day's first part: what stands there is of another zone
        for table in ("days", "floor_days"):
            query = f"DELETE FROM {table} WHERE quarter >= ? AND quarter < ?"
            db.execute(query, (known.upto, rollup_progress.day_after(first, known.zone)))
    spend = _sums(db, "spend", LINE, SUMS, (first, until))
    floors = _sums(db, "floors", f"{LINE}, reason", "calls, cost, output", (first, until))
    whose = context_parts.parts(db, {key[2] for key in (*spend, *floors)})
    rollup_progress.put(db, "days", until)
    day_sums.add(db, spend, floors, whose, shrunk=False)


def _first(db: sqlite3.Connection, upto: int) -> int | None:
    """The first quarter hour with anything from `upto` on."""
    found = [
        db.execute(f"SELECT min(quarter) FROM {table} WHERE quarter >= ?", (upto,)).fetchone()[0]
        for table in ("spend", "floors")
    ]
    return min((one for one in found if one is not None), default=None)


def _sums(
    db: sqlite3.Connection, table: str, keys: str, sums: str, span: tuple[int, int]
) -> dict[tuple[int, ...], list[int]]:
    rows = db.execute(
        f"SELECT {keys}, {sums} FROM {table} WHERE quarter >= ? AND quarter < ?", span
    )
    width = keys.count(",") + 1
    return {row[:width]: list(row[width:]) for row in rows}


def _tasks(db: sqlite3.Connection, upto: int) -> None:
    last = _last(db, upto)
    if last is None:
        rollup_progress.put(db, "tasks", rollup_progress.ALL)
        return
    span = (upto, last)
    db.execute(
        "INSERT INTO task_sums (root, task, session, calls, cost, fresh)"
        " SELECT s.root, x.task, s.id, count(*), sum(coalesce(c.cost, 0)),"
        " sum(c.input - c.cache_read + c.output)"
        " FROM sessions s JOIN calls c ON c.session = s.id JOIN contexts x ON x.id = c.context"
        f" WHERE s.id > ? AND s.id <= ? AND x.task <> 0 AND NOT c.flags & {UNREADABLE}"
        " GROUP BY s.id, x.task",
        span,
    )
    query = "SELECT DISTINCT root, task FROM task_sums WHERE session > ? AND session <= ?"
    task_sums.again(db, db.execute(query, span).fetchall())
    rollup_progress.put(db, "tasks", last)


def _last(db: sqlite3.Connection, upto: int) -> int | None:
    """The session row with which a step from `upto` on ends; None where there are no more."""
    last, calls = None, 0
    for session, count in db.execute(
        "SELECT id, calls FROM sessions WHERE id > ? ORDER BY id LIMIT ?", (upto, AT_ONCE)
    ):
        last, calls = session, calls + count
        if calls >= AT_ONCE:
            break
    return last
