"""What completed the tasks of a report: an answer, a commit, a pull request, their own program."""

import json
import sqlite3
from collections.abc import Collection

from costtop.nouns.log_owner import PROGRAMS
from costtop.store.sessions import task_completion

_COMPLETED = (
    "SELECT t.task, n.text FROM tasks t JOIN sessions s ON s.id = t.session"
    " JOIN names n ON n.id = s.source WHERE t.status = 'completed'"
    " AND t.task IN (SELECT value FROM json_each(?))"
)


def read(db: sqlite3.Connection, tasks: Collection[str]) -> dict[str, str]:
    """By the name of a completed task: answer, commit, pr, or program where one said so itself."""
    by = task_completion.of(db)
    rows = db.execute(_COMPLETED, (json.dumps(sorted(tasks)),))
    return {str(task): "program" if source in PROGRAMS else by for task, source in rows}
