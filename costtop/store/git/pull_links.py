"""Writes and reads the pull requests that sessions named."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from costtop.nouns.pull_link import PullLink
from costtop.store.sessions.sessions import Sessions

_PUT = (
    "INSERT INTO pull_links (session, repository, number, sign, url, at, branch, cwd, project)"
    " VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET at = excluded.at,"
    " branch = excluded.branch, cwd = excluded.cwd, project = excluded.project, url = excluded.url"
    " WHERE excluded.at < at"
)


def put(db: sqlite3.Connection, sessions: Sessions, told: Iterable[PullLink]) -> None:
    """Keeps when each was named first, in whatever order they come."""
    for link in told:
        session = sessions.ref(db, link.source, link.session).id
        db.execute(_PUT, (session, *link[2:]))


def where(db: sqlite3.Connection, source: str, session: str) -> tuple[str, str, str]:
    """Folder, branch and first folder of a session's latest call or fact; "" what is not known."""
    row = db.execute(
        "SELECT cwd.text, branch.text, project.text FROM sessions s"
        " JOIN contexts c ON c.id = s.context JOIN names cwd ON cwd.id = c.cwd"
        " JOIN names branch ON branch.id = c.branch JOIN names project ON project.id = c.project"
        " WHERE s.source = (SELECT id FROM names WHERE text = ?) AND s.session = ?"
        " AND s.agent = ''",
        (source, session),
    ).fetchone()
    return row or ("", "", "")


def read(db: sqlite3.Connection) -> list[tuple[int, PullLink]]:
    """Every one with the row of its root session, oldest first."""
    rows: Iterable[tuple[Any, ...]] = db.execute(
        "SELECT s.root, l.repository, l.number, l.sign, l.url, l.at, l.branch, l.cwd, l.project"
        " FROM pull_links l JOIN sessions s ON s.id = l.session ORDER BY l.at"
    )
    return [(row[0], PullLink("", "", *row[1:])) for row in rows]
