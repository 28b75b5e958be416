"""Completed tasks by the keys of a report, and what they cost."""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any

from costtop.durations import QUARTER
from costtop.queries.sessions.task_costs import NONE as UNTOLD
from costtop.queries.sessions.task_costs import OF_COMPLETED, by_task
from costtop.queries.spending import spend_filters
from costtop.queries.spending.spend_filters import Filters
from costtop.queries.spending.sum_keys import PARTS, TIMES, Labels, is_tag
from costtop.store.sessions import owner_columns
from costtop.store.sums import rollup_progress

Done = tuple[int, int, int]  # completed tasks, those that calls name, what those cost
NONE: Done = (0, 0, 0)
Key = tuple[str, ...]
_ROLLED = {"feature": "t.feature", "total": "0", **dict.fromkeys(TIMES, "t.quarter")}
"""Keys that the roll-up of completed tasks tells apart, and its columns."""

_COLUMN = {
    "session": "t.session", "feature": "t.feature", "user": owner_columns.user(),
    "project": "c.project", "host": owner_columns.host(), "source": "s.source", "total": "0",
    "label": "s.label", "task": "t.task", "agent": "s.source", "branch": "c.branch",
    "ticket": "c.branch", **dict.fromkeys(TIMES, f"t.finished / {QUARTER}"),
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
    numbered: dict[tuple[Any, ...], Done] = {}
    times = (max(span[0], -(1 << 42)) * QUARTER, min(span[1], 1 << 42) * QUARTER)
    asked = {*(keys if apart else ()), *(one.field for one in filters)}
    how = _added_up
    if rollup_progress.tasks(db) == rollup_progress.ALL:
        how = _rolled if asked <= _ROLLED.keys() else _summed
    for row in how(db, keys if apart else (), times, filters):
        numbered[row[:-3]] = together(numbered.get(row[:-3], NONE), row[-3:])
    done: dict[Key, Done] = {}
    for numbers, one in numbered.items():
        key = tuple([label(number) for label, number in zip(labels, numbers, strict=False)])
        done[key] = together(done.get(key, NONE), one)
    total = reduce(together, numbered.values(), NONE)
    return (done if apart else None), total


def _summed(
    db: sqlite3.Connection, keys: Sequence[str], times: tuple[int, int], filters: Filters
) -> Iterator[tuple[Any, ...]]:
    """Numbers of the keys, then a `Done` of all tasks with them."""
    columns = "".join(f"{_column(key)}, " for key in keys)
    groups = ", ".join(str(nth + 1) for nth in range(len(keys)))
    where, values = spend_filters.condition(db, filters, _filtered)
    joined = " JOIN sessions s ON s.id = t.session LEFT JOIN contexts c ON c.id = t.context"
    needed = joined if "s." in columns + where or "c." in columns + where else ""
    yield from db.execute(
        f"SELECT {columns}count(*), sum(t.calls > 0), sum(t.cost) FROM tasks t{needed}"
        f" WHERE t.status = 'completed' AND t.finished >= ? AND t.finished < ?{where}"
        f" GROUP BY {groups or 't.status'}",
        (*times, *values),
    )


def _rolled(
    db: sqlite3.Connection, keys: Sequence[str], times: tuple[int, int], filters: Filters
) -> Iterator[tuple[Any, ...]]:
    """The same from the roll-up of completed tasks, which tells apart times and features alone."""
    columns = "".join(f"{_ROLLED[key]}, " for key in keys)
    groups = ", ".join(str(nth + 1) for nth in range(len(keys)))
    where, values = spend_filters.condition(db, filters, _ROLLED.__getitem__)
    span = [time // QUARTER for time in times]
    yield from db.execute(
        f"SELECT {columns}sum(t.tasks), sum(t.told), sum(t.cost) FROM done t"
        f" WHERE t.quarter >= ? AND t.quarter < ?{where} GROUP BY {groups or 'NULL'}",
        (*span, *values),
    )


def _added_up(
    db: sqlite3.Connection, keys: Sequence[str], times: tuple[int, int], filters: Filters
) -> Iterator[tuple[Any, ...]]:
    """The same task by task, from quarter hours: while `task_sums` is not filled yet."""
    costs = by_task(db, OF_COMPLETED, times)
    for row in _completed(db, keys, times, filters):
        cost, calls, _ = costs.get(row[-2:], UNTOLD)
        yield (*row[:-2], 1, int(calls > 0), cost)


def together(one: Done, more: Done) -> Done:
    """The tasks of both."""
    return one[0] + more[0], one[1] + more[1], one[2] + more[2]


def _completed(
    db: sqlite3.Connection, keys: Sequence[str], times: tuple[int, int], filters: Filters
) -> Iterator[tuple[Any, ...]]:
    where, values = spend_filters.condition(db, filters, _filtered)
    yield from db.execute(
        f"SELECT {''.join(f'{_column(key)}, ' for key in keys)}t.session, t.task FROM tasks t"
        " JOIN sessions s ON s.id = t.session LEFT JOIN contexts c ON c.id = t.context"
        f" WHERE t.status = 'completed' AND t.finished >= ? AND t.finished < ?{where}",
        (*times, *values),
    )


def _column(key: str) -> str:
    return "c.tags" if is_tag(key) else _COLUMN[key]


def _filtered(key: str) -> str:
    """The column that a filter compares: of a task's own name its number."""
    return "(SELECT id FROM names WHERE text = t.task)" if key == "task" else _column(key)
