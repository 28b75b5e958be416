"""The task that wakes the evaluation once history is known, and lets time pass for it."""

import asyncio
from contextlib import closing
from pathlib import Path

from costtop.daemon.alerting.evaluate import Evaluator
from costtop.daemon.alerting.forecast_loop import EVERY, forecast_budgets
from costtop.daemon.ingest.file_reader import Reader
from costtop.durations import now_ms
from costtop.store.db import open_reader
from costtop.store.writer import Writer

_EVERY = 5.0  # s
_SOON = 0.05  # s between two looks whether the first pass is over


async def run_alerting(
    evaluator: Evaluator, writer: Writer, database: Path, reader: Reader
) -> None:
    """For ever: learns when asleep, after everything there is has been read; ticks when awake."""
    forecast_at = 0  # ms: when budgets were forecast last
    while True:
        if not evaluator.awake and reader.passes:
            await writer.transact(evaluator.begin, now_ms())
            await asyncio.to_thread(_learn, evaluator, database)
            await writer.transact(evaluator.wake_up, now_ms())
        if evaluator.awake:
            await writer.transact(evaluator.tick, now_ms())
        if evaluator.awake and now_ms() - forecast_at >= EVERY:
            forecast_at = now_ms()
            forecasts = await forecast_budgets(
                database, evaluator.limits, evaluator.tz, forecast_at
            )
            await writer.transact(evaluator.foresee, forecasts, forecast_at)
        await asyncio.sleep(_EVERY if evaluator.awake else _SOON)


def _learn(evaluator: Evaluator, database: Path) -> None:
    with closing(open_reader(database)) as db:
        evaluator.learn(db, now_ms())
