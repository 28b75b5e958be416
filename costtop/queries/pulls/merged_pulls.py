"""What is known of pull requests beside their spend: when they were merged, and what each cost.

A merged one counts where agents worked for it. By all spend, what led to none is in its price; by
what is attributed, it is not. Money is int nano-dollars, times are ms UTC.
"""

import sqlite3
from collections.abc import Mapping

from costtop import periods
from costtop.named_tuples import NamedTuple
from costtop.queries.pulls import work_shares
from costtop.queries.sessions.task_costs import price
from costtop.queries.spending import report
from costtop.queries.spending.report import Report
from costtop.queries.spending.spend_filters import Filter
from costtop.queries.spending.sum_keys import UNATTRIBUTED
from costtop.store.db import snapshot

_WORKED = (
    "SELECT 1 FROM temp.work_shares w JOIN temp.work_names n ON n.id = w.pull"
    " JOIN calls k ON k.session = w.session AND k.at >= w.since AND k.at < w.until"
    " AND k.context = w.context WHERE n.key = 'pr' AND n.text = ? LIMIT 1"
)


class PullAbout(NamedTuple):
    """One pull request."""

    repository: str
    number: int
    url: str  # http or https; "" is not told
    branch: str  # its own; "" is not known
    merged: int | None  # None: not yet, as far as is known


class MergedPulls(NamedTuple):
    """Those merged within a report's span, and its spend."""

    merged: int
    spend: int  # all of it
    attributed: int  # to pull requests, merged or not
    about: Mapping[str, PullAbout]  # of the report's lines, by key

    @property
    def cost(self) -> int | None:
        """What a merged one cost by all spend; None without one."""
        return price(self.spend, self.merged)

    @property
    def attributed_cost(self) -> int | None:
        """The same by what is attributed."""
        return price(self.attributed, self.merged)


def read(db: sqlite3.Connection, found: Report) -> MergedPulls:
    """What the lines of a report by `pr` alone are of."""
    with snapshot(db):
        work_shares.prepare(db)
        every = about(db)
        since, until = found.since or 0, found.until or 1 << 62
        merged = [key for key, one in every.items() if one.merged and since <= one.merged < until]
        worked = sum(db.execute(_WORKED, (key,)).fetchone() is not None for key in merged)
    whole, none = found.total.cost, Filter("pr", (UNATTRIBUTED,))
    filters, tz = (*found.filters, none), periods.zone(found.zone)
    rest = report.read(db, "total", tz, found.since, found.until, filters=filters).total.cost
    return MergedPulls(worked, whole, whole - rest, every)


def about(db: sqlite3.Connection) -> dict[str, PullAbout]:
    """Every pull request that logs or git tell of, by its key."""
    told, found = work_shares.read(db), dict[str, PullAbout]()
    for name, one in told.of_git:
        found[name.key] = PullAbout(name.repository, name.number, "", one.branch, one.at)
    for name, link in told.of_logs:
        known = found.get(name.key)
        branch = known.branch if known and known.branch else link.branch
        merged = known.merged if known else None
        found[name.key] = PullAbout(name.repository, name.number, link.url, branch, merged)
    return found
