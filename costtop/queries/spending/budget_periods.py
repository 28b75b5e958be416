"""Budgets with their present period and the periods before it."""

import sqlite3
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.named_tuples import NamedTuple
from costtop.nouns.budget_nouns import PLAN, Budget
from costtop.queries.plans import watched_spend, watched_windows, window_meters, window_words
from costtop.store import meta
from costtop.store.calls.scope_sums import spent
from costtop.store.db import snapshot
from costtop.store.sessions import session_names

PAST = 8  # periods of history


class BudgetLine(NamedTuple):
    """One budget, how it stands, how it stood."""

    name: str
    period: str
    amount: int
    tiers: tuple[int, ...]
    scope: tuple[tuple[str, str], ...]
    action: str
    spent: int
    floor: bool
    starts: int  # ms UTC
    resets: int
    past: tuple[int, ...]  # spent in the periods before, oldest first
    escalate: str = "pause"  # what may follow where a gate or a stop does not hold an agent
    act_at: int = 100  # per cent at which the action follows
    excepted: tuple[tuple[str, str], ...] = ()  # what is not held
    watch: str = ""  # as Budget.watch
    account: str = ""  # whose window it is, of one that watches windows of plans
    alone: bool = True  # no other line is of the same budget
    said: str = ""  # how that window stands, in words
    unknown: bool = False  # it was reset since it was read, or never told of

    @property
    def key(self) -> str:
        """What tells it from the other lines: a budget has one for each window that it watches."""
        return f"{self.name}\0{self.account}"

    @property
    def of_plan(self) -> bool:
        """Whether it watches windows of a plan: per cents, no dollars."""
        return self.period.startswith(PLAN)

    @property
    def acts(self) -> str:
        """What follows, and when: "gate", "gate at 90"."""
        return self.action if self.act_at == 100 else f"{self.action} at {self.act_at}"


def read(db: sqlite3.Connection, now: int, tz: ZoneInfo) -> tuple[BudgetLine, ...]:
    """The budgets that the daemon knows, in the order of the config."""
    with snapshot(db):
        found = (
            _windows(db, one, now, tz) if one.of_plan else [_line(db, one, now, tz)]
            for one in meta.budgets(db)
        )
        return tuple(line for lines in found for line in lines)


def _line(db: sqlite3.Connection, budget: Budget, now: int, tz: ZoneInfo) -> BudgetLine:
    starts = periods.reach(budget.period, now, tz)
    ends = periods.end_of(budget.period, now, tz)
    scope = dict(budget.scope)
    counted = watched_spend.rollup(db, budget.watch)
    found = spent(db, scope, starts, ends, counted)
    past = []
    if periods.hours(budget.period) is None:
        at = now
        for _ in range(PAST):
            span = periods.before(budget.period, at, tz)
            past.append(spent(db, scope, span.start, span.end, counted).cost)
            at = span.start
    return BudgetLine(
        **session_names.scope_said(db, budget)._asdict(),
        spent=found.cost,
        floor=found.floor,
        starts=starts,
        resets=ends,
        past=tuple(past[::-1]),
    )


def _windows(db: sqlite3.Connection, budget: Budget, now: int, tz: ZoneInfo) -> list[BudgetLine]:
    """A line for each window that a budget watches, in hundredths of a per cent; or one."""
    meter = window_meters.read(db, budget, now)
    before = watched_windows.before(db, budget, now, PAST)
    known = budget._asdict()
    lines = [
        BudgetLine(
            **known,
            spent=round((one.used or 0.0) * 100),
            floor=False,
            starts=one.at,
            resets=one.resets or 0,
            past=before.get((one.agent, one.home), ()),
            account=one.account,
            alone=len(meter.windows) == 1,
            said=said,
            unknown=one.used is None,
        )
        for one, said in zip(meter.windows, window_words.said(meter, now, tz), strict=False)
    ]
    (none,) = window_words.said(meter, now, tz)[:1]
    nothing = BudgetLine(
        **known, spent=0, floor=False, starts=0, resets=0, past=(), said=none, unknown=True
    )
    return lines or [nothing]
