"""What people give on the command line: dates, times, ages, and amounts of dollars."""

from datetime import datetime
from zoneinfo import ZoneInfo

from costtop import durations, money, periods
from costtop.errors import UsageError


def between(
    since: str | None, until: str | None, now: int, tz: ZoneInfo
) -> tuple[int | None, int | None]:
    """[since, until) in ms UTC, None where it is open; raises UsageError where it is none."""
    start, end = moment(since, now, tz, end=False), moment(until, now, tz, end=True)
    if start is not None and start >= (now if end is None else end):
        raise UsageError(f"--since {since} is not before --until {until or 'now'}")
    return start, end


def moment(text: str | None, now: int, tz: ZoneInfo, *, end: bool) -> int | None:
    """ms UTC of "2026-11-01", "2026-11-01T08:00", "7d", "12h" or "today".

    A date means its first moment, or with `end` the moment after its last. Raises UsageError.
    """
    if text is None:
        return None
    if text[:-1].isdigit() and text[-1:] in ("d", "h"):
        return now - durations.parse(text)
    if text == "today":
        return periods.end_of("day", now, tz) if end else periods.start_of("day", now, tz)
    try:
        if len(text) == 10:
            start, finish = periods.bounds("day", text, tz)
            return finish if end else start
        found = datetime.fromisoformat(text)
        return round((found if found.tzinfo else found.replace(tzinfo=tz)).timestamp() * 1000)
    except (ValueError, OverflowError, periods.NotAPeriod):
        raise UsageError(f"{text!r} is no time; write 2026-11-01, 2026-11-01T08:00, 7d") from None


def amount(text: str) -> int:
    """Nano-dollars of "20" or "2.50". Its error has no `$` in it, which a shell would eat."""
    try:
        nanos = money.parse(text)
    except money.NotMoney:
        nanos = 0
    if nanos <= 0:
        raise UsageError(f"{text!r} is no amount of dollars over 0; write it as 20 or 2.50")
    return nanos
