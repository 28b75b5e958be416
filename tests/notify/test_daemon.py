"""The whole way with the real daemon: a line appended, a message received, also over restarts."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from costtop.paths import find
from tests.notify.desk import Inbox
from tests.patience import PATIENCE, until

CONFIG = """
timezone = "UTC"
[[source]]
name = "own"
paths = ["{log}"]
[[notify]]
label = "chat"
url = "json://127.0.0.1:{port}/hook"
[[budget]]
name = "daily"
period = "day"
amount = "$30"
[[budget]]
name = "monthly"
period = "month"
amount = "$300"
"""


class Log:
    """A log in costtop's own format; a million output tokens cost $15."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0

    def spend(self, dollars: float, session: str = "s", at: datetime | None = None) -> None:
        moment = (at or datetime.now(UTC)).isoformat(timespec="milliseconds")
        tokens = round(dollars * 1_000_000 / 15)
        self.count += 1
        with self.path.open("a") as file:
            file.write(
                f'{{"ts": "{moment}", "id": "r{self.count}", "session": "{session}",'
                f' "model": "claude-sonnet-4-5", "input_tokens": 0, "output_tokens": {tokens}}}\n'
            )


@contextmanager
def daemon() -> Iterator[None]:
    """A daemon that has read what there was, ended by SIGTERM."""
    process = subprocess.Popen(
        [sys.executable, "-m", "costtop", "daemon"], stderr=subprocess.PIPE, text=True
    )
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=PATIENCE)


def wait(inbox: Inbox, count: int) -> None:
    """Waits for so many messages."""
    until(lambda: len(inbox.got) >= count)


def awake(log: Log, calls: int) -> None:
    """Waits until the daemon watches: its first import is learnt and every call is judged."""

    def judged() -> bool:
        try:
            with sqlite3.connect(f"file:{find().database}?mode=ro", uri=True) as db:
                rows = db.execute("SELECT value FROM meta WHERE key = 'watched'").fetchall()
        except sqlite3.Error:
            return False
        db.close()
        return bool(rows == [(str(calls),)])

    until(judged, what="the daemon does not watch")


@pytest.fixture
def log(home: Path, inbox: Inbox) -> Log:
    made = Log(home / "calls.jsonl")
    made.path.touch()
    find().config.parent.mkdir(parents=True, exist_ok=True)
    find().config.write_text(CONFIG.format(log=made.path, port=inbox.port))
    return made


@pytest.mark.skipif(not 3 < datetime.now(UTC).hour < 23, reason="needs four hours of one day")
def test_history_is_silent_and_each_crossing_since_is_one_message(log, inbox):
    for days in range(2, 40):
        log.spend(31, f"old{days}", datetime.now(UTC) - timedelta(days=days))
    # Today is past its first tier before costtop ever ran.
    log.spend(16, at=datetime.now(UTC) - timedelta(hours=3, minutes=30))
    with daemon():
        awake(log, 39)
        log.spend(9)
        wait(inbox, 1)
        time.sleep(0.3)
        assert inbox.titles == ["[costtop] budget daily: 80 % of $30.00"]
    log.spend(6)  # while no daemon runs
    with daemon():
        wait(inbox, 2)
        awake(log, 41)
        log.spend(1)
        awake(log, 42)
    assert inbox.titles[1:] == ["[costtop] budget daily: 100 % of $30.00"]
