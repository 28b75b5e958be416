"""The task that keeps the line for status bars: written when something changed. It words nothing.

The file's time says how fresh it is, so it is touched each second while the daemon lives.
"""

import asyncio
import os
from pathlib import Path

from costtop.durations import now_ms
from costtop.queries.live.frame import Live
from costtop.queries.spending_line import words
from costtop.store.db import open_reader

_EVERY = 1.0  # s
_AGAIN = 10  # looks after which it is worded anew, for a burn falls by itself


async def keep_line(database: Path, line: Path) -> None:
    """For ever; not at once, for the start belongs to reading."""
    await asyncio.sleep(_EVERY)
    db = open_reader(database)
    try:
        live = Live(db)
        known, looks = -1, 0
        while True:
            changed = live.changed()
            if changed != known or looks >= _AGAIN:
                known, looks = changed, 0
                _write(line, await asyncio.to_thread(_worded, live))
            else:
                os.utime(line)
            looks += 1
            await asyncio.sleep(_EVERY)
    finally:
        db.close()


def _worded(live: Live) -> str:
    return words(*live.glance(now_ms()))


def _write(line: Path, text: str) -> None:
    """Replaces the file atomically, mode 0600."""
    young = f"{line}.{os.getpid()}"
    descriptor = os.open(young, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    os.replace(young, line)
