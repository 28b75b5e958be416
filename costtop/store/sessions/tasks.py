"""Tasks of root sessions, and the tools of calls: each with the state that all orders end in.

It sums no costs. A task is (root session, name). But a name that is a UUID names one prompt and no
other, so where a fork or branch copies a finished prompt into its own file it is the same task: it
belongs to the session that owns the calls made for it.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import compress
from operator import not_
from typing import Any

from costtop.model import Outcome, TaskFact, ToolUse
from costtop.named_tuples import NamedTuple
from costtop.store import many_rows
from costtop.store.calls.call_row import has_key
from costtop.store.names import Names
from costtop.store.sums import task_sums
from costtop.store.sums.task_sums import OF_TASK

_DONE = ("completed", "failed", "aborted", "started")  # the first one known wins
_UNIQUE = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_DIGITS = 16  # hex digits of a hash
_MANY = 20  # facts of a batch from which it pays to ask which tasks are new
_LOOKED_AT = 50  # calls next to a task's start or end among which one made for it is looked for


_TOLD = "coalesce(nullif(said, ''), status)"  # as its log says, whatever completes it
_NEW = (
    "INSERT INTO tasks (session, task, status, started, finished, context, feature,"
    f" calls, cost, fresh) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, * FROM ({OF_TASK}) WHERE true"
    " ON CONFLICT DO NOTHING"
)


ToolRow = tuple[int, int, str, str, bool | None, str | None]
"""The row of a call, which of its tools, and the fields of `ToolUse`."""
ToolRows = Sequence[Sequence[Any]]
"""Columns by the fields of `ToolRow`."""
NO_TOOLS: ToolRows = ((),) * 6


_WAITING = "INSERT OR IGNORE INTO tools (call, nth, name, key) VALUES (?,?,?,?)"
_ANSWERED = "INSERT OR IGNORE INTO tools (call, nth, name, key, result, error) VALUES (?,?,?,?,?,?)"
_ALL_NEW = (
    "INSERT INTO tasks (session, task, status, started, finished, context, feature,"
    " calls, cost, fresh) VALUES (?,?,?,?,?,?,?,?,?,?)"
)


class _Course(NamedTuple):
    """How a task went, as far as it is known; times in ms UTC."""

    status: str
    started: int | None
    finished: int | None


def record_task(db: sqlite3.Connection, session: int, root: int, fact: TaskFact) -> None:
    """Writes that a task began or ended; completed beats failed beats aborted beats started.

    `session` is the row of the session that says so, `root` its root's.
    """
    if _UNIQUE.fullmatch(fact.task):
        root, session = _home(db, session, root, fact)
    _put(db, root, fact.task, _course(fact), _whose(db, session, fact))


def record_tasks(
    db: sqlite3.Connection, facts: Iterable[tuple[int, int, TaskFact]], many: int = _MANY
) -> None:
    """The same for all (session, root, fact) of a batch, in order, to the same rows.

    A start waits for the end that comes with it, in an import nearly always: one row is written
    once. Whose a start was does not matter then. From `many` facts on those of roots without any
    task yet are written by one statement.
    """
    told = list(facts)
    rest = _record_new(db, told) if len(told) >= many else told
    begun: dict[tuple[int, str], tuple[int, TaskFact, _Course]] = {}
    for session, root, fact in rest:
        if _UNIQUE.fullmatch(fact.task):
            record_task(db, session, root, fact)
            continue
        course, name = _course(fact), (root, fact.task)
        if earlier := begun.pop(name, None):
            course = _joined(earlier[2], course)
        if fact.status == "started":
            begun[name] = (session, fact, course)
        else:
            _put(db, root, fact.task, course, _whose(db, session, fact))
    for (root, task), (session, fact, course) in begun.items():
        _put(db, root, task, course, _whose(db, session, fact))


def _record_new(
    db: sqlite3.Connection, told: Sequence[tuple[int, int, TaskFact]]
) -> list[tuple[int, int, TaskFact]]:
    """Writes the tasks that cannot stand anywhere yet; what was told of all others."""
    new = _without_tasks(db, {root for _, root, _ in told})
    elsewhere = _told_elsewhere(db, told)
    made: dict[tuple[int, str], tuple[int, TaskFact, _Course]] = {}
    rest = []
    for session, root, fact in told:
        name = (root, fact.task)
        if root not in new or fact.task in elsewhere:
            rest.append((session, root, fact))
        elif earlier := made.get(name):
            course = _joined(earlier[2], _course(fact))
            is_end = fact.status != "started" and fact.at == course.finished
            whose = (session, fact) if earlier[2].finished is None or is_end else earlier[:2]
            made[name] = (*whose, course)
        else:
            made[name] = (session, fact, _course(fact))
    sums = task_sums.of_roots(db, new)
    rows = [
        (*name, *course, *_whose(db, session, fact), *sums.get(name, (0, 0, 0)))
        for name, (session, fact, course) in made.items()
    ]
    many_rows.insert(db, _ALL_NEW, rows)
    return rest


def _without_tasks(db: sqlite3.Connection, roots: Iterable[int]) -> set[int]:
    query = (
        "SELECT value FROM json_each(?)"
        " WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE session = value)"
    )
    return {row[0] for row in db.execute(query, (json.dumps([*roots]),))}


def _told_elsewhere(db: sqlite3.Connection, told: Iterable[tuple[int, int, TaskFact]]) -> set[str]:
    """Names of prompts that stand in the table, or are told here of two roots."""
    roots = dict[str, int]()
    found = set()
    for _, root, fact in told:
        if roots.setdefault(fact.task, root) != root:
            found.add(fact.task)
    found = {task for task in found if _UNIQUE.fullmatch(task)}
    unique = [task for task in roots if _UNIQUE.fullmatch(task)]
    query = "SELECT task FROM tasks WHERE task IN (SELECT value FROM json_each(?))"
    rows = db.execute(query, (json.dumps(unique),)) if unique else ()
    return found | {row[0] for row in rows}


def _course(fact: TaskFact) -> _Course:
    begun = fact.status == "started"
    return _Course(fact.status, fact.at if begun else None, None if begun else fact.at)


def move_tasks(db: sqlite3.Connection, old: int, new: int) -> None:
    """Gives the tasks of one root to another: its parent was found."""
    rows = db.execute(
        f"SELECT task, context, feature, {_TOLD}, started, finished FROM tasks WHERE session = ?",
        (old,),
    ).fetchall()
    db.execute("DELETE FROM tasks WHERE session = ?", (old,))
    for task, context, feature, *course in rows:
        _put(db, new, task, _Course(*course), (context, feature))


def rename_tasks(
    db: sqlite3.Connection, session: str, since: int, name: Callable[[str], str]
) -> None:
    """Gives tasks of a root session ("source/session") since then other names; equal ones join."""
    source, _, own = session.partition("/")
    rows = db.execute(
        "SELECT t.session, t.task FROM tasks t JOIN sessions s ON s.id = t.session"
        " JOIN names n ON n.id = s.source WHERE n.text = ? AND s.session = ? AND s.id = s.root"
        " AND coalesce(t.finished, t.started) >= ?",
        (source, own, since),
    ).fetchall()
    for root, task in rows:
        if name(task) != task:
            _move(db, root, root, task, name(task))


def _put(
    db: sqlite3.Connection, root: int, task: str, course: _Course, whose: tuple[int, int]
) -> None:
    if db.execute(_NEW, (root, task, *course, *whose)).rowcount:
        return  # as nearly every task of an import
    row = db.execute(
        f"SELECT {_TOLD}, started, finished FROM tasks WHERE session = ? AND task = ?", (root, task)
    ).fetchone()
    joined = _joined(_Course(*row), course)
    db.execute(
        "UPDATE tasks SET status = CASE said WHEN ?3 THEN status ELSE ?3 END,"
        " said = CASE said WHEN ?3 THEN said ELSE '' END, started = ?4, finished = ?5,"
        " context = CASE WHEN ?8 THEN ?6 ELSE context END,"
        " feature = CASE WHEN ?8 THEN ?7 ELSE feature END"
        " WHERE session = ?1 AND task = ?2",
        (
            root,
            task,
            *joined,
            *whose,
            course.finished is not None and course.finished == joined.finished,
        ),
    )


def _joined(a: _Course, b: _Course) -> _Course:
    """The course of a task of which two things are known; of equal ends the earlier."""
    if a.status == "started" and b.started is None:
        return _Course(b.status, a.started, b.finished)  # its start and an end, as nearly always
    best = min(a, b, key=lambda course: (_DONE.index(course.status), course.finished or 0))
    begun = [course.started for course in (a, b) if course.started is not None]
    return _Course(best.status, min(begun, default=None), best.finished)


def _whose(db: sqlite3.Connection, session: int, fact: TaskFact) -> tuple[int, int]:
    """(context, feature) of a task: those of the nearest call for it, else of the nearest call."""
    if fact.status == "started":
        return _latest(db, session)  # until it ends
    nearest: tuple[int, int] | None = None
    for context, feature, task in _near(db, session, fact):
        if task == fact.task:
            return context, feature
        nearest = nearest or (context, feature)
    return nearest or _latest(db, session)


def _latest(db: sqlite3.Connection, session: int) -> tuple[int, int]:
    query = "SELECT context, feature FROM sessions WHERE id = ?"
    found: tuple[int, int] = db.execute(query, (session,)).fetchone()
    return found


def _near(db: sqlite3.Connection, session: int, fact: TaskFact) -> Iterator[tuple[int, int, str]]:
    """(context, feature, task) of calls after a task's start or before its end, nearest first."""
    side = ">= ? ORDER BY c.at" if fact.status == "started" else "<= ? ORDER BY c.at DESC"
    query = (
        "SELECT c.context, c.feature, n.text FROM calls c LEFT JOIN contexts x ON x.id = c.context"
        f" LEFT JOIN names n ON n.id = x.task WHERE c.session = ? AND c.at {side} LIMIT ?"
    )
    yield from db.execute(query, (session, fact.at, _LOOKED_AT))  # mostly the first is the one


