"""Columns, lines and verdicts of the screens of features and models. Pictures of `Spending`."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from costtop.model import Rates
from costtop.queries.spending import dearer_words
from costtop.queries.spending.report_line import Line as Sums
from costtop.queries.spending.spending import TREND_DAYS, Spending, Spent, at_rates
from costtop.queries.spending.trend_verdicts import (
    FeatureVerdict,
    Mix,
    SpendChange,
    Spread,
)
from costtop.tui.draw.figures import bill, cash, share, short_model, short_place, si, some, stroke
from costtop.tui.draw.ink import Line, Span, line
from costtop.tui.draw.spark import sparkline
from costtop.tui.list.shown_rows import CellLook, Column

if TYPE_CHECKING:  # only a screen by pull request needs it
    from costtop.queries.pulls.merged_pulls import MergedPulls

_BAR = 10
_SURE = 0.01  # p of a verdict that is given as one
_WHAT_IF = 3  # other models named
_TIMES = 10  # from how many times the amount before a change is said so


def change(now: int, before: int) -> Span:
    """How an amount moved against the span before, with a sign besides its colour."""
    if before <= 0:
        return Span("new" if now else "-", "dim")
    part = now / before - 1
    if abs(part) < 0.05:
        return Span("±0 %", "dim")
    ink = "warn" if part >= 0.2 else "good" if part <= -0.2 else "text"
    if now >= _TIMES * before:
        return Span(f"▲{min(now / before, 9_999):.0f}x", ink)
    return Span(f"{'▲' if part > 0 else '▼'}{abs(part) * 100:.0f} %", ink)


def _key(spent: Spent, look: CellLook) -> Span:
    return Span(short_place(spent.sums.key), "strong")


def _model(spent: Spent, look: CellLook) -> Span:
    return Span(short_model(spent.sums.key), "strong")


def _unknown(spent: Spent) -> bool:
    """Whether not one of its calls has a price: nothing that is counted in dollars is known."""
    return bool(spent.sums.unpriced and not spent.sums.cost)


def _cost(spent: Spent, look: CellLook) -> Span:
    if _unknown(spent):
        return Span("?", "warn")
    return Span(cash(spent.sums.cost, floor=spent.sums.floor), "strong")


def _share(spent: Spent, look: CellLook, width: int = _BAR) -> Span:
    return Span(stroke(spent.sums.cost / max(look.whole, 1), width), "h4")


def _per_cent(spent: Spent, look: CellLook) -> Span:
    if _unknown(spent):
        return Span("?", "dim")
    return Span(share(spent.sums.cost / max(look.whole, 1)), "text")


def _trend(spent: Spent, look: CellLook) -> Span:
    return Span(sparkline(spent.trend, TREND_DAYS, look.top), "accent")


def _each(spent: Spent, look: CellLook) -> Span:
    each = spent.sums.cost_per_task
    if each is not None and _unknown(spent):
        return Span("?", "dim")
    if each is None:
        return Span("-", "dim")
    return Span(cash(each, floor=spent.sums.floor), "text")


def _before(spent: Spent, look: CellLook) -> Span:
    if _unknown(spent):
        return Span("?", "dim")
    return change(spent.sums.cost, spent.before)


def _usual(spent: Spent, look: CellLook) -> Span:
    if _unknown(spent):
        return Span("?", "dim")
    return Span(cash(spent.median) if spent.median is not None else "-", "text")


def _times(spent: Spent) -> float:
    """How much dearer a dear session is than a usual one: the spread people feel."""
    return (spent.p90 or 0) / (spent.median or 1)


def _spread(spent: Spent, look: CellLook) -> Span:
    if not spent.median or spent.p90 is None:
        return Span("-", "dim")
    times = _times(spent)
    return Span(f"{times:.1f}x", "warn" if times >= 4 else "text")


def _cache(spent: Spent, look: CellLook) -> Span:
    sums = spent.sums
    return Span(share(sums.cache_read / sums.input if sums.input else None))


def _million(spent: Spent, look: CellLook) -> Span:
    used = spent.sums.input + spent.sums.output
    if _unknown(spent):
        return Span("?", "dim")
    return Span(cash(spent.sums.cost * 1_000_000 // used) if used and spent.sums.cost else "-")


def _tasks(spent: Spent, look: CellLook) -> Span:
    return Span(str(spent.sums.tasks) if spent.sums.tasks else "-")


def _errors(spent: Spent, look: CellLook) -> Span:
    return Span(str(spent.sums.errors or "-"), "warn" if spent.sums.errors else "dim")


def _count(key: str, title: str, width: int, priority: int) -> Column[Spent]:
    """A column of one of the counts in the sums."""
    read = attrgetter(f"sums.{key}")
    return Column(key, title, width, priority, lambda s, _: Span(si(read(s))), sort=read, align=">")


def _named(title: str, show: Callable[[Spent, CellLook], Span]) -> Column[Spent]:
    """The column of what the sums are of."""
    return Column(
        "key",
        title,
        14,
        0,
        show,
        sort=attrgetter("sums.key"),
        falling=False,
        name=True,
        measured=True,
        stages=((1, 40),),
    )


_SHARED: tuple[Column[Spent], ...] = (
    Column("cost", "$", 9, 0, _cost, sort=lambda s: s.sums.cost, align=">"),
    Column("part", "", 5, 1, _per_cent, sort=lambda s: s.sums.cost, align=">"),
    Column(
        "share",
        "SHARE",
        _BAR,
        3,
        _share,
        sort=lambda s: s.sums.cost,
        wide=_share,
        stages=((9, 999),),
    ),
    Column("before", "±BEFORE", 7, 2, _before, sort=lambda s: s.sums.cost - s.before, align=">"),
    Column("trend", "TREND 14 d", TREND_DAYS, 2, _trend, sort=lambda s: sum(s.trend)),
    _count("sessions", "SESS", 5, 5),
)
FEATURE_COLUMNS: tuple[Column[Spent], ...] = (
    _named("FEATURE", _key),
    *_SHARED,
    Column("usual", "$/SESS", 7, 5, _usual, sort=lambda s: s.median or 0, align=">"),
    Column("spread", "p90/50", 6, 6, _spread, sort=_times, align=">"),
    Column("tasks", "TASKS", 5, 4, _tasks, sort=lambda s: s.sums.tasks or 0, align=">"),
    Column("each", "$/TASK", 7, 1, _each, sort=lambda s: s.sums.cost_per_task or 0, align=">"),
    Column("cache", "CACHE", 5, 7, _cache, sort=lambda s: s.sums.cache_read, align=">"),
    _count("calls", "CALLS", 6, 8),
    Column("errors", "ERR", 4, 9, _errors, sort=lambda s: s.sums.errors, align=">"),
)
MODEL_COLUMNS: tuple[Column[Spent], ...] = (
    _named("MODEL", _model),
    *_SHARED,
    Column("million", "$/M", 7, 1, _million, sort=lambda s: s.sums.cost, align=">"),
    _count("input", "IN", 6, 4),
    Column("cache", "CACHE", 5, 4, _cache, sort=lambda s: s.sums.cache_read, align=">"),
    _count("output", "OUT", 6, 4),
    _count("reasoning", "THINK", 6, 7),
    _count("calls", "CALLS", 6, 6),
    Column("errors", "ERR", 4, 8, _errors, sort=lambda s: s.sums.errors, align=">"),
)


def summary(spending: Spending) -> list[Line]:
    """The total against the span before: spend beside use, so that a dearer day is told apart."""
    total, before = spending.total, spending.before
    prices = f"{bill(total.cost_per_task)} each · {bill(total.spend_per_task)} of all spend"
    tasks = f" · {total.tasks} tasks · {prices}" if total.tasks else ""
    cost = bill(total.short.known(total.cost), floor=total.floor)
    counts = f"  in {some(total.sessions, 'session')}, {si(total.calls)} calls{tasks}"
    head = line((f" {spending.span}  ", "dim"), (cost, "strong"), (_beside(total), "dim"), counts)
    return [head, _use(total, before) if spending.merged is None else _merged(spending.merged)]


def _merged(merged: "MergedPulls") -> Line:
    """What a merged pull request cost, by all spend and by what is attributed."""
    if not merged.merged:
        return line((" no pull request was merged in this span, as far as git tells", "dim"))
    part = f" ({share(merged.attributed / merged.spend)})" if merged.spend > 0 else ""
    return line(
        (" merged  ", "dim"),
        (f"{merged.merged}", "strong"),
        f"  {bill(merged.cost)} each of all spend · {bill(merged.attributed_cost)} each of what",
        f" is attributed{part}",
    )


def valued(columns: Sequence[Column[Spent]], total: Sums) -> Sequence[Column[Spent]]:
    """The columns with the cost named as the value, where something else is billed."""
    if total.billed is None:
        return columns
    return [one._replace(title="VALUE") if one.key == "cost" else one for one in columns]


def _beside(total: Sums) -> str:
    """That it is value, and what is billed of it; nothing without a plan."""
    if total.billed is None:
        return ""
    from costtop.queries.plans import billed_words  # who has no plan needs none

    return f" {billed_words.beside(total.billed, total.plan_share)}"


def _use(total: Sums, before: Sums) -> Line:
    spans: list[Span] = [Span(" against the span before  ", "dim")]
    pairs = (
        ("spend", total.cost, before.cost),
        ("calls", total.calls, before.calls),
        ("tokens", total.input + total.output, before.input + before.output),
        ("tasks", total.tasks or 0, before.tasks or 0),
    )
    for name, now, then in pairs:
        if now or then:
            spans += [Span(f"{name} "), change(now, then), Span("   ")]
    return tuple(spans)


def what_if(spending: Spending, spent: Spent | None) -> list[Line]:
    """The selected model's tokens at the rates of the others; and models without a price."""
    lines: list[Line] = []
    rates = dict(spending.rates)
    if spent is not None and spent.sums.key in rates:
        lines += [_at_others(spent, rates)]
    unpriced = [s.sums for s in spending.lines if s.sums.unpriced]
    if unpriced:
        named = ", ".join(f"{short_model(s.key)} ({si(s.unpriced)} calls)" for s in unpriced[:4])
        lines.append(
            line((" no price for ", "warn"), named, ("  → [prices] in config.toml", "dim"))
        )
    return lines


