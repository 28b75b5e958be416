"""Where a session's log stands. It reads no log."""

import os
import sqlite3
from pathlib import Path

from costtop.store.sessions import live_logs
from costtop.store.sessions.past_spends import History


def read(db: sqlite3.Connection, key: str) -> Path | None:
    """The file of the latest calls of the session "source/session"; None for one off a socket."""
    root = History(db).root_id(key)
    logs = live_logs.logs(db, root) if root is not None else ()
    return Path(os.fsdecode(logs[0])) if logs else None
