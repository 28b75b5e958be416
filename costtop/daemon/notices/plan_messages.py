"""What messages say of plans: who filled a window, and that dollars are value a plan covers."""

import re
import sqlite3
from datetime import tzinfo
from zoneinfo import ZoneInfo

from costtop.alerts import plan_wording
from costtop.alerts.plan_wording import Filler
from costtop.alerts.wording import Message
from costtop.model import Budget, Finding, Notification
from costtop.plans import billing
from costtop.queries.plans import plan_windows
from costtop.queries.plans.plan_windows import PlanWindow
from costtop.store import gating, meta
from costtop.store.plans import paid_plans
from costtop.store.sessions import accounts, live_logs, short_ids

_AMOUNT = re.compile(r"(?<=: )(≥?\$[\d,.]*\d)")
_LEAST = 0.5  # per cents: a session that used less is not named


def worded(
    db: sqlite3.Connection, one: Notification, budget: Budget | None, zone: tzinfo, now: int
) -> Message:
    """The message of a tier of a budget that watches windows, with the sessions that used most.

    Without the budget it was taken out meanwhile.
    """
    if one.finding.resolved:
        return plan_wording.over(one)
    heard = now - meta.shared(db).finished_after
    window = _window(db, one.finding, now)
    fillers = [
        Filler(
            session=short_ids.said(db, part.session),
            points=part.points,
            feature=str(gating.facts(db, *_parts(part.session))["feature"] or ""),
            lives=live_logs.is_live(db, part.session, heard),
        )
        for part in (window.sessions if window else ())
        if part.session and part.points >= _LEAST
    ]
    tier = one.finding.tier or 0
    holds = budget is not None and budget.action != "notify" and tier >= budget.act_at
    return plan_wording.message(one, fillers, now, ZoneInfo(str(zone)), holds=holds)


def _window(db: sqlite3.Connection, finding: Finding, now: int) -> PlanWindow | None:
    told = dict(finding.evidence)
    texts = tuple(told.get(name, "") for name in ("agent", "home", "plan", "limit"))
    for one in plan_windows.read(db, now):
        if ((one.agent, one.home, one.plan, one.limit), one.minutes) == (texts, told["minutes"]):
            return one
    return None


def _parts(session: str) -> tuple[str, str]:
    source, _, name = session.partition("/")
    return source, name


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
