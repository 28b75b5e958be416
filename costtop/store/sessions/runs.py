"""Commands that `costtop run` started, and the sessions begun inside them.

A session that belongs to a run gets the run's tags on every call, those already stored included.
Times are ms UTC, money int nano-dollars.
"""

import re
import sqlite3
from collections.abc import Callable, Collection
from functools import partial

from costtop.model import Context
from costtop.named_tuples import NamedTuple
from costtop.store.calls import floors, otlp_only, told_contexts
from costtop.store.calls.call_row import CallRow, fields
from costtop.store.calls.rollups import Deltas, next_rev
from costtop.store.calls.write_context import WriteContext
from costtop.store.names import read_context
from costtop.store.sessions import short_ids
from costtop.store.sessions.tasks import rename_tasks

_SAY_TASKS = frozenset(("costtop", "litellm", "otlp"))  # sources whose programs name their tasks


class Run(NamedTuple):
    """One command: its process, where and since when, and the tags it gives."""

    id: str
    pid: int
    start: int  # as `look.Process.start`
    cwd: str
    feature: str
    task: str
    user: str
    began: int

    def tagger(self, session: str) -> Callable[[Context], Context]:
        """What gives contexts of a session ("source/session") the run's tags.

        A feature that the log says stays, and a task that a program has named; but what an agent
        calls a task is one prompt, and the run's task is all of them.
        """
        says_tasks = session.partition("/")[0] in _SAY_TASKS
        return partial(self._tagged, says_tasks=says_tasks)

    def _tagged(self, context: Context, *, says_tasks: bool) -> Context:
        said = says_tasks and context.task
        return context._replace(
            feature=context.feature or self.feature,
            task=context.task if said or not self.task else self.task,
            user=self.user or context.user,
        )


_NO_WORD = re.compile(r"[^a-z0-9]+")
_BEGUN = (
    "SELECT n.text || '/' || r.session FROM sessions r JOIN names n ON n.id = r.source"
    " JOIN contexts c ON c.id = r.context JOIN names w ON w.id = c.cwd"
    " JOIN names p ON p.id = c.project"
    " WHERE r.id = r.root AND r.last >= ?1 AND r.started >= ?1 AND r.started <= ?2"
)
_COLUMNS = "id, pid, start, cwd, feature, task, user, began"


def begin(db: sqlite3.Connection, run: Run) -> None:
    """Keeps that a command was started."""
    db.execute(f"INSERT OR REPLACE INTO runs ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)", run)


def end(db: sqlite3.Connection, run: str, now: int, living: Collection[str] = ()) -> None:
    """Its command has ended, and its sessions but `living` ones with it, until they call again.

    They keep its tags.
    """
    db.execute("UPDATE runs SET ended = ? WHERE id = ?", (now, run))
    over = [one.session for one in sessions(db, run) if one.session not in living]
    db.executemany(
        "UPDATE sessions SET ended = ?1, rev = 1 + (SELECT max(rev) FROM sessions)"
        " WHERE session = ?3 AND source = (SELECT id FROM names WHERE text = ?2)"
        " AND id = root AND ended IS NULL AND coalesce(last, 0) <= ?1",
        [(now, *key.split("/", 1)) for key in over],
    )


