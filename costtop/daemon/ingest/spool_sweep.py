"""Clears the spool of days that have been read to their end. It reads no line.

Programs append to the file of the present day only (`client.spool`), so that of two days ago and
older grows no more. What could not be read to its end stays.
"""

import asyncio
import contextlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from costtop.durations import now_ms
from costtop.tail.identity import Known

_EVERY = 3600.0  # s
_KEPT = timedelta(days=2)


async def sweep(folder: Path, known: Known) -> None:
    """Once an hour, for ever."""
    while True:
        await asyncio.sleep(_EVERY)
        await asyncio.to_thread(clear, folder, known, now_ms())


def clear(folder: Path, known: Known, now: int) -> list[Path]:
    """Deletes what is old and read, and returns it; `now` is ms UTC."""
    day = datetime.fromtimestamp(now / 1000, UTC) - _KEPT
    newest = f"{day:%Y-%m-%d}.jsonl"
    gone = []
    for path in sorted(folder.glob("????-??-??.jsonl")):
        place = known.get(os.fsencode(path))
        with contextlib.suppress(OSError):
            if path.name < newest and place and place.offset == path.stat().st_size:
                path.unlink()
                gone.append(path)
    return gone
