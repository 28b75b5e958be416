"""Takes what is forgotten out of the store: calls with their sums first, then all that is left.

Every step is a short transaction that the caller holds; what is broken off goes on with the next
`forget`, for the rules stand first. The sums of the rest stay exact: each call that goes is taken
back from every roll-up.
"""

import sqlite3
from collections.abc import Iterable, Sequence

from costtop.named_tuples import NamedTuple
from costtop.store import meta
from costtop.store.calls.call_row import CallRow, fields
from costtop.store.calls.merge import Stored, delete
from costtop.store.calls.rollups import Deltas, next_rev
from costtop.store.forgetting.tombstones import EVERYBODY, read, who
from costtop.store.git import git_facts
from costtop.store.plans import plan_readings
from costtop.store.sessions import finished_peers, resting_totals, short_ids

AT_ONCE = 2000  # calls of one transaction: about 50 ms of write lock

# Where a session stands by its row, and by its key "source/session".
_BY_ROW = (
    *("tasks", "estimates", "told_contexts", "session_models", "minutes", "spend", "floors"),
    *("days", "floor_days", "task_sums", "titles", "pull_links"),
)
_BY_KEY = (
    *("marks", "standings", "denials", "statuslines", "run_sessions", "breakers", "breaker_deeds"),
    *("overrides", "intents", "silences", "deeds", "confirmed", "spared", "far_commands"),
)
_TIMED = {"deeds": "at", "silences": "ended", "breakers": "ended", "statuslines": "at",
          "overrides": "ended", "intents": "at", "denials": "at", "estimates": "at",
          "far_commands": "at", "spared": "since", "pull_links": "at",
          "tasks": "coalesce(finished, started)"}  # fmt: skip
# Every column that holds the id of a name, and of a context.
_NAMES = {
    "sessions": ("source", "agent_type", "feature", "model", "version", "label", "account",
                 "user", "host"),
    "owners": ("user", "host"),
    "contexts": ("cwd", "branch", "project", "feature", "user", "task", "host", "tags"),
    "calls": ("feature", "model", "provider", "variant"),
    "tools": ("name",), "tasks": ("feature",), "spend": ("model", "feature"),
    "floors": ("model", "feature"), "session_models": ("model",), "own_contexts": ("feature",),
    "estimates": ("model",), "days": ("model", "feature"), "floor_days": ("model", "feature"),
    "task_sums": ("task",), "plan_limits": ("source", "home", "plan", "model"),
    "plan_readings": ("session",),
}  # fmt: skip
_CONTEXTS = (
    *("sessions", "calls", "spend", "floors", "tasks", "told_contexts", "own_contexts"),
    *("days", "floor_days"),
)


class Gone(NamedTuple):
    """What a step has taken out."""

    calls: int = 0
    cost: int = 0  # nano-dollars
    sessions: int = 0
    alerts: int = 0
    marks: int = 0

    def plus(self, more: "Gone") -> "Gone":
        """Both together."""
        return Gone._make(a + b for a, b in zip(self, more, strict=True))


def calls(db: sqlite3.Connection) -> Gone:
    """Takes out the next calls that are forgotten; none when all have gone."""
    rules = read(db)
    every, rows = rules.get(EVERYBODY, -1), _sessions(db, rules)
    found = _stored(db, "at <= ?", (every,)) if every >= 0 else []
    for row, until in rows if not found else ():
        found += _stored(db, "session = ? AND at <= ?", (row, until))
        if len(found) >= AT_ONCE:
            break
    if not found:
        return Gone()
    deltas, rev = Deltas(), next_rev(db)
    delete(db, found)
    for one in found:
        deltas.book(one.row, -1)
    db.executemany(
        "INSERT OR IGNORE INTO forgotten_calls (key) VALUES (?)", [(x.row.key,) for x in found]
    )
    deltas.write(db, rev)
    return Gone(len(found), sum(one.row.cost or 0 for one in found))


