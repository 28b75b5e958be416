"""What people call a session: its short id, and beside it a name that they know."""

import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING

from costtop.scope import literal
from costtop.store.sessions import short_ids
from costtop.text import clean

if TYPE_CHECKING:  # the nouns take a quick command as long as the rest of it
    from costtop.model import Budget

_LONGEST = 32  # characters of a name
_MAIN = {"", "main", "master", "trunk", "HEAD"}  # branches that tell nothing
_ABOUT = (
    "SELECT s.short, t.text, b.text, p.text FROM sessions s"
    " JOIN names n ON n.id = s.source LEFT JOIN contexts c ON c.id = s.context"
    " LEFT JOIN names t ON t.id = c.task LEFT JOIN names b ON b.id = c.branch"
    " LEFT JOIN names p ON p.id = c.project"
    " WHERE n.text = ? AND s.session = ? AND s.agent = ''"
)


def said(db: sqlite3.Connection, key: str) -> str:
    """The session "source/session" as answers name it: `9f767c4 (checkout)`; else its key."""
    source, _, session = key.partition("/")
    short, *about = db.execute(_ABOUT, (source, session)).fetchone() or ("", "", "", "")
    if not short:
        return clean(key)
    name = known(*(text or "" for text in about))
    return f"{short} ({name})" if name and name != short else str(short)


def known(task: str, branch: str, project: str) -> str:
    """The name that a person knows: the task's, if somebody gave it one, the branch, the folder."""
    named = task if short_ids.shortened([task])[task] == task else ""
    telling = branch if branch not in _MAIN else ""
    return clean(named or telling or project.rstrip("/").rpartition("/")[2], _LONGEST)


def scope_said(db: sqlite3.Connection, budget: "Budget") -> "Budget":
    """A budget to be worded: a scope that is one session's key has its short id instead."""
    scope = ((field, glob_said(db, field, glob)) for field, glob in budget.scope)
    return budget._replace(scope=tuple(scope))


def scope_short(db: sqlite3.Connection, scope: Iterable[tuple[str, str]]) -> str:
    """The short id of the one session that a scope is of, "" where it is of others too."""
    glob = dict(scope).get("session", "")
    said = glob_said(db, "session", glob)
    return said if said != glob else ""


def glob_said(db: sqlite3.Connection, field: str, glob: str) -> str:
    """One glob of a scope as people read it: of one session alone its short id."""
    key = glob.replace("[[]", "[").replace("[*]", "*").replace("[?]", "?")
    short = short_ids.of(db, key) if field == "session" and literal(key) == glob else ""
    return short or glob
