"""What `costtop report --by pr` adds: what is known of each, and what a merged one cost."""

import sqlite3
from typing import Any, cast

from costtop import money
from costtop.durations import iso
from costtop.queries.pulls import merged_pulls
from costtop.queries.pulls.merged_pulls import PullAbout
from costtop.queries.spending.report import Report
from costtop.shown import currency


def tree(db: sqlite3.Connection, made: dict[str, object], found: Report) -> dict[str, object]:
    """The report's JSON with `pull_request` in its rows and `merged_pull_requests` besides."""
    merged = merged_pulls.read(db, found)
    rows = cast("list[dict[str, Any]]", made["rows"])
    cost, attributed = merged.cost, merged.attributed_cost
    return made | {
        "rows": [row | {"pull_request": _about(merged.about.get(row["key"]))} for row in rows],
        "merged_pull_requests": {
            "merged": merged.merged,
            "spend_usd": money.exact(merged.spend),
            "attributed_usd": money.exact(merged.attributed),
            "unattributed_usd": money.exact(merged.spend - merged.attributed),
            "cost_per_merged_usd": None if cost is None else money.exact(cost),
            "attributed_per_merged_usd": None if attributed is None else money.exact(attributed),
        },
    }


def _about(one: PullAbout | None) -> dict[str, object] | None:
    if one is None:
        return None
    return {
        "repository": one.repository,
        "number": one.number,
        "url": one.url or None,
        "branch": one.branch or None,
        "merged_at": None if one.merged is None else iso(one.merged),
    }


def _bill(nanos: int) -> str:
    return f"{currency.shown().sign}{currency.figure(nanos)}"


def words(db: sqlite3.Connection, found: Report) -> str:
    """What stands below a table; "" where none was merged."""
    merged = merged_pulls.read(db, found)
    if merged.cost is None or merged.attributed_cost is None:
        return ""
    share = f" ({merged.attributed * 100 // merged.spend} %)" if merged.spend > 0 else ""
    return (
        f"{merged.merged} merged: {_bill(merged.cost)} each of all spend,"
        f" {_bill(merged.attributed_cost)} each of what is attributed{share}."
    )
