"""What tasks cost: every call of a task, whenever it was made; and the price of a completed one."""

import sqlite3

from costtop.store.sums import rollup_progress

OF_COMPLETED = (
    "SELECT session FROM tasks WHERE status = 'completed' AND finished >= ? AND finished < ?"
)
"""Root sessions in which a task was completed in a span, ms UTC."""

TaskCost = tuple[int, int, int]
"""Nano-dollars, calls, and tokens that were not read from a cache, and output."""
NONE: TaskCost = (0, 0, 0)


def by_task(
    db: sqlite3.Connection, sessions: str, values: tuple[object, ...]
) -> dict[tuple[int, str], TaskCost]:
    """By (root, task): the tasks that calls name, of these root sessions, a SELECT of rows."""
    if rollup_progress.tasks(db) == rollup_progress.ALL:
        query = (
            "SELECT x.root, n.text, sum(x.cost), sum(x.calls), sum(x.fresh) FROM task_sums x"
            f" JOIN names n ON n.id = x.task WHERE x.root IN ({sessions}) GROUP BY x.root, x.task"
        )
        rows = db.execute(query, values)
        return {(root, task): (cost, calls, fresh) for root, task, cost, calls, fresh in rows}
    # Summed here: SQLite would sort all rows by the task's text first, and join the sums by it.
    rows = db.execute(
        "SELECT s.root, n.text, x.cost, x.calls, x.input - x.cache_read + x.output"
        " FROM spend x JOIN sessions s ON s.id = x.session JOIN contexts c ON c.id = x.context"
        f" JOIN names n ON n.id = c.task WHERE c.task <> 0 AND s.root IN ({sessions})",
        values,
    )
    found: dict[tuple[int, str], TaskCost] = {}
    for root, task, cost, calls, fresh in rows:
        known = found.get((root, task))
        if known:
            found[root, task] = known[0] + cost, known[1] + calls, known[2] + fresh
        else:
            found[root, task] = cost, calls, fresh
    return found


def price(cost: int | None, tasks: int | None) -> int | None:
    """Nano-dollars a task, rounded half up; None without one."""
    return (2 * cost + tasks) // (2 * tasks) if tasks and cost is not None else None
