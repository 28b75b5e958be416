"""Completed tasks by the keys of a report, and what they cost. It formats nothing."""

import sqlite3
from collections.abc import Iterator, Sequence

from costtop.queries.sessions.task_costs import OF_COMPLETED, by_task
from costtop.queries.spending import spend_filters
from costtop.queries.spending.spend_filters import Filters
from costtop.queries.spending.sum_keys import PARTS, TAG, TIMES, Labels
from costtop.store.calls.rollups import QUARTER

Done = tuple[int, int, int]  # completed tasks, those that calls name, what those cost
NONE: Done = (0, 0, 0)
Key = tuple[str, ...]

_COLUMN = {
    "session": "t.session", "feature": "t.feature", "user": "c.user", "project": "c.project",
    "host": "c.host", "source": "s.source", "total": "0", "label": "s.label", "task": "t.task",
    "agent": "s.source", "branch": "c.branch", **dict.fromkeys(TIMES, f"t.finished / {QUARTER}"),
}  # fmt: skip


def read(
    db: sqlite3.Connection,
    keys: Sequence[str],
    labels: Sequence[Labels],
    span: tuple[int, int],
    filters: Filters,
) -> tuple[dict[Key, Done] | None, Done | None]:
    """(by line, in all) of the quarter hours [since, until).

    None where tasks cannot be told apart: one may use several models, tools, kinds of subagent.
    """
    if PARTS & {one.field for one in filters}:
        return None, None
    apart = not PARTS & set(keys)
    done: dict[Key, Done] = {}
    total = NONE
    for told, cost, *numbers in _completed(db, keys if apart else (), span, filters):
        total = _with(total, told, cost)
        if apart:
            key = tuple(label(number) for label, number in zip(labels, numbers, strict=True))
            done[key] = _with(done.get(key, NONE), told, cost)
    return (done if apart else None), total


def _with(known: Done, told: int, cost: int) -> Done:
    return known[0] + 1, known[1] + told, known[2] + cost


def _completed(
    db: sqlite3.Connection, keys: Sequence[str], span: tuple[int, int], filters: Filters
) -> Iterator[tuple[int, ...]]:
    times = (max(span[0], -(1 << 42)) * QUARTER, min(span[1], 1 << 42) * QUARTER)
    where, values = spend_filters.condition(db, filters, _filtered)
    yield from db.execute(
        "SELECT coalesce(k.calls, 0) > 0, coalesce(k.cost, 0)"
        f"{''.join(f', {_column(key)}' for key in keys)} FROM tasks t"
        " JOIN sessions s ON s.id = t.session LEFT JOIN contexts c ON c.id = t.context"
        f" LEFT JOIN ({by_task(OF_COMPLETED)}) k ON k.task = t.task AND k.root = t.session"
        f" WHERE t.status = 'completed' AND t.finished >= ? AND t.finished < ?{where}",
        (*times, *times, *values),
    )


def _column(key: str) -> str:
    return "c.tags" if key.startswith(TAG) else _COLUMN[key]


def _filtered(key: str) -> str:
    """The column that a filter compares: of a task's own name its number."""
    return "(SELECT id FROM names WHERE text = t.task)" if key == "task" else _column(key)
