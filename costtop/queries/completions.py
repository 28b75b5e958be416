"""What may be typed next where a command wants a session, an alert, a name.

Each kind answers (word, what it is), likeliest first, few enough for a shell.
"""

import sqlite3
from collections.abc import Callable

from costtop import money
from costtop.store.sessions import session_names
from costtop.text import clean

_MOST = 50
_LATEST = "SELECT id, feature FROM sessions WHERE last IS NOT NULL ORDER BY last DESC LIMIT 1000"
_OBEYED = frozenset(" \t\n\r\x1b\"'`$\\|&;<>(){}[]*?!~#%")
Words = list[tuple[str, str]]


def sessions(db: sqlite3.Connection) -> Words:
    """Short ids of main sessions, the latest first, each with its name and cost."""
    rows = db.execute(
        "SELECT s.short, s.cost, t.text, b.text, p.text FROM sessions s"
        " LEFT JOIN contexts c ON c.id = s.context LEFT JOIN names t ON t.id = c.task"
        " LEFT JOIN names b ON b.id = c.branch LEFT JOIN names p ON p.id = c.project"
        " WHERE s.agent = '' AND s.short IS NOT NULL AND s.last IS NOT NULL"
        " ORDER BY s.last DESC LIMIT ?",
        (_MOST,),
    )
    return [
        (short, f"${money.dollars(cost)} {session_names.known(*(one or '' for one in about))}")
        for short, cost, *about in rows
    ]


def alerts(db: sqlite3.Connection) -> Words:
    """Ids of alerts, the newest first, each with its title."""
    rows = db.execute("SELECT ref, title FROM alerts ORDER BY id DESC LIMIT ?", (_MOST,))
    return [(ref, clean(title)) for ref, title in rows]


def features(db: sqlite3.Connection) -> Words:
    """Features of the latest sessions."""
    return _named(db, f"SELECT feature AS name FROM ({_LATEST})")


def models(db: sqlite3.Connection) -> Words:
    """Models of the latest sessions."""
    joined = f"({_LATEST}) s JOIN session_models m ON m.session = s.id"
    return _named(db, f"SELECT m.model AS name FROM {joined}")


def _named(db: sqlite3.Connection, query: str) -> Words:
    """Names that a query has, without those that a shell would take apart or obey."""
    rows = db.execute(
        f"SELECT DISTINCT n.text FROM ({query}) q JOIN names n ON n.id = q.name ORDER BY 1"
    )
    return [(text, "") for (text,) in rows if text and not set(text) & _OBEYED and text.isascii()]


KINDS: dict[str, Callable[[sqlite3.Connection], Words]] = {
    "sessions": sessions,
    "alerts": alerts,
    "features": features,
    "models": models,
}
