"""What the head says besides spend: what is to come, what the cache saved, what was wasted.

It is asked once a minute and added to a snapshot; the forecasts are
`queries.spending.spend_forecast`.
Money is int nano-dollars, times are ms UTC.
"""

import sqlite3
from typing import NamedTuple
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.analysis import ledger
from costtop.detect.rules import loop
from costtop.queries.live.view import BudgetMeter, Forecast, Snapshot
from costtop.queries.spending import spend_forecast
from costtop.queries.spending.rates import latest_rates
from costtop.queries.spending.spend_forecast import Outlooks
from costtop.store.calls.rollups import QUARTER
from costtop.store.db import snapshot
from costtop.store.sessions.past_spends import History


class HeadForecasts(NamedTuple):
    """What is to come, and what today would have cost without a cache."""

    forecasts: tuple[Forecast, ...] = ()
    saved: int | None = None
    budgets: tuple[tuple[str, spend_forecast.Outlook], ...] = ()  # by name


def read(
    db: sqlite3.Connection, now: int, tz: ZoneInfo, budgets: tuple[BudgetMeter, ...]
) -> HeadForecasts:
    """The outlook at `now`."""
    with snapshot(db):
        outlooks = Outlooks(db, now, tz)
        seen = tuple(
            (meter.name, found)
            for meter in budgets
            if (found := outlooks.of(meter.period, dict(meter.scope), meter.amount, meter.tiers))
        )
        hits = {
            found.period: found.hits for name, found in reversed(seen) if not _scope(budgets, name)
        }
        forecasts = tuple(
            one._replace(hits=hits.get(one.period, ())) for one in outlooks.forecasts()
        )
        return HeadForecasts(forecasts, _saved(db, periods.start_of("day", now, tz)), seen)


def shown(taken: Snapshot, outlook: HeadForecasts) -> Snapshot:
    """The snapshot with the outlook in it."""
    seen = dict(outlook.budgets)
    meters = tuple(_metered(meter, seen.get(meter.name)) for meter in taken.budgets)
    return taken._replace(forecasts=outlook.forecasts, saved=outlook.saved, budgets=meters)


def _metered(meter: BudgetMeter, seen: spend_forecast.Outlook | None) -> BudgetMeter:
    if seen is None:
        return meter
    return meter._replace(
        expected=seen.expected, low=seen.low, high=seen.high, breach=seen.breach, hits=seen.hits
    )


def _scope(budgets: tuple[BudgetMeter, ...], name: str) -> tuple[tuple[str, str], ...]:
    return next(meter.scope for meter in budgets if meter.name == name)


def _saved(db: sqlite3.Connection, since: int) -> int:
    """What today's cache reads would have cost more as plain input, less what writes cost more."""
    rates = dict(latest_rates(db, since))
    rows = db.execute(
        "SELECT n.text, sum(p.cache_read), sum(p.cache_write), sum(p.cache_write_1h) FROM spend p"
        " JOIN names n ON n.id = p.model WHERE p.quarter >= ? GROUP BY p.model",
        (since // QUARTER,),
    )
    pico = 0
    for model, read_, written, hour in rows:
        if (rate := rates.get(model)) is not None:
            pico += read_ * (rate.input - rate.cache_read)
            pico -= (written - hour) * (rate.cache_write - rate.input)
            pico -= hour * (rate.cache_write_1h - rate.input)
    return pico // 1000


_CALLS = 1_500  # worked out at a time
_LONGEST = 5_000  # calls of a session; a longer one is left out: it would hold up the frames
_KNOWN_FOR = 180_000  # ms between two looks when all is known
_SOON = 5_000  # ms between two looks when it is not; and until the first one


class Waste(NamedTuple):
    """Nano-dollars of today, and whether sessions are missing from them."""

    amount: int
    floor: bool


class Avoidable:
    """Remembers what each session of today could have saved."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int, int]] = {}  # root: calls, cost, amount
        self._today = 0
        self._next: int | None = None
        self.waste: Waste | None = None  # None: not looked yet

    def look(self, db: sqlite3.Connection, now: int, today: int) -> Waste | None:
        """The sum since `today` (ms UTC), moved on where it is time to; `db` is a reader's."""
        if self._next is None:
            self._next = now + _SOON  # the first frame is not kept waiting
        elif now >= self._next:
            with snapshot(db):
                self.waste = self._worked(db, today)
            self._next = now + (_SOON if self.waste.floor else _KNOWN_FOR)
        return self.waste

    def _worked(self, db: sqlite3.Connection, today: int) -> Waste:
        if today != self._today:
            self._today, self._known = today, {}
        left, floor, history = _CALLS, False, History(db)
        for root, calls, cost in _roots(db, today):
            known = self._known.get(root)
            if known is not None and known[:2] == (calls, cost):
                continue
            if left <= 0 or calls > _LONGEST:
                floor = True
                continue
            left -= calls
            self._known[root] = calls, cost, _of(history, root, today)
        return Waste(sum(amount for _, _, amount in self._known.values()), floor)


def _roots(db: sqlite3.Connection, today: int) -> list[tuple[int, int, int]]:
    """(root, calls, cost) of the sessions active since then, the dearest first."""
    return db.execute(
        "SELECT root, sum(calls), sum(cost) FROM sessions WHERE root IN"
        " (SELECT root FROM sessions WHERE last >= ?)"
        " GROUP BY root HAVING sum(cost) > 0 ORDER BY sum(cost) DESC",
        (today,),
    ).fetchall()


def _of(history: History, root: int, today: int) -> int:
    spends = sorted(history.of_roots([root]), key=lambda spend: spend.call.at)
    return ledger.avoidable(ledger.session(spends, loop.repeats(spends), since=today))
