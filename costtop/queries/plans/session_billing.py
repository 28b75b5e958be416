"""What of a session is billed beyond plans' prices: by its sums where they tell, else its calls."""

import sqlite3

from costtop.nouns.paid_plan import PaidPlan
from costtop.plans import billing
from costtop.queries.plans import billed_sums
from costtop.store.calls.call_row import UNREADABLE


class SessionBilling:
    """Asked of one session row after the other, with the sums that its row has."""

    def __init__(self, db: sqlite3.Connection, plans: tuple[PaidPlan, ...]) -> None:
        self.plans = plans
        self._db = db
        self._has_accounts = any(plan.account for plan in plans)

    def of(self, session: int, source: str, began: int | None, last: int | None, cost: int) -> int:
        """Nano-dollars; `cost` is its value, `began` and `last` are ms UTC."""
        plans = [plan for plan in self.plans if source in plan.sources]
        charging = source in billing.CHARGING
        if last is None or not (plans or charging):
            return cost
        began = last if began is None else began
        edges = {edge for plan in plans for edge in (plan.since, plan.until) if edge is not None}
        if not any(began < edge <= last for edge in edges):
            account = self._account(session) if plans and self._has_accounts else ""
            if any(billing.covers(plan, source, account, last) for plan in plans):
                return 0
            if not charging:
                return cost
        (billed,) = self._db.execute(
            f"SELECT coalesce(sum({billed_sums.of_calls(self._db, self.plans)}), 0) FROM calls p"
            " JOIN sessions s ON s.id = p.session"
            f" WHERE p.session = ? AND NOT p.flags & {UNREADABLE}",
            (session,),
        ).fetchone()
        return int(billed)

    def _account(self, session: int) -> str:
        row = self._db.execute(
            "SELECT n.text FROM sessions s JOIN names n ON n.id = s.account WHERE s.id = ?",
            (session,),
        ).fetchone()
        return str(row[0]) if row else ""
