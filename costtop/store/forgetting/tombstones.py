"""What a user had forgotten: which sessions up to when, and keys of calls.

No log is to bring it back, nor a copy of a call in the log of another session.
"""

import sqlite3
from _blake2 import blake2b  # hashlib loads OpenSSL
from collections.abc import Callable, Sequence
from typing import TypeVar

from costtop.model import SessionFact, TaskFact, Untold
from costtop.nouns.pull_link import PullLink
from costtop.plan_reading import PlanReading
from costtop.store.calls.batch import Priced, Reading

T = TypeVar("T", Priced, SessionFact, TaskFact, Untold, PlanReading, PullLink)
_AT_ONCE = 400  # keys looked up by one statement
EVERYBODY = b""


def who(source: str, session: str) -> bytes:
    """What stands for a session here."""
    return blake2b(f"{source}/{session}".encode("utf-8", "replace"), digest_size=16).digest()


def put(db: sqlite3.Connection, rules: Sequence[tuple[bytes, int]], now: int) -> None:
    """Keeps that sessions (`who`, or EVERYBODY) are forgotten up to a time, ms UTC."""
    db.executemany(
        "INSERT INTO forgotten (who, until, at) VALUES (?1, ?2, ?3)"
        " ON CONFLICT DO UPDATE SET until = max(until, ?2), at = ?3",
        [(one, until, now) for one, until in rules],
    )


def read(db: sqlite3.Connection) -> dict[bytes, int]:
    """Who is forgotten up to when."""
    return dict(db.execute("SELECT who, until FROM forgotten").fetchall())


class Forgotten:
    """The tombstones of one database, remembered; nearly every database has none."""

    def __init__(self) -> None:
        self._rules: dict[bytes, int] | None = None

    def forget(self) -> None:
        """Empties the cache, after a rollback or a new rule."""
        self._rules = None

    def rest(self, db: sqlite3.Connection, readings: Sequence[Reading]) -> Sequence[Reading]:
        """The readings without what is forgotten."""
        if self._rules is None:
            self._rules = read(db)
        return [self._rest(db, one) for one in readings] if self._rules else readings

    def _rest(self, db: sqlite3.Connection, reading: Reading) -> Reading:
        gone = _known(db, [one.call.key for one in reading.calls])
        calls = [one for one in reading.calls if one.call.key not in gone]
        return reading._replace(
            calls=self._kept(calls, lambda one: (one.call.source, one.call.session, one.call.at)),
            facts=self._kept([one for one in reading.facts if not one.title], _of_fact)
            + [one for one in reading.facts if one.title and _is_there(db, one, calls)],
            tasks=self._kept(reading.tasks, lambda one: (one.source, one.session, one.at)),
            pulls=self._kept(list(reading.pulls), lambda one: (one.source, one.session, one.at)),
            untold=self._kept(list(reading.untold), lambda one: (one.source, one.session, one.at)),
            plans=self._kept(list(reading.plans), lambda one: (one.source, one.session, one.at)),
        )

    def _kept(self, items: list[T], of: Callable[[T], tuple[str, str, int]]) -> list[T]:
        assert self._rules is not None
        every = self._rules.get(EVERYBODY, -1)
        kept = []
        for item in items:
            source, session, at = of(item)
            if at > every and at > self._rules.get(who(source, session), -1):
                kept.append(item)
        return kept


def _of_fact(fact: SessionFact) -> tuple[str, str, int]:
    return fact.source, fact.session, fact.at or fact.ended or fact.started or 0


def _is_there(db: sqlite3.Connection, title: SessionFact, calls: Sequence[Priced]) -> bool:
    """Whether there is something left of the session that a title, which has no time, is of."""
    who = (title.source, title.session)
    return any((one.call.source, one.call.session) == who for one in calls) or bool(
        db.execute(
            "SELECT 1 FROM sessions s JOIN names n ON n.id = s.source"
            " WHERE n.text = ? AND s.session = ? AND s.agent = ''",
            who,
        ).fetchone()
    )


def _known(db: sqlite3.Connection, keys: list[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for start in range(0, len(keys), _AT_ONCE):
        part = keys[start : start + _AT_ONCE]
        marks = ",".join("?" * len(part))
        query = f"SELECT key FROM forgotten_calls WHERE key IN ({marks})"
        found.update(row[0] for row in db.execute(query, part))
    return found
