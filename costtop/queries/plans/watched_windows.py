"""The windows of plans that budgets watch, as they were read last."""

import sqlite3
from collections.abc import Iterable

from costtop import periods
from costtop.detect.budgets.plan_tiers import WatchedWindow, watches
from costtop.durations import DAY, MINUTE
from costtop.model import Budget
from costtop.plan_reading import PlanReading
from costtop.plans import windows
from costtop.plans.windows import Window
from costtop.store.plans import plan_readings

_HISTORY = 90 * DAY


def read(db: sqlite3.Connection, budgets: Iterable[Budget], now: int) -> list[WatchedWindow]:
    """The latest window of each account, by budget, also one that is over (`is_over`).

    What was not heard of for twice its length is left out, and what an account's former plan told.
    """
    found = []
    for budget in budgets:
        plan = periods.plan(budget.period)
        if plan is not None:
            latest = _latest(db, plan.minutes, now)
            keys = [window.key for window in latest]
            found += [
                WatchedWindow(budget, window, windows.account(window.key, keys))
                for window in windows.present(latest, now)
                if watches(budget, window.key)
            ]
    return found


def titles(db: sqlite3.Connection, now: int) -> list[str]:
    """The windows that hold now, of whatever account: "5h", "week", "week opus"."""
    latest = _possible(plan_readings.latest(db, now + windows.AHEAD), now)
    present = windows.present([windows.follow(None, one) for one in latest], now)
    return list(dict.fromkeys(windows.title(window.key) for window in present))


def before(
    db: sqlite3.Connection, budget: Budget, now: int, count: int
) -> dict[tuple[str, str], tuple[int, ...]]:
    """What the windows before came to, by (agent, home): hundredths of a per cent, oldest first."""
    plan = periods.plan(budget.period)
    if plan is None:
        return {}
    since = now - min((count + 2) * plan.minutes * MINUTE, _HISTORY)
    found: dict[tuple[str, str], tuple[int, ...]] = {}
    for told in plan_readings.read(db, since, plan.minutes):
        run = windows.windows(_possible(told, now))
        if run and watches(budget, run[-1].key):
            key = run[-1].key
            ended = run if run[-1].is_over(now) else run[:-1]
            found[key.source, key.home] = tuple(round(one.used * 100) for one in ended[-count:])
    return found


def _latest(db: sqlite3.Connection, minutes: int, now: int) -> list[Window]:
    """The latest window of each limit; of those of other lengths only how it was read last."""
    runs = (windows.windows(_possible(told, now)) for told in _told(db, minutes, now))
    known = [run[-1] for run in runs if run]
    latest = _possible(plan_readings.latest(db, now + windows.AHEAD), now)
    return known + [windows.follow(None, one) for one in latest if one.minutes != minutes]


def _told(db: sqlite3.Connection, minutes: int, now: int) -> list[list[PlanReading]]:
    return plan_readings.read(db, now - 2 * minutes * MINUTE, minutes)


def _possible(told: Iterable[PlanReading], now: int) -> list[PlanReading]:
    return [one for one in told if windows.is_possible(one, now)]
