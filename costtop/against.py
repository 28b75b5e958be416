"""What a span of time is compared with: the one before it, and like days. Calendar only, no sums.

A span that goes on is compared with as much of the other, by the clock on the wall. Times are int
ms UTC; spans are [start, end).
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.span_words import WordedSpan

LIKE_WEEKS = 8  # of which like days are taken


def so_far(span: WordedSpan, now: int) -> tuple[int, int]:
    """[start, end) of what has been of a span that has a beginning."""
    assert span.start is not None, "everything has no span before it"
    return span.start, now if span.end is None else min(span.end, now)


def before(span: WordedSpan, now: int, tz: ZoneInfo) -> tuple[int, int]:
    """The span before, as much of it as there has been of this one.

    Before a month or year is the one before it, before N days the N days before, before 24 hours
    (and before a span that begins within a day) as long a time.
    """
    start, end = so_far(span, now)
    if span.kind in ("month", "year"):
        month = span.kind == "month"
        earlier = periods.before("month", start, tz).start if month else _year(start, tz)
        goes_on = span.end is None or span.end > now
        return earlier, min(earlier + end - start, start) if goes_on else start
    if periods.start_of("day", start, tz) != start:
        return 2 * start - end, start
    days = 7 if span.kind == "week" else len(periods.days(start, end, tz))
    return _shifted(start, days, tz), min(_shifted(end, days, tz), start)


def like(start: int, end: int, tz: ZoneInfo, weeks: int = LIKE_WEEKS) -> list[tuple[int, int]]:
    """The same weekdays and hours of earlier weeks, latest first; none of them overlaps."""
    step = 7 * -(-len(periods.days(start, end, tz)) // 7)
    return [
        (_shifted(start, days, tz), _shifted(end, days, tz))
        for days in range(step, 7 * weeks + 1, step)
    ]


def _shifted(at: int, days: int, tz: ZoneInfo) -> int:
    """The same time on the wall so many days before."""
    local = datetime.fromtimestamp(at // 1000, tz).replace(fold=0)
    return round((local - timedelta(days)).timestamp()) * 1000 + at % 1000


def _year(start: int, tz: ZoneInfo) -> int:
    """Where the year before begins."""
    first = datetime.fromtimestamp(start // 1000, tz).date()
    return periods.bounds("day", first.replace(year=first.year - 1).isoformat(), tz)[0]
