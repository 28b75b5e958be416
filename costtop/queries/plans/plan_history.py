"""Windows of plans as they went: what the last ones came to, on which days they fill."""

import sqlite3
from datetime import datetime
from zoneinfo import ZoneInfo

from costtop.durations import DAY, MINUTE
from costtop.named_tuples import NamedTuple
from costtop.plans import windows
from costtop.plans.windows import PlanKey, Window
from costtop.queries.plans import plan_windows, plan_words
from costtop.queries.plans.plan_windows import PlanWindow
from costtop.store.db import snapshot
from costtop.store.plans import plan_readings

_KEPT = 90 * DAY
_WEEKDAYS = 28 * DAY  # that the days of the week are measured on


class PlanRun(NamedTuple):
    """A present window and the windows of its limit before it."""

    now: PlanWindow
    steps: tuple[tuple[int, float], ...]  # (ms UTC, per cent) of the present one, rising
    past: tuple[tuple[int, int, float], ...]  # (opened, last read, per cent), newest first
    weekdays: tuple[float, ...]  # per cents used on a Monday, ..., on average of four weeks
    called: str = ""  # as all surfaces call it

    @property
    def name(self) -> str:
        """What tells it apart from the others."""
        return f"{self.now.agent}/{self.now.home}/{self.now.plan}/{self.now.title}"


def read(db: sqlite3.Connection, now: int, tz: ZoneInfo) -> tuple[PlanRun, ...]:
    """The windows that hold at `now`, each with its history; shortest first."""
    with snapshot(db):
        runs = {}
        for told in plan_readings.read(db, now - _KEPT):
            run = windows.windows(one for one in told if windows.is_possible(one, now))
            if run:
                runs[run[-1].key] = run
        found = plan_windows.read(db, now)
        called = zip(plan_words.names(found), found, strict=True)
        return tuple(
            _run(one, runs[_key(one)], now, tz)._replace(called=name) for name, one in called
        )


def _key(one: PlanWindow) -> PlanKey:
    return PlanKey(one.agent, one.home, one.plan, one.limit, one.minutes)


def _run(one: PlanWindow, run: list[Window], now: int, tz: ZoneInfo) -> PlanRun:
    over = one.read is None
    before = run if over else run[:-1]
    past = tuple((window.opened, window.at, window.top) for window in reversed(before))
    return PlanRun(one, () if over else run[-1].steps, past, _weekdays(run, now, tz))


def _weekdays(run: list[Window], now: int, tz: ZoneInfo) -> tuple[float, ...]:
    used = [0.0] * 7
    first = now - _WEEKDAYS
    for window in run:
        short = window.key.minutes * MINUTE <= DAY  # what was there at first is of that day, too
        before = 0.0 if short or window.opened == window.began else window.steps[0][1]
        for at, level in window.steps:
            if at >= first:
                used[datetime.fromtimestamp(at / 1000, tz).weekday()] += max(0.0, level - before)
            before = level
    return tuple(points / 4 for points in used)
