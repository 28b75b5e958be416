"""Verdicts in plain sentences with their numbers. Pictures only; the tests stand elsewhere."""

from costtop.queries.spending.trend_verdicts import (
    Change,
    FeatureVerdict,
    Mix,
    Spread,
    TooFew,
    Trend,
)
from costtop.tui.draw.figures import cash, short_model
from costtop.tui.draw.ink import Line, Span, line

_SURE = 0.01


def on_feature(verdict: FeatureVerdict) -> list[Line]:
    """What the trend, the spread and the change of one feature say."""
    lines = [_trend(verdict.trend), _change(verdict.change)]
    if verdict.spread is not None:
        lines.append(_spread(verdict.spread))
    return lines


def _trend(trend: Trend | TooFew) -> Line:
    head = Span(" cost of a task  ", "dim")
    if isinstance(trend, TooFew):
        seen = ""
        if trend.tasks > 2:
            seen = f"; a change of {trend.detectable:.0%} would be seen"
        return (head, Span(f"too little to say: {trend.tasks} tasks on {trend.days} days{seen}"))
    sure = trend.p < _SURE and abs(trend.change) >= 0.2
    word = ("rising", "warn") if trend.change > 0 else ("falling", "good")
    interval = f"{trend.change:+.0%} in 28 days ({trend.low:+.0%} to {trend.high:+.0%})"
    judged = Span(word[0], word[1]) if sure else Span("steady", "text")
    return line(head, judged, f", {interval}", (f"  p {trend.p:.3f}, {trend.tasks} tasks", "dim"))


def _change(change: Change) -> Line:
    parts = (("more tasks", change.tasks), ("longer tasks", change.length),
             ("dearer turns", change.price))  # fmt: skip
    spans = [Span(" spend           ", "dim"), Span(f"{_signed(change.spend)} against before:  ")]
    spans += [Span(f"{name} {_signed(amount)}  ", _ink(amount)) for name, amount in parts]
    if change.idle:
        spans.append(Span("dearer, not busier", "warn"))
    return tuple(spans)


def _spread(spread: Spread) -> Line:
    judged = Span("more uneven", "warn") if spread.uneven else Span("as even as before")
    words = f", spread {spread.ratio:.1f}x; the dearest 5 % make {spread.top_share:.0%}"
    return line((" sessions        ", "dim"), judged, words, (f"  p {spread.p:.3f}", "dim"))


def on_mix(mix: Mix) -> Line:
    """How far the mix of models alone moved the price."""
    part = mix.price_index - 1
    sure = mix.p < _SURE and part >= 0.05
    judged = Span(f"{part:+.1%}", "warn" if sure else "text")
    moved = "  ".join(
        f"{short_model(model)} {by * 100:+.0f} points" for model, by in mix.drivers[:3]
    )
    return line((" mix of models   ", "dim"), judged, " at the same tokens   ", (moved, "text"),
                (f"   p {mix.p:.3f}", "dim"))  # fmt: skip


def _signed(amount: int) -> str:
    return f"{'-' if amount < 0 else '+'}${cash(abs(amount))}"


def _ink(amount: int) -> str:
    return "text" if amount >= 0 else "good"
