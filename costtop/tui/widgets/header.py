"""The head of the screen: title, what is held back, meters, burn, tabs. Pictures of a snapshot."""

from collections.abc import Sequence

from textual.geometry import Size

from costtop import __version__
from costtop.durations import SECOND, short
from costtop.queries.live.live_alerts import Held
from costtop.queries.live.view import BudgetMeter, Pulse, Snapshot
from costtop.tui.draw.figures import cash, clock, short_session
from costtop.tui.draw.ink import Line, Span, cut, fit, line, spread
from costtop.tui.draw.spark import sparkline
from costtop.tui.host import Mood
from costtop.tui.list.arrange import View
from costtop.tui.list.filter import Filter
from costtop.tui.widgets.meters import meter, reading

TABS = ("Sessions", "Features", "Models", "Tasks", "Days", "Alerts", "Budgets")
_TINY = Size(40, 8)  # cells: below it one line and the list
_NO_METERS = 15  # lines: below it the head is one line
_NO_FORECAST = 20
_STALE = 10 * SECOND  # lag from which the daemon is said to be behind


def is_tiny(size: Size) -> bool:
    """True where nothing but one line and the list has room."""
    return size.width < _TINY.width or size.height < _TINY.height


def head(snapshot: Snapshot, mood: Mood, size: Size, with_meters: bool) -> list[Line]:
    """The lines above the tabs that fit into a window of that size."""
    if is_tiny(size):
        return [one_line(snapshot, size.width)]
    lines = [title(snapshot, mood, size.width)]
    if snapshot.held:
        lines.append(cut(held_line(snapshot.held, snapshot.at), size.width))
    if with_meters and size.height >= _NO_METERS:
        lines += meters(snapshot, size.width)
        if snapshot.forecasts and size.height >= _NO_FORECAST:
            lines.append(forecast(snapshot, size.width))
    return lines


def held_line(held: Sequence[Held], now: int) -> Line:
    """What is held back, since when, and the way out."""
    first, more = held[0], len(held) - 1
    others = f" and {more} more" if more else ""
    return line(
        (f" HELD {held_name(first)}{others} ", "lamp"),
        (f" {first.action} since {short(now - first.opened)}", "warn"),
        (": O lets it pass  ", "text"),
        (first.why, "dim"),
    )


def held_name(one: Held) -> str:
    """Which budget, or which session's own stop."""
    if one.budget:
        return f"Budget {one.budget}"
    return f"Session {short_session(one.session.partition('/')[2])}"


def forecast(snapshot: Snapshot, width: int) -> Line:
    """Where today and the month are going, with the interval, and when the next tier is met."""
    spans: list[Span] = [Span(" Fcst  ", "dim")]
    for one in snapshot.forecasts:
        name = {"day": "end of day", "month": "end of month"}.get(one.period, one.period)
        spans.append(Span(f"{name} ${cash(one.expected, width=7)} "))
        spans.append(Span(f"({cash(one.low, width=7)}–{cash(one.high, width=7)})  ", "dim"))
        for tier, at in one.hits[:1]:
            ink = "bad" if tier >= 100 else "warn"
            spans.append(Span(f"{tier} % at {clock(at, snapshot.zone, '%H:%M')}  ", ink))
    if snapshot.saved:
        spans += [Span("cache saved ", "dim"), Span(f"${cash(snapshot.saved)} ", "good")]
    if snapshot.avoidable:
        spans += [
            Span("avoidable ", "dim"),
            Span(f"${cash(snapshot.avoidable, floor=snapshot.avoidable_floor)}", "warn"),
        ]
    return cut(tuple(spans), width)


def switched_on(view: View, kept: Filter) -> Line:
    """What narrows or orders the list, at the right of the tabs."""
    parts: list[tuple[str, str]] = []
    if kept.terms:
        parts += [("FILTER ", "warn"), (kept.text + "  ", "text")]
    if view.group:
        parts.append((f"by {view.group}  ", "accent"))
    for is_on, word in ((view.hides_idle, "no idle"), (view.hides_ended, "no ended")):
        if is_on:
            parts.append((word + "  ", "dim"))
    return line(*parts)


def title(snapshot: Snapshot, mood: Mood, width: int) -> Line:
    """The first line: is it live, how many run, what is wrong, what time it is."""
    form = "%a %b %d %H:%M:%S" if mood.past or width >= 110 else "%a %H:%M:%S"
    when = clock(snapshot.at, snapshot.zone, form) if snapshot.at else ""
    spans = [Span(" costtop  ", "title"), *_liveness(snapshot, mood)]
    if snapshot.sessions or snapshot.today_sessions:
        counts = f"  {snapshot.running} live / {snapshot.today_sessions} today"
        spans.append(Span(counts, "title"))
    if snapshot.unpriced:
        spans.append(Span(f"  UNPRICED {snapshot.unpriced}", "lamp"))
    trouble = mood.trouble or snapshot.pulse.trouble or _other_version(snapshot.pulse)
    if trouble:
        spans.append(Span(f"  {trouble}", "lamp"))
    elif snapshot.pulse.watch and width >= 100:
        spans.append(Span(f"  polling: {snapshot.pulse.watch}", "title"))
    filled = spread(tuple(spans), (Span(f" {when} ", "title"),), width)
    return tuple(s._replace(ink="title") if s.ink == "text" else s for s in filled)


