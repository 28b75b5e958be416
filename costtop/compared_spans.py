"""What a span of time is compared with: the one before it, and spans like it. No sums.

A span that goes on is compared with as much of the other, by the clock on the wall. Times are int
ms UTC; spans are [start, end).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.named_tuples import NamedTuple
from costtop.span_words import WordedSpan

LIKE_WEEKS = 8  # of which like days are taken
_FEWEST = 3  # like spans that say what is usual
_RECENT = 28  # days before, where there are too few of the same weekday


class LikeSpans(NamedTuple):
    """Spans that one is compared with, latest first, and what they are, in the plural."""

    name: str  # Fridays | working days | weekend days | earlier days | such spans
    spans: tuple[tuple[int, int], ...]


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


def like(start: int, end: int, tz: ZoneInfo, known: int) -> LikeSpans | None:
    """The same weekdays and hours of earlier weeks, of those since `known` (ms UTC).

    With fewer than three of one day's weekday: working days, or weekend days, of four weeks; else
    whatever days there are. None without any.
    """
    days = len(periods.days(start, end, tz))
    known = periods.start_of("day", known, tz)
    step = 7 * -(-days // 7)
    same = _back(start, end, range(step, 7 * LIKE_WEEKS + 1, step), tz, known)
    local = datetime.fromtimestamp(start // 1000, tz)
    if days > 1 or len(same) >= _FEWEST:
        name = f"{local:%A}s" if days == 1 else "such spans"
        return LikeSpans(name, same) if same else None
    rests = local.weekday() >= 5
    kind = [n for n in range(1, _RECENT + 1) if ((local.weekday() - n) % 7 >= 5) == rests]
    alike = _back(start, end, kind, tz, known)
    if len(alike) >= _FEWEST:
        return LikeSpans("weekend days" if rests else "working days", alike)
    earlier = _back(start, end, range(1, _RECENT + 1), tz, known)
    return LikeSpans("earlier days", earlier) if earlier else None


def _back(
    start: int, end: int, days: Iterable[int], tz: ZoneInfo, known: int
) -> tuple[tuple[int, int], ...]:
    """The span so many days before, for each number of them, of those since `known`."""
    found = ((_shifted(start, n, tz), _shifted(end, n, tz)) for n in days)
    return tuple(one for one in found if one[0] >= known)


def _shifted(at: int, days: int, tz: ZoneInfo) -> int:
    """The same time on the wall so many days before."""
    local = datetime.fromtimestamp(at // 1000, tz).replace(fold=0)
    return round((local - timedelta(days)).timestamp()) * 1000 + at % 1000


def _year(start: int, tz: ZoneInfo) -> int:
    """Where the year before begins."""
    first = datetime.fromtimestamp(start // 1000, tz).date()
    return periods.bounds("day", first.replace(year=first.year - 1).isoformat(), tz)[0]