def _at_others(spent: Spent, rates: dict[str, Rates]) -> Line:
    own = spent.sums.cost
    others = sorted(
        (at_rates(spent.sums, rate), name) for name, rate in rates.items() if name != spent.sums.key
    )[:_WHAT_IF]
    if not others:
        return line((" no other model to compare it with", "dim"))
    spans = [Span(" the same tokens would cost  ", "dim")]
    for cost, name in others:
        word, ink = ("less", "good") if cost < own else ("more", "text")
        spans.append(Span(f"{bill(cost)} on {short_model(name)} "))
        spans.append(Span(f"({bill(abs(own - cost))} {word})  ", ink))
    spans.append(Span("an estimate: another model needs other tokens", "dim"))
    return tuple(spans)


def on_feature(verdict: FeatureVerdict) -> list[Line]:
    """What the trend, the spread and the change of one feature say."""
    lines = [*_judged_work(verdict), _judged_change(verdict.change)]
    if verdict.spread is not None:
        lines.append(_judged_spread(verdict.spread))
    return lines


_INKS: dict[str, str] = {"rising": "warn", "falling": "good"}


def _judged_work(found: FeatureVerdict) -> list[Line]:
    """Whether its work gets dearer: the verdict, and on a second line the price at like length."""
    said = dearer_words.judged(found.dearer, found.verdict)
    first, _, second = said.partition("; ")
    word, colon, rest = first.partition(":")
    head = Span(" work            ", "dim")
    judged = Span(word, _INKS.get(found.verdict, "text"))
    lines: list[Line] = [(head, judged, Span(colon + rest))]
    return [*lines, (Span(" " * 17), Span(second))] if second else lines


