"""What is billed of sums, in SQL: the rule of `plans.billing` for rows of roll-ups and for calls.

p is the roll-up, calls or shares of them, s its session. It is asked only where there are plans.
"""

import sqlite3
from collections.abc import Sequence

from costtop.durations import QUARTER
from costtop.nouns.paid_plan import PaidPlan
from costtop.plans.billing import CHARGING
from costtop.store.calls.call_row import UNREADABLE

_OF_CALLS = "coalesce(p.reported, p.cost, 0)"
_OF_SHARES = "CASE WHEN p.stated THEN p.reported ELSE p.cost END"
_UNSTATED = (  # what a row has of calls that state no charge, where others of it do
    "(SELECT coalesce(sum(c.cost), 0) FROM calls c WHERE c.session = p.session"
    f" AND c.at >= p.quarter * {QUARTER} AND c.at < (p.quarter + 1) * {QUARTER}"
    " AND c.context = p.context AND c.model = p.model AND c.feature = p.feature"
    f" AND c.reported IS NULL AND NOT c.flags & {UNREADABLE})"
)
_OF_ROLLUP = (
    "CASE p.reported_calls WHEN 0 THEN p.cost WHEN p.calls THEN p.reported"
    f" ELSE p.reported + {_UNSTATED} END"
)


def of_rollup(db: sqlite3.Connection, plans: Sequence[PaidPlan]) -> str:
    """Nano-dollars that are billed of a row of `spend`, or of `days` where `fits_days`."""
    return _expression(db, plans, "p.quarter", QUARTER, _OF_ROLLUP)


def of_calls(db: sqlite3.Connection, plans: Sequence[PaidPlan], table: str = "p") -> str:
    """The same of one row of `calls`, by the name that it has in the query."""
    return _expression(db, plans, "p.at", 1, _OF_CALLS).replace("p.", f"{table}.")


def of_shares(db: sqlite3.Connection, plans: Sequence[PaidPlan]) -> str:
    """The same of a call's share by a tool."""
    return _expression(db, plans, "p.quarter", QUARTER, _OF_SHARES)


def spent(db: sqlite3.Connection, plans: Sequence[PaidPlan], since: int, until: int) -> int:
    """Nano-dollars billed of [since, until), ms UTC, whole quarter hours."""
    (billed,) = db.execute(
        f"SELECT coalesce(sum({of_rollup(db, plans)}), 0) FROM spend p"
        " JOIN sessions s ON s.id = p.session WHERE p.quarter >= ? AND p.quarter < ?",
        (since // QUARTER, -(-until // QUARTER)),
    ).fetchone()
    return int(billed)


def fits_days(db: sqlite3.Connection) -> bool:
    """Whether a day's sums tell it: no session states the charges of only some of its calls."""
    sources = _ids(db, CHARGING)
    if not sources:
        return True
    mixed = (
        f"SELECT 1 FROM sessions WHERE source IN ({sources})"
        " AND reported_calls > 0 AND reported_calls < calls LIMIT 1"
    )
    return db.execute(mixed).fetchone() is None


def covered(db: sqlite3.Connection, plans: Sequence[PaidPlan], at: str, size: int) -> str:
    """Whether a plan covers a row of session s; `at` is its time in units of `size` ms."""
    parts = [part for plan in plans if (part := _covers(db, plan, at, size))]
    return f"({' OR '.join(parts)})" if parts else "0"


def _expression(
    db: sqlite3.Connection, plans: Sequence[PaidPlan], at: str, size: int, stated: str
) -> str:
    charging = _ids(db, CHARGING)
    paid = "coalesce(p.cost, 0)"
    if charging:
        paid = f"CASE WHEN s.source IN ({charging}) THEN {stated} ELSE {paid} END"
    return f"CASE WHEN {covered(db, plans, at, size)} THEN 0 ELSE {paid} END"


def _covers(db: sqlite3.Connection, plan: PaidPlan, at: str, size: int) -> str:
    """The condition, empty where nothing of the plan's agent, or of its account, is stored."""
    sources = _ids(db, plan.sources)
    account = _ids(db, (plan.account,)) if plan.account else "0"
    if not sources or not account:
        return ""
    text = f"s.source IN ({sources})"
    text += f" AND {at} >= {plan.since // size}" if plan.since is not None else ""
    text += f" AND {at} < {plan.until // size}" if plan.until is not None else ""
    return f"({text}{f' AND s.account = {account}' if plan.account else ''})"


def _ids(db: sqlite3.Connection, texts: Sequence[str]) -> str:
    """Their numbers as names, with commas; "" where none is stored."""
    marks = ",".join("?" * len(texts))
    rows = db.execute(f"SELECT id FROM names WHERE text IN ({marks})", tuple(texts))
    return ",".join(str(number) for (number,) in rows)
