"""Windows of plans as JSON and in a few words: `5h 61 % resets 13:00 · full ~12:38`."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from costtop import durations, money
from costtop.durations import MINUTE, iso, words
from costtop.periods import clock
from costtop.plans import windows
from costtop.queries.plans.plan_windows import PlanWindow

_IN_BAR = 3  # windows that a status bar has room for


def tree(one: PlanWindow) -> dict[str, object]:
    """A window as JSON carries it; what nobody knows is null."""
    return {
        "agent": one.agent,
        "home": one.home or None,
        "plan": one.plan or None,
        "window": one.title,
        "minutes": one.minutes,
        "used_percent": _rounded(one.used),
        "read_percent": _rounded(one.read),
        "estimated": one.estimated,
        "read_at": iso(one.at),
        "resets_at": _moment(one.resets),
        "full_at": _moment(one.full),
        "full_earliest": _moment(one.earliest),
        "full_latest": _moment(one.latest),
        "outlasts_reset_by_seconds": None if one.spare is None else one.spare // 1000,
        "percent_per_hour": _rounded(one.hourly),
        "usd_per_percent": None if one.point is None else money.exact(one.point),
        "elsewhere_percent": _rounded(one.elsewhere),
        "sessions": [
            {"session": part.session, "percent": round(part.points, 2), "short": part.short}
            for part in one.sessions
        ],
        "models": [{"model": name, "percent": round(points, 2)} for name, points in one.models],
        "features": [
            {"feature": name or None, "percent": round(points, 2)} for name, points in one.features
        ],
    }


def names(plans: Sequence[PlanWindow]) -> list[str]:
    """What to call each window: its title; with its agent, and its folder, where there are more."""
    agents = {one.agent for one in plans}
    return [
        " ".join(
            word
            for word in (
                one.agent if len(agents) > 1 else "",
                account(one, plans),
                one.title,
            )
            if word
        )
        for one in plans
    ]


def account(one: PlanWindow, plans: Sequence[PlanWindow]) -> str:
    """The end of its account's folder that tells it from the agent's other ones; "" of one."""
    return windows.folder(one.home, (other.home for other in plans if other.agent == one.agent))


def share(one: PlanWindow) -> str:
    """How full it is: "61 %", "~64 %" by an estimate, "?" where nobody knows."""
    if one.used is None:
        return "?"
    return f"{'~' if one.estimated else ''}{one.used:.0f} %"


def lines(plans: Sequence[PlanWindow], now: int, tz: ZoneInfo) -> list[str]:
    """Windows for people, a line each: "  plan 5h 61 % resets 13:00 · full ~12:38"."""
    called = zip(names(plans), plans, strict=True)
    return [f"  plan {name} {line(one, now, tz)}" for name, one in called]


def line(one: PlanWindow, now: int, tz: ZoneInfo) -> str:
    """A window in a line: how full, when it is reset, and when it is full before."""
    return " · ".join(part for part in (_first(one, now, tz), *more(one, now, tz)) if part)


def more(one: PlanWindow, now: int, tz: ZoneInfo) -> list[str]:
    """All that is to be said beside how full it is: what is to come, its range, how old it is."""
    left = f"in {words(one.full - now)}" if one.full is not None and one.full > now else ""
    said = [ahead(one, now, tz), left, reach(one, now, tz), age(one, now)]
    return [part for part in said if part]


def bars(plans: Sequence[PlanWindow], now: int, tz: ZoneInfo) -> list[str]:
    """Windows in a status bar: "5h 61 %", and when it is full where that comes first.

    Of many the most pressing ones.
    """
    called = list(zip(names(plans), plans, strict=True))
    while len(called) > _IN_BAR:
        called.remove(min(called, key=lambda one: pressing(one[1])))
    return [f"{name} {_bar(one, now, tz)}" for name, one in called]


def pressing(one: PlanWindow) -> tuple[bool, float]:
    """Sorts windows by how soon they stop somebody: those that will be full are above all."""
    return one.full is not None, one.used or 0.0


def ahead(one: PlanWindow, now: int, tz: ZoneInfo) -> str:
    """What is to come, in words; "" where nothing is known of it."""
    if one.read is None:
        return "was reset, not read since"
    return coming(one.full, one.spare, now, tz)


def coming(full: int | None, spare: int | None, now: int, tz: ZoneInfo) -> str:
    """When a window is full, or by how long it outlasts its reset; "" where neither is known."""
    if full is not None:
        return "full" if full <= now else f"full ~{clock(full, now, tz)}"
    if spare is not None and spare < MINUTE:
        return "survives: full as it resets"
    return "" if spare is None else f"survives: resets {words(spare)} earlier"


def reach(one: PlanWindow, now: int, tz: ZoneInfo) -> str:
    """How far off it may be: "12:20 to 13:05"; "" where that says no more, or nothing is known."""
    if one.earliest is None or one.earliest <= now or (one.full or now + 1) <= now:
        return ""
    first = clock(one.earliest, now, tz)
    if one.full is None:
        return f"could be full {first}"
    if one.latest is None:
        return f"{first} at the earliest, or it survives"
    return f"{first} to {clock(one.latest, now, tz)}"


def age(one: PlanWindow, now: int) -> str:
    """How old the reading is, where it is old: "read 3 h ago"."""
    return f"read {words(now - one.at)} ago" if _is_old(one, now) else ""


def _first(one: PlanWindow, now: int, tz: ZoneInfo) -> str:
    resets = "" if one.resets is None else f" resets {clock(one.resets, now, tz)}"
    return f"{share(one)}{resets}"


def _bar(one: PlanWindow, now: int, tz: ZoneInfo) -> str:
    old = f"({durations.short(now - one.at)} old)" if _is_old(one, now) else ""
    full = ahead(one, now, tz) if one.full is not None else ""
    return " ".join(part for part in (share(one), full, old) if part)


def _is_old(one: PlanWindow, now: int) -> bool:
    """A tenth of its length, half an hour of five: until then it hardly differs."""
    return now - one.at >= one.minutes * MINUTE // 10


def _moment(at: int | None) -> str | None:
    return None if at is None else iso(at)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
