"""The list of sessions as it stood at a past moment: for stepping back and for replay.

Totals are those up to that moment, from the calls themselves; alerts and deeds are those of the day
before it, budgets have their present amounts. It is slower than the live snapshot, and exact.
"""

import sqlite3
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.durations import DAY, MINUTE, QUARTER
from costtop.model import Budget
from costtop.named_tuples import NamedTuple
from costtop.nouns.paid_plan import PaidPlan
from costtop.queries.live.frame import Live, plan_meter
from costtop.queries.live.session_state import state
from costtop.queries.live.view import BudgetMeter, Pulse, SessionRow, Snapshot, metered
from costtop.queries.plans import watched_spend
from costtop.store import meta
from costtop.store.calls import scope_sums
from costtop.store.calls.call_row import MODALITY, PLACEHOLDER, SHORT, TIER, UNREADABLE, computed_of
from costtop.store.db import snapshot
from costtop.store.plans import paid_plans
from costtop.store.sessions import session_names
from costtop.sum_floors import Floor, Sum, together

if TYPE_CHECKING:
    from costtop.queries.plans.billed_now import BilledNow


def take(db: sqlite3.Connection, at: int, tz: ZoneInfo) -> Snapshot:
    """The snapshot at `at`, ms UTC, with the sessions active in the day before it."""
    live = Live(db, ahead=0).take(at, Pulse(running=True))
    plans = paid_plans.of(db)
    start = periods.start_of("day", at, tz)
    with snapshot(db):
        told = meta.shared(db)
        after = told.finished_after
        meters = tuple(_meter(db, budget, at, tz) for budget in told.budgets)
        spent = _spent(db, at - DAY, at, plans)
        billed = _billed(db, plans, at, tz) if plans else None
        today = _between(db, start, at)
        month = _between(db, periods.start_of("month", at, tz), at)
    sessions = tuple(
        cut for row in live.sessions if (cut := _cut(row, spent, at, after)) is not None
    )
    return live._replace(
        sessions=sessions,
        running=sum(row.state == "running" for row in sessions),
        today_sessions=sum((row.last or 0) >= start for row in sessions),
        today=today.cost,
        today_floor=today.floor,
        today_short=today.short,
        unpriced=today.short.unpriced,
        month=month.cost,
        month_floor=month.floor,
        month_short=month.short,
        budgets=meters,
        held=(),
        billed=billed,
    )


def _billed(
    db: sqlite3.Connection, plans: tuple[PaidPlan, ...], at: int, tz: ZoneInfo
) -> "BilledNow":
    from costtop.queries.plans import billed_now  # who has no plan needs none

    return billed_now.past(db, plans, at, tz)


def _meter(db: sqlite3.Connection, budget: Budget, at: int, tz: ZoneInfo) -> BudgetMeter:
    """How a budget stood, at the amount that it has now."""
    if budget.of_plan:
        return plan_meter(db, budget, at)
    since, scope = periods.reach(budget.period, at, tz), dict(budget.scope)
    plain = not scope and budget.watch != watched_spend.BILLED
    spent = _between(db, since, at) if plain else _scoped(db, budget, since, at)
    ends = periods.end_of(budget.period, at, tz)
    return metered(budget, spent, ends, session_names.scope_short(db, budget.scope))


