"""Spans of time as int milliseconds: their units, how people write them, and how they are shown.

Days of the calendar, which may have 23 or 25 hours, are `periods`.
"""

import time

from costtop.errors import UsageError

SECOND = 1_000  # ms
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
QUARTER = 15 * MINUTE  # of an hour: what sums of spend are kept by
_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


def now_ms() -> int:
    """This moment, in ms UTC."""
    return time.time_ns() // 1_000_000


def running_ms() -> int:
    """How long the machine runs, ms, sleep included where the system tells: nobody sets it."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(clock) // 1_000_000


def parse(text: str) -> int:
    """Milliseconds of "90s", "30m", "2h" or "7d"; raises UsageError for anything else or for 0."""
    number, unit = text.strip()[:-1].rstrip(), text.strip()[-1:]
    if unit not in _UNITS or not (number.isascii() and number.isdecimal()) or not int(number):
        raise UsageError(f"{text!r} is no duration; write it as 90s, 30m, 2h or 7d")
    return int(number) * _UNITS[unit]


def iso(at: int) -> str:
    """A moment as ISO 8601 in UTC with milliseconds: "2026-11-23T10:00:00.123Z"."""
    # By hand: `datetime` costs a quick command 5 ms.
    seconds, milliseconds = divmod(at, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds:03}Z"


def moment_of(text: str) -> int:
    """ms UTC of what `iso` has written."""
    from datetime import datetime

    return round(datetime.fromisoformat(text).timestamp() * 1000)


def words(duration: int) -> str:
    """A duration for a sentence, in its largest unit: "40 s", "12 min", "3 h", "2 d"."""
    duration = max(0, duration)
    for unit, size, least in (("d", DAY, 2 * DAY), ("h", HOUR, HOUR), ("min", MINUTE, MINUTE)):
        if duration >= least:
            return f"{duration // size} {unit}"
    return f"{duration // SECOND} s"


def short(duration: int | None) -> str:
    """A duration for a table, in at most five cells: 12s, 9m, 3h21, 4d02, 97d; "-" for None."""
    if duration is None:
        return "-"
    duration = max(duration, 0)
    if duration < MINUTE:
        return f"{duration // SECOND}s"
    if duration < HOUR:
        return f"{duration // MINUTE}m"
    if duration < DAY:
        return f"{duration // HOUR}h{duration % HOUR // MINUTE:02}"
    if duration < 10 * DAY:
        return f"{duration // DAY}d{duration % DAY // HOUR:02}"
    return f"{duration // DAY}d"
