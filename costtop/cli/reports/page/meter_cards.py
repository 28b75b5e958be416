"""Windows of plans and budgets as cards: a meter, words, what the periods before came to."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from costtop import money, periods
from costtop.cli.reports.page.markup import Html, Part, element
from costtop.queries.plans import plan_words
from costtop.queries.plans.plan_history import PlanRun
from costtop.queries.spending.budget_periods import BudgetLine

_WARN, _FULL = 80, 100  # per cent
_PAST = 14  # periods before


def of_plans(runs: Sequence[PlanRun], now: int, tz: ZoneInfo) -> Html:
    """A card for each window that holds."""
    windows = [run.now for run in runs]
    named = zip(plan_words.names(windows), runs, strict=True)
    return element("ul", *(_window(name, run, now, tz) for name, run in named), class_="cards")


def _window(name: str, run: PlanRun, now: int, tz: ZoneInfo) -> Html:
    one = run.now
    said = plan_words.line(one, now, tz)
    past = [top for _, _, top in run.past[:_PAST]][::-1]
    parts: list[Part] = [
        element(
            "div",
            element("h3", name),
            element("span", plan_words.share(one), class_="cost"),
            class_="head",
        ),
        _meter(one.used, (_WARN,), f"{name}: {said}"),
        element("p", said),
    ]
    if past:
        parts += [
            _bars(past, 100, f"The {len(past)} windows before, in per cent: {_listed(past)}"),
            element("p", f"Before: {_listed(past[-5:])}"),
        ]
    return element("li", *parts, class_="card")


def _listed(past: Sequence[float]) -> str:
    return ", ".join(f"{top:.0f} %" for top in past)


def of_budgets(lines: Sequence[BudgetLine], now: int, tz: ZoneInfo) -> Html:
    """A card for each budget."""
    return element("ul", *(_budget(one, now, tz) for one in lines), class_="cards")


def _budget(one: BudgetLine, now: int, tz: ZoneInfo) -> Html:
    used = None if one.unknown else 100 * one.spent / one.amount
    share = "?" if used is None else f"{'≥' if one.floor else ''}{used:.0f} %"
    named = f"{one.name} {one.account}".rstrip()
    said = one.said if one.of_plan else _spent(one, now, tz)
    parts: list[Part] = [
        element("div", element("h3", named), element("span", share, class_="cost"), class_="head"),
        _meter(used, one.tiers, f"{named}: {share}, {said}"),
        element("p", said),
        element("p", _what(one)),
    ]
    past = _since_first(one.past)
    if past:
        told = _told(one, past[-5:])
        parts += [
            _bars([100 * each / one.amount for each in past], 100, f"Before: {told}"),
            element("p", f"Before: {told}"),
        ]
    return element("li", *parts, class_="card")


def _spent(one: BudgetLine, now: int, tz: ZoneInfo) -> str:
    spent = money.bill(one.spent, floor=one.floor, of=one.amount)
    ends = periods.clock(one.resets, now, tz)
    return f"{spent} of ${money.exactly(one.amount)} a {one.period}, until {ends}"


def _what(one: BudgetLine) -> str:
    scope = " ".join(f"{key}={glob}" for key, glob in one.scope) or "everything"
    tiers = ", ".join(f"{tier}" for tier in one.tiers)
    follows = "" if one.action == "notify" else f", then {one.acts}"
    return f"Of {scope}; told at {tiers} %{follows}"


def _since_first(past: Sequence[int]) -> Sequence[int]:
    """The periods before, without those before anything was spent."""
    first = next((nth for nth, spent in enumerate(past) if spent), len(past))
    return past[first:]


def _told(one: BudgetLine, latest: Sequence[int]) -> str:
    """The latest of the periods before: as dollars, of a plan's window as per cents."""
    if one.of_plan:
        return ", ".join(f"{past / 100:.0f} %" for past in latest)
    return ", ".join(money.bill(past, of=one.amount) for past in latest)


def _meter(used: float | None, tiers: Sequence[int], said: str) -> Html:
    """A bar up to what is used; beyond all of it the whole bar stands for what is used."""
    level = used or 0.0
    scale = max(level, _FULL)
    look = "bad" if level >= _FULL else "warn" if level >= _WARN else "full"
    marks = [
        element(
            "line",
            x1=f"{100 * tier / scale:.1f}%",
            x2=f"{100 * tier / scale:.1f}%",
            y1=0,
            y2=16,
            class_="tier",
        )
        for tier in tiers
        if tier < scale
    ]
    return element(
        "svg",
        element("title", said),
        element("rect", width="100%", height=16, class_="room"),
        element("rect", width=f"{100 * level / scale:.1f}%", height=16, class_=look),
        *marks,
        class_="meter",
        role="img",
        aria_label=said,
    )


def _bars(shares: Sequence[float], whole: int, said: str) -> Html:
    """Periods before, the latest to the right; a dashed line is the amount."""
    scale = max(*shares, whole)
    room = 100 / max(len(shares), 8)
    bars = [
        element(
            "rect",
            x=f"{nth * room:.1f}%",
            width=f"{room * 0.8:.1f}%",
            y=40 - 40 * share / scale,
            height=40 * share / scale,
            class_="over" if share >= whole else None,
        )
        for nth, share in enumerate(shares)
        if share > 0
    ]
    y = 40 - 40 * whole / scale
    line = element("line", x1=0, x2="100%", y1=max(y, 0.5), y2=max(y, 0.5))
    title = element("title", said)
    return element("svg", title, *bars, line, class_="past", role="img", aria_label=said)
