"""How budgets that watch windows of plans stand: by what was read last, with no estimate in it."""

import sqlite3

from costtop.detect.budgets.plan_tiers import WatchedWindow
from costtop.nouns.budget_nouns import Budget
from costtop.plans import pace, windows
from costtop.queries.live.view import BudgetMeter, WindowMeter
from costtop.queries.plans import watched_windows


def read(db: sqlite3.Connection, budget: Budget, now: int) -> BudgetMeter:
    """One budget with the windows that it watches, the fullest first; ms UTC.

    Of one that was reset since it was read nobody knows how full it is: it counts as empty.
    """
    found = watched_windows.read(db, (budget,), now)
    return metered(budget, tuple(_meter(one, now) for one in found))


def metered(budget: Budget, found: tuple[WindowMeter, ...]) -> BudgetMeter:
    """A budget's meter, which is that of its fullest window."""
    meters = sorted(found, key=lambda one: (-(one.used or 0.0), one.account))
    first = meters[0] if meters else None
    return BudgetMeter(
        name=budget.name,
        period=budget.period,
        spent=round((first.used or 0.0) * 100) if first else 0,
        floor=False,
        amount=budget.amount,
        tiers=budget.tiers,
        resets=(first.resets if first else None) or 0,
        scope=budget.scope,
        windows=tuple(meters),
        holds_at=None if budget.action == "notify" else budget.act_at,
    )


def _meter(one: WatchedWindow, now: int) -> WindowMeter:
    window, over = one.window, one.window.is_over(now)
    ahead = pace.outlook(window, now)
    return WindowMeter(
        account=one.account,
        agent=window.key.source,
        home=window.key.home,
        plan=window.key.plan,
        title=windows.title(window.key),
        used=None if over else window.top,
        at=window.at,
        resets=None if over else window.end,
        full=None if over else ahead.full,
        spare=None if over else ahead.spare,
    )
