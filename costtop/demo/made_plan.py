"""The plan of the made-up user of Codex: how full its windows are at a moment, for all sessions."""

from costtop.demo.beats import Record
from costtop.durations import DAY, HOUR

_FIVE, _WEEK = 5 * HOUR, 7 * DAY
_ODD = 2_654_435_761  # spreads the numbers of windows


def limits(at: int) -> Record:
    """`rate_limits` as Codex writes them at a moment, ms UTC."""
    return {
        "limit_id": "codex",
        "primary": _window(at, _FIVE),
        "secondary": _window(at, _WEEK),
        "credits": {"has_credits": False, "unlimited": False, "balance": None},
        "plan_type": "plus",
    }


def _window(at: int, length: int) -> Record:
    """It fills evenly, each window to another height: some to more than there is."""
    number, since = divmod(at, length)
    height = 60 + number * _ODD % 1000 * 70 // 1000
    return {
        "used_percent": float(min(since * height // length, 100)),
        "window_minutes": length // 60_000,
        "resets_at": (number + 1) * length // 1000,
    }
