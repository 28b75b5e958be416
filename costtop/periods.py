"""Days, weeks, months and hours of a time zone, as int milliseconds.

Local time exists only here and on the screen. Days of 23 and 25 hours come out right because
every boundary comes from the calendar, never by adding 24 hours. A rolling period ("hours:5") has
no calendar: its window is the N hours before a moment (`reach`), and its key names the block of N
hours, counted from the epoch, in which that moment lies, so that a crossing has a stable name.
"""

import os
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from costtop.durations import DAY, HOUR
from costtop.errors import ConfigError
from costtop.named_tuples import NamedTuple
from costtop.nouns.budget_nouns import PLAN

CALENDAR = ("day", "week", "month")
_LONGEST = 24 * 366  # hours


_WINDOW = r"plan:(?:(week)|([1-9]\d{0,5})(min|h|d))(?: (\S.{0,39}))?"
_MINUTES = {"min": 1, "h": 60, "d": 24 * 60}


class NotAPeriod(ConfigError):
    """The text is not day, week, month, hours:N or plan:N."""


class PlanPeriod(NamedTuple):
    """Which windows of plans a budget watches."""

    minutes: int
    limit: str  # what alone it holds for, such as a model; "" is all of the plan


class Span(NamedTuple):
    """One period: its key and its half-open bounds [start, end) in ms UTC."""

    key: str
    start: int
    end: int


def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name; raises ConfigError naming it when it is unknown."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"{name!r} is no time zone; write one like Europe/Berlin") from None


def system_zone() -> str:
    """The IANA name of this machine's zone: TZ, the link of /etc/localtime, or "UTC"."""
    for name in (os.environ.get("TZ", "").removeprefix(":"), _linked(Path("/etc/localtime"))):
        try:
            return zone(name).key
        except ConfigError:
            continue
    return "UTC"


def check(period: str) -> str:
    """`period` itself when it is one; raises NotAPeriod otherwise."""
    if plan(period) is None:
        hours(period)
    return period


def plan(period: str) -> PlanPeriod | None:
    """The windows of "plan:5h", "plan:week opus"; None for a period; raises NotAPeriod.

    All that is asked below is of periods alone: what a window is stands in what agents tell.
    """
    if not period.startswith(PLAN):
        return None
    import re  # a quick command without such a budget does without

    if found := re.fullmatch(_WINDOW, period):
        week, count, unit, limit = found.groups()
        minutes = 7 * 24 * 60 if week else int(count) * _MINUTES[unit]
        if minutes <= 60 * _LONGEST:
            return PlanPeriod(minutes, limit or "")
    raise NotAPeriod(f"{period!r} is no window of a plan; write plan:5h, plan:week or plan:30d")


def hours(period: str) -> int | None:
    """N of a rolling "hours:N", None for a calendar period; raises NotAPeriod for other text."""
    if period in CALENDAR:
        return None
    head, _, count = period.partition(":")
    if head == "hours" and count.isascii() and count.isdigit() and 0 < int(count) <= _LONGEST:
        return int(count)
    raise NotAPeriod(f"{period!r} is not a period; write day, week, month or hours:5")


def span(period: str, at: int, tz: ZoneInfo) -> Span:
    """The period of this kind in which the moment `at` lies."""
    count = hours(period)
    if count is None:
        return _calendar(period, _local(at, tz).date(), tz)
    start = at - at % (count * HOUR)
    name = _utc(start).strftime("%Y-%m-%dT%HZ")
    return Span(f"{name}/{count}h", start, start + count * HOUR)


def key(period: str, at: int, tz: ZoneInfo) -> str:
    """The name of the period: "2026-11-23", "2026-W48", "2026-11", "2026-11-23T10Z/5h"."""
    return span(period, at, tz).key


def bounds(period: str, moment: int | str, tz: ZoneInfo) -> tuple[int, int]:
    """[start, end) in ms UTC of the period at a moment, or of the one with that key."""
    if isinstance(moment, int):
        found = span(period, moment, tz)
    else:
        found = span(period, _moment(period, moment, tz), tz)
    return found.start, found.end


def start_of(period: str, at: int, tz: ZoneInfo) -> int:
    """The first millisecond of the period in which `at` lies."""
    return span(period, at, tz).start


def end_of(period: str, at: int, tz: ZoneInfo) -> int:
    """The first millisecond after the period in which `at` lies."""
    return span(period, at, tz).end


def reach(period: str, at: int, tz: ZoneInfo) -> int:
    """Since when spend counts at the moment `at`: the calendar start, or N hours before."""
    count = hours(period)
    return span(period, at, tz).start if count is None else at - count * HOUR


