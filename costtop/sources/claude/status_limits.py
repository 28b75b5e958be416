"""Reads the windows of the user's plan from what Claude Code hands to its status line.

Only subscribers get them, after the first reply, and some versions not at all: then nothing is
said. A window's length stands in its name: `five_hour`, `seven_day`, `seven_day_opus`.
"""

import re
from typing import Any

import msgspec

from costtop.plan_reading import PlanReading
from costtop.sources.fold.fields import number
from costtop.sources.fold.json_lines import Unreadable, decoded
from costtop.sources.fold.times import moment
from costtop.text import clean

_NAMES = re.compile(r"([a-z]+|\d{1,3})_(hour|day|week)s?(?:_(.{1,40}))?")
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MINUTES = {"hour": 60, "day": 24 * 60, "week": 7 * 24 * 60}
_MOST = 20  # windows
_LIMITS = msgspec.json.Decoder(dict[str, Any])


def told(limits: str, log: str, at: int, session: str = "") -> list[PlanReading]:
    """The readings of a `rate_limits` object; `log` is the path of the session's transcript."""
    try:
        windows = decoded(_LIMITS, limits.encode())
    except Unreadable:
        return []
    home = log.rpartition("/projects/")[0]
    found = (_reading(name, window, home, at) for name, window in list(windows.items())[:_MOST])
    return [reading._replace(session=session) for reading in found if reading is not None]


def _reading(name: str, window: object, home: str, at: int) -> PlanReading | None:
    length = _NAMES.fullmatch(name)
    used = number(window.get("used_percentage")) if isinstance(window, dict) else None
    if length is None or used is None or not isinstance(window, dict):
        return None
    units = int(length[1]) if length[1].isdigit() else _counted(length[1])
    if not units:
        return None
    return PlanReading(
        source="claude-code",
        home=clean(home),
        plan="",
        limit=clean(length[3] or "").replace("_", " "),
        minutes=units * _MINUTES[length[2]],
        used=used,
        resets=moment(window.get("resets_at")),
        at=at,
    )


def _counted(word: str) -> int:
    return _NUMBERS.index(word) + 1 if word in _NUMBERS else 0
