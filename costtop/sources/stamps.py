"""Reads the times of log records as int milliseconds UTC. It knows no clock.

Every time is held inside [2023-01-01, receive time + 5 minutes] (RELIABILITY R8): a broken client
clock must not put spend into a period that nobody looks at.
"""

from datetime import UTC, datetime
from functools import lru_cache

EARLIEST = 1_672_531_200_000  # 2023-01-01T00:00:00Z
AHEAD = 300_000  # how far a client's clock may run ahead of ours
_SECONDS_END = 10**11  # a number below counts seconds, above it milliseconds


def stamp(value: object, seen: int) -> int:
    """The event time that `value` says, held in range; `seen` where it says none.

    Reads ISO 8601 text ("2026-11-23T10:00:00.123Z", any offset; without one it is UTC) and, for
    hand-made logs, numbers of seconds or milliseconds. `seen` 0 means unknown: no upper bound.
    """
    at = moment(value)
    if at is None:
        return seen
    if seen and at > seen + AHEAD:
        return seen + AHEAD
    return max(at, EARLIEST)


def moment(value: object) -> int | None:
    """Milliseconds UTC as `value` says it, however absurd; None when it is no time at all."""
    if isinstance(value, str):
        plain = _plain(value) if value[-1:] == "Z" and len(value) in (20, 24) else None
        return _general(value) if plain is None else plain
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 < value < 10**15:
        return None
    return int(value * 1000) if value < _SECONDS_END else int(value)


def _plain(text: str) -> int | None:
    """The form nearly every log writes: 2026-11-23T10:00:00.123Z or without the fraction."""
    day = _day(text[:10])
    clock = text[11:13] + text[14:16] + text[17:19]
    fraction = text[20:23] if len(text) == 24 else "000"
    if day is None or text[10] != "T" or not (clock + fraction).isdecimal():
        return None
    hour, minute, second = int(clock[:2]), int(clock[2:4]), int(clock[4:])
    if hour > 23 or minute > 59 or second > 59:
        return None
    return day + (hour * 3600 + minute * 60 + second) * 1000 + int(fraction)


def _general(text: str) -> int | None:
    try:
        at = datetime.fromisoformat(text)
        aware = at if at.tzinfo else at.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=1024)
def _day(text: str) -> int | None:
    try:
        return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return None
