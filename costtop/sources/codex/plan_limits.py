"""Reads the windows of the account's plan from a rollout's counts: what it says that is new.

A window is what its minutes say: `primary` is five hours on one account and a week on another.
"""

from typing import Any

import msgspec

from costtop.model import Event
from costtop.plan_reading import PlanReading
from costtop.sources.fold.fields import number, text
from costtop.sources.fold.json_lines import Unreadable, decoded
from costtop.sources.fold.source import Memo
from costtop.sources.fold.times import moment

_MOST = 16  # limits of one rollout: more are made up
_LONGEST = 40  # characters of a limit's name
_WHOLE = ("", "codex")  # names of the limit of the plan itself
TELLERS = ("token_count", "account/rateLimits/updated")
"""Types of the events that tell."""
FROM_NOW = b'"resets_in_seconds"'
"""Where a record has this, equal words say another moment."""


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


def told(raw: bytes, memo: Memo, who: tuple[str, str], at: int) -> list[Event]:
    """The readings of one record's `rate_limits`; nothing where the one before said the same.

    `who` is the account's folder and the session. What cannot be read says nothing: no call
    depends on it.
    """
    if raw == b"null":
        return []
    try:
        limits = decoded(_LIMITS, raw)
    except Unreadable:
        return []
    if limits is None:
        return []
    found = [_reading(limits, window, who, at) for window in (limits.primary, limits.secondary)]
    readings = [reading for reading in found if reading is not None]
    said = [[r.plan, r.limit, r.minutes, r.used, r.resets] for r in readings]
    known = memo.setdefault("limits", {})
    limit = readings[0].limit if readings else ""
    if not readings or known.get(limit) == said or (limit not in known and len(known) >= _MOST):
        return []
    memo["limits"] = {**known, limit: said}
    return list(readings)


def _reading(limits: _Limits, window: object, who: tuple[str, str], at: int) -> PlanReading | None:
    if not isinstance(window, dict):
        return None
    used, minutes = number(window.get("used_percent")), number(window.get("window_minutes"))
    if used is None or not minutes or minutes < 1:
        return None
    name = text(limits.limit_name) or text(limits.limit_id)
    limit = "" if text(limits.limit_id) in _WHOLE else name[:_LONGEST]
    return PlanReading(
        source="codex",
        home=who[0],
        plan=text(limits.plan_type),
        limit=limit,
        minutes=_whole(round(minutes)),
        used=used,
        resets=_resets(window, at),
        at=at,
        session=who[1],
    )


def _whole(minutes: int) -> int:
    """Hours are whole: builds have told of 299 minutes and of 10,079."""
    hours = round(minutes / 60)
    return hours * 60 if hours and abs(minutes - hours * 60) == 1 else minutes


def _resets(window: dict[str, Any], at: int) -> int | None:
    """When the window ends, ms UTC; builds have called it by three names."""
    for name in ("resets_at", "reset_at"):
        if (end := moment(window.get(name))) is not None:
            return end
    left = number(window.get("resets_in_seconds"))
    return None if left is None else at + round(left * 1000)