def under_way(db: sqlite3.Connection) -> list[Run]:
    """Runs without an end."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM runs WHERE ended IS NULL")
    return [Run(*row) for row in rows]


def tags(db: sqlite3.Connection) -> dict[str, Run]:
    """The run of each session that belongs to one."""
    columns = ", ".join(f"r.{name}" for name in _COLUMNS.split(", "))
    rows = db.execute(
        f"SELECT s.session, {columns} FROM run_sessions s JOIN runs r ON r.id = s.run"
    )
    return {str(row[0]): Run(*row[1:]) for row in rows}


def attach(db: sqlite3.Connection, into: WriteContext, session: str, run: Run) -> int:
    """Puts a session ("source/session") into a run and tags its calls; how many it had already."""
    db.execute("INSERT OR IGNORE INTO run_sessions (session, run) VALUES (?, ?)", (session, run.id))
    tagged = into.runs[session] = run.tagger(session)
    source, _, name = session.partition("/")
    rows = db.execute(
        f"SELECT c.id, {fields('c')}, f.text FROM calls c"
        " JOIN names f ON f.id = c.feature WHERE c.at >= ? AND c.session IN"
        " (SELECT s.id FROM sessions s JOIN sessions r ON r.id = s.root JOIN names n"
        "  ON n.id = r.source WHERE n.text = ? AND r.session = ?)",
        (run.began, source, name),
    ).fetchall()
    deltas, updates = Deltas(), []
    for number, *values, feature in rows:
        old = CallRow._make(values)
        context = tagged(read_context(db, old.context))
        new = old._replace(
            context=into.names.context(db, context),
            feature=into.names.name(db, context.feature or feature),
        )
        if new != old:
            deltas.book(old, -1)
            deltas.book(new)
            updates.append((new.context, new.feature, number))
    db.executemany("UPDATE calls SET context = ?, feature = ? WHERE id = ?", updates)
    told_contexts.retag(db, into.names, [number for *_, number in updates], tagged)
    rev = next_rev(db)
    deltas.write(db, rev)
    rename_tasks(db, session, run.began, lambda task: tagged(Context(task=task)).task)
    return len(updates)


class RunSession(NamedTuple):
    """What a session of a run has cost, subagents included."""

    session: str  # "source/session"
    cost: int
    calls: int
    floor: bool  # people see it as one
    heard: int = 0  # of the cost, what was only heard over a wire: no reason to end it
    short: str = ""  # what people type of it


def sessions(db: sqlite3.Connection, run: str) -> list[RunSession]:
    """The sessions of a run, the dearest first."""
    rows = db.execute(
        "SELECT x.session, max(s.root), coalesce(sum(s.cost), 0), coalesce(sum(s.calls), 0)"
        " FROM run_sessions x LEFT JOIN sessions s ON s.root IN (SELECT r.id FROM sessions r"
        "  JOIN names n ON n.id = r.source WHERE n.text || '/' || r.session = x.session"
        "  AND r.session = substr(x.session, instr(x.session, '/') + 1))"
        " WHERE x.run = ? GROUP BY x.session ORDER BY 3 DESC",
        (run,),
    ).fetchall()
    return [
        RunSession(
            session=key,
            cost=cost,
            calls=calls,
            floor=floors.of(db, "s.root = ?", (root,)).shows(cost, calls),
            heard=otlp_only.of_sessions(db, root),
            short=short_ids.of(db, key),
        )
        for key, root, cost, calls in rows
    ]


def begun_here(db: sqlite3.Connection, cwd: str, since: int, until: int) -> list[str]:
    """Root sessions ("source/session") whose first call was in a folder, or below, in a time."""
    rows = db.execute(
        f"{_BEGUN} AND (w.text = ?3 OR substr(w.text, 1, length(?4)) = ?4)",
        (since, until, cwd, f"{cwd.rstrip('/')}/"),
    )
    return [str(row[0]) for row in rows]


def begun_by_name(db: sqlite3.Connection, cwd: str, since: int, until: int) -> list[str]:
    """Root sessions begun in a time of which the log tells no folder, only the project's name.

    Gemini CLI's is the folder's name, in older versions the SHA-256 of its path.
    """
    from hashlib import sha256  # loads OpenSSL, for hardly anybody

    digest = sha256(cwd.encode("utf-8", "surrogateescape")).hexdigest()
    name = _NO_WORD.sub("-", cwd.rstrip("/").rpartition("/")[2].lower()).strip("-")
    query = f"{_BEGUN} AND c.cwd = 0 AND p.text IN (?3, ?4)"
    return [str(row[0]) for row in db.execute(query, (since, until, name, digest[:12]))]
