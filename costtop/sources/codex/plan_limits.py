"""Reads the windows of the account's plan from a rollout's counts: what it says that is new.

A window is what its minutes say: `primary` is five hours on one account and a week on another.
"""

from typing import Any

import msgspec

from costtop.model import Event
from costtop.plan_reading import PlanReading
from costtop.sources.fold.json_lines import Unreadable, decoded
from costtop.sources.fold.source import Memo
from costtop.text import clean

_WHOLE = ("", "codex")  # names of the limit of the plan itself
FROM_NOW = b'"resets_in_seconds"'
"""Where a record has this, equal words say another moment."""
_SECONDS = 10_000_000_000  # a moment below this is in seconds


class _Limits(msgspec.Struct):
    primary: Any = None
    secondary: Any = None
    plan_type: Any = None
    limit_id: Any = None
    limit_name: Any = None


_LIMITS = msgspec.json.Decoder(_Limits | None)


def home(path: str) -> str:
    """The folder of the account: what is above the sessions' folder, "" where there is none."""
    for part in ("/sessions/", "/archived_sessions/"):
        above, found, _ = path.rpartition(part)
        if found:
            return above
    return ""


def told(raw: bytes, memo: Memo, home: str, at: int) -> list[Event]:
    """The readings of one record's `rate_limits`; nothing where the one before said the same.

    What cannot be read says nothing: no call depends on it.
    """
    if raw == b"null":
        return []
    try:
        limits = decoded(_LIMITS, raw)
    except Unreadable:
        return []
    if limits is None:
        return []
    found = [_reading(limits, window, home, at) for window in (limits.primary, limits.secondary)]
    readings = [reading for reading in found if reading is not None]
    said = [[r.plan, r.limit, r.minutes, r.used, r.resets] for r in readings]
    key = "limits:" + (readings[0].limit if readings else "")
    if not readings or memo.get(key) == said:
        return []
    memo[key] = said
    return list(readings)


def _reading(limits: _Limits, window: object, home: str, at: int) -> PlanReading | None:
    if not isinstance(window, dict):
        return None
    used, minutes = _number(window.get("used_percent")), _number(window.get("window_minutes"))
    if used is None or not minutes or minutes < 1 or used < 0:
        return None
    name = _text(limits.limit_name) or _text(limits.limit_id)
    limit = "" if _text(limits.limit_id) in _WHOLE else name
    return PlanReading(
        source="codex",
        home=home,
        plan=_text(limits.plan_type),
        limit=limit,
        minutes=round(minutes),
        used=used,
        resets=_resets(window, at),
        at=at,
    )


def _resets(window: dict[str, Any], at: int) -> int | None:
    """When the window ends, ms UTC; builds have called it by three names."""
    for name in ("resets_at", "reset_at"):
        if moment := _number(window.get(name)):
            return round(moment * 1000 if moment < _SECONDS else moment)
    left = _number(window.get("resets_in_seconds"))
    return None if left is None or left < 0 else at + round(left * 1000)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 else None


def _text(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""
