"""Reads the times of log records as int milliseconds UTC. It knows no clock.

Every time is held inside [2023-01-01, receive time + 5 minutes] (RELIABILITY R8): a broken client
clock must not put spend into a period that nobody looks at.
"""

from datetime import UTC, datetime

EARLIEST = 1_672_531_200_000  # 2023-01-01T00:00:00Z
AHEAD = 300_000  # how far a client's clock may run ahead of ours
_SECONDS_END = 10**11  # a number below counts seconds, above it milliseconds


def stamp(value: object, seen: int) -> int:
    """The event time that `value` says, held in range; `seen` where it says none.

    Reads ISO 8601 text ("2026-11-23T10:00:00.123Z", any offset; without one it is UTC) and, for
    hand-made logs, numbers of seconds or milliseconds. `seen` 0 means unknown: no upper bound.
    """
    if type(value) is str:  # as nearly always: this spares two calls
        try:
            told = datetime.fromisoformat(value)
            if told.tzinfo and EARLIEST <= (at := round(told.timestamp() * 1000)) <= seen:
                return at
        except (ValueError, OverflowError):
            return seen
    return held(moment(value), seen)


def held(at: int | None, seen: int) -> int:
    """A moment held in range; `seen` for None."""
    if at is None:
        return seen
    if seen and at > seen + AHEAD:
        return seen + AHEAD
    return max(at, EARLIEST)


def moment(value: object) -> int | None:
    """Milliseconds UTC as `value` says it, however absurd; None when it is no time at all."""
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
            aware = at if at.tzinfo else at.replace(tzinfo=UTC)
            return round(aware.timestamp() * 1000)
        except (ValueError, OverflowError):
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 < value < 10**15:
        return None
    return int(value * 1000) if value < _SECONDS_END else int(value)
