"""Tasks and what they cost: the latest ones, and the cost of a completed one by feature.

It judges no trend. Money is int nano-dollars, times are ms UTC.
"""

import sqlite3
from typing import NamedTuple
from zoneinfo import ZoneInfo

from costtop.floor import EXACT, Sum, together
from costtop.queries.spending.spending import bounds
from costtop.store.calls import floors
from costtop.store.db import snapshot

_KEPT = 300  # tasks of the list


class TaskLine(NamedTuple):
    """One task of a session."""

    session: str  # "source/session"
    task: str
    status: str  # started | completed | failed | aborted
    feature: str
    started: int | None
    finished: int | None
    spent: Sum

    @property
    def price(self) -> int | None:
        """What a completed task cost; None for any other one, and where a price is not known."""
        known = self.status == "completed" and self.finished and not self.spent.short.unpriced
        return self.spent.cost or None if known else None


class TaskSum(NamedTuple):
    """The tasks of a feature that finished in the span."""

    feature: str
    completed: int
    lost: int  # failed or aborted
    spent: Sum  # for the completed ones
    lost_spent: Sum
    before: int | None  # cost of a completed task in the span before

    @property
    def each(self) -> int | None:
        """Cost of a completed task."""
        return self.spent.cost // self.completed if self.completed else None


class Tasks(NamedTuple):
    """The answer for the screen of tasks."""

    span: str
    lines: tuple[TaskLine, ...]  # latest first
    sums: tuple[TaskSum, ...]  # dearest feature first


_LATELY = "SELECT session FROM tasks WHERE coalesce(finished, started) >= ?"
_TASK = "s.root || '/' || (SELECT text FROM names WHERE id = c.task)"
_COST = (
    "SELECT p.task AS task, p.root AS root, sum(p.cost) AS cost, sum(p.calls) AS calls"
    " FROM (SELECT n.text AS task, s.root AS root, x.cost, x.calls"
    " FROM spend x JOIN sessions s ON s.id = x.session JOIN contexts c ON c.id = x.context"
    f" JOIN names n ON n.id = c.task WHERE c.task <> 0 AND s.root IN ({_LATELY})) p GROUP BY 1, 2"
)


def read(db: sqlite3.Connection, span: str, now: int, tz: ZoneInfo) -> Tasks:
    """Tasks of the named span up to now, compared with the span before."""
    begins, _, earlier, upto = bounds(span, now, tz)
    with snapshot(db):
        lines = since(db, earlier)
    present = [line for line in lines if (line.finished or line.started or 0) >= begins]
    past = [line for line in lines if earlier <= (line.finished or 0) < upto]
    return Tasks(span, tuple(present[:_KEPT]), _sums(present, past))


def since(db: sqlite3.Connection, start: int) -> list[TaskLine]:
    """Every task that finished, or began and goes on, since `start`; latest first."""
    shorts = floors.by(db, _TASK, f"c.task <> 0 AND s.root IN ({_LATELY})", (start,))
    rows = db.execute(
        "SELECT so.text || '/' || r.session, t.task, t.status, fe.text, t.started, t.finished,"
        " coalesce(k.cost, 0), coalesce(k.calls, 0), t.session || '/' || t.task"
        f" FROM tasks t JOIN sessions r ON r.id = t.session JOIN names so ON so.id = r.source"
        f" JOIN names fe ON fe.id = t.feature LEFT JOIN ({_COST}) k"
        " ON k.task = t.task AND k.root = t.session"
        " WHERE coalesce(t.finished, t.started) >= ?"
        " ORDER BY coalesce(t.finished, t.started) DESC",
        (start, start),
    )
    return [
        TaskLine._make((*about, Sum(cost, calls, shorts.get(name, EXACT))))
        for *about, cost, calls, name in rows
    ]


def _sums(present: list[TaskLine], past: list[TaskLine]) -> tuple[TaskSum, ...]:
    features = dict.fromkeys(line.feature for line in present if line.finished)
    sums = []
    for feature in features:
        mine = [line for line in present if line.feature == feature and line.finished]
        done = [line for line in mine if line.status == "completed"]
        lost = [line for line in mine if line.status != "completed"]
        old = [p.spent.cost for p in past if p.feature == feature and p.status == "completed"]
        costs = _together(done), _together(lost)
        before = sum(old) // len(old) if old else None
        sums.append(TaskSum(feature, len(done), len(lost), *costs, before))
    return tuple(sorted(sums, key=lambda one: -one.spent.cost - one.lost_spent.cost))


def _together(tasks: list[TaskLine]) -> Sum:
    spent = [task.spent for task in tasks]
    cost, calls = sum(one.cost for one in spent), sum(one.calls for one in spent)
    return Sum(cost, calls, together(one.short for one in spent))
