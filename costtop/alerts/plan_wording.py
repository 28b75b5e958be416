"""Words the message of a budget that watches a window of a plan. It sends nothing.

Its one long line says all: how full, when it will be, and what to stop.
"""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from costtop.alerts.wording import MARK, Message, headline, plain, short_form, short_name
from costtop.durations import SECOND, moment_of, words
from costtop.model import Finding, Notification
from costtop.named_tuples import NamedTuple
from costtop.periods import clock
from costtop.text import typed

_BESIDES = 3  # other sessions that are named


class Filler(NamedTuple):
    """A session that has filled a window."""

    session: str  # "source/what people type of it"
    points: float  # per cents
    feature: str
    lives: bool  # it may go on, and be stopped


def message(
    one: Notification, fillers: Sequence[Filler], now: int, tz: ZoneInfo, *, holds: bool
) -> Message:
    """The words for a tier; `holds`: at this tier the budget does more than tell.

    `fillers` are sorted, those that used most first; `now` is ms UTC.
    """
    finding = one.finding
    title = MARK + headline(finding)
    todo = _todo(one, fillers, holds=holds)
    lines = [_fact(finding, fillers, now, tz), _passed(one), *_others(fillers), todo]
    return Message(title, "\n".join(lines), short_form(title, _stop(fillers) or todo))


def over(one: Notification) -> Message:
    """The words for a tier whose window has ended."""
    title = MARK + headline(one.finding)
    todo = f"costtop budget list · costtop alerts ack {one.id}"
    said = plain(one.finding.why, 400)
    return Message(title, f"{said[:1].upper()}{said[1:]}\n{todo}", short_form(title, todo))


def _fact(finding: Finding, fillers: Sequence[Filler], now: int, tz: ZoneInfo) -> str:
    """`5h window 80 % at 12:10, full ~12:38 at your pace, resets 13:00; most by …`."""
    told = dict(finding.evidence)
    read, full, resets = (_moment(told.get(name)) for name in ("read_at", "full_at", "resets_at"))
    spare = told.get("outlasts_reset_by_seconds")
    at = clock(read or finding.at, now, tz)
    said = [plain(f"{told.get('window')} window {_percent(told)} % at {at}")]
    if full is not None:
        said.append(f"full ~{clock(full, now, tz)} at your pace" if full > now else "full")
    if resets is not None:
        said.append(f"resets {clock(resets, now, tz)}")
    if isinstance(spare, int):
        said.append(f"which is {words(spare * SECOND)} before it would be full at your pace")
    return ", ".join(said) + _most(fillers)


def _most(fillers: Sequence[Filler]) -> str:
    """Who used most, and, of what still runs, what is to be stopped."""
    if not fillers:
        return ""
    living = _living(fillers)
    besides = f", of what still runs {_filler(living)}" if living not in {None, fillers[0]} else ""
    stop = f": stop it with {_stop(fillers)}" if living else ""
    return f"; most by {_filler(fillers[0])}{besides}{stop}"


def _percent(told: dict[str, str | int | float]) -> str:
    percent = told.get("percent")
    return f"{percent:.0f}" if isinstance(percent, int | float) else "?"


def _moment(value: object) -> int | None:
    return moment_of(value) if isinstance(value, str) else None


def _filler(one: Filler) -> str:
    feature = f", feature {one.feature}" if one.feature else ""
    return plain(f"{one.session} ({one.points:.0f} points{feature})")


def _stop(fillers: Sequence[Filler]) -> str:
    """The command that ends what uses most, of what still runs."""
    living = _living(fillers)
    return "" if living is None else f"costtop kill {short_name(living.session)}"


def _living(fillers: Sequence[Filler]) -> Filler | None:
    return next((one for one in fillers if one.lives), None)


def _passed(one: Notification) -> str:
    tiers = {each.tier for each in one.also if each.tier is not None} | {one.finding.tier or 0}
    said = ", ".join(str(tier) for tier in sorted(tiers))
    return f"Passed {said} %, as the agent told it: no estimate is in it."


def _others(fillers: Sequence[Filler]) -> list[str]:
    rest = [_filler(one) for one in fillers[1 : 1 + _BESIDES]]
    return [f"Then {', '.join(rest)}."] if rest else []


def _todo(one: Notification, fillers: Sequence[Filler], *, holds: bool) -> str:
    """What to type, the most useful first; nothing that a shell or costtop would refuse."""
    budget = typed(one.finding.budget)
    todo = [stop] if (stop := _stop(fillers)) else []
    todo += [f"costtop explain {short_name(fillers[0].session)}"] if fillers else []
    if holds and plain(budget) == budget:  # else a channel gets a look-alike, that names no budget
        todo.append(f"costtop override {budget}")
    todo += ["costtop budget list", f"costtop alerts ack {one.id}"]
    return " · ".join(todo)
