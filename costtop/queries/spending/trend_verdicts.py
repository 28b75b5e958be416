"""Verdicts on a feature and on the mix of models: is it dearer, and why. The tests are `analysis`.

A verdict takes a moment (it shuffles), so it is read for one row at a time. Money is int
nano-dollars, times are ms UTC.
"""

import sqlite3
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.analysis import dearer, usage, variance
from costtop.analysis import mix as mixing
from costtop.analysis.dearer import Dearer, Verdict
from costtop.analysis.mix import Mix
from costtop.analysis.usage import Period, SpendChange
from costtop.analysis.variance import Spread
from costtop.durations import DAY, QUARTER
from costtop.named_tuples import NamedTuple
from costtop.queries.sessions import tasks
from costtop.queries.spending.spending import Spending, at_rates, bounds
from costtop.store.db import snapshot

_TREND = 28  # days
_SHUFFLES = 499

__all__ = ["FeatureVerdict", "Mix", "SpendChange", "Spread", "feature", "models"]


class FeatureVerdict(NamedTuple):
    """What the numbers of a feature say."""

    feature: str
    dearer: Dearer  # of the work of 28 local days
    verdict: Verdict  # of this feature alone, not allowing for the others
    spread: Spread | None  # of its sessions' costs, this span against the one before
    change: SpendChange  # of its spend, against the span before, by what


def feature(db: sqlite3.Connection, name: str, span: str, now: int, tz: ZoneInfo) -> FeatureVerdict:
    """The verdict on the feature of that name."""
    since, until, earlier, upto = bounds(span, now, tz)
    days = periods.days(now - _TREND * DAY, now + 1, tz)[-_TREND:]
    with snapshot(db):
        done = [t for t in tasks.since(db, days[0].start) if t.feature == name]
        then, past = _sessions(db, name, earlier, upto)
        now_, present = _sessions(db, name, since, until)
    count = [
        sum(a <= (t.finished or 0) < b and t.status == "completed" for t in done)
        for a, b in ((earlier, upto), (since, until))
    ]
    found = dearer.dearer(tasks.priced(done, tz), shuffles=_SHUFFLES)
    return FeatureVerdict(
        name,
        found,
        dearer.verdict(found, sure=found.p <= dearer.LEVEL),
        variance.spread(then, now_),
        usage.change(Period(sum(then), count[0], past), Period(sum(now_), count[1], present)),
    )


def _sessions(db: sqlite3.Connection, name: str, since: int, until: int) -> tuple[list[int], int]:
    """(cost of each session, calls) of a feature in a span."""
    rows = db.execute(
        "SELECT sum(p.cost), sum(p.calls) FROM spend p JOIN sessions s ON s.id = p.session"
        " JOIN names n ON n.id = p.feature WHERE n.text = ? AND p.quarter >= ? AND p.quarter <= ?"
        " GROUP BY s.root",
        (name, since // QUARTER, until // QUARTER),
    ).fetchall()
    return [row[0] for row in rows], sum(row[1] for row in rows)


def models(db: sqlite3.Connection, spending: Spending, now: int, tz: ZoneInfo) -> Mix | None:
    """How the mix of models alone has moved the price, against the span before."""
    since, until, earlier, upto = bounds(spending.span, now, tz)
    prices = {name: float(at_rates(spending.total, rates)) for name, rates in spending.rates}
    with snapshot(db):
        before, after = _calls(db, earlier, upto), _calls(db, since, until)
    return mixing.mix(before, after, prices, shuffles=_SHUFFLES)


def _calls(db: sqlite3.Connection, since: int, until: int) -> list[dict[str, int]]:
    """Calls by model of each session in a span."""
    rows = db.execute(
        "SELECT s.root, n.text, sum(p.calls) FROM spend p JOIN sessions s ON s.id = p.session"
        " JOIN names n ON n.id = p.model WHERE p.quarter >= ? AND p.quarter <= ? GROUP BY 1, 2",
        (since // QUARTER, until // QUARTER),
    )
    found: dict[int, dict[str, int]] = {}
    for root, model, calls in rows:
        found.setdefault(root, {})[model] = calls
    return list(found.values())
