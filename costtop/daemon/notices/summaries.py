"""Posts the summary of yesterday and of last week, in the morning, once.

Only endpoints that ask for it (`summary = ["day"]`) get one, from eight o'clock on of the user's
time. The first morning is silent: what was before costtop is history.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from costtop import lasting_tasks, periods
from costtop.alerts.summary import Summary, summary
from costtop.daemon.notices.post import Audience, post_summary
from costtop.durations import HOUR
from costtop.named_tuples import NamedTuple
from costtop.notify.courier import Courier
from costtop.periods import Span
from costtop.queries.plans import billed_span, billed_words
from costtop.queries.spending import report, review, review_words
from costtop.store import meta
from costtop.store.alerts import alert_reads
from costtop.store.db import open_reader
from costtop.store.sessions import short_ids
from costtop.store.writer import Writer

_EVERY = 60.0  # s
_MORNING = 8 * HOUR
_DEAREST = 5
_BACK = {"day": 28, "week": 8}  # periods that "usual" is the median of
KINDS = ("day", "week")


class SummaryPost(NamedTuple):
    """What a summary goes through."""

    database: Path
    writer: Writer
    to: Audience
    courier: Courier
    zone: ZoneInfo


async def summaries(post: SummaryPost, clock: Callable[[], int]) -> None:
    """Looks each minute for ever; ends at once where nobody wants one."""
    wanted = [kind for kind in KINDS if any(kind in route.summaries for route in post.to.routes)]
    while wanted:
        for kind in wanted:
            await _one(post, kind, clock())
        lasting_tasks.well()
        await asyncio.sleep(_EVERY)


async def _one(post: SummaryPost, kind: str, now: int) -> None:
    today = periods.start_of(kind, now, post.zone)
    span = periods.before(kind, now, post.zone)
    told = await post.writer.read(meta.get, f"summary_{kind}")
    if told == span.key or now < today + _MORNING:
        return
    if told:
        values = await asyncio.to_thread(_read, post, kind, span)
        said = summary(values)
        await post.writer.transact(post_summary, post.to, kind, span.key, said, now)
        post.courier.wake()
    await post.writer.transact(meta.put, {f"summary_{kind}": span.key})


def _read(post: SummaryPost, kind: str, span: Span) -> Summary:
    db = open_reader(post.database, unfinished=True)
    try:
        return values(db, kind, span, post.zone)
    finally:
        db.close()


def values(db: sqlite3.Connection, kind: str, span: Span, zone: ZoneInfo) -> Summary:
    """What is to be said of the span, from the store."""
    from statistics import median  # a daemon at rest is without it

    found = report.read(db, "session", zone, span.start, span.end)
    total = found.total
    beside = billed_span.of_span(db, span.start, span.end, span.end, zone)
    earlier = _earlier(db, kind, span, zone)
    spent = [cost for cost in earlier if cost]
    return Summary(
        period=periods.label(kind, span.start, zone),
        spent=total.cost,
        floor=total.floor,
        before=earlier[0] if earlier else None,
        usual=round(median(spent)) if spent else None,
        calls=total.calls,
        sessions=total.sessions,
        tasks=total.tasks or 0,
        dearest=tuple((short_ids.said(db, line.key), line.cost) for line in found.lines[:_DEAREST]),
        changes=_changes(db, kind, span, zone),
        alerts=alert_reads.count_between(db, span.start, span.end),
        billed="" if beside is None else billed_words.span(beside),
    )


def _changes(db: sqlite3.Connection, kind: str, span: Span, zone: ZoneInfo) -> tuple[str, ...]:
    """What the review says of the period, against the one before and four weeks."""
    found = review.read(db, span.end, zone, recent=len(periods.days(span.start, span.end, zone)))
    return review_words.changes(found, f"the {kind} before")


def _earlier(db: sqlite3.Connection, kind: str, span: Span, zone: ZoneInfo) -> list[int]:
    """What the periods before it cost, the latest first."""
    costs = []
    for _ in range(_BACK[kind]):
        span = periods.before(kind, span.start, zone)
        costs.append(report.read(db, "total", zone, span.start, span.end).total.cost)
    return costs
