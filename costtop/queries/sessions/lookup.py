"""Finds the one session that a user means by its short id or a prefix, and where its log stands."""

import json
import os
import sqlite3
from pathlib import Path

from costtop.errors import CosttopError, NothingFound
from costtop.nouns.budget_nouns import OF_FLEET
from costtop.scope import literal
from costtop.store import meta
from costtop.store.sessions import live_logs, short_ids
from costtop.store.sessions.past_spends import History
from costtop.text import clean

_NAMED = 5  # candidates named where a prefix is not unique
_GUESSED = 1_000  # latest sessions among which a slip may have been meant


def session(db: sqlite3.Connection, typed: str) -> str:
    """The key "source/session" of the root session that is meant; an "@" before it is no matter.

    A short id goes before all else: it is what people see. Then the whole of an id or key, then a
    beginning of a short id, an id or a key. Raises NothingFound for none, CosttopError naming the
    candidates for several.
    """
    prefix = typed.removeprefix("@")
    shown = short_ids.root_of(db, prefix.lower())
    if shown:
        return shown
    source, _, rest = prefix.partition("/")
    found = _matching(db, prefix)
    if rest and not found:
        found = _matching(db, rest, source)
    exact = [key for key in found if prefix in (key, key.partition("/")[2])]
    if len(found) == 1 or len(exact) == 1:
        return (exact or list(found))[0]
    if not found:
        raise NothingFound(
            f"no session begins with {clean(typed)!r}{_close(db, prefix.lower())};"
            " see: costtop --once --all"
        )
    named = ", ".join(_said(key, short) for key, short in list(found.items())[:_NAMED])
    more = ", …" if len(found) > _NAMED else ""
    raise CosttopError(f"{clean(typed)!r} begins more than one session: {named}{more}")


def key_of(db: sqlite3.Connection, typed: str) -> str:
    """The key of a session that a program names whole: by its short id, its id, or the key itself.

    What is not known stays as it is; with an "@" before it, it raises NothingFound.
    """
    name = typed.removeprefix("@")
    if not name or short_ids.of(db, name):
        return name
    found = short_ids.root_of(db, name.lower())
    if not found:
        exact = [key for key in _matching(db, name) if key.partition("/")[2] == name]
        found = exact[0] if len(exact) == 1 else ""
    return found or (session(db, typed) if name != typed else typed)


def named_afar(db: sqlite3.Connection, typed: str) -> str:
    """The key of the session that another machine names: by its key or id, whole, or its short id.

    Nobody there sees which short ids are given here: one with which another session's id begins
    names neither. Raises NothingFound.
    """
    name = typed.removeprefix("@")
    found = _matching(db, name)
    whole = [key for key in found if key.partition("/")[2] == name]
    if len(whole) == 1:
        return whole[0]
    short = short_ids.root_of(db, name.lower()) if name and not whole else ""
    if short and found.keys() <= {short}:
        return short
    if "/" not in name:
        several = "begins more than one session there" if len(found) > 1 else "is no session there"
        raise NothingFound(f"{clean(typed, 200)!r} {several}: give its short id or its whole id")
    return name


def glob_of(db: sqlite3.Connection, glob: str) -> str:
    """The glob of a scope's "session": of one session alone where it is its short id."""
    if "/" in glob or any(char in glob for char in "*?["):
        return glob
    key = key_of(db, glob)
    own = key.partition("/")[2] == glob == short_ids.of(db, key)  # a name that is its short id
    return literal(key) if "/" in key and not own else glob


def latest(db: sqlite3.Connection, source: str) -> list[str]:
    """The ids of a source's latest sessions, as its logs have them."""
    rows = db.execute(
        "SELECT s.session FROM sessions s JOIN names n ON n.id = s.source"
        " WHERE s.agent = '' AND n.text = ? ORDER BY s.last DESC LIMIT ?",
        (source, _GUESSED),
    )
    return [str(row[0]) for row in rows]


def budgets(db: sqlite3.Connection) -> frozenset[str]:
    """The names of the configured budgets, and of those of its fleet that this machine heard of."""
    guards = json.loads(meta.get(db, meta.FLEET_GUARDS) or "[]")
    of_fleet = (f"{OF_FLEET}{one['told']['budget']}" for one in guards)
    return frozenset([*(budget.name for budget in meta.budgets(db)), *of_fleet])


def _matching(db: sqlite3.Connection, prefix: str, source: str = "") -> dict[str, str]:
    """The short ids of root sessions by key."""
    if not prefix:
        return {}
    small = prefix.lower()
    rows = db.execute(
        "SELECT n.text || '/' || r.session, r.short FROM"
        " (SELECT id, root FROM sessions WHERE session >= ?1 AND session < ?2"
        " UNION SELECT id, root FROM sessions WHERE short >= ?3 AND short < ?4 AND short <> '') s"
        " JOIN sessions r ON r.id = s.root JOIN names n ON n.id = r.source"
        " WHERE ?5 = '' OR n.text = ?5 GROUP BY r.id ORDER BY 1 LIMIT 50",
        (prefix, prefix + "\U0010ffff", small, small + "\U0010ffff", source),
    )
    return {str(key): str(short) for key, short in rows}


def _said(key: str, short: str) -> str:
    """A candidate as it is to be typed, and whose it is."""
    return f"{short} ({clean(key, 60)})" if short else clean(key)


def _close(db: sqlite3.Connection, typed: str) -> str:
    """What was meant, where a short id of late is nearly what was typed; else nothing."""
    from difflib import get_close_matches

    rows = db.execute(
        "SELECT short FROM sessions WHERE agent = '' AND short <> '' ORDER BY last DESC LIMIT ?",
        (_GUESSED,),
    )
    near = get_close_matches(typed, [str(row[0]) for row in rows], 3, 0.7)
    return f": did you mean {' or '.join(near)}?" if near else ""


def log_of(db: sqlite3.Connection, key: str) -> Path | None:
    """The file of the latest calls of the session "source/session"; None for one off a socket."""
    root = History(db).root_id(key)
    logs = live_logs.logs(db, root) if root is not None else ()
    return Path(os.fsdecode(logs[0])) if logs else None
