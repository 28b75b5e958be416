"""The head of the screen: title, what is held back, meters, burn, tabs. Pictures of a snapshot."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from costtop import __version__, periods
from costtop.durations import SECOND, short
from costtop.money import NANO
from costtop.queries.live.live_alerts import Held
from costtop.queries.live.view import BudgetMeter, Forecast, Pulse, Snapshot
from costtop.shown import currency
from costtop.tui.draw.figures import bill, cash, clock, some
from costtop.tui.draw.ink import Extent, Line, Span, cut, fit, line, rule, spread, width_of, wrapped
from costtop.tui.host import Mood
from costtop.tui.list.arrange import View
from costtop.tui.list.columns import chosen
from costtop.tui.list.filter import Filter
from costtop.tui.widgets.meters import meter, reading

TABS = ("Sessions", "Features", "Models", "Tasks", "Days", "Alerts", "Budgets", "Plans", "Hosts")
PLANS = TABS.index("Plans") + 1  # it has the key 0, and shows where there is a plan
HOSTS = TABS.index("Hosts") + 1  # it has the key 8, and shows where there is a fleet
_TINY = (40, 8)  # cells: below it one line and the list
_NO_METERS = 15  # lines: below it the head is one line
_WIDE = 100  # cells: from here on two halves, the right one for what is to come
_SORTED = 110  # cells from which the rule of the list says how it is sorted
_LEFT = 46  # cells of the left half of a narrow window
_STALE = 10 * SECOND  # lag from which the daemon is said to be behind


def is_tiny(size: Extent) -> bool:
    """True where nothing but one line and the list has room."""
    return size.width < _TINY[0] or size.height < _TINY[1]


def head(snapshot: Snapshot, mood: Mood, size: Extent, with_meters: bool, added: str) -> list[Line]:
    """The lines above the day that fit into a window of that size; `added` is the latest call."""
    if is_tiny(size):
        return [one_line(snapshot, size.width)]
    lines = titled(snapshot, mood, size, added)
    if snapshot.held:
        lines.append(cut(held_line(snapshot.held, snapshot.at), size.width))
    if with_meters and snapshot.at and size.height >= _NO_METERS:
        lines += meters(snapshot, size.width, mood)
        if snapshot.billed:
            from costtop.tui.widgets.plan_line import billed_line  # who has no plan needs none

            lines.append(billed_line(snapshot.billed, size.width))
        if snapshot.plans and not mood.past:
            from costtop.tui.widgets.plan_line import plan_line  # who has no plan needs none

            lines += plan_line(snapshot, size.width, plain=mood.plain)
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
    return f"Session {one.short_id or one.session}"


def switched_on(
    view: View, kept: Filter, width: int, *, burns: bool = True, value: bool = False
) -> Line:
    """What narrows or orders the list, at the right of the tabs; of a past day nothing burns.

    `value`: what sessions cost is called so.
    """
    parts: list[tuple[str, str]] = []
    if kept.terms:
        parts += [("FILTER ", "warn"), (kept.text + "  ", "text")]
    for is_on, word in ((view.hides_idle, "no idle"), (view.hides_ended, "no ended")):
        if is_on:
            parts.append((word + "  ", "dim"))
    if view.group:
        parts.append((f"by {view.group}  ", "accent"))
    if width >= _SORTED:
        key = view.sort if burns or view.sort != "rate" else "cost"
        shown = chosen((key,), value=value)
        name = shown[0].title.partition(" ")[0] if shown else ""
        parts += [("sort ", "dim"), (name + ("▽" if view.falling else "△"), "accent")]
    return line(*parts) if width >= 60 else ()


def titled(snapshot: Snapshot, mood: Mood, size: Extent, added: str = "") -> list[Line]:
    """The first line of every screen, and below it what is wrong, as long as it is, in full."""
    lines = [title(snapshot, mood, size.width, added)]
    trouble = mood.trouble or snapshot.pulse.trouble or _other_version(snapshot.pulse)
    most = 3 if size.height >= _NO_METERS else 1
    said = wrapped(trouble, size.width - 2)[:most] if trouble else []
    return [*lines, *(line((fit(f" {words}", size.width), "lamp")) for words in said)]


def title(snapshot: Snapshot, mood: Mood, width: int, added: str = "") -> Line:
    """The first line: is it live, how many run, who runs away, what time it is."""
    form = "%a %b %d %H:%M:%S" if mood.past or width >= _WIDE else "%H:%M:%S"
    when = clock(snapshot.at, snapshot.zone, form) if snapshot.at else ""
    spans = [Span(" costtop  ", "title"), *_liveness(snapshot, mood)]
    room = width - len(when) - 2
    lamps = next((x for x in _lamps(snapshot) if width_of((*spans, *x)) <= room), [])
    counts = _counts(snapshot, mood)
    spans += [*counts, *lamps] if width_of((*spans, *counts, *lamps)) <= room else lamps
    besides = [Span(f"   {snapshot.unpriced} unpriced", "warn@panel")] if snapshot.unpriced else []
    if snapshot.pulse.watch and width >= _WIDE:
        besides.append(Span(f"   polling: {snapshot.pulse.watch}", "dim@panel"))
    if label := currency.shown().label:
        besides.append(Span(f"   {label}", "dim@panel"))
    spans += [one for one in besides if width_of((*spans, one)) + len(when) + 3 <= width]
    latest = Span(f"{added}   ", "h6@panel") if added and width >= _WIDE else Span("", "dim@panel")
    return _on_panel(spans, (latest, Span(f"{when} ", "text@panel")), width)


def _on_panel(left: Sequence[Span], right: Line, width: int) -> Line:
    spans = spread(tuple(left), right, width)
    return tuple(s._replace(ink="text@panel") if s.ink == "text" else s for s in spans)


def _counts(snapshot: Snapshot, mood: Mood) -> list[Span]:
    """How many sessions there are: what goes first where it is narrow."""
    if not (snapshot.sessions or snapshot.today_sessions):
        return []
    if mood.past and not mood.playing:
        return [Span(f"   {some(snapshot.today_sessions, 'session')}", "dim@panel")]
    counts = f"   {snapshot.running} live / {snapshot.today_sessions} today"
    return [Span(counts, "dim@panel")]


def _lamps(snapshot: Snapshot) -> list[list[Span]]:
    """What must be seen also when its row is scrolled away, the runaways; and in fewer words."""
    wild = [row for row in snapshot.sessions if row.severity == "critical" and row.rate]
    if not wild:
        return []
    rate = cash(sum(row.rate for row in wild), width=6)
    named = f"{len(wild)} runaway" if len(wild) == 1 else f"{len(wild)} run away"
    said = (f" ! {named} {rate}/h ", f" ! {named} ", f" !{len(wild)} ")
    return [[Span("   ", "dim@panel"), Span(words, "lamp-bad")] for words in said]


def _other_version(pulse: Pulse) -> str:
    """A daemon older or newer than this screen: it works, but should be restarted."""
    if not pulse.running or pulse.version in ("", __version__):
        return ""
    return f"daemon {pulse.version}, screen {__version__}: costtop daemon stop"


def _liveness(snapshot: Snapshot, mood: Mood) -> list[Span]:
    pulse = snapshot.pulse
    if mood.trouble and mood.frozen_since is None:
        return [Span(" ○ cannot read ", "lamp")]
    if not snapshot.at:
        return [Span("○ ", "dim@panel"), Span("reading …", "text@panel")]
    if mood.past:
        day = clock(snapshot.at, snapshot.zone, "%a %b %d") if snapshot.at else ""
        return [Span(f" {'REPLAY' if mood.playing else 'PAST'} {day} ", "lamp")]
    if mood.frozen_since is not None:
        return [Span(f" PAUSED {short(snapshot.at - mood.frozen_since)} ", "lamp")]
    if not pulse.running:
        what = "fleet not read" if snapshot.hosts else "daemon not running"
        return [Span(f" ○ {what} ", "lamp")]
    if pulse.importing and pulse.import_total:
        done = pulse.import_done * 100 // pulse.import_total
        return [Span("● ", "accent@panel"), Span(f"importing {done} %", "text@panel")]
    if pulse.importing:
        return [Span("○ ", "dim@panel"), Span("looking for logs …", "text@panel")]
    if pulse.lag >= _STALE:
        return [Span(f" ● {short(pulse.lag)} behind ", "lamp")]
    if snapshot.hosts:
        return _machines(snapshot)
    return [Span("● ", "accent@panel"), Span(f"live {pulse.lag / 1000:.1f} s", "text@panel")]


def _machines(snapshot: Snapshot) -> list[Span]:
    """How many machines of a fleet there are, and how many of them are silent."""
    quiet = sum(one.silent for one in snapshot.hosts)
    many = Span(some(len(snapshot.hosts), "host"), "text@panel")
    lamp = [Span("  "), Span(f" {quiet} silent ", "lamp")] if quiet else []
    return [Span("● ", "accent@panel"), many, *lamp]


def meters(snapshot: Snapshot, width: int, mood: Mood) -> list[Line]:
    """Today and this month against their budgets at the left; at the right where they go."""
    half = width // 2 - 1 if width >= _WIDE else min(_LEFT, width)
    of_now = not mood.past
    day = " today" if of_now else ""
    ahead = [_ahead(snapshot, one, width - half) if of_now else () for one in ("day", "month")]
    beside = (
        _aside(f"cache saved{day}", snapshot.saved, "h4"),
        _aside(f"avoidable{day}", snapshot.avoidable, "warn", snapshot.avoidable_floor),
    )
    rows = (
        ("today" if of_now else "day", "day", snapshot.today, snapshot.today_floor),
        ("month", "month", snapshot.month, snapshot.month_floor),
    )
    lines = []
    for (label, period, spent, floor), to_come, aside in zip(rows, ahead, beside, strict=True):
        left = cut(_spent(label, budget_of(snapshot, period), spent, floor, half, mood.plain), half)
        room = width - half
        fits = width_of(to_come) + width_of(aside) + 2 <= room
        right = spread(to_come, aside, room) if fits else to_come
        lines.append(cut((*left, *right), width))
    return lines


def budget_of(snapshot: Snapshot, period: str) -> BudgetMeter | None:
    """The budget of everything in such a period."""
    return next((b for b in snapshot.budgets if b.period == period and not b.scope), None)


def _spent(
    label: str, budget: BudgetMeter | None, spent: int, floor: bool, width: int, plain: bool
) -> Line:
    name = Span(f" {label:<5} ", "dim")
    if budget is None:
        ask = line(("   no budget: ", "dim"), ("F8", "accent"), (" sets one", "dim"))
        return (name, Span(bill(spent, floor=floor, width=12), "strong"), *ask)
    figures = reading(budget)
    cells = max(width - 7 - width_of(figures), 4)
    return (
        name,
        *meter(budget.spent, budget.amount, budget.tiers, cells, plain=plain),
        *figures,
    )


def _ahead(snapshot: Snapshot, period: str, width: int) -> Line:
    """Where a period is going, whole facts from the most to the least telling, as many as fit."""
    known = next((one for one in snapshot.forecasts if one.period == period), None)
    if known is None:
        is_told = period == "day" and snapshot.saved is not None  # an early frame knows of neither
        said = "too few days for a forecast" if is_told else ""
        return line((f"   {said}", "dim")) if width >= 40 else ()
    spent = snapshot.today if period == "day" else snapshot.month  # it may have grown since
    expected, low, high = (max(one, spent) for one in (known.expected, known.low, known.high))
    when = "by midnight" if period == "day" else _by_the_last_day(snapshot)
    facts = [line(("   ~", "dim"), (f"{bill(expected, width=7)}", "text"), (f" {when}", "dim"))]
    likely = f" ({cash(low, width=7)}–{cash(high, width=7)})"
    facts += [line((likely, "dim")), *_hit(snapshot, period, known)]
    told: Line = ()
    for fact in facts:
        if width_of(told) + width_of(fact) <= width:
            told += fact
    return told


def _by_the_last_day(snapshot: Snapshot) -> str:
    zone = ZoneInfo(snapshot.zone)
    return f"by {clock(periods.end_of('month', snapshot.at, zone) - 1, snapshot.zone, '%b %d')}"


def _hit(snapshot: Snapshot, period: str, known: Forecast) -> list[Line]:
    """Which tier of which budget is met next, and when."""
    budget = budget_of(snapshot, period)
    if budget is None or not known.hits:
        return []
    tier, at = known.hits[0]
    same_day = clock(at, snapshot.zone, "%F") == clock(snapshot.at, snapshot.zone, "%F")
    when = clock(at, snapshot.zone, "%H:%M" if same_day else "%a %b %d")
    return [line((f"   {budget.name} {tier} % {when}", "bad" if tier >= 100 else "warn"))]


def _aside(name: str, amount: int | None, ink: str, floor: bool = False) -> Line:
    if amount is None or amount < NANO // 200:
        return ()
    return line((f"{name} ", "dim"), (f"{bill(amount, floor=floor)} ", ink))


def burn(snapshot: Snapshot, width: int, kept: int | None = None) -> Line:
    """What is spent an hour, now, and how that compares; of a filtered list its part of all."""
    whole = "?/h" if _unknown(snapshot) else f"{bill(snapshot.burn, width=9)}/h"
    if kept is not None:
        part = f"{bill(kept, width=9)}"
        return line(("burn ", "text"), (part, "strong"), (f" of {whole}", "dim"))
    spans = line(("burn ", "text"), (whole, "strong"))
    if snapshot.usual_burn:
        times = snapshot.burn / snapshot.usual_burn
        if times >= 1.5:
            word = " usual" if width >= 84 else ""
            ink = "warn" if times >= 3 else "text"
            spans += line((f"  ▲{times:.{int(times < 10)}f}x{word}", ink))
    return spans


def _unknown(snapshot: Snapshot) -> bool:
    """Whether nothing is known of the burn: all that runs has no price."""
    return bool(snapshot.unpriced and not snapshot.burn) and any(
        row.unpriced and row.state == "running" for row in snapshot.sessions
    )


def tabs(active: int, snapshot: Snapshot, right: Line, width: int) -> Line:
    """The row of screens, the present one lit, and what is switched on at the right."""
    gap = "  " if width >= _WIDE else " "
    spans: list[Span] = []
    shown = shown_tabs(snapshot, active)
    for number in shown:
        name, on, act = TABS[number - 1], number == active, f"app.tab({number})"
        spans += [
            Span(f"{tab_key(number)} ", "accent" if on else "tab", act),
            Span(name.lower(), "tab-on" if on else "tab", act),
        ]
        if name == "Alerts" and snapshot.alerts_open:
            spans.append(Span(f" ●{snapshot.alerts_open}", "warn", act))
        if number != shown[-1]:
            spans.append(Span(gap, "rule"))
    if width_of(tuple(spans)) + width_of(right) + 7 > width:
        spans = _shorter(spans, active)
    if right:
        right = (*right[:-1], right[-1]._replace(text=right[-1].text.rstrip()))
    return rule(tuple(spans), right, width)


def shown_tabs(snapshot: Snapshot, active: int) -> list[int]:
    """The numbers of the screens that have a tab now."""
    known = {PLANS: bool(snapshot.plans), HOSTS: bool(snapshot.hosts)}
    every = range(1, len(TABS) + 1)
    return [number for number in every if known.get(number, True) or number == active]


def tab_key(number: int) -> int:
    """The key that opens a screen."""
    return {PLANS: 0, HOSTS: 8}.get(number, number)


def spanned(said: Line, width: int) -> Line:
    """The tab of the sessions with the span that they are of."""
    here = line(("1 ", "accent"), ("sessions", "tab-on"), ("  ", "rule"))
    keys = line(("p", "accent"), (" period  ", "dim"), ("Esc", "accent"), (" all", "dim"))
    return rule((*here, *said), keys if width >= width_of(said) + 34 else (), width)


def _shorter(spans: Sequence[Span], active: int) -> list[Span]:
    """The tabs by their numbers, the present one by its name: what is switched on needs room."""
    names = {name.lower() for number, name in enumerate(TABS, 1) if number != active}
    kept = (span for span in spans if span.text not in names and span.ink != "rule")
    return [span._replace(text=span.text.strip() + " ") for span in kept]


def one_line(snapshot: Snapshot, width: int) -> Line:
    """All of the head that fits into one line of a tiny window."""
    today = bill(snapshot.today, floor=snapshot.today_floor)
    if snapshot.billed:
        today += " value"
    text = f" costtop {today} today {bill(snapshot.burn)}/h {snapshot.running} live"
    return (Span(fit(text, width), "title"),)
