"""What a report says of plans: the SQL of what is billed, and what of their prices is on its lines.

Beyond the prices of plans each call is billed or not. A price belongs to days: where lines are
days, weeks or months they carry its share, in all other reports it is a line of its own.
"""

import sqlite3
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.named_tuples import NamedTuple
from costtop.nouns.paid_plan import PaidPlan
from costtop.plans import billing
from costtop.queries.plans import billed_sums, plan_prices
from costtop.queries.plans.plan_prices import PlanPrice
from costtop.queries.spending.report_line import PlanShares
from costtop.queries.spending.spend_filters import Filters
from costtop.scope import fits
from costtop.store import meta
from costtop.store.sums import rollup_progress


class Billing(NamedTuple):
    """What is billed in a report of [since, until), ms UTC; None where that is not to be said."""

    plans: tuple[PaidPlan, ...]
    prices: tuple[PlanPrice, ...]  # of the span
    since: int
    until: int
    zone: ZoneInfo  # that of the plans' days
    rollup: str  # nano-dollars billed of a row, in SQL
    shares: str  # of a share by a tool
    days: bool  # whether whole days tell it

    @property
    def whole(self) -> PlanShares:
        """What of plans' prices falls on the span."""
        return tuple((one.plan.name, one.share) for one in self.prices)

    def shares_of(self, by: str, key: str, tz: ZoneInfo) -> PlanShares:
        """What of them falls on the line of a day, week, month or of all; nothing on any other."""
        if by == "total":
            return self.whole
        if by not in periods.CALENDAR:
            return ()
        since, until = periods.bounds(by, key, tz)
        since, until = max(since, self.since), min(until, self.until)
        return tuple(
            (one.plan.name, billing.share(one.plan, since, until, self.zone)) for one in self.prices
        )


def of(
    db: sqlite3.Connection,
    plans: tuple[PaidPlan, ...],
    span: tuple[int | None, int | None, int | None],
    filters: Filters,
    now: int,
) -> Billing:
    """`span` is its beginning, that of the stored spend and its end, ms UTC; None: there is none.

    A span that is not over has the price of the day of `now` whole, and of none after it; one
    without a beginning has it from the first day on of which something is stored.
    """
    zone = periods.zone(meta.get(db, "timezone") or "UTC")
    asked, first, last = span
    since = asked if asked is not None else periods.start_of("day", first or now, zone)
    today = periods.end_of("day", now, zone)
    until = today if last is None or last > now else last
    meant = [plan for plan in plans if _is_meant(plan, filters)]
    dated = any(plan.since is not None or plan.until is not None for plan in plans)
    fitting = not dated or rollup_progress.days(db).zone == zone.key
    return Billing(
        plans=plans,
        prices=plan_prices.of_span(meant, since, until, zone),
        since=since,
        until=until,
        zone=zone,
        rollup=billed_sums.of_rollup(db, plans),
        shares=billed_sums.of_shares(db, plans),
        days=fitting and billed_sums.fits_days(db),
    )


def _is_meant(plan: PaidPlan, filters: Filters) -> bool:
    """A price is part of a report of everything, or of the plan's agent: no feature pays it."""
    return all(
        one.field in ("agent", "source")
        and any(fits(name, glob) for name in (plan.agent, *plan.sources) for glob in one.globs)
        for one in filters
    )
