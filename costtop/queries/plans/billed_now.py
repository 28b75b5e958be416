"""What is billed of today and of the month, beside their value; only where there is a plan."""

import sqlite3
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.durations import DAY, MINUTE, QUARTER
from costtop.named_tuples import NamedTuple
from costtop.nouns.paid_plan import PaidPlan
from costtop.queries.plans import billed_sums, plan_prices
from costtop.store.calls.call_row import UNREADABLE


class BilledNow(NamedTuple):
    """Nano-dollars: beyond plans' prices, and what of those falls on the days so far."""

    plans: tuple[PaidPlan, ...]  # those that hold today
    today: int
    month: int
    today_share: int
    month_share: int


class BilledHead:
    """Reads it again and again; of older days a sum is kept until one of them changes."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._of: tuple[object, ...] = ()  # of what the sum is
        self._before_today = 0

    def look(self, plans: tuple[PaidPlan, ...], now: int, tz: ZoneInfo, settled: str) -> BilledNow:
        """At `now`; `settled` is that of `meta.Shared`. Clocks of writers may be ahead."""
        day, month = (periods.start_of(period, now, tz) for period in ("day", "month"))
        today = billed_sums.spent(self._db, plans, day, day + 2 * DAY)
        if self._of != (plans, day, settled):
            self._of = plans, day, settled
            self._before_today = billed_sums.spent(self._db, plans, month, day)
        return made(plans, now, tz, (today, self._before_today + today))


def past(db: sqlite3.Connection, plans: tuple[PaidPlan, ...], at: int, tz: ZoneInfo) -> BilledNow:
    """The same as it was at a past moment."""
    day, month = (periods.start_of(period, at, tz) for period in ("day", "month"))
    return made(plans, at, tz, (between(db, plans, day, at), between(db, plans, month, at)))


def made(plans: tuple[PaidPlan, ...], now: int, tz: ZoneInfo, beyond: tuple[int, int]) -> BilledNow:
    """With the shares of plans; `beyond` their prices is billed of today, of the month."""
    day, month = (periods.start_of(period, now, tz) for period in ("day", "month"))
    ends = periods.end_of("day", now, tz)
    today = plan_prices.of_span(plans, day, ends, tz)
    so_far = plan_prices.of_span(plans, month, ends, tz)
    return BilledNow(
        plans=tuple(one.plan for one in today),
        today=beyond[0],
        month=beyond[1],
        today_share=plan_prices.total(today),
        month_share=plan_prices.total(so_far),
    )


def between(db: sqlite3.Connection, plans: tuple[PaidPlan, ...], since: int, at: int) -> int:
    """What is billed of [since, at], ms UTC: whole quarter hours, of the last one its minutes."""
    start = at // QUARTER * QUARTER
    until = (at // MINUTE + 1) * MINUTE
    (rest,) = db.execute(
        f"SELECT coalesce(sum({billed_sums.of_calls(db, plans)}), 0) FROM calls p"
        " JOIN sessions s ON s.id = p.session"
        " WHERE p.session IN (SELECT id FROM sessions WHERE last >= ?1)"
        f" AND p.at >= ?1 AND p.at < ?2 AND NOT p.flags & {UNREADABLE}",
        (start, until),
    ).fetchone()
    return billed_sums.spent(db, plans, since, start) + int(rest)
