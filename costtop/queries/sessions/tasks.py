"""Tasks and what they cost: the latest ones, and the cost of a completed one by feature.

It judges no trend. Money is int nano-dollars, times are ms UTC.
"""

import json
import math
import sqlite3
from collections.abc import Collection, Iterable
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.analysis.task_price import PricedTask
from costtop.durations import DAY
from costtop.named_tuples import NamedTuple
from costtop.nouns.log_owner import PROGRAMS
from costtop.queries.sessions.task_costs import NONE, by_task, price
from costtop.queries.spending.spending import bounds
from costtop.store.calls import floors
from costtop.store.db import snapshot
from costtop.store.sessions import short_ids, task_completion
from costtop.sum_floors import EXACT, Sum, together

_KEPT = 300  # tasks of the list
_COMPLETED = (
    "SELECT t.task, n.text FROM tasks t JOIN sessions s ON s.id = t.session"
    " JOIN names n ON n.id = s.source WHERE t.status = 'completed'"
    " AND t.task IN (SELECT value FROM json_each(?))"
)


class TaskLine(NamedTuple):
    """One task of a session."""

    session: str  # "source/session"
    task: str
    status: str  # started | completed | answered | failed | aborted
    feature: str
    started: int | None
    finished: int | None
    spent: Sum
    new: int = 0  # tokens that were not read from a cache, and output
    short_id: str = ""  # of the session, as people type it
    name: str = ""  # of the task, as short as people can read it

    @property
    def price(self) -> int | None:
        """What a completed task cost; None for any other one, and where a price is not known."""
        known = self.status == "completed" and self.finished and not self.spent.short.unpriced
        return self.spent.cost or None if known else None


class TaskSum(NamedTuple):
    """The tasks of a feature that finished in the span."""

    feature: str
    completed: int
    told: int  # of them, those that calls name: the price is of these
    lost: int  # failed or aborted
    spent: Sum  # for the completed ones
    lost_spent: Sum
    before: int | None  # cost of a completed task in the span before

    @property
    def each(self) -> int | None:
        """The price of a completed task, as everywhere (`report_line.Line.cost_per_task`)."""
        return price(self.spent.cost, self.told)


class Tasks(NamedTuple):
    """The answer for the screen of tasks."""

    span: str
    lines: tuple[TaskLine, ...]  # latest first
    sums: tuple[TaskSum, ...]  # dearest feature first
    completed_by: str = "answer"


_LATELY = "SELECT session FROM tasks WHERE coalesce(finished, started) >= ?"
_TASK = "s.root || '/' || (SELECT text FROM names WHERE id = c.task)"


def read(db: sqlite3.Connection, span: str, now: int, tz: ZoneInfo) -> Tasks:
    """Tasks of the named span up to now, compared with the span before."""
    begins, _, earlier, upto = bounds(span, now, tz)
    with snapshot(db):
        lines, by = since(db, earlier), task_completion.of(db)
    present = [line for line in lines if (line.finished or line.started or 0) >= begins]
    past = [line for line in lines if earlier <= (line.finished or 0) < upto]
    names = short_ids.shortened(line.task for line in present[:_KEPT])
    shown = tuple(line._replace(name=names[line.task]) for line in present[:_KEPT])
    return Tasks(span, shown, _sums(present, past), by)


def since(db: sqlite3.Connection, start: int) -> list[TaskLine]:
    """Every task that finished, or began and goes on, since `start`; latest first."""
    shorts = floors.by(db, _TASK, f"c.task <> 0 AND s.root IN ({_LATELY})", (start,))
    spent = by_task(db, _LATELY, (start,))
    rows = db.execute(
        "SELECT so.text || '/' || r.session, t.task, t.status, fe.text, t.started, t.finished,"
        " t.session, r.short"
        " FROM tasks t JOIN sessions r ON r.id = t.session JOIN names so ON so.id = r.source"
        " JOIN names fe ON fe.id = t.feature"
        " WHERE coalesce(t.finished, t.started) >= ?"
        " ORDER BY coalesce(t.finished, t.started) DESC",
        (start,),
    )
    lines = []
    for *about, root, short in rows:
        cost, calls, new = spent.get((root, about[1]), NONE)
        missing = shorts.get(f"{root}/{about[1]}", EXACT)
        lines.append(TaskLine._make((*about, Sum(cost, calls, missing), new, short, "")))
    return lines


def priced(lines: Iterable[TaskLine], tz: ZoneInfo) -> list[PricedTask]:
    """Completed tasks whose price is known, for the question whether they get dearer.

    Days are the user's.
    """
    return [
        PricedTask(
            at=line.finished,
            day=periods.start_of("day", line.finished, tz) // DAY,
            log_cost=math.log(line.price),
            log_turns=math.log(max(1, line.spent.calls)),
            log_new=math.log(max(1, line.new)),
        )
        for line in lines
        if line.finished and line.price
    ]


def _sums(present: list[TaskLine], past: list[TaskLine]) -> tuple[TaskSum, ...]:
    features = dict.fromkeys(line.feature for line in present if line.finished)
    sums = []
    for feature in features:
        mine = [line for line in present if line.feature == feature and line.finished]
        done = [line for line in mine if line.status == "completed"]
        lost = [line for line in mine if line.status in ("failed", "aborted")]
        old = [p for p in past if p.feature == feature and p.status == "completed"]
        costs = _together(done), _together(lost)
        before = price(_together(old).cost, told(old))
        sums.append(TaskSum(feature, len(done), told(done), len(lost), *costs, before))
    return tuple(sorted(sums, key=lambda one: -one.spent.cost - one.lost_spent.cost))


def told(done: Iterable[TaskLine]) -> int:
    """How many of them calls name."""
    return sum(line.spent.calls > 0 for line in done)


def _together(tasks: list[TaskLine]) -> Sum:
    spent = [task.spent for task in tasks]
    cost, calls = sum(one.cost for one in spent), sum(one.calls for one in spent)
    return Sum(cost, calls, together(one.short for one in spent))


def completers(db: sqlite3.Connection, tasks: Collection[str]) -> dict[str, str]:
    """By the name of a completed task: answer, commit, pr, or program where one said so itself."""
    by = task_completion.of(db)
    rows = db.execute(_COMPLETED, (json.dumps(sorted(tasks)),))
    return {str(task): "program" if source in PROGRAMS else by for task, source in rows}
