"""Whether git may have anything new to say: files are looked at, nothing is run or loaded."""

import sqlite3

from costtop.config import Config
from costtop.durations import DAY, QUARTER
from costtop.repositories import ref_marks
from costtop.store.git import git_facts
from costtop.store.git.git_facts import StoredRepository

EVER = 400 * DAY
_MOST = 300  # folders of one look, those worked in last


def is_due(db: sqlite3.Connection, config: Config, now: int) -> bool:
    """Whether a look would find anything new. `now` is ms UTC."""
    if not config.git.read:
        return False
    known = git_facts.worktrees(db)
    if any(one not in known for one in folders(db, now - EVER)):
        return True
    return any(ref_marks.state(one.folder) != one.state for one in read_ones(db))


def folders(db: sqlite3.Connection, since: int) -> list[str]:
    """Folders in which agents have worked since then (ms UTC), the latest first."""
    return git_facts.folders(db, since // QUARTER, _MOST)


def read_ones(db: sqlite3.Connection) -> list[StoredRepository]:
    """The repositories that were read."""
    return [one for one in git_facts.repositories(db) if one.state]
