"""Whose sessions are, where their calls do not say it: found with the log, named by the config.

What was found is kept as it is; the names that readers see follow from it, so that `[identity]`
changes them all at once, and no sum with them.
"""

import sqlite3
from collections.abc import Callable, Iterable

from costtop.model import Context
from costtop.nouns.log_owner import GIVEN_HOST, GIVEN_USER, PROGRAMS, LogOwner
from costtop.store import meta
from costtop.store.calls.batch import Reading, told_of
from costtop.store.calls.rollups import next_rev
from costtop.store.names import Names, read_name
from costtop.store.sessions.owner_columns import KEY
from costtop.store.sessions.sessions import Owned, Sessions

Naming = Callable[[LogOwner], tuple[str, str]]
"""(user, host) as they are shown."""
OwnerOf = Callable[[str, bytes], LogOwner | None]
"""Whose a log is, by the label of its source and its path; None where that cannot be known."""

_REMEMBERED = 2_000  # sessions


def as_found(owner: LogOwner) -> tuple[str, str]:
    """The names of a store that no config speaks of."""
    return owner.user, owner.host


class Owners:
    """Gives sessions their owners as their logs are read; caches what this process has seen."""

    def __init__(self, names: Names, sessions: Sessions, naming: Naming = as_found) -> None:
        self._names, self._sessions, self.naming = names, sessions, naming
        self.forget()

    def forget(self) -> None:
        """Empties the caches after a rollback."""
        self._numbers: dict[LogOwner, int] = {}
        self._taken: dict[tuple[str, str, str], int] = {}
        self._shown: dict[int, tuple[str, str]] = {}  # by session row
        self._names_of: dict[int, tuple[str, str]] = {}  # by owner
        self._rows: dict[int, tuple[int, int]] = {}  # the same as rows of names

    def take(self, db: sqlite3.Connection, readings: Iterable[Reading], rev: int) -> bool:
        """Sessions in a reading are its owner's; True where known ones have another now."""
        changed = False
        for reading in readings:
            if reading.owner is not None:
                changed |= self._take(db, reading, reading.owner, rev)
        return changed

    def _take(self, db: sqlite3.Connection, reading: Reading, owner: LogOwner, rev: int) -> bool:
        number = self._number(db, owner)
        changed = False
        for key in told_of(reading):
            if self._taken.get(key) == number or not (owner.programs or key[0] not in PROGRAMS):
                continue
            if len(self._taken) >= _REMEMBERED:
                self._taken.clear()
            self._taken[key] = number
            owned = Owned(number, *self._row(db, number), rev)
            session, made = self._sessions.taken(db, key, owned)
            if made or put(db, session, number, rev):
                changed |= self._shown.pop(session, None) is not None
                self._show(session, self._named(db, number))
        return changed

    def shown(self, db: sqlite3.Connection, session: int) -> tuple[str, str]:
        """(user, host) of a session row's owner; "" where it has none."""
        found = self._shown.get(session)
        if found is None:
            query = "SELECT user, host FROM sessions WHERE id = ?"
            user, host = db.execute(query, (session,)).fetchone() or (0, 0)
            found = (read_name(db, user), read_name(db, host))
            self._show(session, found)
        return found

    def _show(self, session: int, named: tuple[str, str]) -> None:
        if len(self._shown) >= _REMEMBERED:
            self._shown.clear()
        self._shown[session] = named

    def _named(self, db: sqlite3.Connection, number: int) -> tuple[str, str]:
        """What an owner's row calls it: the same for all its sessions."""
        found = self._names_of.get(number)
        if found is None:
            user, host = self._row(db, number)
            found = self._names_of[number] = (read_name(db, user), read_name(db, host))
        return found

    def _row(self, db: sqlite3.Connection, number: int) -> tuple[int, int]:
        """(user, host) of an owner, as rows of their names."""
        found = self._rows.get(number)
        if found is None:
            query = "SELECT user, host FROM owners WHERE id = ?"
            user, host = db.execute(query, (number,)).fetchone()
            found = self._rows[number] = (int(user), int(host))
        return found

    def as_ruled(self, db: sqlite3.Connection, session: int, context: Context) -> Context:
        """A call's context with its session's owner where it says nothing, and without its task.

        No rule asks for that, and in all else most calls of a session are alike.
        """
        user, host = self.shown(db, session)
        cwd, branch, project, feature, own_user, _, own_host, tags = context
        told = (cwd, branch, project, feature, own_user or user, "", own_host or host, tags)
        return Context._make(told)

    def _number(self, db: sqlite3.Connection, owner: LogOwner) -> int:
        found = self._numbers.get(owner)
        if found is None:
            found = self._numbers[owner] = number(db, self._names, owner, self.naming)
        return found