def _scoped(db: sqlite3.Connection, budget: Budget, since: int, at: int) -> Sum:
    """As `_between`; the quarter hour that was under way from the calls."""
    start = max(at // QUARTER * QUARTER, since)
    scope, watch = dict(budget.scope), budget.watch
    whole = scope_sums.spent(db, scope, since, start, watched_spend.rollup(db, watch))
    rest = list(scope_sums.minutes(db, scope, start, at + 1, watched_spend.calls(db, watch)))
    short = together([whole.short, Floor(sum(unpriced for _, _, unpriced in rest))])
    return Sum(whole.cost + sum(cost for _, cost, _ in rest), whole.calls, short)


class _Spent(NamedTuple):
    """What a session's calls came to at a moment."""

    cost: int
    calls: int
    first: int
    last: int
    short: Floor
    billed: int | None = None  # None: the user pays no plan


_WHOLE = f"c.cost <> {computed_of('c.')} OR (c.flags & {PLACEHOLDER} AND c.input + c.output = 0)"
_SHORT = ", ".join(
    f"sum(c.flags & {bit} > 0 AND NOT (c.cost IS NOT NULL AND ({_WHOLE})))"
    for bit in SHORT.values()
)
_DEARER = (
    f"CASE WHEN c.flags & {TIER | MODALITY} AND c.cost = {computed_of('c.')} THEN c.cost ELSE 0 END"
)


def _spent(
    db: sqlite3.Connection, since: int, at: int, plans: tuple[PaidPlan, ...]
) -> dict[str, _Spent]:
    """What each session row that was active since then had spent up to `at`."""
    billed = "NULL"
    if plans:
        from costtop.queries.plans import billed_sums  # who has no plan needs none

        billed = f"sum({billed_sums.of_calls(db, plans, 'c')})"
    rows = db.execute(
        f"SELECT {billed},"
        " n.text || '/' || s.session || CASE s.agent WHEN '' THEN '' ELSE '#' || s.agent END,"
        f" coalesce(sum(c.cost), 0), sum(NOT c.flags & {UNREADABLE}), min(c.at), max(c.at),"
        f" sum(c.cost IS NULL AND NOT c.flags & {UNREADABLE}), {_SHORT}, sum({_DEARER})"
        " FROM sessions s JOIN names n ON n.id = s.source"
        " JOIN calls c ON c.session = s.id AND c.at <= ?"
        " WHERE s.last >= ? AND s.started <= ? GROUP BY s.id HAVING max(c.at) >= ?",
        (at, since, at, since),
    )
    return {
        key: _Spent(cost, calls, first, last, Floor(*short), billed)
        for billed, key, cost, calls, first, last, *short in rows
    }


def _between(db: sqlite3.Connection, since: int, at: int) -> Sum:
    """From roll-ups for whole quarter hours, from minutes for the rest."""
    start = at // QUARTER * QUARTER
    whole = scope_sums.spent(db, {}, since, start)
    cost, calls, unpriced = db.execute(
        "SELECT coalesce(sum(cost), 0), coalesce(sum(calls), 0), coalesce(sum(unpriced), 0)"
        " FROM minutes WHERE minute >= ? AND minute <= ?",
        (start // MINUTE, at // MINUTE),
    ).fetchone()
    short = together([whole.short, Floor(unpriced)])
    return Sum(whole.cost + cost, whole.calls + calls, short)


def _cut(row: SessionRow, spent: dict[str, _Spent], at: int, after: int) -> SessionRow | None:
    """The row with its totals up to `at`; None where it had not begun.

    It counts as ended when it had been quiet for `after` ms.
    """
    cuts = (_cut(child, spent, at, after) for child in row.children)
    children = tuple(child for child in cuts if child is not None)
    own = spent.get(row.key)
    if own is None and not children:
        return None
    parts = [own] if own else []
    parts += [
        _Spent(
            child.cost, child.calls, child.started or at, child.last or 0, child.short, child.billed
        )
        for child in children
    ]
    cost, calls = sum(part.cost for part in parts), sum(part.calls for part in parts)
    short = together(part.short for part in parts)
    last = max(part.last for part in parts)
    return row._replace(
        cost=cost,
        billed=None if row.billed is None else sum(part.billed or 0 for part in parts),
        unpriced=short.unpriced,
        floor=short.shows(cost, calls),
        short=short,
        calls=calls,
        started=min(part.first for part in parts),
        last=last,
        state=state(at, last, None, after),
        children=children,
    )
