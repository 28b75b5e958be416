"""Which sessions are live and where their logs are: what a search for processes needs."""

import sqlite3

from costtop.named_tuples import NamedTuple

_MOST = 2_000  # sessions whose processes are looked for: four times as many as can be held
_LATEST = 20  # calls of a session looked at for the logs it stands in


class LiveSession(NamedTuple):
    """A root session with activity since some time."""

    key: str  # "source/session"
    source: str
    ids: tuple[str, ...]  # its own id, then those of its subagents
    cwd: str
    logs: tuple[bytes, ...]
    pid: int | None  # a hint
    started: int
    last: int


def since(db: sqlite3.Connection, moment: int) -> list[LiveSession]:
    """Root sessions with a call or fact since `moment`, ms UTC; of thousands the latest."""
    rows = db.execute(
        "SELECT r.id, n.text, r.session, w.text, r.pid, min(s.started), max(s.last)"
        " FROM sessions s JOIN sessions r ON r.id = s.root JOIN names n ON n.id = r.source"
        " LEFT JOIN contexts c ON c.id = r.context LEFT JOIN names w ON w.id = c.cwd"
        " WHERE s.root IN (SELECT root FROM sessions WHERE last >= ? ORDER BY last DESC LIMIT ?)"
        " GROUP BY r.id",
        (moment, _MOST),
    ).fetchall()
    return [
        LiveSession(
            key=f"{source}/{session}",
            source=source,
            ids=(session, *_others(db, root, session)),
            cwd=cwd or "",
            logs=logs(db, root),
            pid=pid,
            started=started or 0,
            last=last or 0,
        )
        for root, source, session, cwd, pid, started, last in rows
    ]


def newest(db: sqlite3.Connection) -> int:
    """The row of the latest session that has begun; 0: none has."""
    return int(db.execute("SELECT coalesce(max(id), 0) FROM sessions").fetchone()[0])


def _others(db: sqlite3.Connection, root: int, session: str) -> list[str]:
    rows = db.execute("SELECT DISTINCT session FROM sessions WHERE root = ?", (root,))
    return [str(row[0]) for row in rows if row[0] != session]


def logs(db: sqlite3.Connection, root: int) -> tuple[bytes, ...]:
    """The paths of the files that hold the latest calls of a root session row."""
    rows = db.execute(
        "SELECT DISTINCT path FROM places WHERE id IN"
        " (SELECT place FROM calls WHERE session = ? ORDER BY at DESC LIMIT ?)"
        " AND instr(path, x'00') = 0",  # a zero byte: another file has that path now
        (root, _LATEST),
    )
    return tuple(row[0] for row in rows)


def is_live(db: sqlite3.Connection, key: str, since: int) -> bool:
    """Whether the session "source/session" has not ended and was heard of since then, ms."""
    source, _, session = key.partition("/")
    row = db.execute(
        "SELECT r.ended IS NULL AND max(s.last) >= ? FROM sessions r"
        " JOIN names n ON n.id = r.source JOIN sessions s ON s.root = r.id"
        " WHERE n.text = ? AND r.session = ? AND r.agent = ''",
        (since, source, session),
    ).fetchone()
    return bool(row[0])
