"""Windows of plans as JSON and in a few words: `5h 61 % resets 13:00 · full ~12:38`."""

from datetime import datetime
from zoneinfo import ZoneInfo

from costtop import money
from costtop.durations import DAY, iso, words
from costtop.queries.plans.plan_windows import PlanWindow


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
            {"session": part.session, "percent": round(part.points, 2)} for part in one.sessions
        ],
    }


def share(one: PlanWindow) -> str:
    """How full it is: "61 %", "~64 %" by an estimate, "?" where nobody knows."""
    if one.used is None:
        return "?"
    return f"{'~' if one.estimated else ''}{one.used:.0f} %"


def line(one: PlanWindow, now: int, tz: ZoneInfo) -> str:
    """A window in a line: how full, when it is reset, and when it is full before."""
    said = [f"{one.title} {share(one)}"]
    if one.resets is not None:
        said.append(f"resets {clock(one.resets, now, tz)}")
    return " ".join(said) + "".join(f" · {part}" for part in (ahead(one, now, tz),) if part)


def ahead(one: PlanWindow, now: int, tz: ZoneInfo) -> str:
    """What is to come, in words; "" where nothing is known of it."""
    if one.read is None:
        return "was reset, not read since"
    if one.full is not None:
        return "full" if one.full <= now else f"full ~{clock(one.full, now, tz)}"
    if one.spare is not None:
        return f"survives: resets {words(one.spare)} earlier"
    return ""


def clock(at: int, now: int, tz: ZoneInfo) -> str:
    """A moment as short as it is told: "13:00", "Thu 13:00", "Dec 4"."""
    when, today = datetime.fromtimestamp(at / 1000, tz), datetime.fromtimestamp(now / 1000, tz)
    if when.date() == today.date():
        return f"{when:%H:%M}"
    return f"{when:%a %H:%M}" if abs(at - now) < 6 * DAY else f"{when:%b} {when.day}"


def _moment(at: int | None) -> str | None:
    return None if at is None else iso(at)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