def _judged_change(change: SpendChange) -> Line:
    parts = (
        ("more tasks", change.tasks),
        ("longer tasks", change.length),
        ("dearer turns", change.price),
    )
    spans = [Span(" spend           ", "dim"), Span(f"{_signed(change.spend)} against before:  ")]
    spans += [Span(f"{name} {_signed(amount)}  ", _part_ink(amount)) for name, amount in parts]
    if change.idle:
        spans.append(Span("dearer, not busier", "warn"))
    return tuple(spans)


def _judged_spread(spread: Spread) -> Line:
    judged = Span("more uneven", "warn") if spread.uneven else Span("as even as before")
    words = f", spread {spread.ratio:.1f}x; the dearest 5 % make {share(spread.top_share)}"
    return line((" sessions        ", "dim"), judged, words, (f"  p {spread.p:.3f}", "dim"))


def on_mix(mix: Mix) -> Line:
    """How far the mix of models alone moved the price."""
    part = mix.price_index - 1
    sure = mix.p < _SURE and part >= 0.05
    judged = Span(f"{part * 100:+.1f} %", "warn" if sure else "text")
    moved = [f"  {short_model(name)} {by * 100:+.0f} points" for name, by in mix.drivers[:3]]
    p = (f"   p {mix.p:.3f}", "dim")
    return line((" mix of models   ", "dim"), judged, " at the same tokens ", *moved, p)


def _signed(amount: int) -> str:
    return f"{'-' if amount < 0 else '+'}{bill(abs(amount))}"


def _part_ink(amount: int) -> str:
    return "text" if amount >= 0 else "good"
