"""Steps through past days and through a day that is played. Pure; `now` is an argument."""

from zoneinfo import ZoneInfo

from costtop import periods

PACE = 120_000  # ms of a played day in one frame: a day in twelve minutes


def stepped(shown: int, now: int, by: int, zone: ZoneInfo, is_past: bool) -> int | None:
    """The end of the day before (-1) or after (1) the moment shown, ms UTC; None is the present."""
    if by < 0:
        return periods.start_of("day", shown, zone) - 1
    if not is_past:
        return None
    following = periods.end_of("day", periods.end_of("day", shown, zone), zone) - 1
    return None if following >= now else following


def played(at: int, until: int) -> int:
    """The next moment of a day that is played up to `until`."""
    return min(at + PACE, until)
