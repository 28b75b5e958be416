"""Fills the roll-ups of long spans beside all else, after an update or a change of the zone."""

import asyncio
import logging
import time
from collections.abc import Callable

from costtop import lasting_tasks
from costtop.store.sums import rollup_building
from costtop.store.writer import Writer

_RESTS = 4  # times as long as a step took, so that whatever is live goes first
_WAIT = 1.0  # s between two looks whether all that is new has been read
_EVERY = 600.0  # s
_BRIEF = 1.0  # s that a command without a daemon gives to it
log = logging.getLogger("costtop")


async def keep(writer: Writer, has_read: Callable[[], bool]) -> None:
    """For ever; begins once everything new has been read."""
    while not has_read():
        lasting_tasks.well()
        await lasting_tasks.beat(_WAIT)
    while True:
        steps, began = 0, time.monotonic()
        while await writer.transact(rollup_building.step):
            steps += 1
            await asyncio.sleep((time.monotonic() - began) * _RESTS)
            began = time.monotonic()
            lasting_tasks.well()
        if steps:
            log.info("sums of days and tasks were made in %d steps", steps)
        lasting_tasks.well()
        await lasting_tasks.beat(_EVERY)


async def briefly(writer: Writer) -> None:
    """Fills what a second suffices for; the rest by quarter hours stays as right."""
    until = time.monotonic() + _BRIEF
    while time.monotonic() < until and await writer.transact(rollup_building.step):
        pass
