"""Budgets that watch windows of plans: what they have reached, and which sessions they hold.

All is worked out from what is stored, when a reading comes and when a window's end passes; so a
crash between two of them changes nothing. What is said is decided in `detect.budgets.plan_tiers`.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from costtop.alerts import breaker as judge
from costtop.daemon.alerting.breaker_actions import keep
from costtop.daemon.notices.post import Audience
from costtop.detect.budgets import plan_tiers
from costtop.detect.budgets.plan_tiers import SaidTier, WatchedWindow
from costtop.durations import MINUTE
from costtop.model import Breaker, Budget, Finding
from costtop.nouns.budget_nouns import Globs
from costtop.periods import clock
from costtop.queries.plans import watched_windows
from costtop.scope import HOME, literal
from costtop.store.alerts import alert_reads, breakers

_ANEW = MINUTE  # after which they are read again though nothing was told: a clock may be set


class PlanBudgets:
    """The budgets of windows, and the windows as they were read last."""

    def __init__(self, budgets: Iterable[Budget], tz: ZoneInfo) -> None:
        self.limits = tuple(budget for budget in budgets if budget.of_plan)
        self.names = frozenset(budget.name for budget in self.limits)
        self.holding = any(budget.action != "notify" for budget in self.limits)
        self._tz = tz
        self._known: Sequence[WatchedWindow] = ()
        self._read: int | None = None  # when, ms; None: something was told since
        self._until = 0  # when the first of them is over

    def hear(self) -> None:
        """Something was told, or taken back."""
        self._read = None

    def judge(self, db: sqlite3.Connection, now: int) -> list[Finding]:
        """What is true now and unsaid, and what is over."""
        if not self.limits:
            return []
        self.hear()
        watched = [one for one in self._look(db, now) if not one.window.is_over(now)]
        found: list[Finding] = []
        for budget in self.limits:
            mine = [one for one in watched if one.budget == budget]
            said = _said(db, budget, mine)
            standing = {plan_tiers.period_of(one.window, _periods(said)) for one in mine}
            over = [one for one in said if one.still and one.period not in standing]
            found += [plan_tiers.ended(budget, one, now) for one in over]
            for one in mine:
                found += plan_tiers.judge(one, said, now, self._tz)
        return found

    def tick(self, db: sqlite3.Connection, now: int) -> list[Finding]:
        """What time alone has ended."""
        if not self.limits or not self._is_old(now):
            return []
        return self.judge(db, now)

    def look(self, db: sqlite3.Connection, audience: Audience, now: int) -> bool:
        """Opens, moves and ends their breakers; True where a message was posted.

        A window that was reset, or is not heard of, holds nobody: with its end its breaker ends.
        """
        if not self.limits:
            return False
        opened = [one for one in breakers.open_ones(db, now) if one.budget in self.names]
        if not (self.holding or opened):
            return False
        known = {_whose(one.budget, one.scope): one for one in opened}
        posted = False
        for one in self._look(db, now):
            if now >= one.window.holds_until:
                continue
            held = known.pop(_whose(one.budget.name, _holds(one)), None)
            posted |= self._judged(db, one, held, audience, now)
        for left in known.values():
            posted |= keep(db, judge.BreakerLook(left, "ended"), "", audience, now)
        return posted

    def _judged(
        self,
        db: sqlite3.Connection,
        one: WatchedWindow,
        held: Breaker | None,
        audience: Audience,
        now: int,
    ) -> bool:
        budget = one.budget._replace(scope=_holds(one))
        said = [held.period] if held else []
        period, until = plan_tiers.period_of(one.window, said), one.window.holds_until
        posted = False
        if held is not None and held.period != period:  # a reset: they may go on at once
            reset = held._replace(why=f"budget {budget.name}: the {one.name} was reset")
            posted |= keep(db, judge.BreakerLook(reset, "ended"), "", audience, now)
            held = None
        how = f"{budget.act_at} % of the {one.name}"
        found = judge.look(budget, one.reached, held, (period, until), now, why=self._why(one, now))
        posted |= keep(db, found, how, audience, now)
        if held is not None and found.said != "ended" and held.until != until:
            breakers.put(db, (found.breaker or held)._replace(until=until))
        return posted

    def _why(self, one: WatchedWindow, now: int) -> str:
        end = one.window.end
        resets = "" if end is None else f", resets {clock(end, now, self._tz)}"
        return f"budget {one.budget.name}: the {one.name} is {one.window.top:.0f} % full{resets}"

    def _look(self, db: sqlite3.Connection, now: int) -> Sequence[WatchedWindow]:
        if self._is_old(now):
            self._known, self._read = watched_windows.read(db, self.limits, now), now
            windows = [one.window for one in self._known]
            ends = (end for one in windows for end in (one.over_at, one.holds_until))
            self._until = min((end for end in ends if end > now), default=1 << 62)
        return self._known

    def _is_old(self, now: int) -> bool:
        return self._read is None or now >= self._until or not 0 <= now - self._read < _ANEW


def _said(db: sqlite3.Connection, budget: Budget, mine: Sequence[WatchedWindow]) -> list[SaidTier]:
    """What is on record of a budget's windows: of those that stand, and all that still holds."""
    since = min((one.window.opened for one in mine), default=None)
    return [
        SaidTier(one.period, one.tier, one.state in {"open", "acknowledged"})
        for one in alert_reads.tiers_of(db, budget.name, since)
    ]


def _periods(said: Iterable[SaidTier]) -> Iterator[str]:
    return (one.period for one in said)


def _holds(one: WatchedWindow) -> Globs:
    """The sessions that fill a window: of its agent and account, and of the model it holds for."""
    key = one.window.key
    model = f"*{literal(key.limit.lower()).replace(' ', '*')}*" if key.limit else ""
    named = (("source", literal(key.source)), (HOME, key.home), ("model", model))
    return tuple((field, glob) for field, glob in named if glob)


def _whose(budget: str, scope: Globs) -> tuple[str, str, str]:
    named = dict(scope)
    return budget, named.get("source", ""), named.get(HOME, "")
