"""What was only heard over a wire (OTLP) and by nothing else: it may deny, but end nothing.

Whoever reaches the receiver can say that a session spends. So pausing and killing is judged without
it, until a log tells of the same call, or until the session has no log at all and a hook of it was
heard over the socket, which is the user's own.
"""

import sqlite3
from collections.abc import Mapping

from costtop.store.calls.call_row import HEARD
from costtop.store.calls.scope_sums import VALUE, within

_BY_ROOT = (
    "SELECT s.root, sum({counted}) FROM calls p JOIN sessions s ON s.id = p.session"
    f" LEFT JOIN contexts c ON c.id = p.context WHERE p.flags & {HEARD} AND p.at >= ? AND p.at < ?"
)
_BELIEVED = (
    "SELECT EXISTS (SELECT 1 FROM confirmed k JOIN sessions r ON r.id = ?1 JOIN names n"
    " ON n.id = r.source WHERE k.session = n.text || '/' || r.session)"
    " AND NOT EXISTS (SELECT 1 FROM calls p JOIN sessions s ON s.id = p.session"
    f" WHERE s.root = ?1 AND NOT p.flags & {HEARD})"
)


def spent(
    db: sqlite3.Connection, scope: Mapping[str, str], since: int, until: int, counted: str = VALUE
) -> int:
    """Nano-dollars of calls under the scope in [since, until), ms UTC, that were only heard."""
    if not _ever_heard(db):
        return 0
    where, values = within(db, scope)
    by_root = _BY_ROOT.format(counted=counted)
    rows = db.execute(f"{by_root}{where} GROUP BY 1", (since, until, *values)).fetchall()
    return sum(cost or 0 for root, cost in rows if not _is_believed(db, root))


def of_sessions(db: sqlite3.Connection, root: int | None) -> int:
    """The same of all that one root session and its subagents ever spent."""
    if root is None or not _ever_heard(db) or _is_believed(db, root):
        return 0
    row = db.execute(
        "SELECT coalesce(sum(p.cost), 0) FROM calls p JOIN sessions s ON s.id = p.session"
        f" WHERE s.root = ? AND p.flags & {HEARD}",
        (root,),
    ).fetchone()
    return int(row[0])


def confirm(db: sqlite3.Connection, session: str, now: int) -> None:
    """A hook of "source/session" was heard over the socket."""
    db.execute("INSERT OR IGNORE INTO confirmed (session, at) VALUES (?, ?)", (session, now))


def _ever_heard(db: sqlite3.Connection) -> bool:
    """Whether a receiver ever was open: its indexes are made with the first call that it hears."""
    row = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'calls_heard'").fetchone()
    return row is not None


def _is_believed(db: sqlite3.Connection, root: int) -> bool:
    return bool(db.execute(_BELIEVED, (root,)).fetchone()[0])