def _other_version(pulse: Pulse) -> str:
    """A daemon older or newer than this screen: it works, but should be restarted."""
    if not pulse.running or pulse.version in ("", __version__):
        return ""
    return f"daemon {pulse.version}, screen {__version__}: costtop stop"


def _liveness(snapshot: Snapshot, mood: Mood) -> list[Span]:
    pulse = snapshot.pulse
    if mood.past:
        return [Span("REPLAY" if mood.playing else "PAST", "lamp")]
    if mood.frozen_since is not None:
        return [Span(f"PAUSED {short(snapshot.at - mood.frozen_since)}", "lamp")]
    if not pulse.running:
        return [Span("○ daemon not running", "lamp")]
    if pulse.importing and pulse.import_total:
        done = pulse.import_done * 100 // pulse.import_total
        return [Span(f"● importing {done}%", "title")]
    lag = f"{pulse.lag / 1000:.1f}s" if pulse.lag < _STALE else f"{short(pulse.lag)} behind"
    return [Span(f"● live {lag}", "title" if pulse.lag < _STALE else "lamp")]


def meters(snapshot: Snapshot, width: int) -> list[Line]:
    """Today and this month, against their budgets where there are any, and the burn."""
    right = [_burn(snapshot, width), _trend(snapshot, width)]
    lines = []
    for label, period, spent, floor, beside in (
        ("Today", "day", snapshot.today, snapshot.today_floor, right[0]),
        ("Month", "month", snapshot.month, snapshot.month_floor, right[1]),
    ):
        budget = next((b for b in snapshot.budgets if b.period == period and not b.scope), None)
        lines.append(_meter_line(label, budget, spent, floor, beside, width))
    return lines


def _meter_line(
    label: str, budget: BudgetMeter | None, spent: int, floor: bool, beside: Line, width: int
) -> Line:
    bar_width = max(min(width * 2 // 5 + (2 if width >= 100 else 0), 72), 10)
    if budget is None:
        left = line((f" {label} ", "dim"), (f"${cash(spent, floor=floor, width=12)}", "strong"))
        hint = (" no budget: F8 sets one", "dim") if width >= 70 else ""
        left = (*cut((*left, *line(hint)), bar_width + 7), Span(" " * 20))
        return cut((*cut(left, bar_width + 27), *beside), width)
    bar = meter(budget.spent, budget.amount, budget.tiers, bar_width)
    figures = cut((Span(" "), *reading(budget)), 20)
    return cut((Span(f" {label} ", "dim"), *bar, *figures, *beside), width)


def _burn(snapshot: Snapshot, width: int) -> Line:
    spans = line((" Burn ", "dim"), (f"${cash(snapshot.burn, width=9)}/h", "strong"))
    if snapshot.usual_burn:
        times = snapshot.burn / snapshot.usual_burn
        if times >= 1.5:
            word = " usual" if width >= 100 else ""
            spans += line(
                (f" ▲{times:.{int(times < 10)}f}x{word}", "warn" if times >= 3 else "text")
            )
    return spans


def _trend(snapshot: Snapshot, width: int) -> Line:
    cells = max(min(30, width - (width * 2 // 5 + 2) - 7 - 20 - 6), 0)
    top = max(snapshot.burn_trend, default=0)
    return line((" 30m  ", "dim"), (sparkline(snapshot.burn_trend, cells, top), "accent"))


def tabs(active: int, snapshot: Snapshot, right: Line, width: int) -> Line:
    """The row of screens, the present one in brackets, and what is switched on at the right."""
    pad = " " if width >= 92 else ""
    spans: list[Span] = []
    for number, name in enumerate(TABS, start=1):
        alarms = f" ●{snapshot.alerts_open}" if name == "Alerts" and snapshot.alerts_open else ""
        on = number == active
        label = f"[{number} {name}{alarms}]" if on else f"{pad}{number} {name}{alarms}{pad}"
        spans += [
            Span(label, "tab-on" if on else "tab", f"app.tab({number})"),
            Span("" if pad else " "),
        ]
    return spread(tuple(spans), right, width)


def one_line(snapshot: Snapshot, width: int) -> Line:
    """All of the head that fits into one line of a tiny window."""
    today = cash(snapshot.today, floor=snapshot.today_floor)
    text = f" costtop ${today} today ${cash(snapshot.burn)}/h {snapshot.running} live"
    return (Span(fit(text, width), "title"),)
