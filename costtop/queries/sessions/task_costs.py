"""What tasks cost: every call of a task, whenever it was made; and the price of a completed one."""

OF_COMPLETED = (
    "SELECT session FROM tasks WHERE status = 'completed' AND finished >= ? AND finished < ?"
)
"""Root sessions in which a task was completed in a span, ms UTC."""


def by_task(sessions: str) -> str:
    """Rows (task, root, cost, calls, fresh) of the tasks of these root sessions, a SELECT of rows.

    `fresh` are tokens that were not read from a cache, and output.
    """
    return (
        "SELECT p.task AS task, p.root AS root, sum(p.cost) AS cost, sum(p.calls) AS calls,"
        " sum(p.fresh) AS fresh FROM (SELECT n.text AS task, s.root AS root, x.cost, x.calls,"
        " x.input - x.cache_read + x.output AS fresh"
        " FROM spend x JOIN sessions s ON s.id = x.session JOIN contexts c ON c.id = x.context"
        f" JOIN names n ON n.id = c.task WHERE c.task <> 0 AND s.root IN ({sessions})) p"
        " GROUP BY 1, 2"
    )


def price(cost: int | None, tasks: int | None) -> int | None:
    """Nano-dollars a task, rounded half up; None without one."""
    return (2 * cost + tasks) // (2 * tasks) if tasks and cost is not None else None
