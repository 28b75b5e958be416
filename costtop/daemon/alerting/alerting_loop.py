"""The task that wakes the evaluation once history is known, and lets time pass for it.

Every quarter of an hour it forecasts the budgets, on a connection of its own: a look at two months
takes longer than a commit may wait. Hourly it measures how good forecasts are.
"""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from costtop import lasting_tasks
from costtop.daemon.alerting.evaluate import BudgetForecast, BudgetForecasts, Evaluator
from costtop.daemon.ingest.file_reader import Reader
from costtop.durations import HOUR, MINUTE, now_ms
from costtop.model import Budget
from costtop.queries.spending.spend_forecast import MEASURED, Measured, Outlooks, measure, measured
from costtop.store.db import open_reader
from costtop.store.writer import Writer

_EVERY = 5.0  # s
_FORECAST_EVERY = 15 * MINUTE  # a breach is told after the second
_SOON = 0.05  # s between two looks whether the first pass is over


async def run_alerting(
    evaluator: Evaluator, writer: Writer, database: Path, reader: Reader
) -> None:
    """For ever: learns when asleep, after everything there is has been read; ticks when awake."""
    forecast_at = 0  # ms: when budgets were forecast last
    while True:
        try:
            await _judge(evaluator, writer, database, reader)
            if evaluator.awake and not 0 <= now_ms() - forecast_at < _FORECAST_EVERY:
                forecast_at = now_ms()
                forecasts = await forecast_budgets(
                    database, evaluator.limits, evaluator.tz, forecast_at
                )
                await writer.transact(evaluator.take_forecasts, forecasts, forecast_at)
        except BaseException:
            evaluator.fall_asleep()  # it may remember as told what was rolled back
            raise
        lasting_tasks.well()
        if evaluator.awake:
            await lasting_tasks.beat(_EVERY)
        else:
            await asyncio.sleep(_SOON)


async def _judge(evaluator: Evaluator, writer: Writer, database: Path, reader: Reader) -> None:
    if reader.recent_is_read and not (evaluator.today or evaluator.awake):
        await writer.transact(evaluator.begin_today, now_ms())
    if not evaluator.awake and reader.passes:
        await writer.transact(evaluator.begin, now_ms())
        await _learn(evaluator, database)
        await writer.transact(evaluator.wake_up, now_ms())
    if evaluator.awake:
        await writer.transact(evaluator.tick, now_ms())
        while await writer.read(evaluator.rest, now_ms()):
            await asyncio.sleep(_SOON)  # commits go first


async def _learn(evaluator: Evaluator, database: Path) -> None:
    """In a thread that ends with the daemon, which would wait for it: four weeks take a while."""
    with closing(open_reader(database, unfinished=True)) as db:
        loop = asyncio.get_running_loop()
        learning = loop.run_in_executor(None, evaluator.learn, db, now_ms())
        try:
            await asyncio.shield(learning)
        except asyncio.CancelledError:
            db.interrupt()
            await asyncio.wait([learning])
            learning.exception()  # that it was interrupted is no news
            raise


async def forecast_budgets(
    database: Path, budgets: Sequence[Budget], tz: ZoneInfo, now: int
) -> BudgetForecasts:
    """The budgets' forecasts, and a new measurement where the last one is old."""

    def read() -> BudgetForecasts:
        with closing(open_reader(database, unfinished=True)) as db:
            return forecasts_of(db, budgets, tz, now)

    return await asyncio.to_thread(read)


def forecasts_of(
    db: sqlite3.Connection, budgets: Sequence[Budget], tz: ZoneInfo, now: int
) -> BudgetForecasts:
    """The same, from a connection."""
    outlooks = Outlooks(db, now, tz)
    found = []
    for budget in budgets:
        seen = outlooks.of(budget.period, dict(budget.scope), budget.amount, watch=budget.watch)
        if seen is not None:
            found.append(BudgetForecast(budget.name, seen.breach, seen.expected))
    return BudgetForecasts(tuple(found), _measured(db, outlooks, now))


def _measured(db: sqlite3.Connection, outlooks: Outlooks, now: int) -> dict[str, str]:
    last, past = measured(db), outlooks.past()
    if past is None or (last is not None and 0 <= now - last.at < HOUR):
        return {}
    fresh: Measured = measure(past, now)
    return {MEASURED: json.dumps(fresh)}
