"""What budgets count: the value of spend, or what is billed of it. In SQL, and of single calls."""

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

from costtop.store.calls.scope_sums import VALUE
from costtop.store.plans import paid_plans

if TYPE_CHECKING:  # a frame loads no nouns
    from costtop.model import Spend

BILLED = "billed"


def rollup(db: sqlite3.Connection, watch: str) -> str:
    """What is counted of a row of `spend`, in SQL; `watch` is a budget's."""
    if watch != BILLED:
        return VALUE
    from costtop.queries.plans import billed_sums  # hardly a budget needs it

    return billed_sums.of_rollup(db, paid_plans.of(db))


def calls(db: sqlite3.Connection, watch: str) -> str:
    """The same of a row of `calls`."""
    if watch != BILLED:
        return VALUE
    from costtop.queries.plans import billed_sums

    return billed_sums.of_calls(db, paid_plans.of(db))


def growth(db: sqlite3.Connection) -> "Callable[[Spend], int]":
    """What is billed of a call beyond what was of it before, nano-dollars.

    Of a call that states its charge and has grown it is nothing: see `restates`.
    """
    from costtop.plans import billing
    from costtop.store.sessions import accounts

    plans = paid_plans.of(db)

    def grown(spend: "Spend") -> int:
        call = spend.call
        account = ""
        if any(plan.account for plan in plans):
            account = accounts.of_session(db, call.source, call.session, call.agent)
        if any(billing.covers(plan, call.source, account, call.at) for plan in plans):
            return 0
        if restates(spend):
            return 0
        billed = billing.billed(
            plans, call.source, account, call.at, cost=spend.cost, reported=call.reported
        )
        return billed - (spend.previous or 0)

    return grown


def restates(spend: "Spend") -> bool:
    """Whether it may be another charge than was stated of the call before: sums are read again."""
    from costtop.plans.billing import CHARGING

    return not spend.new and spend.call.source in CHARGING
