"""What a store knows of budgets: what was said of a period, whether a sum of it is a floor.

It judges nothing; who counts budgets asks it after a start.
"""

import json
import sqlite3

from costtop.detect.budgets.budget_monitor import Budgets, Unfilled
from costtop.detect.budgets.tiers import Said
from costtop.model import Budget
from costtop.queries.plans import watched_spend
from costtop.store.alerts import alert_reads
from costtop.store.calls import scope_sums


def recall(db: sqlite3.Connection, budgets: Budgets, gap: Unfilled, now: int) -> None:
    """What the ledger knows of a budget's period."""
    name, key = gap.budget.name, gap.span.key
    for one in alert_reads.of_budget(db, name, key):
        window = json.loads(one.evidence).get("window_ms", 0)
        still = one.state in {"open", "acknowledged"}
        said = Said(
            rule=one.rule,
            severity=one.severity,
            tier=one.tier,
            amount=one.amount,
            window=window,
            still=still,
        )
        budgets.recall_said(name, key, said, now)


def learn(db: sqlite3.Connection, budgets: Budgets, now: int) -> None:
    """When the owners of budgets usually work, from the weeks before."""
    for gap in budgets.unlearnt(now):
        _, since, until = gap.span
        of, counted = dict(gap.budget.scope), watched_spend.rollup(db, gap.budget.watch)
        for at, cost, _ in scope_sums.quarters(db, of, since, until, counted):
            budgets.learn(gap.budget.name, at, cost)


def is_floor(db: sqlite3.Connection, budget: Budget, since: int, until: int) -> bool:
    """Whether what the budget spent is shown as a floor: as in reports, lists and heads."""
    return scope_sums.spent(db, dict(budget.scope), since, until).floor