def _home(db: sqlite3.Connection, session: int, root: int, fact: TaskFact) -> tuple[int, int]:
    """(root, session) that a prompt belongs to; a copy of it elsewhere moves there."""
    rows = db.execute("SELECT session FROM tasks WHERE task = ?", (fact.task,)).fetchall()
    if not rows or rows == [(root,)]:
        return root, session
    query = "SELECT id, session, source FROM sessions WHERE id = ?"
    mine = db.execute(query, (root,)).fetchone()
    found = (db.execute(query, row).fetchone() for row in rows if row != (root,))
    other = next((row for row in found if row[2] == mine[2]), None)
    if other is None:
        return root, session
    home = min(mine, other, key=lambda row: (not _owns(db, row[0], fact), row[1]))
    if home is other:
        return other[0], other[0]
    _move(db, other[0], root, fact.task)
    return root, session


def _owns(db: sqlite3.Connection, root: int, fact: TaskFact) -> bool:
    """Whether a call made for the task counts in this session."""
    return any(task == fact.task for _, _, task in _near(db, root, fact))


def _move(db: sqlite3.Connection, old: int, new: int, task: str, name: str = "") -> None:
    row = db.execute(
        f"SELECT context, feature, {_TOLD}, started, finished FROM tasks"
        " WHERE session = ? AND task = ?",
        (old, task),
    ).fetchone()
    db.execute("DELETE FROM tasks WHERE session = ? AND task = ?", (old, task))
    _put(db, new, name or task, _Course(*row[2:]), row[:2])


