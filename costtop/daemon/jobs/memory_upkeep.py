"""Gives memory back to the system after an import or another burst: the daemon stays for weeks.

Freed memory stays with the process by itself: SQLite keeps the pages of its cache, the C library
what threads have freed.
"""

import asyncio
import ctypes
import os
import sys

from costtop import lasting
from costtop.store.db import shrink
from costtop.store.writer import Writer

_EVERY = 10.0  # s
_GROWN = 8 << 20  # bytes since the last time from which it is worth the while


async def keep_memory_small(writer: Writer) -> None:
    """For ever."""
    before = 0
    while True:
        if resident() - before > _GROWN:
            await writer.read(shrink)
            await asyncio.to_thread(give_back)
            before = resident()
        lasting.well()
        await lasting.beat(_EVERY)


def resident() -> int:
    """Bytes of this process in memory; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def give_back() -> None:
    """Has the C library return what is free; nothing where it is not glibc's."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
