"""Fills whose a log's calls are with what the wire told of their session.

A telling that names no request gives way to the log and is dropped; but the user, task, feature,
host and tags of the session may stand nowhere else. They are kept by session with their times, and
a log's call takes what it does not say itself from what was told nearest to its own time. What it
said itself stays beside it, so that any order of arrival ends alike.
"""

import sqlite3
from collections.abc import Callable, Mapping

from costtop.model import Context
from costtop.named_tuples import NamedTuple
from costtop.store.calls.call_row import HEARD, CallRow, fields
from costtop.store.calls.merge import AT_ONCE, Stored
from costtop.store.names import Names, read_context

_FAMILY = "session IN (SELECT id FROM sessions WHERE root = ?)"


class SessionTelling(NamedTuple):
    """Whose a session was, as the wire told it from `first` to `last` (event times, ms UTC)."""

    first: int
    last: int
    context: Context


class Affected(NamedTuple):
    """Calls that a telling may change: those before one time and those after another."""

    before: int
    after: int


ALL_CALLS = Affected(1 << 62, -1)


class OwnWord(NamedTuple):
    """What a call said itself, as ids of a context and of a feature's name."""

    context: int
    feature: int


class ToldContexts:
    """What was told of sessions' contexts; caches what this process has read, by session row."""

    def __init__(self) -> None:
        self._any: bool | None = None
        self._tellings: dict[int, list[SessionTelling]] = {}
        self._adopted = -1

    def forget(self) -> None:
        """Empties the caches after a rollback."""
        self.__init__()  # type: ignore[misc]

    def matters(self, db: sqlite3.Connection) -> bool:
        """Whether anything was ever told."""
        if self._any is None:
            query = "SELECT 1 FROM told_contexts LIMIT 1"
            self._any = db.execute(query).fetchone() is not None
        return self._any

    def hear(
        self, db: sqlite3.Connection, names: Names, session: int, told: SessionTelling
    ) -> Affected | None:
        """Keeps what was told of a session; answers with the calls whose context may change."""
        context = told.context._replace(cwd="", branch="", project="")
        if not any(context):
            return None
        number = names.context(db, context)
        query = "SELECT first, last FROM told_contexts WHERE session = ? AND context = ?"
        known = db.execute(query, (session, number)).fetchone()
        if known and known[0] <= told.first and told.last <= known[1]:
            return None
        db.execute(
            "INSERT INTO told_contexts VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE"
            " SET first = min(first, ?3), last = max(last, ?4)",
            (session, number, told.first, told.last),
        )
        self._any = True
        self._tellings.clear()
        return Affected(*known) if known else ALL_CALLS

    def of(self, db: sqlite3.Connection, session: int, adopted: int) -> list[SessionTelling]:
        """What was told of a session row's whole family; `adopted` as `Sessions` counts."""
        if adopted != self._adopted:
            self._tellings.clear()
            self._adopted = adopted
        found = self._tellings.get(session)
        if found is None:
            query = (
                "SELECT first, last, context FROM told_contexts WHERE session IN (SELECT id"
                " FROM sessions WHERE root = (SELECT root FROM sessions WHERE id = ?))"
            )
            rows = db.execute(query, (session,)).fetchall()
            found = [
                SessionTelling(first, last, read_context(db, number))
                for first, last, number in rows
            ]
            self._tellings[session] = found
        return found


def filled(own: Context, at: int, tellings: list[SessionTelling]) -> Context:
    """A call's own word, and where it is silent what was told nearest to its time."""
    if len(tellings) > 1:
        tellings = sorted(tellings, key=lambda one: (_apart(at, one), -one.first, one.context))
    for one in tellings:
        own = Context._make(a or b for a, b in zip(own, one.context, strict=True))
    return own


def _apart(at: int, told: SessionTelling) -> int:
    return max(told.first - at, at - told.last, 0)


def own_words(db: sqlite3.Connection, calls: list[int]) -> dict[int, OwnWord]:
    """What those of the calls said themselves that were filled."""
    found: dict[int, OwnWord] = {}
    for start in range(0, len(calls), AT_ONCE):
        part = calls[start : start + AT_ONCE]
        query = f"SELECT * FROM own_contexts WHERE call IN ({','.join('?' * len(part))})"
        found |= {row[0]: OwnWord(row[1], row[2]) for row in db.execute(query, part)}
    return found


def keep(db: sqlite3.Connection, words: Mapping[int, OwnWord | None]) -> None:
    """Writes what filled calls said themselves; None for a call that is not filled any more."""
    if not words:
        return
    put = [(call, *word) for call, word in words.items() if word]
    db.executemany("INSERT OR REPLACE INTO own_contexts VALUES (?, ?, ?)", put)
    bare = [(call,) for call, word in words.items() if word is None]
    db.executemany("DELETE FROM own_contexts WHERE call = ?", bare)


def family(db: sqlite3.Connection, root: int, affected: Affected) -> list[Stored]:
    """The stored calls of logs below a root that a telling may change."""
    query = (
        f"SELECT id, {fields()} FROM calls WHERE {_FAMILY} AND (+at < ? OR +at > ?)"
        f" AND NOT flags & {HEARD}"
    )
    return [Stored(row[0], CallRow._make(row[1:])) for row in db.execute(query, (root, *affected))]


def either(one: Affected, other: Affected) -> Affected:
    """What one of two tellings may change."""
    return Affected(max(one.before, other.before), min(one.after, other.after))


def retag(
    db: sqlite3.Connection, names: Names, calls: list[int], tag: Callable[[Context], Context]
) -> None:
    """Changes what filled calls said themselves, as their contexts were changed."""
    words = own_words(db, calls)
    keep(
        db,
        {
            call: word._replace(context=names.context(db, tag(read_context(db, word.context))))
            for call, word in words.items()
        },
    )
