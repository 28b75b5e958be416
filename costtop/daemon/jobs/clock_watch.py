"""Notices that the clock was set back, so that nothing waits until it is where it was."""

import logging
import time
from collections.abc import Callable

from costtop import durations, lasting
from costtop.durations import now_ms
from costtop.store import set_back
from costtop.store.writer import Writer

_EVERY = 1.0  # s
_STEP = 1_000  # ms; a clock that is slowed down does not come so far in a second
log = logging.getLogger("costtop")


async def heed_clock(
    writer: Writer, wake: Callable[[], None], clock: Callable[[], int] = now_ms
) -> None:
    """For ever, and as it begins: nobody watched before. `wake`: something may be due."""
    was = None
    while True:
        ahead = clock() - _running()
        if was is None or ahead < was - _STEP:
            rows = await writer.transact(set_back.pull_in, clock())
            if was is not None:
                back = durations.words(was - ahead)
                log.info("the clock was set back by %s; %d times to come were moved", back, rows)
            wake()
        was = ahead
        lasting.well()
        await lasting.beat(_EVERY)


def _running() -> int:
    """How long the machine runs, ms, sleep included where the system tells: nobody sets it."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(clock) // 1_000_000
