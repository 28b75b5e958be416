"""Budgets that watch windows of plans, as JSON and in a few words."""

import sqlite3
from zoneinfo import ZoneInfo

from costtop.durations import iso
from costtop.nouns.budget_nouns import Budget
from costtop.periods import clock
from costtop.queries.live.view import BudgetMeter, WindowMeter
from costtop.queries.plans import plan_words, watched_windows


def tree(meter: BudgetMeter) -> dict[str, object]:
    """What JSON says of such a budget beside its name, period, tiers and scope."""
    first = meter.windows[0] if meter.windows else None
    return {
        "used_percent": first.used if first else None,
        "windows": [_tree(one) for one in meter.windows],
    }


def _tree(one: WindowMeter) -> dict[str, object]:
    return {
        "agent": one.agent,
        "home": one.home or None,
        "plan": one.plan or None,
        "window": one.title,
        "used_percent": one.used,
        "read_at": iso(one.at),
        "resets_at": _moment(one.resets),
        "full_at": _moment(one.full),
        "outlasts_reset_by_seconds": None if one.spare is None else one.spare // 1000,
        "was_reset": one.used is None,
    }


def share(one: WindowMeter) -> str:
    """How full it was when it was read: "82 %", "?" where it was reset since."""
    return "?" if one.used is None else f"{one.used:.0f} %"


def said(meter: BudgetMeter, now: int, tz: ZoneInfo) -> list[str]:
    """A line for each window: "82 % of the 5h window of claude-code, resets 13:00"."""
    if not meter.windows:
        return [f"no agent has told of such a window ({meter.period})"]
    return [
        f"{share(one)} of the {one.title} window of {one.account}, {ahead(one, now, tz)}"
        for one in meter.windows
    ]


def untold(db: sqlite3.Connection, budget: Budget, now: int) -> list[str]:
    """That a budget watches a window that no agent has told of, and which it could watch."""
    if not budget.of_plan or watched_windows.read(db, (budget,), now):
        return []
    known = ", ".join(f"plan:{title}" for title in watched_windows.titles(db, now))
    others = f"; there are {known}" if known else ""
    return [f"no agent has told of such a window yet{others}"]


def ahead(one: WindowMeter, now: int, tz: ZoneInfo) -> str:
    """What is to come: "resets 13:00 · full ~12:38"; or that it was reset, and holds nobody."""
    if one.used is None:
        return f"was reset, not read since {clock(one.at, now, tz)}: holds nobody"
    parts = [f"resets {clock(one.resets, now, tz)}"] if one.resets is not None else []
    if said := plan_words.coming(one.full, one.spare, now, tz):
        parts.append(said)
    return " · ".join(parts) or f"read at {clock(one.at, now, tz)}"


def _moment(at: int | None) -> str | None:
    return None if at is None else iso(at)
