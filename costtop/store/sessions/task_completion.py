"""By what a task is completed: by its answer, a commit made for it, or a merged pull request of it.

A log says that a prompt was answered. Where more is asked for, the task is `answered` until git
tells of a commit in its worktree: made while it ran, or within a day before the next task began
there. Of several tasks the one that ran last has it: each commit completes one task at most. What
programs say of their own tasks stands, for they know.
"""

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Literal

from costtop.durations import DAY
from costtop.named_tuples import NamedTuple
from costtop.nouns.log_owner import PROGRAMS
from costtop.store import meta

CompletedBy = Literal["answer", "commit", "pr"]
KEY = "completed_by"  # meta: by what, as the config says
WORDS: dict[str, str] = {
    "answer": "an answered prompt",
    "commit": "a commit",
    "pr": "a merged pull request",
}
_HELD = "completed_held"  # meta: by what tasks were settled last
_AGENTS = (
    "session IN (SELECT s.id FROM sessions s JOIN names n ON n.id = s.source"
    " WHERE n.text NOT IN (SELECT value FROM json_each(?)))"
)
_COURSES = (
    "SELECT w.repository, w.top, coalesce(t.started, t.finished), t.finished, t.session, t.task"
    " FROM tasks t JOIN contexts c ON c.id = t.context JOIN names n ON n.id = c.cwd"
    " JOIN worktrees w ON w.folder = n.text WHERE w.repository <> 0 AND t.finished >= ?"
    " ORDER BY 1, 2, 3, 4, 5, 6"
)
_COMMITS = (
    "SELECT repository, top, at FROM head_moves WHERE kind IN ('commit', 'amend') AND at >= ?"
)
_MERGED = (
    "SELECT m.repository, m.top, m.at FROM head_moves m JOIN git_commits g"
    " ON g.repository = m.repository AND g.hash = m.hash JOIN merged_pulls p"
    " ON p.repository = g.repository AND p.number = g.number AND p.sign = g.sign"
    " WHERE m.kind IN ('commit', 'amend') AND g.number > 0 AND p.at IS NOT NULL AND m.at >= ?"
)


_COMPLETED = (
    "SELECT session, task FROM tasks"
    " WHERE finished >= ? AND said = 'completed' AND status = 'completed'"
)


class _Course(NamedTuple):
    """A task in its worktree; times in ms UTC."""

    started: int
    finished: int
    session: int
    task: str


def of(db: sqlite3.Connection) -> str:
    """By what tasks are completed, as the daemon knows it."""
    return meta.get(db, KEY) or "answer"


def hold_back(db: sqlite3.Connection, by: str, roots: Iterable[int]) -> None:
    """Tasks of these root sessions that were just told of are answered, where more is asked for."""
    if by != "answer":
        listed = json.dumps(sorted(set(roots)))
        where = "session IN (SELECT value FROM json_each(?))"
        _hold_back(db, f"{where} AND {_AGENTS}", (listed, _programs()))


def begin(db: sqlite3.Connection, by: str) -> bool:
    """Tasks follow this definition from now on; True where it is another than before.

    Then all that agents told of is answered, until `complete` has been asked of every task.
    """
    held = meta.get(db, _HELD) or "answer"
    if by == held:
        return False
    db.execute("UPDATE tasks SET status = said, said = '' WHERE said <> ''")
    meta.put(db, {_HELD: by})
    if by != "answer":
        _hold_back(db, _AGENTS, (_programs(),))
        complete(db, found(db, by, 0), 0)
    return True


def seen(db: sqlite3.Connection) -> tuple[object, ...]:
    """What tasks and git have told: where it is the same as before nothing else is completed."""
    return (
        *db.execute("SELECT max(finished) FROM tasks").fetchone(),
        *db.execute("SELECT count(*), max(at) FROM head_moves").fetchone(),
        *db.execute("SELECT count(*), max(at) FROM merged_pulls").fetchone(),
    )


def found(db: sqlite3.Connection, by: str, since: int) -> list[tuple[int, str]]:
    """(root session, task) of those that ended since then and of which there is a commit."""
    courses: dict[tuple[int, str], list[_Course]] = {}
    for repository, top, *course in db.execute(_COURSES, (since,)):
        courses.setdefault((repository, top), []).append(_Course(*course))
    made = set()
    for repository, top, at in db.execute(_COMMITS if by == "commit" else _MERGED, (since,)):
        if one := _made_for(courses.get((repository, top), []), at):
            made.add((one.session, one.task))
    return sorted(made)


def complete(db: sqlite3.Connection, tasks: Iterable[tuple[int, str]], since: int) -> None:
    """Of the answered ones that ended since then these are completed, and no others.

    One may be no more: another task was told of, to which its commit belongs.
    """
    made = set(tasks)
    known = set(db.execute(_COMPLETED, (since,)).fetchall())
    change = "UPDATE tasks SET status = ?3 WHERE session = ?1 AND task = ?2 AND said = 'completed'"
    db.executemany(change, [(*one, "answered") for one in sorted(known - made)])
    db.executemany(change, [(*one, "completed") for one in sorted(made - known)])


def _programs() -> str:
    return json.dumps(sorted(PROGRAMS))


def _hold_back(db: sqlite3.Connection, where: str, values: tuple[str, ...]) -> None:
    db.execute(
        "UPDATE tasks SET said = status, status = 'answered'"
        f" WHERE status = 'completed' AND said = '' AND {where}",
        values,
    )


def _made_for(courses: list[_Course], at: int) -> _Course | None:
    """The task that a commit was made for: of those that ran then, or last, the latest begun."""
    begun_by = bisect_right(courses, at, key=lambda one: one.started)
    begun = list(_latest(courses, begun_by))
    running = next((one for one in begun if one.finished >= at), None)
    last = next(iter(begun), None)
    return running or (last if last is not None and at - last.finished <= DAY else None)


def _latest(courses: list[_Course], upto: int, most: int = 20) -> Iterator[_Course]:
    yield from reversed(courses[max(0, upto - most) : upto])
