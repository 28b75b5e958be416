"""Tells systemd that the service is up, and feeds its watchdog while logs are really read.

A loop that turns is no proof: a follower that hangs, in a folder that does not answer or by a bug,
starves the watchdog, and the service is started again. What is waited out as a fault of the world
does not.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from costtop import lasting
from costtop.daemon.lifecycle import systemd_words

_TIMES = 4  # a period
_LOOK = 0.05  # s
_HOUR = 3600.0  # s that the work may take to begin anew: a store may have to be rebuilt


async def answer(
    socket: Path, progress: Callable[[], object], waits: Callable[[], bool], period: float
) -> None:
    """For as long as the work goes on. `period` is s; 0 where nobody asks whether it does."""
    while not socket.exists():
        await asyncio.sleep(_LOOK)
    systemd_words.tell("READY=1")
    if not period:
        return
    systemd_words.tell(f"WATCHDOG_USEC={period * 1e6:.0f}\nWATCHDOG=1")
    try:
        await feed(progress, waits, period)
    finally:
        systemd_words.tell(f"WATCHDOG_USEC={_HOUR * 1e6:.0f}\nWATCHDOG=1")


async def feed(progress: Callable[[], object], waits: Callable[[], bool], period: float) -> None:
    """For ever. `progress` changes while work goes on; `waits` says that a fault is waited out.

    What has not moved for a period (s) is not vouched for.
    """
    last, moved = progress(), time.monotonic()
    while True:
        now, at = progress(), time.monotonic()
        if now != last or waits():
            last, moved = now, at
        if at - moved < period:
            systemd_words.tell("WATCHDOG=1")
        lasting.well()
        await asyncio.sleep(period / _TIMES)
