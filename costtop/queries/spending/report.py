"""Spend summed by one key over a span of time, from the roll-ups. It formats nothing.

Every report is a sum over the same `spend` table, so sessions, days, features and models always
add up to the same total, to the nano-dollar.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.floor import EXACT, Floor, together
from costtop.queries.live.session_state import state
from costtop.queries.sessions import dearest
from costtop.queries.sessions.task_costs import OF_COMPLETED, by_task, price
from costtop.queries.spending import hidden, unlogged
from costtop.queries.spending.unlogged import Unlogged
from costtop.store import meta
from costtop.store.calls import floors
from costtop.store.calls.rollups import QUARTER
from costtop.store.db import snapshot

KEYS = (
    "total", "day", "week", "month", "session", "feature", "model", "user", "task", "project",
    "source", "host", "label",
)  # fmt: skip
UNTAGGED = "(none)"
_TIMES = ("day", "week", "month")


class Line(NamedTuple):
    """One row of a report; sums in tokens and nano-dollars."""

    key: str
    calls: int
    errors: int
    unpriced: int
    cost: int
    reported: int
    reported_calls: int
    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    output: int
    reasoning: int
    sessions: int
    tasks: int | None  # completed; None where tasks cannot be told apart by this key
    short: Floor = EXACT
    tasks_told: int | None = None  # of these tasks: those that calls name
    tasks_cost: int | None = None  # of those: all of their calls, also before the span

    @property
    def floor(self) -> bool:
        """Whether people see the cost as a floor."""
        return self.short.shows(self.cost, self.calls)

    @property
    def cost_per_task(self) -> int | None:
        """The price of a completed task, nano-dollars: what those cost that calls name.

        Where calls name none, all spend by all of them; None without one.
        """
        return price(self.tasks_cost, self.tasks_told) if self.tasks_told else self.spend_per_task

    @property
    def spend_per_task(self) -> int | None:
        """All spend of the line by its completed tasks: with what was given up, or is no task."""
        return price(self.cost, self.tasks)


class About(NamedTuple):
    """What a session row says besides its sums."""

    source: str
    session: str
    project: str
    feature: str
    user: str
    model: str  # the dearest
    model_now: str  # of the latest call
    host: str
    started: int | None
    last: int | None
    state: str  # running | idle | ended
    children: int
    branch: str
    label: str  # of the config's [[source]] entry


class Report(NamedTuple):
    """The answer to `costtop report`: lines dearest first, times in order."""

    by: str
    since: int | None
    until: int | None
    zone: str
    lines: list[Line]
    total: Line
    unpriced_models: list[str]
    about: dict[str, About]
    likely: int | None  # nano-dollars of outputs that the logs do not finish, about
    beside: dict[str, Unlogged]  # what no log tells of each session, in none of these sums


_Done = tuple[int, int, int]  # completed tasks, those that calls name, what those cost
_NONE: _Done = (0, 0, 0)


class _Sum:
    """A line being added up."""

    __slots__ = ("roots", "short", "sums")

    def __init__(self) -> None:
        self.sums = [0] * 12
        self.roots: set[int] = set()
        self.short = EXACT

    def add(self, sums: Sequence[int], roots: set[int], short: Floor = EXACT) -> None:
        self.sums = [a + b for a, b in zip(self.sums, sums, strict=True)]
        self.roots |= roots
        if short is not EXACT:
            self.short = together([self.short, short])

    def line(self, key: str, tasks: _Done | None) -> Line:
        done = (None, None, None) if tasks is None else tasks
        return Line._make((key, *self.sums, len(self.roots), done[0], self.short, *done[1:]))


_SUMS = (
    "sum(p.calls), sum(p.errors), sum(p.unpriced), sum(p.cost), sum(p.reported),"
    " sum(p.reported_calls), sum(p.input), sum(p.cache_read), sum(p.cache_write),"
    " sum(p.cache_write_1h), sum(p.output), sum(p.reasoning)"
)
COLUMN = {
    "total": "0", "session": "s.root", "feature": "p.feature", "model": "p.model",
    "user": "c.user", "task": "c.task", "project": "c.project", "host": "c.host",
    "source": "s.source", "label": "(SELECT label FROM sessions WHERE id = s.root)",
    "day": "p.quarter", "week": "p.quarter", "month": "p.quarter",
}  # fmt: skip
WITHIN = "p.quarter >= ? AND p.quarter < ?"
FROM = "FROM spend p JOIN sessions s ON s.id = p.session LEFT JOIN contexts c ON c.id = p.context"


def read(
    db: sqlite3.Connection,
    by: str,
    tz: ZoneInfo,
    since: int | None = None,
    until: int | None = None,
    now: int = 0,
) -> Report:
    """Spend by `by` (one of KEYS) in [since, until) ms UTC, both rounded down to quarter hours.

    `now` decides the state of sessions.
    """
    span = (
        -(1 << 62) if since is None else since // QUARTER,
        1 << 62 if until is None else until // QUARTER,
    )
    with snapshot(db):  # the total must be that of the lines
        sums = _sums(db, by, tz, span)
        total = _Sum()
        for line in sums.values():
            total.add(line.sums, line.roots, line.short)
        tasks, all_tasks = _tasks(db, by, tz, span)
        lines = [
            line.line(key, None if tasks is None else tasks.get(key, _NONE))
            for key, line in sums.items()
        ]
        return Report(
            by=by,
            since=since,
            until=until,
            zone=tz.key,
            lines=_ordered(by, lines),
            total=total.line("total", all_tasks),
            unpriced_models=_unpriced(db, span),
            about=_about(db, span, sums, now) if by == "session" else {},
            likely=hidden.likely(db, since or 0, until or 1 << 53)
            if total.short.placeholder
            else None,
            beside=unlogged.by_session(db, span=(since or 0, until or 1 << 53))
            if by == "session"
            else {},
        )


def counted(since: int | None, until: int | None) -> tuple[int | None, int | None]:
    """What a report of [since, until) counts, ms UTC: whole quarter hours."""
    return since and since // QUARTER * QUARTER, until and until // QUARTER * QUARTER


def first_time(db: sqlite3.Connection) -> int | None:
    """When the earliest spend was, to the quarter hour; None in an empty store."""
    row = db.execute("SELECT min(quarter) FROM spend").fetchone()
    return None if row[0] is None else int(row[0]) * QUARTER


def _sums(db: sqlite3.Connection, by: str, tz: ZoneInfo, span: tuple[int, int]) -> dict[str, _Sum]:
    sums: dict[str, _Sum] = {}
    label = _Labels(db, by, tz)
    query = f"SELECT {COLUMN[by]}, s.root, {_SUMS} {FROM} WHERE {WITHIN} GROUP BY 1, 2"
    for key, root, *values in db.execute(query, span):
        sums.setdefault(label(key), _Sum()).add(values, {root})
    for key, short in floors.by(db, COLUMN[by], WITHIN, span).items():
        line = sums.setdefault(label(key), _Sum())  # all that it has may be what is missing
        line.short = together([line.short, short])
    return sums


class _Labels:
    """Turns a group's number into its key, remembering what it has looked up."""

    def __init__(self, db: sqlite3.Connection, by: str, tz: ZoneInfo) -> None:
        self._db, self._by, self._tz = db, by, tz
        self._known: dict[int | None, str] = {}

    def __call__(self, number: int | None) -> str:
        found = self._known.get(number)
        if found is None:
            found = self._known[number] = self._look(number)
        return found

    def _look(self, number: int | None) -> str:
        if self._by == "total":
            return "total"
        if self._by in _TIMES:
            return periods.key(self._by, (number or 0) * QUARTER, self._tz)
        query = "SELECT text FROM names WHERE id = ?"
        if self._by == "session":
            query = (
                "SELECT n.text || '/' || s.session FROM sessions s"
                " JOIN names n ON n.id = s.source WHERE s.id = ?"
            )
        row = self._db.execute(query, (number,)).fetchone()
        return (row[0] if row else "") or UNTAGGED


