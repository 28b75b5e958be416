"""Rows to notifications: what was just committed, against budgets and detectors, in one go.

It runs in the transaction of the calls, so an alert stands or falls with its cause. It finds by
`detect` and tells by `tell`; it holds no rule of its own.

What it knows is rebuilt after a start: silently for every call that an earlier daemon has judged,
aloud for those that came since. A first import is all history, so it is learnt silently too; but
once what is recent has been read, budgets of the day judge what is spent while the rest comes in.
"""

import sqlite3
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.daemon.alerting import breaker_actions, stored_budgets
from costtop.daemon.alerting.live_sessions import IMPORTED, WATCHED, LiveSessions, judged
from costtop.daemon.alerting.plan_budgets import PlanBudgets
from costtop.daemon.notices.post import Audience, post_findings, release_held
from costtop.daemon.notices.repeats import post_repeats
from costtop.detect.budgets.budget_monitor import FINE, Budgets, Unfilled, covers
from costtop.detect.settings import Settings
from costtop.detect.watched_sessions import MemoryShelf, Shelf
from costtop.durations import QUARTER
from costtop.model import Budget, Finding, Spend
from costtop.named_tuples import NamedTuple
from costtop.queries.plans import watched_spend
from costtop.store import meta
from costtop.store.calls import scope_sums
from costtop.store.calls.calls import Recorded
from costtop.store.sessions.past_spends import History


class BudgetForecast(NamedTuple):
    """One budget's forecast as of now."""

    budget: str
    breach: float  # P(it is passed before the period ends)
    expected: int  # nano-dollars at the end of the period


class BudgetForecasts(NamedTuple):
    """What one look ahead gave; `meta` is what readers are to know."""

    of_budgets: tuple[BudgetForecast, ...]
    meta: dict[str, str]