def write_tools(db: sqlite3.Connection, names: Names, asked: ToolRows) -> None:
    """Adds the tools that calls asked for; known ones stay as they are."""
    call, nth, name, key, error, result = asked
    if not call:
        return
    ids = {one: names.name(db, one) for one in dict.fromkeys(name)}
    bare = (call, nth, [ids[one] for one in name], _all_kept(key))
    told = [one is not None or other is not None for one, other in zip(error, result, strict=True)]
    if any(told):
        results = _all_kept(list(compress(result, told)))
        # A bool is bound at twice the cost of a number.
        errors = [one if one is None else int(one) for one in compress(error, told)]
        answered = zip(*(compress(one, told) for one in bare), results, errors, strict=True)
        many_rows.insert(db, _ANSWERED, list(answered))
    if not all(told):
        waits = list(map(not_, told))
        waiting = zip(*(compress(one, waits) for one in bare), strict=True)
        many_rows.insert(db, _WAITING, list(waiting))


def rows_of(call: int, tools: Iterable[ToolUse]) -> Iterator[ToolRow]:
    """The tools of one call, by its row."""
    return ((call, nth, *tool) for nth, tool in enumerate(tools))


def _all_kept(texts: Sequence[str | None]) -> list[str | bytearray | None]:
    """`_kept` of each: nearly always all are hashes, which are read in one go."""
    told = [text for text in texts if text is not None]
    if len(told) == len(texts) and {*map(len, told)} == {_DIGITS}:
        with suppress(ValueError):
            joined = "".join(told)
            read = bytearray.fromhex(joined)
            if read.hex() == joined:
                size = _DIGITS // 2
                return [read[start : start + size] for start in range(0, len(read), size)]
    return list(map(_kept, texts))


def _kept(text: str | None) -> str | bytearray | None:
    """What stands for arguments or a result: hex digits are written as half as many bytes."""
    if text is None or len(text) != _DIGITS:
        return text
    try:
        digits = bytearray.fromhex(text)  # to bind bytes costs more than all else of a row
    except ValueError:
        return text
    return digits if digits.hex() == text else text


def told(kept: str | bytes | None) -> str | None:
    """The same as it was told."""
    return kept.hex() if isinstance(kept, bytes) else kept


def with_outcomes(tools: tuple[ToolUse, ...], outcomes: Sequence[Outcome]) -> tuple[ToolUse, ...]:
    """The tools of one call with outcomes that came; a tool's first outcome stands."""
    told = list(tools)
    for _, nth, error, result in outcomes:
        if nth < len(told) and told[nth].error is None:
            told[nth] = told[nth]._replace(error=error, result=result)
    return tuple(told)


def write_outcomes(db: sqlite3.Connection, outcomes: Iterable[Outcome]) -> list[bytes]:
    """Writes outcomes to stored tools; the keys of the calls for which that changed something."""
    changed: list[bytes] = []
    for outcome in outcomes:
        found = db.execute(
            "UPDATE tools SET error = ?1, result = ?2 WHERE nth = ?3 AND error IS NULL"
            f" AND call = (SELECT id FROM calls WHERE {has_key('', '?4')})",
            (outcome.error, _kept(outcome.result), outcome.nth, outcome.call),
        )
        if found.rowcount:
            changed.append(outcome.call)
    return changed
