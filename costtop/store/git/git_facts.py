"""Reads and writes what git told of repositories."""

import sqlite3
from collections.abc import Mapping, Sequence

from costtop.named_tuples import NamedTuple
from costtop.nouns.repository_facts import CommitFact, HeadMove, PullFact


class StoredRepository(NamedTuple):
    """One repository, as it was read last."""

    id: int
    folder: str
    name: str
    main: str
    state: str
    read_at: int  # ms UTC
    trouble: str


def repositories(db: sqlite3.Connection) -> list[StoredRepository]:
    """All that were read."""
    rows = db.execute("SELECT id, folder, name, main, state, read_at, trouble FROM repositories")
    return [StoredRepository(*row) for row in rows]


def worktrees(db: sqlite3.Connection) -> dict[str, tuple[int, str, int]]:
    """(repository or 0, top, when it was looked at) by the folder in which agents worked."""
    rows = db.execute("SELECT folder, repository, top, looked_at FROM worktrees")
    return {folder: (repository, top, at) for folder, repository, top, at in rows}


def moves(db: sqlite3.Connection, repository: int) -> dict[str, list[HeadMove]]:
    """The moves of HEAD by worktree, in order."""
    found: dict[str, list[HeadMove]] = {}
    for top, *move in db.execute(
        "SELECT top, at, kind, branch, hash, before FROM head_moves"
        " WHERE repository = ? ORDER BY top, nth",
        (repository,),
    ):
        found.setdefault(top, []).append(HeadMove(*move))
    return found


def commits(db: sqlite3.Connection, repository: int) -> list[CommitFact]:
    """The commits of a repository that are known."""
    rows = db.execute(
        "SELECT hash, at, made, subject, final, number, sign FROM git_commits WHERE repository = ?",
        (repository,),
    )
    return [CommitFact(*row) for row in rows]


def pulls(db: sqlite3.Connection, repository: int) -> list[PullFact]:
    """Its pull requests."""
    rows = db.execute(
        "SELECT number, sign, at, hash, branch FROM merged_pulls WHERE repository = ?",
        (repository,),
    )
    return [PullFact(*row) for row in rows]


def folders(db: sqlite3.Connection, since: int, most: int) -> list[str]:
    """Folders in which agents worked since that quarter hour, those worked in last first."""
    rows = db.execute(
        "SELECT n.text FROM spend p JOIN contexts c ON c.id = p.context"
        " JOIN names n ON n.id = c.cwd WHERE p.quarter >= ? AND c.cwd <> 0 GROUP BY c.cwd"
        " ORDER BY max(p.quarter) DESC LIMIT ?",
        (since, most),
    )
    return [row[0] for row in rows]


def refuse(db: sqlite3.Connection, folder: str, why: str, now: int) -> None:
    """Notes why a repository is not read."""
    db.execute(
        "UPDATE repositories SET trouble = ?, read_at = ? WHERE id = ?",
        (why, now, repository(db, folder)),
    )


def put_worktree(db: sqlite3.Connection, folder: str, repository: int, top: str, now: int) -> None:
    """Notes where a folder belongs; one that has gone keeps the repository it was in."""
    db.execute(
        "INSERT INTO worktrees (folder, repository, top, looked_at) VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT DO UPDATE SET looked_at = ?4,"
        " repository = CASE WHEN ?2 THEN ?2 ELSE repository END,"
        " top = CASE WHEN ?3 <> '' THEN ?3 ELSE top END",
        (folder, repository, top, now),
    )


def repository(db: sqlite3.Connection, folder: str) -> int:
    """The row of the repository with these files of git's, made if it is new."""
    db.execute(
        "INSERT OR IGNORE INTO repositories (folder, name, main, state, read_at, trouble)"
        " VALUES (?, '', '', '', 0, '')",
        (folder,),
    )
    return int(db.execute("SELECT id FROM repositories WHERE folder = ?", (folder,)).fetchone()[0])


def put(
    db: sqlite3.Connection,
    read: StoredRepository,
    heads: Mapping[str, Sequence[HeadMove]],
    commits: Sequence[CommitFact],
    pulls: Sequence[PullFact],
) -> None:
    """Writes what was read; what an earlier reading told and this one does not stays."""
    db.execute(
        "UPDATE repositories SET name = ?, main = ?, state = ?, read_at = ?, trouble = ?"
        " WHERE id = ?",
        (read.name, read.main, read.state, read.read_at, read.trouble, read.id),
    )
    for top, found in heads.items():
        db.execute("DELETE FROM head_moves WHERE repository = ? AND top = ?", (read.id, top))
        db.executemany(
            "INSERT INTO head_moves (repository, top, nth, at, kind, branch, hash, before)"
            " VALUES (?,?,?,?,?,?,?,?)",
            [(read.id, top, nth, *move) for nth, move in enumerate(found)],
        )
    db.executemany(
        "INSERT OR REPLACE INTO git_commits"
        " (repository, hash, at, made, subject, final, number, sign) VALUES (?,?,?,?,?,?,?,?)",
        [(read.id, *commit) for commit in commits],
    )
    db.executemany(
        "INSERT INTO merged_pulls (repository, number, sign, at, hash, branch) VALUES (?,?,?,?,?,?)"
        " ON CONFLICT DO UPDATE SET at = coalesce(excluded.at, at),"
        " hash = coalesce(nullif(excluded.hash, ''), hash),"
        " branch = coalesce(nullif(excluded.branch, ''), branch)",
        [(read.id, *pull) for pull in pulls],
    )


def forget_unused(db: sqlite3.Connection) -> None:
    """Takes out folders in which no stored work was done, and repositories of no folder."""
    db.execute(
        "DELETE FROM worktrees WHERE folder NOT IN"
        " (SELECT n.text FROM contexts c JOIN names n ON n.id = c.cwd)"
    )
    for table in ("head_moves", "git_commits", "merged_pulls"):
        db.execute(
            f"DELETE FROM {table} WHERE repository NOT IN (SELECT repository FROM worktrees)"
        )
    db.execute("DELETE FROM repositories WHERE id NOT IN (SELECT repository FROM worktrees)")
