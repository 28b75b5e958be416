"""Figures as people read them: counts, dollars, moments, names of models. It rounds, never sums."""

import re
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from costtop.money import NANO, beside, dollars
from costtop.shown import currency

_DATED = re.compile(r"[-@](20\d{6}|\d{4}-\d{2}-\d{2})$|-latest$")
_VERSION = re.compile(r"(\d)-(\d{1,2})\b")
_OF_BUDGET = 8  # cells
_MAKERS = ("models/", "anthropic/", "openai/", "google/", "claude-")


def cash(nanos: int | None, *, floor: bool = False, width: int = 8, places: int = 2) -> str:
    """A sum in at most `width` cells, cents dropped before digits are: "22.74", "1,234".

    In the currency that the screen shows; what is of a budget is in dollars (`cash_of`).
    """
    shown = currency.shown()
    text = shown.figure(nanos, floor=floor, places=places)
    if len(text) > width or not places:
        text = shown.figure(nanos, floor=floor, places=0).partition(".")[0]
    if len(text) <= width or nanos is None:
        return text
    return f"{'≥' if floor else ''}{shown.converted(nanos) / NANO / 1000:.0f}k"


def cash_of(nanos: int, whole: int, *, floor: bool = False) -> str:
    """Dollars of a budget: cents, and more digits where the whole is a few of them."""
    if whole < NANO // 10:
        return beside(nanos, whole, floor=floor)
    text = dollars(nanos, floor=floor)
    if len(text) > _OF_BUDGET:
        text = dollars(nanos, floor=floor, places=0).partition(".")[0]
    return text if len(text) <= _OF_BUDGET else f"{'≥' if floor else ''}{nanos / NANO / 1000:.0f}k"


def bill(nanos: int | None, *, floor: bool = False, width: int = 8, places: int = 2) -> str:
    """The same with its sign: "$22.74", "≥$22.74", and "?" alone where nothing is known."""
    text, sign = cash(nanos, floor=floor, width=width, places=places), currency.shown().sign
    return text if nanos is None else f"≥{sign}{text[1:]}" if floor else f"{sign}{text}"


def si(count: float | None) -> str:
    """A count in at most five cells: 950, 4.6k, 98.2k, 123M."""
    if count is None:
        return "-"
    if abs(count) < 1000:
        return f"{count:.0f}"
    value, unit = count / 1000, "k"
    while abs(value) >= 999.5 and unit != "T":
        value, unit = value / 1000, "kMGT"["kMGT".index(unit) + 1]
    return f"{value:.1f}{unit}" if abs(value) < 99.95 else f"{value:.0f}{unit}"


def some(count: int, thing: str) -> str:
    """So many of a thing: "1 session", "1,204 sessions"."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def share(part: float | None) -> str:
    """A share as per cent, "-" where there is none."""
    if part is None:
        return "-"
    return "<1 %" if 0 < part < 0.005 else f"{part * 100:.0f} %"


def stroke(part: float, width: int) -> str:
    """A horizontal bar of `part` (0 to 1) of `width` cells, to the half cell.

    It is a stroke, so that those of neighbouring rows do not merge into a wall.
    """
    halves = round(min(max(part, 0.0), 1.0) * width * 2)
    if part > 0:
        halves = max(halves, 1)
    full, rest = divmod(halves, 2)
    return ("━" * full + "╸" * rest).ljust(width)


def clock(ms: int, zone: str, form: str = "%H:%M:%S") -> str:
    """A time of day in the user's zone."""
    return datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)).strftime(form)


def moment(ms: int | None, now: int, zone: str) -> str:
    """The clock for today, the date before: "14:02", "Nov 21 14:02"."""
    if ms is None:
        return "-"
    same_day = clock(ms, zone, "%F") == clock(now, zone, "%F")
    return clock(ms, zone, "%H:%M" if same_day else "%b %d %H:%M")


@lru_cache(maxsize=500)
def short_model(model: str) -> str:
    """A model's name without maker and date: claude-opus-4-5-20251101 is opus-4.5."""
    name = _DATED.sub("", model)
    for prefix in _MAKERS:
        name = name.removeprefix(prefix)
    return _VERSION.sub(r"\1.\2", name, count=1)


def short_place(name: str) -> str:
    """What tells a folder apart in a list: its own name, without the way to it."""
    return name.rstrip("/").rpartition("/")[2] or name if name[:1] in ("/", "~") else name
