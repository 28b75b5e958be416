"""Takes the details of old sessions out of the store, on demand and, where wanted, once a day."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from costtop import config as configuration
from costtop import lasting_tasks
from costtop.config import Config
from costtop.daemon.lifecycle.instance import hold
from costtop.daemon.wiring import wired
from costtop.durations import DAY, now_ms
from costtop.paths import Paths
from costtop.store.forgetting import thinning
from costtop.store.plans import plan_readings
from costtop.store.writer import Writer

_RESTS = 2  # times as long as a step took: what is live goes first
_EVERY = DAY / 1000  # s
_FIRST = 60  # s after a start, which has more urgent things to do


async def compacted(
    writer: Writer,
    before: int,
    rests: float = _RESTS,
    watch: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Thins sessions that ended before `before`, ms UTC; what has gone. No step holds others up.

    `watch` hears how many sessions were looked at, and of how many.
    """
    sums, after, looked = [0, 0, 0], (0, 0), 0
    many = await writer.read(thinning.many, before) if watch else 0
    size = await writer.read(thinning.size, now_ms())
    began = time.monotonic()
    while (step := await writer.transact(thinning.step, before, after)) is not None:
        sums = [a + b for a, b in zip(sums, step[2:], strict=True)]
        after, looked = step.after, looked + step.looked
        if watch:
            watch(looked, many)
        await asyncio.sleep((time.monotonic() - began) * rests)
        began = time.monotonic()
    while await writer.read(thinning.give_back):
        await asyncio.sleep(0)
    left = await writer.read(thinning.size, now_ms())
    sessions, tools, minutes = sums
    freed = max(0, size.size - left.size)
    return {"sessions": sessions, "tools": tools, "minutes": minutes, "freed_bytes": freed}


async def readings_thinned(writer: Writer) -> int:
    """Thins what was told of plans' windows long ago; the rows that have gone."""
    return sum(
        [
            await writer.transact(plan_readings.thin, *limit, now_ms())
            for limit in await writer.read(plan_readings.limits)
        ]
    )


async def keep_compact(writer: Writer, config: Config) -> None:
    """For ever, once a day; details go only where the config says how long they are kept."""
    while True:
        await lasting_tasks.beat(_FIRST)
        await readings_thinned(writer)
        if age := configuration.details_kept(config):
            await compacted(writer, now_ms() - age, 10)
        lasting_tasks.well()
        await lasting_tasks.beat(_EVERY)


def compact_alone(
    paths: Paths, before: int, watch: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """The same without a daemon; raises Busy where one has the database."""
    config = configuration.load(paths)
    with hold(paths):
        return asyncio.run(_alone(paths, config, before, watch))


async def _alone(
    paths: Paths, config: Config, before: int, watch: Callable[[int, int], None] | None
) -> dict[str, Any]:
    async with wired(paths, config, lambda: None) as instance:
        return await compacted(instance.writer, before, 0, watch)
