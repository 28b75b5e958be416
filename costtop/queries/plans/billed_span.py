"""What is billed of a span of time or of a session, beside its value; None without a plan."""

import sqlite3
from zoneinfo import ZoneInfo

from costtop.named_tuples import NamedTuple
from costtop.plans import billing
from costtop.scope import literal
from costtop.store.plans import paid_plans


class BilledSpan(NamedTuple):
    """Nano-dollars: the value, what is billed of it beyond plans, what is of their prices."""

    value: int
    beyond: int
    share: int = 0
    plans: tuple[str, ...] = ()  # with their prices, whose share it is


def of_span(
    db: sqlite3.Connection, since: int, until: int, now: int, tz: ZoneInfo, feature: str = ""
) -> BilledSpan | None:
    """Of [since, until), ms UTC; no part of a price is a feature's."""
    if not paid_plans.of(db):
        return None
    from costtop.queries.spending import report
    from costtop.queries.spending.spend_filters import Filter

    asked = (Filter("feature", (literal(feature),)),) if feature else ()
    found = report.read(db, "total", tz, since, until, now=now, filters=asked)
    prices = found.billing.prices if found.billing else ()
    return BilledSpan(
        value=found.total.cost,
        beyond=found.total.billed or 0,
        share=found.total.plan_share,
        plans=tuple(billing.label(one.plan) for one in prices if one.share),
    )


def of_session(db: sqlite3.Connection, key: str) -> BilledSpan | None:
    """Of a whole session "source/session" with its subagents."""
    plans = paid_plans.of(db)
    if not plans:
        return None
    from costtop.queries.plans.session_billing import SessionBilling

    source, _, session = key.partition("/")
    rows = db.execute(
        "SELECT s.id, n.text, s.started, s.last, s.cost FROM sessions s"
        " JOIN names n ON n.id = s.source WHERE s.root = (SELECT r.id FROM sessions r"
        " JOIN names m ON m.id = r.source WHERE r.session = ? AND r.agent = '' AND m.text = ?)",
        (session, source),
    ).fetchall()
    asked = SessionBilling(db, plans)
    return BilledSpan(sum(row[4] for row in rows), sum(asked.of(*row) for row in rows))