def _stored(db: sqlite3.Connection, where: str, values: Sequence[int]) -> list[Stored]:
    query = f"SELECT id, {fields()} FROM calls WHERE {where} ORDER BY id LIMIT {AT_ONCE}"
    return [Stored(row[0], CallRow._make(row[1:])) for row in db.execute(query, values)]


def _sessions(db: sqlite3.Connection, rules: dict[bytes, int]) -> list[tuple[int, int]]:
    """(row, until) of the sessions, and their agents, that are named."""
    if not rules.keys() - {EVERYBODY}:
        return []
    rows = db.execute(
        "SELECT s.id, n.text, s.session FROM sessions s JOIN names n ON n.id = s.source"
    )
    found = ((row, rules.get(who(source, session))) for row, source, session in rows)
    return [(row, until) for row, until in found if until is not None]


def rest(db: sqlite3.Connection) -> Gone:
    """Takes out what is left of sessions without a call that are forgotten, and all about them.

    Names that nothing needs any more go too; caches of them have to be emptied by the caller.
    """
    rules = read(db)
    every = rules.get(EVERYBODY, -1)
    named = dict(_sessions(db, rules))
    empty = db.execute(
        "SELECT s.id, n.text || '/' || s.session, coalesce(s.last, s.started, 0), s.agent"
        " FROM sessions s JOIN names n ON n.id = s.source"
        " WHERE NOT EXISTS (SELECT 1 FROM calls WHERE session = s.id)"
    ).fetchall()
    leaving = [one for one in empty if one[2] <= max(every, named.get(one[0], -1))]
    going = {one[0] for one in leaving}
    needed = {root for row, root in db.execute("SELECT id, root FROM sessions") if row not in going}
    leaving = [one for one in leaving if one[0] not in needed]
    gone = _take_out(db, [one[0] for one in leaving], [one[1] for one in leaving if not one[3]])
    gone = gone.plus(_old(db, every))
    plan_readings.forget(db, rules)
    db.execute(
        "UPDATE sessions SET started = max(coalesce(started, 0), ?1),"
        " rev = (SELECT max(rev) + 1 FROM sessions) WHERE started <= ?1 AND calls > 0",
        (every,),
    )
    _unused(db)
    finished_peers.forget(db)  # those of the rest are worked out again
    resting_totals.forget(db)
    return gone


def _take_out(db: sqlite3.Connection, rows: list[int], keys: list[str]) -> Gone:
    marked = sum(_count(db, "marks", "session", key) for key in keys)
    for table in _present(db, _BY_ROW):
        db.executemany(f"DELETE FROM {table} WHERE session = ?", [(row,) for row in rows])
    for table in _present(db, _BY_KEY):
        db.executemany(f"DELETE FROM {table} WHERE session = ?", [(key,) for key in keys])
    refs = [row for key in keys for row in _alerts(db, "session = ?", key)]
    _drop_alerts(db, refs)
    db.execute("DELETE FROM runs WHERE id NOT IN (SELECT run FROM run_sessions)"
               " AND ended IS NOT NULL")  # fmt: skip
    latest = db.execute("SELECT max(rev), max(id) FROM sessions").fetchone()
    short_ids.retire(db, rows)
    db.executemany("DELETE FROM sessions WHERE id = ?", [(row,) for row in rows])
    if rows and latest[0]:  # the number of the latest commit only ever grows
        db.execute("UPDATE sessions SET rev = ?1 WHERE id = (SELECT max(id) FROM sessions)",
                   (latest[0] + 1,))  # fmt: skip
    return Gone(sessions=len(keys), alerts=len(refs), marks=marked)


def _old(db: sqlite3.Connection, until: int) -> Gone:
    """What is about no session, or about one that goes on, and is older than `until`."""
    if until < 0:
        return Gone()
    for table, when in _TIMED.items():
        db.execute(f"DELETE FROM {table} WHERE {when} <= ?", (until,))
    refs = _alerts(db, "max(at, ifnull(told, 0)) <= ? AND state <> 'open'", until)
    _drop_alerts(db, refs)
    db.execute("DELETE FROM outbox WHERE made <= ? AND state NOT IN ('pending', 'held')", (until,))
    return Gone(alerts=len(refs))


