"""What stands behind one window of a plan: how it filled, who filled it, how those before went."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from costtop.money import NANO
from costtop.queries.plans import plan_words
from costtop.queries.plans.plan_history import PlanRun
from costtop.queries.plans.plan_windows import PlanWindow
from costtop.tui.draw.figures import bill, clock, short_model, some, stroke
from costtop.tui.draw.ink import Line, Span, cut, fit, line, rule
from costtop.tui.draw.spark import BARS
from costtop.tui.widgets.curve import curve

_PARTS = 5  # sessions, models or features named
_PAST = 24  # windows of history
_CURVE = 15  # lines of the plot at the most; of an odd number one stands at 50 %
_COLUMN = 40  # cells from which on sessions, models and features stand beside each other
_LEFT = 19  # cells of what a line of history is of
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SEEN = 0.05  # per cents from which a part is worth a line

Part = tuple[str, float]


def told(run: PlanRun, now: int, zone: str) -> Line:
    """All that is known of the window in a line: range, age, price, plan and folder."""
    one = run.now
    said = [run.called, *plan_words.more(one, now, ZoneInfo(zone))]
    if one.point is not None:
        said.append(f"one per cent costs {price(one.point)}")
    said += [f"plan {one.plan}"] if one.plan else []
    said += [one.home] if one.home else []
    return line((f" {' · '.join(said)}", "dim"))


def price(point: int) -> str:
    """What one per cent costs: "$0.27", "$0.0077"."""
    return bill(point, places=4 if point < NANO // 10 else 2)


def eaten(run: PlanRun, names: dict[str, str], width: int) -> list[Line]:
    """Who filled a window, and by which models and features; beside each other where that fits."""
    one = run.now
    title = line(("who filled ", "dim"), (run.called, "strong"))
    if one.elsewhere is None:
        why = " nothing was read since it was reset"
        if one.read is not None:
            why = f" nothing tells which calls count for {one.limit}"
        return [rule(title, (), width), line((why, "dim"))]
    named = _named([(names.get(e.session) or e.short, e.points) for e in one.sessions], "session")
    if one.elsewhere >= _SEEN:
        named.append(("elsewhere, or before", one.elsewhere))
    models = _named([(short_model(name), points) for name, points in one.models], "model")
    features = _named([(name or "(none)", points) for name, points in one.features], "feature")
    if width < 3 * _COLUMN:
        lines = [rule(title, (), width), *_bars(named, width)]
        return [*lines, *(_words(*one) for one in (("model", models), ("feature", features)))]
    room = width // 3
    return [
        rule(title, (), width),
        *_beside([_bars(p, room) for p in (named, models, features)], room),
    ]


def rising(run: PlanRun, at: int, zone: str, size: tuple[int, int]) -> list[Line]:
    """How the present window filled, from its opening to its reset; `size` is cells by lines."""
    one, (width, height) = run.now, size
    if one.resets is None or not run.steps or one.resets <= one.opened:
        return []
    title = rule(line(("from its opening to its reset", "dim")), (), width)
    steps = [(at_step, round(used * 100)) for at_step, used in run.steps]
    if one.estimated and one.used is not None:
        steps.append((at, round(min(one.used, 100.0) * 100)))
    plot = min(height - 3, _CURVE)
    plot -= plot % 2 == 0
    if plot < 2:
        return [title, _one_line(one, steps, at, width)] if height >= 2 else []
    marks = [(at, "now")] + ([(one.full, "full")] if one.full and one.full > at else [])
    drawn = curve(
        [(one.opened, 0), *steps, (at + 1, 0)], width, plot, zone,
        until=one.resets, marks=marks, top=10_000, words=_per_cent,
    )  # fmt: skip
    return [title, *drawn]


def weekdays(run: PlanRun) -> list[Line]:
    """On which days of the week the window fills, on average of four weeks."""
    most = max(run.weekdays, default=0.0)
    if most < _SEEN:
        return []
    parts: list[Span] = [Span(" on average ", "dim")]
    for day, points in zip(_DAYS, run.weekdays, strict=True):
        bar = BARS[min(int(points / most * len(BARS)), len(BARS) - 1)] if points >= _SEEN else " "
        parts += [Span(f" {day} ", "dim"), Span(bar, "h4"), Span(f"{points:>3.0f} %", "text")]
    return [tuple(parts)]


def past(run: PlanRun, zone: str, width: int, most: int = _PAST) -> list[Line]:
    """What the windows before came to, newest first, in at most so many lines."""
    if not run.past or most < 1:
        return []
    title = line((run.called, "strong"), (": the windows before", "dim"))
    lines: list[Line] = [rule(title, (), width)]
    room = max(width - _LEFT - 12, 8)
    for opened, _, used in run.past[: min(most, _PAST)]:
        name = clock(opened, zone, "%a %b %d %H:%M")
        bar = (stroke(used / 100, room) + " ", "warn" if used >= 80 else "h4")
        lines.append(line((f" {name:<{_LEFT - 2}} ", "dim"), bar, (f"{used:>5.0f} %", "strong")))
    return lines


def _named(parts: Sequence[Part], thing: str) -> list[Part]:
    """The largest, and the rest together."""
    shown, rest = list(parts[:_PARTS]), parts[_PARTS:]
    if rest:
        shown.append((f"{some(len(rest), thing)} more", sum(points for _, points in rest)))
    return [part for part in shown if part[1] >= _SEEN]


def _bars(parts: Sequence[Part], width: int) -> list[Line]:
    label = min(34, width // 2)
    room = max(width - label - 14, 4)
    top = max((points for _, points in parts), default=1.0)
    return [
        line(
            (f" {fit(name, label)} ", "text"),
            (stroke(points / top, room) + " ", "h4"),
            (f"{points:>6.1f} %", "strong"),
        )
        for name, points in parts
    ]


def _words(thing: str, parts: Sequence[Part]) -> Line:
    said = " · ".join(f"{name} {points:.1f} %" for name, points in parts)
    return line((f" by {thing}: ", "dim"), (said or "-", "text"))


def _beside(columns: Sequence[Sequence[Line]], width: int) -> list[Line]:
    height = max(map(len, columns))
    lines = []
    for row in range(height):
        cells = [cut(column[row] if row < len(column) else (), width) for column in columns]
        lines.append(tuple(span for cell in cells for span in cell))
    return lines


def _per_cent(part: int) -> str:
    return f"{part // 100} %"


def _one_line(one: PlanWindow, steps: Sequence[tuple[int, int]], now: int, width: int) -> Line:
    cells, text = max(width - 2, 10), ""
    span = (one.resets or one.opened) - one.opened
    for cell in range(cells):
        at = one.opened + span * (cell + 1) // cells
        known = [used for moment, used in steps if moment <= at]
        text += " " if at > now or not known else _level(known[-1])
    return line((f" {text}", "h4"))


def _level(used: int) -> str:
    return BARS[min(used * len(BARS) // 10_000, len(BARS) - 1)] if used > 0 else " "
