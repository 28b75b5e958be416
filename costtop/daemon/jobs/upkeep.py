"""What is done now and then while the daemon stays: memory and -wal file kept small, clocks seen.

Freed memory stays with the process by itself: SQLite keeps the pages of its cache, the C library
what threads have freed. A clock that was set back must keep nothing waiting until it is where it
was.
"""

import asyncio
import ctypes
import gc
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from costtop import durations, lasting_tasks
from costtop.daemon.ingest.intake import Ingest
from costtop.durations import now_ms, running_ms
from costtop.store import clock_corrections, wal
from costtop.store.db import shrink
from costtop.store.writer import Writer

_MEMORY = 10.0  # s between two looks
_GROWN = 4 << 20  # bytes since the last time from which it is worth the while
_SLOWLY, _RARELY = 1 << 20, 60.0  # the same after so many s: what a start leaves grows bit by bit
_ARENAS = -8  # M_ARENA_MAX of glibc's mallopt
_CLOCK = 1.0  # s between two looks
_STEP = 1_000  # ms; a clock that is slowed down does not come so far in a second
_WAL = 5.0  # s between two looks at the file
_CALM = 30.0  # s between two moves of few bytes out of the -wal file: each makes the disk write
_LARGE = 1 << 20  # bytes of it
log = logging.getLogger("costtop")


async def keep_memory_small(writer: Writer) -> None:
    """For ever."""
    before, last = 0, 0.0
    while True:
        rare = time.monotonic() - last >= _RARELY
        if resident() - before > (_SLOWLY if rare else _GROWN):
            await writer.read(shrink)
            await asyncio.to_thread(give_back)
            before, last = resident(), time.monotonic()
        lasting_tasks.well()
        await lasting_tasks.beat(_MEMORY)


def resident() -> int:
    """Bytes of this process in memory; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def give_back() -> None:
    """Has the C library return what is free; nothing where it is not glibc's."""
    if (trim := _glibc("malloc_trim")) is not None:
        trim(0)


def live_long() -> None:
    """Prepares the memory of a process that stays; to be called before it has threads.

    All of them use one heap: else each keeps what it has freed for itself. One runs at a time
    anyway, so none waits for another.
    """
    gc.set_threshold(20_000, 20, 20)  # nearly all that is loaded stays
    if (mallopt := _glibc("mallopt")) is not None:
        mallopt(_ARENAS, 1)


def _glibc(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None


async def keep_wal_small(writer: Writer, database: Path, ingest: Ingest) -> None:
    """For ever: after an import, after a long reader, and twice a minute.

    Until then a copy of `costtop.db` alone would lack what was read last, a new one everything. An
    import under way is not held up: it brings its own pages over as it goes.
    """
    last = time.monotonic() - _CALM  # a new database is to stand in its own file at once
    while True:
        size = wal.size(database)
        due = size >= _LARGE or time.monotonic() - last >= _CALM
        if size and due and not ingest.progress.total and await writer.read(wal.checkpoint):
            last = time.monotonic()
        lasting_tasks.well()
        await lasting_tasks.beat(_WAL)


async def heed_clock(
    writer: Writer, wake: Callable[[], None], clock: Callable[[], int] = now_ms
) -> None:
    """For ever, and as it begins: nobody watched before. `wake`: something may be due."""
    was = None
    while True:
        ahead = clock() - running_ms()
        if was is None or ahead < was - _STEP:
            rows = await writer.transact(clock_corrections.pull_in, clock())
            if was is not None:
                back = durations.words(was - ahead)
                log.info("the clock was set back by %s; %d times to come were moved", back, rows)
            wake()
        was = ahead
        lasting_tasks.well()
        await lasting_tasks.beat(_CLOCK)
