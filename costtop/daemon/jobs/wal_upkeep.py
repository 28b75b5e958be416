"""Keeps the -wal file small: after an import, after a long reader, and twice a minute.

Until then a copy of `costtop.db` alone would lack what was read last, a new one everything.
"""

import time
from pathlib import Path

from costtop import lasting
from costtop.daemon.ingest.intake import Ingest
from costtop.store import wal
from costtop.store.writer import Writer

_EVERY = 5.0  # s
_CALM = 30.0  # s between two of few bytes: each makes the disk write
LARGE = 1 << 20  # bytes


async def keep_wal_small(writer: Writer, database: Path, ingest: Ingest) -> None:
    """For ever. An import under way is not held up: it brings its own pages over as it goes."""
    last = time.monotonic() - _CALM  # a new database is to stand in its own file at once
    while True:
        size = wal.size(database)
        due = size >= LARGE or time.monotonic() - last >= _CALM
        if size and due and not ingest.progress.total and await writer.read(wal.checkpoint):
            last = time.monotonic()
        lasting.well()
        await lasting.beat(_EVERY)
