"""Says of a session's alert that its dollars are value, which a plan covers. It decides nothing."""

import re
import sqlite3

from costtop.model import Finding
from costtop.plans import billing
from costtop.store.plans import paid_plans
from costtop.store.sessions import accounts

_AMOUNT = re.compile(r"(?<=: )(≥?\$[\d,.]*\d)")


def covering(db: sqlite3.Connection, finding: Finding) -> str:
    """The plan that covers its session at that time, with its price; "" where none does."""
    plans = paid_plans.of(db) if finding.session else ()
    source, _, session = finding.session.partition("/")
    account = (
        accounts.of_session(db, source, session) if any(plan.account for plan in plans) else ""
    )
    held = (plan for plan in plans if billing.covers(plan, source, account, finding.at))
    return next(map(billing.label, held), "")


def valued(db: sqlite3.Connection, finding: Finding) -> Finding:
    """With a title that says so: "session 9f767c4: value $12.30 (plan), 5.3x the usual …"."""
    if not covering(db, finding):
        return finding
    return finding._replace(title=_AMOUNT.sub(r"value \1 (plan)", finding.title, count=1))
