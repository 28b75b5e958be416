"""Takes the snapshot that a live screen shows: one short read transaction.

The caller keeps one `Live`: it remembers names, and sums that change slowly, between two snapshots.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from operator import attrgetter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.durations import DAY, HOUR, QUARTER
from costtop.queries import shown_currency
from costtop.queries.live import action_notes, burn_rate, live_alerts, live_processes
from costtop.queries.live.session_rows import SessionRows
from costtop.queries.live.view import (
    BudgetMeter,
    Pulse,
    SessionRow,
    Snapshot,
    SourceSeen,
    metered,
)
from costtop.queries.plans import known_plans, watched_spend
from costtop.shown import currency
from costtop.store import meta
from costtop.store.alerts import alert_reads
from costtop.store.calls import scope_sums
from costtop.store.db import snapshot
from costtop.store.plans import paid_plans
from costtop.store.sessions import gate_calls, session_names
from costtop.sum_floors import Sum, together

if TYPE_CHECKING:
    from costtop.model import Budget
    from costtop.nouns.paid_plan import PaidPlan
    from costtop.queries.plans.billed_now import BilledHead, BilledNow
    from costtop.queries.plans.plan_windows import PlanWindow


class Live:
    """Reads snapshots of one database, `mode=ro`, from any one thread."""

    def __init__(self, db: sqlite3.Connection, ahead: int = DAY) -> None:
        """`ahead` is how far, in ms, writers' clocks may go before ours; 0 for a past moment."""
        self._db, self._ahead = db, ahead
        self._rows = SessionRows(db, ahead)
        self._dressed: dict[str, SessionRow] = {}  # rows that more is known of than the store says
        self.same_until = 0  # ms UTC: a snapshot is alike until then where nothing is written
        self._past: tuple[int, str] = (0, "")  # of what the sums below are: today, settled
        self._month_before_today = Sum()
        self._usual: int | None = None
        self._usual_of = -1  # the hour in which it was looked up
        self._is_early = False
        self._billed: BilledHead | None = None

    def changed(self) -> int:
        """A number that moves when another process has committed (10 µs)."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def take(self, now: int, pulse: Pulse, sources: tuple[SourceSeen, ...] = (),
             window: int = DAY, *, early: bool = False) -> Snapshot:  # fmt: skip
        """The snapshot at `now` with the sessions active in the last `window` ms.

        An `early` one does without the usual burn, which takes half of its time.
        """
        with snapshot(self._db):
            self._is_early = early
            return self._take(now, pulse, sources, window)

    def glance(self, now: int, pulse: Pulse) -> tuple[Sum, int, tuple[BudgetMeter, ...]]:
        """(today, burn, budgets): what fits into one line; the burn is that of `take`."""
        with snapshot(self._db):
            told = meta.shared(self._db)
            return (
                scope_sums.spent(self._db, {}, *self._today(now, told.zone)),
                burn_rate.read(self._db, now, told.finished_after, self._ahead, pulse),
                tuple(self._meters(told.budgets, now, told.zone)),
            )

    def plans(self, now: int) -> "tuple[PlanWindow, ...]":
        """The windows of plans; () without one."""
        with snapshot(self._db):
            return known_plans.read(self._db, now)

    def open_alerts(self) -> int:
        """How many alerts are open: neither acknowledged nor over."""
        return len(alert_reads.open_ones(self._db))

    def in_currency(self, now: int) -> AbstractContextManager[None]:
        """Within it sums are worded in what people read them in, by this thread alone."""
        return currency.showing(shown_currency.known(meta.get(self._db, currency.KEY), now))

    def zone(self) -> ZoneInfo:
        """The user's time zone."""
        return meta.shared(self._db).zone

    def budgets(self, now: int) -> tuple[BudgetMeter, ...]:
        """How the budgets stand."""
        with snapshot(self._db):
            told = meta.shared(self._db)
            return tuple(self._meters(told.budgets, now, told.zone))

    def _take(
        self, now: int, pulse: Pulse, sources: tuple[SourceSeen, ...], window: int
    ) -> Snapshot:
        told = meta.shared(self._db)
        tz = told.zone
        marks = dict(self._db.execute("SELECT session, kind FROM marks").fetchall())
        opened = (
            live_alerts.open_alerts(self._db)
            if self._ahead
            else live_alerts.stood_alerts(self._db, now)  # a past moment
        )
        rev = self._rev()
        plans = paid_plans.of(self._db)
        rows = self._rows.read(now, now - window, told, marks, rev, plans)
        hands = self._hands(now)
        sessions = self._with_hands(rows, opened.sessions, pulse, hands, now)
        self.same_until = now if hands.killed else self._rows.same_until  # "killed 12s ago"
        today, month = self._spent(now, told)
        day_start = periods.start_of("day", now, tz)
        return Snapshot(
            at=now,
            rev=rev,
            zone=tz.key,
            sessions=sessions,
            running=list(map(_state, sessions)).count("running"),
            today_sessions=sum(last >= day_start for last in map(_last, sessions) if last),
            today=today.cost,
            today_floor=today.floor,
            today_short=today.short,
            month=month.cost,
            month_floor=month.floor,
            month_short=month.short,
            burn=sum(map(_rate, sessions)),
            burn_trend=self._rows.burn_trend(),
            usual_burn=self._usual,
            unpriced=today.short.unpriced,
            budgets=tuple(self._meters(told.budgets, now, tz)),
            pulse=pulse,
            sources=sources,
            alerts_open=opened.total,
            last_alert=opened.newest,
            held=tuple(hands.held),
            billed=self._billed_now(plans, now, told) if plans else None,
        )

    def _billed_now(
        self, plans: "tuple[PaidPlan, ...]", now: int, told: meta.Shared
    ) -> "BilledNow":
        if self._billed is None:
            from costtop.queries.plans.billed_now import BilledHead  # who has no plan needs none

            self._billed = BilledHead(self._db)
        return self._billed.look(plans, now, told.zone, told.settled)

    def billed(self, now: int) -> "BilledNow | None":
        """What is billed beside the value; None where the user pays no plan."""
        plans = paid_plans.of(self._db)
        if not plans:
            return None
        with snapshot(self._db):
            return self._billed_now(plans, now, meta.shared(self._db))

    def name(self, number: int | None) -> str:
        """The interned text with this id."""
        return self._rows.name(number)

    def _rev(self) -> int:
        return int(self._db.execute("SELECT coalesce(max(rev), 0) FROM sessions").fetchone()[0])

    def _with_hands(
        self, rows: tuple[SessionRow, ...], unusual: Mapping[str, live_alerts.Unusual],
        pulse: Pulse, hands: action_notes.Hands, now: int,
    ) -> tuple[SessionRow, ...]:  # fmt: skip
        """The rows with alerts, processes and deeds, each the same object while it is alike."""
        places = self._rows.places
        named = {*unusual, *(one.session for one in pulse.processes), *dict(pulse.exited)}
        named |= hands.killed.keys()
        at = range(len(rows)) if hands.held else sorted(places[k] for k in named if k in places)
        if not at:
            self._dressed = {}
            return rows
        found: Iterable[SessionRow] = [_judged(rows[n], unusual.get(rows[n].key)) for n in at]
        found = live_processes.shown(found, pulse.processes, pulse.exited)
        found = action_notes.shown(found, unusual, hands, now)
        before, self._dressed, made = self._dressed, {}, list(rows)
        for n, row in zip(at, found, strict=True):
            same = before.get(row.key)
            made[n] = self._dressed[row.key] = same if same == row and same else row
        return tuple(made)

    def _hands(self, now: int) -> action_notes.Hands:
        held = live_alerts.read(self._db, now)
        gated = gate_calls.gated(self._db) if held else frozenset[str]()
        far = bool(meta.get(self._db, meta.FLEET)) if held else False
        return action_notes.Hands(action_notes.kills(self._db, now), held, gated, far)

    def _today(self, now: int, tz: ZoneInfo) -> tuple[int, int]:
        """[since, until) of today; writers' clocks may be ahead."""
        today = periods.start_of("day", now, tz)
        return today, today + 2 * DAY

    def _spent(self, now: int, told: meta.Shared) -> tuple[Sum, Sum]:
        """(today, the month). Older days are summed again when one of them has changed."""
        today, until = self._today(now, told.zone)
        if self._past != (today, told.settled):
            self._past = today, told.settled
            month = periods.start_of("month", now, told.zone)
            self._month_before_today = scope_sums.spent(self._db, {}, month, today)
        if self._usual_of != now // HOUR and not self._is_early:
            self._usual_of, self._usual = now // HOUR, self._usual_burn(now)
        spent = scope_sums.spent(self._db, {}, today, until)
        before = self._month_before_today
        short = together([spent.short, before.short])
        return spent, Sum(spent.cost + before.cost, spent.calls + before.calls, short)

    def _usual_burn(self, now: int) -> int | None:
        """Median cost of the hours with any spend in the last 28 days; None under ten of them."""
        rows = self._db.execute(
            "SELECT sum(cost) FROM spend WHERE quarter >= ? AND quarter < ?"
            " GROUP BY quarter / 4 HAVING sum(cost) > 0 ORDER BY 1",
            ((now - 28 * DAY) // QUARTER, (now - 3_600_000) // QUARTER),
        ).fetchall()
        return int(rows[len(rows) // 2][0]) if len(rows) >= 10 else None

    def _meters(self, budgets: "Iterable[Budget]", now: int, tz: ZoneInfo) -> Iterable[BudgetMeter]:
        for budget in budgets:
            if budget.of_plan:
                yield plan_meter(self._db, budget, now)
                continue
            since = periods.reach(budget.period, now, tz)
            ends = periods.end_of(budget.period, now, tz)
            counted = watched_spend.rollup(self._db, budget.watch)
            spent = scope_sums.spent(self._db, dict(budget.scope), since, ends, counted)
            short_id = session_names.scope_short(self._db, budget.scope)
            yield metered(budget, spent, ends, short_id)


def plan_meter(db: sqlite3.Connection, budget: "Budget", now: int) -> BudgetMeter:
    """How a budget that watches windows of plans stands."""
    from costtop.queries.plans import window_meters  # who has no such budget needs none of it

    return window_meters.read(db, budget, now)


def _judged(row: SessionRow, found: live_alerts.Unusual | None) -> SessionRow:
    return row._replace(why=found.why, severity=found.severity) if found else row


_state, _last, _rate = attrgetter("state"), attrgetter("last"), attrgetter("rate")