def before(period: str, at: int, tz: ZoneInfo) -> Span:
    """The period before the one in which `at` lies."""
    return span(period, span(period, at, tz).start - 1, tz)


def days(since: int, until: int, tz: ZoneInfo) -> list[Span]:
    """Every local day that overlaps [since, until), in order; empty when until <= since."""
    found: list[Span] = []
    at = since
    while at < until:
        found.append(span("day", at, tz))
        at = found[-1].end
    return found


def clock(at: int, now: int, tz: ZoneInfo) -> str:
    """A moment as short as it is told: "13:00", "Thu 13:00", "Dec 4"."""
    when, today = _local(at, tz), _local(now, tz)
    if when.date() == today.date():
        return f"{when:%H:%M}"
    return f"{when:%a %H:%M}" if abs(at - now) < 6 * DAY else f"{when:%b} {when.day}"


def cut(bucket: Span, since: int | None, until: int | None, tz: ZoneInfo) -> str:
    """What of a period lies in [since, until): "from 10:15", "until Sat 21 Nov"; "" if all of it.

    `since` and `until` in ms UTC, None where open.
    """
    parts = []
    for word, at in (("from", since), ("until", until)):
        if at is not None and bucket.start < at < bucket.end:
            local = _local(at, tz)
            one_day = bucket.end - bucket.start <= 25 * HOUR
            day = "" if one_day else local.strftime("%a %-d %b ")
            clock = f"{local:%H:%M}" if one_day or (local.hour, local.minute) != (0, 0) else ""
            parts.append(f"{word} {day}{clock}".rstrip())
    return " ".join(parts)


def hour_key(at: int, tz: ZoneInfo) -> str:
    """The local hour of a moment: "2026-11-23 14:00"; a repeated one with its offset from UTC."""
    local = _local(at, tz)
    again = f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:5] if local.fold else ""
    return f"{local:%Y-%m-%d %H}:00{again}"


def label(period: str, at: int, tz: ZoneInfo) -> str:
    """The period for people: "Mon 23 Nov", "week 48", "November 2026", "5 hours"."""
    count = hours(period)
    if count is not None:
        return f"{count} hours" if count > 1 else "hour"
    local = _local(at, tz)
    if period == "day":
        return local.strftime("%a %-d %b")
    if period == "week":
        return f"week {local.isocalendar().week}"
    return local.strftime("%B %Y")


@lru_cache(maxsize=512)
def _calendar(period: str, day: date, tz: ZoneInfo) -> Span:
    if period == "day":
        return Span(day.isoformat(), _midnight(day, tz), _midnight(day + timedelta(1), tz))
    if period == "week":
        monday = day - timedelta(day.weekday())
        year, week, _ = day.isocalendar()
        return Span(
            f"{year}-W{week:02d}", _midnight(monday, tz), _midnight(monday + timedelta(7), tz)
        )
    first = day.replace(day=1)
    following = (first + timedelta(32)).replace(day=1)
    return Span(f"{day:%Y-%m}", _midnight(first, tz), _midnight(following, tz))


def _midnight(day: date, tz: ZoneInfo) -> int:
    """The first instant of a local day: where 00:00 is skipped, the moment the clock jumps to.

    fold=0 takes the earlier of two midnights; a skipped one maps through UTC onto the jump.
    """
    return round(datetime(day.year, day.month, day.day, tzinfo=tz).timestamp()) * 1000


def _moment(period: str, name: str, tz: ZoneInfo) -> int:
    """A moment inside the period with that key; raises NotAPeriod when it names none."""
    try:
        if period == "day":
            return _midnight(date.fromisoformat(name), tz)
        if period == "week":
            year, week = name.split("-W")
            return _midnight(date.fromisocalendar(int(year), int(week), 1), tz)
        if period == "month":
            return _midnight(date.fromisoformat(f"{name}-01"), tz)
        start = datetime.strptime(name.partition("/")[0], "%Y-%m-%dT%HZ").replace(tzinfo=UTC)
        return round(start.timestamp()) * 1000
    except ValueError:
        raise NotAPeriod(f"{name!r} names no {period}") from None


def _linked(clock: Path) -> str:
    """The zone that a link into a zone database names, "" when it is none."""
    return str(clock.resolve()).partition("zoneinfo/")[2]


def _local(at: int, tz: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at // 1000, tz)


def _utc(at: int) -> datetime:
    return datetime.fromtimestamp(at // 1000, UTC)
