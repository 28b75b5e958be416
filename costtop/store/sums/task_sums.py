"""What tasks cost: every call that names one, whenever it was made."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from costtop.store import many_rows
from costtop.store.sums import rollup_progress

_ADD = (
    "INSERT INTO task_sums (root, task, session, calls, cost, fresh) VALUES (?,?,?,?,?,?)"
    " ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, cost = cost + excluded.cost,"
    " fresh = fresh + excluded.fresh"
)
_TO_TASK = (
    "UPDATE tasks SET calls = calls + ?4, cost = cost + ?5, fresh = fresh + ?6"
    " WHERE session = ?1 AND task = (SELECT text FROM names WHERE id = ?2)"
)
_REMOVE = "DELETE FROM task_sums WHERE root = ?1 AND task = ?2 AND session = ?3 AND calls = 0"
_ROOTS = (
    "SELECT s.id, s.root, EXISTS (SELECT 1 FROM tasks WHERE session = s.root) FROM json_each(?) j"
    " CROSS JOIN sessions s ON s.id = j.value"
)
_OF_ROOTS = (
    "SELECT s.root, n.text, sum(s.calls), sum(s.cost), sum(s.fresh) FROM json_each(?) r"
    " CROSS JOIN task_sums s ON s.root = r.value JOIN names n ON n.id = s.task GROUP BY 1, 2"
)
_OF = (
    "SELECT coalesce(sum(calls), 0), coalesce(sum(cost), 0), coalesce(sum(fresh), 0)"
    " FROM task_sums WHERE root = ?1 AND task = "
)
OF_TASK = f"{_OF}(SELECT id FROM names WHERE text = ?2)"
"""The sums of the task with the name ?2 of the root session row ?1."""
_AGAIN = (
    f"UPDATE tasks SET (calls, cost, fresh) = ({_OF}?2)"
    " WHERE session = ?1 AND task = (SELECT text FROM names WHERE id = ?2)"
)


def add(
    db: sqlite3.Connection,
    spend: Mapping[tuple[Any, ...], list[int]],
    tasks: Mapping[int, tuple[int, int]],
    *,
    shrunk: bool,
) -> None:
    """Adds deltas of `spend` (by quarter, session, context, …; its sums) to their tasks.

    `tasks` is that of `context_parts`; with `shrunk` rows without calls go.
    """
    if not any(task for _, task in tasks.values()):
        return
    upto = rollup_progress.tasks(db)
    found: dict[tuple[int, int], tuple[int, int, int]] = {}
    for (_, session, context, *_), sums in spend.items():
        task = tasks.get(context, (0, 0))[1]
        if not task or session > upto:
            continue
        calls, cost, fresh = found.get((session, task), (0, 0, 0))
        more = sums[6] - sums[7] + sums[10]
        found[session, task] = calls + sums[0], cost + sums[3], fresh + more
    asked = json.dumps([*{one for one, _ in found}])
    roots = {one: (root, told) for one, root, told in db.execute(_ROOTS, (asked,))}
    rows = [
        (roots[one][0], task, one, *sums) for (one, task), sums in found.items() if one in roots
    ]
    many_rows.insert(db, _ADD, rows)
    if told := [row for row in rows if roots[row[2]][1]]:
        db.executemany(_TO_TASK, told)
    if shrunk:
        db.executemany(_REMOVE, [row[:3] for row in rows if row[3] <= 0])


def of_roots(
    db: sqlite3.Connection, roots: Iterable[int]
) -> dict[tuple[int, str], tuple[int, int, int]]:
    """(calls, cost, fresh) of the tasks of these root sessions, by root and name."""
    rows = db.execute(_OF_ROOTS, (json.dumps([*roots]),))
    return {row[:2]: row[2:] for row in rows}


def move(db: sqlite3.Connection, old: int, new: int) -> None:
    """Gives the sums of one root to another, whose tasks are there already."""
    tasks = db.execute("SELECT DISTINCT task FROM task_sums WHERE root = ?", (old,)).fetchall()
    db.execute("UPDATE task_sums SET root = ? WHERE root = ?", (new, old))
    again(db, ((new, task) for (task,) in tasks))


def again(db: sqlite3.Connection, tasks: Iterable[tuple[int, int]]) -> None:
    """Sums tasks anew: (root session row, name) each."""
    db.executemany(_AGAIN, tasks)
