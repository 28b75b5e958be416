"""The task that wakes the watch once history is known, and lets time pass for it.

It also keeps the rate cards as they are worked out. It judges nothing itself; `watch` does, in
transactions that this task asks for.
"""

import asyncio
import sqlite3

from costtop.daemon.alerting.forecast_loop import EVERY, look_ahead
from costtop.daemon.ingest.file_reader import Reader
from costtop.daemon.wiring import Wired, cards
from costtop.durations import now_ms
from costtop.store import meta
from costtop.store.db import open_reader

_EVERY = 5.0  # s
_SOON = 0.05  # s between two looks whether the first pass is over


async def vigilance(instance: Wired, reader: Reader) -> None:
    """For ever: learns when asleep, after everything there is has been read; ticks when awake."""
    watch, writer, prices = instance.watch, instance.writer, instance.prices
    kept = prices.count()
    looked = 0  # ms: when budgets were looked ahead for last
    while True:
        if not watch.awake and reader.passes:
            await writer.transact(watch.begin, now_ms())
            await asyncio.to_thread(_learn, instance)
            await writer.transact(watch.wake_up, now_ms())
        if watch.awake:
            await writer.transact(watch.tick, now_ms())
        if watch.awake and now_ms() - looked >= EVERY:
            looked = now_ms()
            sights = await look_ahead(instance.paths.database, watch.limits, watch.tz, looked)
            await writer.transact(watch.foresee, sights, looked)
        if prices.count() != kept:  # kept as they come: a killed daemon starts as quickly
            kept = prices.count()
            await writer.transact(meta.put, cards(prices))
        await asyncio.sleep(_EVERY if watch.awake else _SOON)


def _learn(instance: Wired) -> None:
    db: sqlite3.Connection = open_reader(instance.paths.database)
    try:
        instance.watch.learn(db, now_ms())
    finally:
        db.close()