class Evaluator:
    """Judges every commit once it is awake; what passes before that, `wake_up` judges."""

    def __init__(
        self,
        settings: Settings,
        budgets: tuple[Budget, ...],
        tz: ZoneInfo,
        audience: Audience,
        posted: Callable[[], None],
        shelf: Callable[[], Shelf] = MemoryShelf,
    ) -> None:
        self.tz = tz
        self._audience, self._posted = audience, posted
        self._plans = PlanBudgets(budgets, tz)
        budgets = tuple(budget for budget in budgets if not budget.of_plan)
        self.limits = budgets  # of dollars
        self._holding = self._plans.holding or any(one.action != "notify" for one in budgets)
        self._billing = any(one.watch == watched_spend.BILLED for one in budgets)
        self._budgets = Budgets(budgets, tz)
        self._sessions = LiveSessions(settings, shelf)
        self._grown: set[str] = set()  # sessions whose known calls grew while it was asleep
        self.begun = False  # what is committed from now on is news, even while it still learns
        self.awake = False
        self.today = False  # asleep, but budgets of the day judge commits
        self._today_drawn = False
        self._counted = budgets  # what is spent of these is known; in a first import of the day's

    def begin_today(self, db: sqlite3.Connection, now: int) -> None:
        """What was spent today is known, and from here on it is news, until all is judged.

        In a first import what is true already is history.
        """
        watched = meta.get(db, WATCHED)
        history = not (self._today_drawn or watched)
        daily = tuple(budget for budget in self.limits if budget.period == "day")
        self._counted = self.limits if watched or self.begun else daily
        self._recount(db, now)
        found = self._budgets.assess(now) + self._plans.judge(db, now)
        self._tell_today(db, found, now, history=history)
        self.today = self._today_drawn = True

    def begin(self, db: sqlite3.Connection, now: int) -> None:
        """Draws the line after a first import, once: what is true before it is history."""
        if not meta.get(db, WATCHED):
            meta.put(db, {IMPORTED: str(now)})
            self._counted = self.limits
            self._recount(db, now)
            found = self._budgets.assess(now) + self._plans.judge(db, now)
            self._tell(db, found, now, history=True)
        self._grown.clear()
        self.begun = True

    def learn(self, db: sqlite3.Connection, now: int) -> None:
        """Takes judged history silently, from any read-only connection; slow, for a thread."""
        self._sessions.learn(db, now)

    def wake_up(self, db: sqlite3.Connection, now: int) -> None:
        """From here on every commit is judged; those since `begin` are judged now, in order."""
        since = list(History(db).after(judged(db)))
        self._counted = self.limits
        self._recount(db, now, since)
        self._sessions.reread(db, sorted(self._grown))
        found: list[Finding] = []
        for spend in since:
            found += self._count(db, spend, spend.seen)
        found += self._sessions.catch_up(db, since, now)
        found += self._budgets.assess(now) + self._plans.judge(db, now)
        self._tell(db, found, now)
        self.awake, self.today = True, False

    def fall_asleep(self) -> None:
        """A transaction was rolled back: what was learnt from it has to be learnt again."""
        self.awake = self.today = False

    def after(self, db: sqlite3.Connection, recorded: Recorded, now: int) -> None:
        """Judges what a transaction has recorded, inside it."""
        if not self.awake:
            self._grown.update(spend.root for spend in recorded.spent.grown())
            if self.today:
                self._judge_today(db, recorded, now)
            return
        found: list[Finding] = []
        spends = recorded.spends
        for spend, judged_of in zip(spends, self._sessions.judge(db, spends, now), strict=True):
            found += self._count(db, spend, now)
            found += judged_of
        found += self._sessions.after(db, recorded, now)
        if recorded.windows:
            found += self._plans.judge(db, now)
        if recorded.removed:
            self._recount(db, now)
        elif self._billing and any(map(watched_spend.restates, recorded.spends)):
            self._recount(db, now)
            found += self._budgets.assess(now)
        self._tell(db, found, now)

    def _judge_today(self, db: sqlite3.Connection, recorded: Recorded, now: int) -> None:
        """What of it is of today; the rest is history that is being imported."""
        start = periods.start_of("day", now, self.tz)
        found: list[Finding] = []
        for spend in recorded.spent.since(start):
            found += self._budgets.observe(spend, now)
        if recorded.removed:
            self._recount(db, now)
        told = recorded.windows >= start
        found += self._plans.judge(db, now) if told else []
        if found or told:
            self._tell_today(db, found, now)

    def _tell_today(
        self, db: sqlite3.Connection, found: Iterable[Finding], now: int, *, history: bool = False
    ) -> None:
        names = {*(budget.name for budget in self._counted), *self._plans.names}
        spoken = [one for one in found if one.budget in names]
        decided = post_findings(db, spoken, self._audience, now, history=history)
        looked = self._holding and self.look(db, now)
        if looked or any(one.speaks for one in decided):
            self._posted()

    def _count(self, db: sqlite3.Connection, spend: Spend, now: int) -> list[Finding]:
        for gap in self._budgets.unknown(spend):
            self._fill(db, gap, now)
            own = self._budgets.growth(gap.budget, spend)
            self._budgets.fill(gap.budget.name, spend.call.at, -own)
        return self._budgets.observe(spend, now)

    def tick(self, db: sqlite3.Connection, now: int) -> None:
        """What time alone has changed; lets go letters that were held back."""
        if self.awake:
            found = self._sessions.tick(db, now) + self._budgets.tick(now)
            self._tell(db, found + self._plans.tick(db, now), now)
        freed = release_held(db, self._audience, now)
        if post_repeats(db, self._audience, now) or freed:
            self._posted()

    def rest(self, _: sqlite3.Connection, now: int) -> bool:
        """Lets some quiet sessions take less memory; whether there may be more of them."""
        return self.awake and self._sessions.rest(now)

    def take_forecasts(self, db: sqlite3.Connection, forecasts: BudgetForecasts, now: int) -> None:
        """One evaluation of the budgets' forecasts."""
        if forecasts.meta:
            meta.put(db, forecasts.meta)
        if not self.awake:
            return
        found: list[Finding] = []
        for one in forecasts.of_budgets:
            found += self._budgets.foresee(one.budget, one.breach, one.expected, now)
        self._tell(db, found, now)

    def _tell(
        self,
        db: sqlite3.Connection,
        found: Iterable[Finding],
        now: int,
        *,
        history: bool = False,
    ) -> None:
        decided = post_findings(db, list(found), self._audience, now, history=history)
        if any(one.speaks for one in decided):
            self._posted()
        if (self._holding or not self.awake) and self.look(db, now):
            self._posted()
        self._sessions.keep(db)
        meta.put(db, {WATCHED: str(History(db).newest())})

    def _recount(self, db: sqlite3.Connection, now: int, unjudged: Iterable[Spend] = ()) -> None:
        """What is spent and was said, without calls that are yet to be judged."""
        billed = watched_spend.growth(db) if self._billing else None
        self._budgets = Budgets(self.limits, self.tz, partial(stored_budgets.is_floor, db), billed)
        for gap in (*self._budgets.wanted(now), *self._ahead(db, now)):
            self._fill(db, gap, now)
            stored_budgets.recall(db, self._budgets, gap, now)
        stored_budgets.learn(db, self._budgets, now)
        for spend in unjudged:
            for budget in self.limits:
                if covers(budget, spend):
                    own = self._budgets.growth(budget, spend)
                    self._budgets.fill(budget.name, spend.call.at, -own)

    def _ahead(self, db: sqlite3.Connection, now: int) -> list[Unfilled]:
        """Periods to come of which something is stored: the clock was ahead, and was set right."""
        newest = scope_sums.newest(db)
        wanted = self._budgets.wanted(newest) if newest > now else []
        whole = (gap for gap in wanted if periods.hours(gap.budget.period) is None)
        return [gap for gap in whole if gap.span.start > now]

    def look(self, db: sqlite3.Connection, now: int) -> bool:
        """Looks at the breakers of budgets; True where a message was posted."""

        def spent(name: str) -> int:
            return self._budgets.spent(name, now)

        posted = breaker_actions.look(
            db, self.limits, spent, self.tz, self._audience, now, self._plans.names
        )
        return self._plans.look(db, self._audience, now) or posted

    def _fill(self, db: sqlite3.Connection, gap: Unfilled, now: int) -> None:
        """Stored sums: of the last days by the minute, for burns look at minutes."""
        name, (_, start, end) = gap.budget.name, gap.span
        of = dict(gap.budget.scope)
        fine = min(max(start, (now - FINE) // QUARTER * QUARTER), end)
        watch = gap.budget.watch
        coarse = scope_sums.quarters(db, of, start, fine, watched_spend.rollup(db, watch))
        exact = scope_sums.minutes(db, of, fine, end, watched_spend.calls(db, watch))
        for at, cost, unpriced in chain(coarse, exact):
            moment = min(max(at, start), end - 1)
            self._budgets.fill(name, moment, cost, unpriced=unpriced > 0)
