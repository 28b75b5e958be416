"""Judges a fleet's budgets by what a mirror holds, with the judges of a machine's own budgets.

A mirror has sums and no calls: what a quarter of an hour has grown by since it was read last is
taken as spent now. Everything runs inside a transaction of the caller; nothing is sent.
"""

import sqlite3
from collections.abc import Sequence
from functools import partial
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.daemon.alerting import breaker_actions, stored_budgets
from costtop.daemon.alerting.evaluate import BudgetForecasts
from costtop.daemon.alerting.plan_budgets import PlanBudgets
from costtop.daemon.notices.post import Audience, post_findings, release_held
from costtop.daemon.notices.repeats import post_repeats
from costtop.detect.budgets.budget_monitor import Budgets
from costtop.durations import HOUR, MINUTE, QUARTER
from costtop.model import Budget, Finding
from costtop.named_tuples import NamedTuple
from costtop.periods import Span
from costtop.store.calls import scope_sums

_LATELY = 2 * HOUR  # of which sums are read anew whenever something moved
_WHOLE = MINUTE  # between two readings of all that budgets count


class Stood(NamedTuple):
    """How one budget of dollars stands now."""

    budget: Budget
    span: Span
    spent: int
    short: bool  # more was spent: some of it has no price


class FleetJudge:
    """What is spent of each budget, and what was said of it, as one leader knows it."""

    def __init__(self, budgets: Sequence[Budget], tz: ZoneInfo, audience: Audience) -> None:
        self.tz = tz
        self.limits = tuple(budget for budget in budgets if not budget.of_plan)  # of dollars
        self._audience = audience
        self._plans = PlanBudgets(budgets, tz)
        self._holding = any(budget.action != "notify" for budget in budgets)
        self._budgets = Budgets(self.limits, tz)
        self._known: dict[str, dict[int, int]] = {}  # by budget: quarter's start, its sum
        self._whole_at = 0  # ms

    def begin(self, db: sqlite3.Connection, now: int) -> None:
        """Counts what the mirror holds, and takes over what the ledger says was told."""
        self._budgets = Budgets(self.limits, self.tz, partial(stored_budgets.is_floor, db))
        self._known, self._whole_at = {}, now
        for gap in self._budgets.wanted(now):
            known = self._known.setdefault(gap.budget.name, {})
            rows = scope_sums.quarters(db, dict(gap.budget.scope), gap.span.start, gap.span.end)
            for at, cost, _ in rows:
                fresh, known[at] = cost - known.get(at, 0), cost
                moment = min(max(at + QUARTER // 2, gap.span.start), gap.span.end - 1, now)
                self._budgets.fill(gap.budget.name, moment, fresh)
            stored_budgets.recall(db, self._budgets, gap, now)
        stored_budgets.learn(db, self._budgets, now)

    def judge(self, db: sqlite3.Connection, now: int, besides: Sequence[Finding] = ()) -> None:
        """What is true now: told where it is new. `besides` are findings of others' making."""
        self._grow(db, now)
        found = self._budgets.assess(now) + self._budgets.tick(now) + self._plans.judge(db, now)
        post_findings(db, [*found, *besides], self._audience, now)
        if self._holding:
            names = self._plans.names
            breaker_actions.look(
                db, self.limits, partial(self._spent, now), self.tz, self._audience, now, names
            )
            self._plans.look(db, self._audience, now)
        release_held(db, self._audience, now)
        post_repeats(db, self._audience, now)

    def take_forecasts(self, db: sqlite3.Connection, seen: BudgetForecasts, now: int) -> None:
        """One evaluation of the budgets' forecasts."""
        found: list[Finding] = []
        for one in seen.of_budgets:
            found += self._budgets.foresee(one.budget, one.breach, one.expected, now)
        post_findings(db, found, self._audience, now)

    def standing(self, db: sqlite3.Connection, now: int) -> list[Stood]:
        """How the budgets of dollars stand."""
        found = []
        for budget in self.limits:
            span = periods.span(budget.period, now, self.tz)
            since = periods.reach(budget.period, now, self.tz)
            short = stored_budgets.is_floor(db, budget, since, now)
            found.append(Stood(budget, span, self._spent(now, budget.name), short))
        return found

    def _spent(self, now: int, name: str) -> int:
        return self._budgets.spent(name, now)

    def _grow(self, db: sqlite3.Connection, now: int) -> None:
        """Takes in what sums have grown by, or lost: of the last hours, now and then of all."""
        whole = not 0 <= now - self._whole_at < _WHOLE
        self._whole_at = now if whole else self._whole_at
        first = {gap.budget: gap.span.start for gap in reversed(self._budgets.wanted(now))}
        for budget, start in first.items():
            since = start if whole else max(start, now - _LATELY)
            self._take(db, budget, (since, now + QUARTER), now)

    def _take(
        self, db: sqlite3.Connection, budget: Budget, span: tuple[int, int], now: int
    ) -> None:
        first, end = span[0] // QUARTER * QUARTER, span[1]
        known = self._known.setdefault(budget.name, {})
        fresh = {
            at: cost for at, cost, _ in scope_sums.quarters(db, dict(budget.scope), first, end)
        }
        for at in {*fresh, *(at for at in known if first <= at < end)}:
            grown = fresh.get(at, 0) - known.get(at, 0)
            if grown:
                moment = min(max(now, at), at + QUARTER - 1)
                self._budgets.fill(budget.name, moment, grown)
                known[at] = fresh.get(at, 0)