def _alerts(db: sqlite3.Connection, where: str, value: object) -> list[int]:
    return [row[0] for row in db.execute(f"SELECT id FROM alerts WHERE {where}", (value,))]


def _drop_alerts(db: sqlite3.Connection, rows: list[int]) -> None:
    values = [(row,) for row in rows]
    db.executemany(
        "DELETE FROM outbox WHERE id IN (SELECT outbox FROM outbox_alerts WHERE alert = ?)", values
    )
    for table, column in (("outbox_alerts", "alert"), ("decisions", "alert"), ("alerts", "id")):
        db.executemany(f"DELETE FROM {table} WHERE {column} = ?", values)


def _unused(db: sqlite3.Connection) -> None:
    """Deletes contexts and names that nothing needs, and places of files long gone."""
    used = " UNION ".join(f"SELECT context FROM {table}" for table in _CONTEXTS)
    db.execute(f"DELETE FROM contexts WHERE id NOT IN ({used})")
    db.execute("UPDATE contexts SET whose = NULL WHERE whose NOT IN (SELECT id FROM contexts)")
    used = " UNION ".join(
        f"SELECT {column} FROM {table}" for table, columns in _NAMES.items() for column in columns
    )
    db.execute(f"DELETE FROM names WHERE id <> 0 AND id NOT IN ({used})")
    git_facts.forget_unused(db)
    meta.void_ids(db)
    db.execute(
        "DELETE FROM places WHERE state = '' AND id NOT IN"
        " (SELECT place FROM calls WHERE place IS NOT NULL)"
    )
    db.execute("DELETE FROM memos WHERE place NOT IN (SELECT id FROM places)")


def _present(db: sqlite3.Connection, tables: Iterable[str]) -> list[str]:
    there = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return [table for table in tables if table in there]


def _count(db: sqlite3.Connection, table: str, column: str, value: str) -> int:
    query = f"SELECT count(*) FROM {table} WHERE {column} = ?"
    return int(db.execute(query, (value,)).fetchone()[0])


def begin(db: sqlite3.Connection) -> None:
    """What is deleted from now on is overwritten in the file, not only marked as free."""
    db.execute("PRAGMA secure_delete = ON")


def end(db: sqlite3.Connection) -> None:
    """Gives free pages back to the disk, outside a transaction, and empties the log of writes."""
    db.execute("PRAGMA incremental_vacuum").fetchall()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.execute("PRAGMA secure_delete = OFF")


def family(db: sqlite3.Connection, key: str) -> list[tuple[str, str]]:
    """(source, session) of a root session "source/session" and of all folded into it."""
    source, _, session = key.partition("/")
    rows = db.execute(
        "SELECT DISTINCT n.text, s.session FROM sessions s JOIN names n ON n.id = s.source"
        " WHERE s.root = (SELECT r.root FROM sessions r JOIN names m ON m.id = r.source"
        "  WHERE m.text = ? AND r.session = ? AND r.agent = '')",
        (source, session),
    )
    return [(str(row[0]), str(row[1])) for row in rows]


def counted(db: sqlite3.Connection, rules: dict[bytes, int]) -> Gone:
    """What would go, without its alerts: nothing is changed."""
    every = rules.get(EVERYBODY, -1)
    query = "SELECT count(*), coalesce(sum(cost), 0) FROM calls WHERE at <= ?"
    found = Gone(*db.execute(query, (every,)).fetchone()) if every >= 0 else Gone()
    for row, until in _sessions(db, rules):
        query = "SELECT count(*), coalesce(sum(cost), 0) FROM calls WHERE session = ? AND at <= ?"
        found = found.plus(Gone(*db.execute(f"{query} AND at > ?", (row, until, every)).fetchone()))
    return found
