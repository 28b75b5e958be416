"""Plans in the head: ` 5h ■■■■····  61 % resets 13:00 · full ~12:38`, and what is billed."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.named_tuples import NamedTuple
from costtop.queries.live.view import Snapshot
from costtop.queries.plans import billed_words, plan_words
from costtop.queries.plans.billed_now import BilledNow
from costtop.queries.plans.plan_windows import PlanWindow
from costtop.tui.draw.ink import Line, cut, line, width_of
from costtop.tui.widgets.meters import level, meter

_BAR = 12  # cells
_GAP = 3
_FULL, _ENDS, _ALL = 1, 2, 3  # when it is full; when it is reset, too; that it survives, too
_LOOKS = (
    *((_BAR, _ALL), (_BAR // 2, _ALL), (0, _ALL)),
    *((_BAR, _ENDS), (_BAR // 2, _ENDS), (0, _ENDS), (0, _FULL)),
)


class PartLook(NamedTuple):
    """How a window is drawn: at which moment, with how long a bar, with how many words."""

    at: int
    zone: ZoneInfo
    bar: int  # cells
    words: int  # how many: `_FULL`, `_ENDS`, `_ALL`
    plain: bool


def plan_line(snapshot: Snapshot, width: int, *, plain: bool) -> list[Line]:
    """The windows that hold, the shortest first, as many as fit; [] where there is no plan.

    Where there is little room bars get short and go, then what is well, then resets, then what
    presses least.
    """
    if not snapshot.plans:
        return []
    zone = ZoneInfo(snapshot.zone)
    called = list(zip(plan_words.names(snapshot.plans), snapshot.plans, strict=True))
    for bar, words in _LOOKS:
        looks = PartLook(snapshot.at, zone, bar, words, plain)
        parts = [_part(name, one, _tiers(one, snapshot), looks) for name, one in called]
        if sum(map(width_of, parts)) + _GAP * len(parts) <= width:
            return [_together(parts)]
    while len(parts) > 1 and sum(map(width_of, parts)) + _GAP * len(parts) > width:
        least = min(range(len(parts)), key=lambda nth: plan_words.pressing(called[nth][1]))
        del parts[least], called[least]
    return [_together(parts)]


def _together(parts: Sequence[Line]) -> Line:
    spans: Line = ()
    for nth, part in enumerate(parts):
        spans += line((" " * (_GAP if nth else 1), "dim")) + part
    return spans


def _tiers(one: PlanWindow, snapshot: Snapshot) -> tuple[int, ...]:
    """The tiers of the budgets that watch a window: ticks on its bar."""
    mine = (one.agent, one.home, one.plan, one.title)
    watching = (
        budget
        for budget in snapshot.budgets
        if any((each.agent, each.home, each.plan, each.title) == mine for each in budget.windows)
    )
    return tuple({tier for budget in watching for tier in budget.tiers if tier < 100})


def _part(name: str, one: PlanWindow, tiers: tuple[int, ...], look: PartLook) -> Line:
    """One window, as its name calls it, with the tiers of budgets on its bar."""
    used = one.used or 0.0
    ink = level(used / 100)
    spans = line((f"{name.capitalize() if name == one.title else name} ", "dim"))
    if look.bar and one.used is not None:
        cells = meter(round(used * 100), 10_000, tiers, look.bar, plain=look.plain, full=1.0)
        spans += cells + line(" ")
    spans += line((plan_words.share(one), "strong" if ink == "text" else ink))
    if look.words >= _ENDS and one.resets is not None:
        spans += line((f" resets {periods.clock(one.resets, look.at, look.zone)}", "dim"))
    said = plan_words.ahead(one, look.at, look.zone)
    if said and (one.full is not None or look.words == _ALL):
        spans += line((" · ", "rule"), (said, "warn" if one.full is not None else "dim"))
    if look.words >= _ENDS and (old := plan_words.age(one, look.at)):
        spans += line((f" · {old}", "dim"))
    return spans


def billed_line(billed: BilledNow, width: int) -> Line:
    """Whole facts from the most to the least telling, as many as fit."""
    facts = [
        line((" billed ", "dim"), (billed_words.today(billed), "strong"), (" today", "dim")),
        line((" · ", "dim"), (billed_words.month(billed), "text"), (" month", "dim")),
        line((" · above: value", "dim")),
        *(line((f" · {name}", "dim")) for name in billed_words.names(billed)),
    ]
    told: Line = ()
    for fact in facts:
        if width_of(told) + width_of(fact) <= width:
            told += fact
    return told or cut(facts[0], width)