_TASK_KEY = {
    "session": "t.session", "feature": "t.feature", "user": "c.user", "project": "c.project",
    "host": "c.host", "source": "s.source", "total": "0", "label": "s.label",
}  # fmt: skip


def _tasks(
    db: sqlite3.Connection, by: str, tz: ZoneInfo, span: tuple[int, int]
) -> tuple[dict[str, _Done] | None, _Done]:
    """(completed tasks by line, in all). A task may use several models: then it has no line."""
    label = _Labels(db, by, tz)
    done: dict[str, _Done] = {}
    total = _NONE
    for key, name, finished, told, cost in _completed(db, by, span):
        total = (total[0] + 1, total[1] + told, total[2] + cost)
        if by != "model":
            line = name if by == "task" else label(finished // QUARTER if by in _TIMES else key)
            count, of_calls, costs = done.get(line, _NONE)
            done[line] = (count + 1, of_calls + told, costs + cost)
    return (None if by == "model" else done), total


def _completed(
    db: sqlite3.Connection, by: str, span: tuple[int, int]
) -> Iterator[tuple[int, str, int, bool, int]]:
    times = (max(span[0], -(1 << 42)) * QUARTER, min(span[1], 1 << 42) * QUARTER)
    yield from db.execute(
        f"SELECT {_TASK_KEY.get(by, '0')}, t.task, t.finished, coalesce(k.calls, 0) > 0,"
        " coalesce(k.cost, 0) FROM tasks t"
        " JOIN sessions s ON s.id = t.session LEFT JOIN contexts c ON c.id = t.context"
        f" LEFT JOIN ({by_task(OF_COMPLETED)}) k ON k.task = t.task AND k.root = t.session"
        " WHERE t.status = 'completed' AND t.finished >= ? AND t.finished < ?",
        (*times, *times),
    )


def _ordered(by: str, lines: list[Line]) -> list[Line]:
    if by in _TIMES:
        return sorted(lines, key=lambda line: line.key)
    return sorted(lines, key=lambda line: (-line.cost, -line.unpriced, line.key))


def _unpriced(db: sqlite3.Connection, span: tuple[int, int]) -> list[str]:
    rows = db.execute(
        "SELECT DISTINCT n.text FROM spend p JOIN names n ON n.id = p.model"
        " WHERE p.unpriced > 0 AND p.quarter >= ? AND p.quarter < ? ORDER BY 1",
        span,
    )
    return [row[0] for row in rows]


# A root that made no calls itself is described by its latest subagent or child that did.
_ABOUT = (
    "SELECT r.id, so.text, r.session, pr.text, fe.text, us.text, ho.text, br.text,"
    " md.text, la.text, min(s.started), max(s.last), r.ended, count(*) - 1"
    " FROM sessions s JOIN sessions r ON r.id = s.root"
    " LEFT JOIN sessions d ON d.id = CASE WHEN r.calls THEN r.id ELSE (SELECT x.id FROM sessions x"
    " WHERE x.root = r.id AND x.calls ORDER BY x.last DESC LIMIT 1) END"
    " JOIN names so ON so.id = r.source LEFT JOIN names fe ON fe.id = d.feature"
    " LEFT JOIN names md ON md.id = d.model LEFT JOIN names la ON la.id = r.label"
    " LEFT JOIN contexts c ON c.id = d.context LEFT JOIN names pr ON pr.id = c.project"
    " LEFT JOIN names us ON us.id = c.user LEFT JOIN names ho ON ho.id = c.host"
    " LEFT JOIN names br ON br.id = c.branch"
)


def _about(
    db: sqlite3.Connection, span: tuple[int, int], lines: Collection[str], now: int
) -> dict[str, About]:
    models = dearest.of_span(db, *span)
    rows = db.execute(f"{_ABOUT} GROUP BY r.id")
    told = _described(rows, models, meta.shared(db).finished_after, now)
    keyed = ((f"{about.source}/{about.session}", about) for _, about in told)
    return {key: about for key, about in keyed if key in lines}


def about_roots(
    db: sqlite3.Connection, roots: Sequence[int], span: tuple[int, int], now: int
) -> dict[int, About]:
    """What is said of these sessions, by their rows; the model is the dearest of the span."""
    listed = json.dumps(roots)
    rows = db.execute(
        f"{_ABOUT} WHERE s.root IN (SELECT value FROM json_each(?)) GROUP BY r.id", (listed,)
    )
    models = dearest.of_span(db, *span)
    return dict(_described(rows, models, meta.shared(db).finished_after, now))


def _described(
    rows: Iterable[tuple[Any, ...]], models: Mapping[int, str], after: int, now: int
) -> Iterator[tuple[int, About]]:
    for root, source, session, *texts, started, last, ended, children in rows:
        project, feature, user, host, branch, latest, label = (text or "" for text in texts)
        yield root, About(
            source=source, session=session, project=project, feature=feature, user=user,
            model=models.get(root, ""), model_now=latest, host=host, started=started, last=last,
            state=state(now, last, ended, after), children=children, label=label, branch=branch,
        )  # fmt: skip
