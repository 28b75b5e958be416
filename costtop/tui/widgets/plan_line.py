"""Windows of plans in the head: ` 5h ■■■■····  61 % resets 13:00 · full ~12:38`. One line."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from costtop.queries.live.view import Snapshot
from costtop.queries.plans import plan_words
from costtop.queries.plans.plan_windows import PlanWindow
from costtop.tui.draw.ink import Line, line, width_of
from costtop.tui.widgets.meters import level, meter

_BAR = 12  # cells
_GAP = 3


def plan_line(snapshot: Snapshot, width: int, *, plain: bool) -> list[Line]:
    """The windows that hold, the shortest first, as many as fit; [] where there is no plan.

    Where there is little room the bars go first, then what is to come.
    """
    if not snapshot.plans:
        return []
    zone = ZoneInfo(snapshot.zone)
    for bar, words in ((_BAR, True), (0, True), (_BAR // 2, False), (0, False)):
        parts = [_part(one, snapshot, zone, bar, words, plain) for one in snapshot.plans]
        if sum(map(width_of, parts)) + _GAP * len(parts) <= width:
            return [_together(parts)]
    while len(parts) > 1 and sum(map(width_of, parts)) + _GAP * len(parts) > width:
        parts.pop()
    return [_together(parts)]


def _together(parts: Sequence[Line]) -> Line:
    spans: Line = ()
    for nth, part in enumerate(parts):
        spans += line((" " * (_GAP if nth else 1), "dim")) + part
    return spans


def _part(
    one: PlanWindow, snapshot: Snapshot, zone: ZoneInfo, bar: int, words: bool, plain: bool
) -> Line:
    """One window; two agents' windows of one length are told apart by the agent's name."""
    alike = sum(other.title == one.title for other in snapshot.plans) > 1
    name = f"{one.agent} {one.title}" if alike else one.title
    used = one.used or 0.0
    ink = level(used / 100)
    spans = line((f"{name} ", "dim"))
    if bar and one.used is not None:
        spans += meter(round(used * 100), 10_000, (), bar, plain=plain, full=1.0) + line(" ")
    spans += line((plan_words.share(one), "strong" if ink == "text" else ink))
    if words and one.resets is not None:
        spans += line((f" resets {plan_words.clock(one.resets, snapshot.at, zone)}", "dim"))
    if words and (said := plan_words.ahead(one, snapshot.at, zone)):
        spans += line((" · ", "rule"), (said, "warn" if one.full is not None else "dim"))
    return spans