def number(db: sqlite3.Connection, names: Names, owner: LogOwner, naming: Naming) -> int:
    """The row of an owner, written if it is new."""
    user, host = naming(owner)
    db.execute(
        "INSERT OR IGNORE INTO owners (login, site, given, user, host) VALUES (?,?,?,?,?)",
        (*owner[:3], names.name(db, user), names.name(db, host)),
    )
    query = "SELECT id FROM owners WHERE login = ? AND site = ? AND given = ?"
    return int(db.execute(query, owner[:3]).fetchone()[0])


def put(db: sqlite3.Connection, session: int, owner: int, rev: int) -> bool:
    """Gives a session row its owner; False where that of an earlier reading stays.

    Of two the given one stays, else the first by the alphabet, in any order.
    """
    made = db.execute(
        "UPDATE sessions SET owner = o.id, user = o.user, host = o.host, rev = ?3 FROM owners o"
        " WHERE sessions.id = ?1 AND o.id = ?2 AND sessions.owner <> ?2 AND NOT EXISTS"
        " (SELECT 1 FROM owners k WHERE k.id = sessions.owner"
        "  AND (-k.given, k.login, k.site) < (-o.given, o.login, o.site))",
        (session, owner, rev),
    )
    return made.rowcount > 0


def renew(db: sqlite3.Connection, naming: Naming, owner_of: OwnerOf, told: str) -> None:
    """Owners as the config names them now, and those of sessions that were read before.

    `told` is what the config says of them: where that has changed, sessions without an owner are
    looked up, and those that a [[source]] entry gives one or gave.
    """
    names = Names()
    rev = 0
    for row, login, site, given, *shown in db.execute("SELECT * FROM owners").fetchall():
        named = [names.name(db, one) for one in naming(LogOwner(login, site, given))]
        if named != shown:
            rev = rev or next_rev(db)
            db.execute("UPDATE owners SET user = ?, host = ? WHERE id = ?", (*named, row))
            query = "UPDATE sessions SET user = ?, host = ?, rev = ? WHERE owner = ?"
            db.execute(query, (*named, rev, row))
    if meta.get(db, KEY) != told:
        meta.put(db, {KEY: told})
        _fill(db, names, naming, owner_of)


def _fill(db: sqlite3.Connection, names: Names, naming: Naming, owner_of: OwnerOf) -> None:
    """Looks up the owners of sessions without one, or of which an entry gives it."""
    given = GIVEN_USER | GIVEN_HOST
    rev = next_rev(db)
    db.execute(
        "UPDATE sessions SET owner = 0, user = 0, host = 0, rev = ?1 WHERE owner IN"
        " (SELECT id FROM owners WHERE given & ?2)",
        (rev, given),
    )
    rows = db.execute(
        "SELECT s.id, n.text, p.source, p.path, s.owner FROM sessions s"
        " JOIN names n ON n.id = s.source JOIN places p ON p.id ="
        " (SELECT place FROM calls WHERE session = s.id ORDER BY at LIMIT 1)"
    ).fetchall()
    numbers: dict[LogOwner, int] = {}
    for session, source, label, path, known in rows:
        owner = owner_of(label, path)
        if owner is None or not (owner.programs or source not in PROGRAMS):
            continue
        if known and not owner.given:
            continue
        if owner not in numbers:
            numbers[owner] = number(db, names, owner, naming)
        put(db, session, numbers[owner], rev)
