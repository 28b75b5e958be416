"""When a window of a plan will be full at the user's own pace, or that it is reset before.

A reading is a whole per cent mostly, so a pace is known no better than one per cent in its span:
what is said has a range that holds that, and what the window's whole run says beside its last part.
"""

from costtop.durations import DAY, HOUR, MINUTE
from costtop.named_tuples import NamedTuple
from costtop.plans.windows import Window

_FULL = 100.0
_COARSE = 1.0  # per cents: how finely is told
_LEAST = 2.0  # per cents that have to be seen before a pace is spoken of


class Pace(NamedTuple):
    """Per cents an hour, and what they may as well be."""

    hourly: float
    least: float
    most: float


class PlanOutlook(NamedTuple):
    """How full a window is now and what is to come; moments are ms UTC.

    `full` is None where it will be reset before, or where no pace is known (`pace` None). `spare`
    is how much longer than to its reset it would have lasted.
    """

    used: float
    estimated: bool  # `used` goes beyond the latest reading, by what was spent since
    pace: Pace | None
    full: int | None = None
    earliest: int | None = None
    latest: int | None = None  # None: within the range it may as well be reset before
    spare: int | None = None


def pace(window: Window, now: int) -> Pace | None:
    """The pace of the last part of a window; None while too little was seen of it."""
    now = _measured_to(window, now)
    opened = min(window.opened, window.began)
    reach = min(max(_reach(window), _seen_back(window, now)), now - opened)
    long, short = _rate(window, opened, now), _rate(window, now - reach, now)
    if long is None or short is None:
        return None
    fuzzy = _COARSE * HOUR / reach
    seen = _rate(window, window.began, now) if now - window.began > reach else None
    if seen is not None and abs(seen - short) <= fuzzy:
        short = seen  # a steady pace is known better the longer it was seen
    return Pace(short, max(0.0, min(short - fuzzy, long)), max(short + fuzzy, long))


def outlook(window: Window, now: int, since: float | None = None) -> PlanOutlook:
    """How it stands. `since` estimates what was used after its latest reading, per cents."""
    used = window.used + (since or 0.0)
    known = pace(window, now)
    stands = PlanOutlook(used=used, estimated=bool(since), pace=known)
    if used >= _FULL:
        return stands._replace(full=now, earliest=now, latest=now)
    if known is None or known.hourly <= 0:
        return stands
    start = now if since else _measured_to(window, now)
    full, earliest, latest = (
        _reached(used, hourly, start) for hourly in (known.hourly, known.most, known.least)
    )
    end = window.end
    spare = full - end if end is not None and full is not None and full > end else None
    full, earliest, latest = (_before(end, moment) for moment in (full, earliest, latest))
    return stands._replace(full=full, earliest=earliest, latest=latest, spare=spare)


def _measured_to(window: Window, now: int) -> int:
    """Its latest reading while that is fresh; where nothing was told for long nothing was used.

    It is fresh for as long as it took to rise last, too: where it is told rarely that is usual.
    """
    steps, reach = window.steps, _reach(window)
    rise = 2 * (steps[-1][0] - steps[-2][0]) if len(steps) > 1 else 0
    return window.at if now - window.at <= max(reach // 6, min(rise, reach)) else now


def _before(end: int | None, moment: int | None) -> int | None:
    return None if end is not None and moment is not None and moment > end else moment


def _reach(window: Window) -> int:
    """How far back the last part goes: half an hour of five hours, a day of a week."""
    length = window.key.minutes * MINUTE
    return max(length // 10, DAY) if length > 2 * DAY else length // 10


def _seen_back(window: Window, now: int) -> int:
    """Back to where `_LEAST` per cents were seen to come, so that a slow pace is a pace as well."""
    for at, used in reversed(window.steps):
        if window.top - used >= _LEAST:
            return now - at
    return now - min(window.opened, window.began)


def _rate(window: Window, since: int, now: int) -> float | None:
    """Per cents an hour from `since` to now; None where hardly anything was seen to be used."""
    gained = window.top - _level(window, since)
    if now <= since or window.top < _LEAST:
        return None
    return max(0.0, gained) * HOUR / (now - since)


def _level(window: Window, moment: int) -> float:
    """Per cents used at a moment: on the line between the readings around it."""
    before = (min(window.opened, window.began), 0.0)
    for at, used in window.steps:
        if at >= moment:
            span = at - before[0]
            share = (moment - before[0]) / span if span > 0 else 1.0
            return before[1] + max(0.0, min(1.0, share)) * (used - before[1])
        before = (at, used)
    return window.top


def _reached(used: float, hourly: float, now: int) -> int | None:
    if hourly <= 0:
        return None
    return now + round((_FULL - used) / hourly * HOUR)
