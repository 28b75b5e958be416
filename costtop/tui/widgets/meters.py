"""Bars: meters of budgets, to 125 % with a tick at each tier; and parts of a whole.

A meter goes past 100 % so that an overrun is seen, not cut off; a tick that the bar has passed
becomes a cross. The amount stands beside it in figures, so colour says nothing alone.
"""

from collections.abc import Sequence

from costtop.model import NANO
from costtop.queries.live.view import BudgetMeter
from costtop.tui.draw.figures import cash, cash_of
from costtop.tui.draw.ink import Line, Span, fit, line

_EIGHTHS = " ▏▎▍▌▋▊▉"
_FULL = 1.25  # of the amount, at the right end of the bar


def meter(spent: int, amount: int, tiers: tuple[int, ...], width: int) -> Line:
    """A bar of `width` cells, brackets included."""
    cells = max(width - 2, 1)
    part = spent / amount if amount > 0 else 0.0
    filled = min(int(part / _FULL * cells + 0.5), cells)
    if spent > 0:
        filled = max(filled, 1)
    ticks = {min(int(tier / 100 / _FULL * cells), cells - 1) for tier in tiers}
    ink = "meter-" + level(part)
    spans = [Span("[", "strong")]
    for at in range(cells):
        on = at < filled
        sign = ("╋" if on else "┃") if at in ticks else ("|" if on else "·")
        spans.append(Span(sign, ink if on else "text" if at in ticks else "dim"))
    return (*_joined(spans), Span("]", "strong"))


def _joined(spans: list[Span]) -> list[Span]:
    """Neighbours of one ink as one span: fewer segments to paint."""
    joined = spans[:1]
    for span in spans[1:]:
        if span.ink == joined[-1].ink:
            joined[-1] = Span(joined[-1].text + span.text, span.ink)
        else:
            joined.append(span)
    return joined


def level(part: float) -> str:
    """`good` below half, then accent, warn from 80 %, bad from 100 %: the ramp of every meter."""
    if part >= 1:
        return "bad"
    return "warn" if part >= 0.8 else "accent" if part >= 0.5 else "good"


def reading(budget: BudgetMeter) -> Line:
    """The figures beside the bar: "$84.20/$100 84%"; bold from 80 %."""
    part = budget.spent / budget.amount if budget.amount > 0 else 0.0
    spent, amount = short(budget.spent, budget.floor), short(budget.amount).removesuffix(".00")
    if budget.amount < NANO // 10:
        spent, amount = (
            cash_of(budget.spent, budget.amount, floor=budget.floor),
            cash_of(budget.amount, budget.amount),
        )
    ink = {"good": "text", "accent": "text"}.get(level(part), level(part))
    sign = " !" if part >= 1 else ""
    return (Span(f"${spent}/${amount} {part * 100:.0f}%{sign}", ink),)


def short(nanos: int, floor: bool = False) -> str:
    """Dollars with cents below a hundred only: 84.20, 812, 2,000, 13k."""
    whole = nanos >= 100 * NANO
    return cash(nanos, floor=floor, width=6, places=0 if whole else 2)


def bar(part: float, width: int) -> str:
    """A horizontal bar of `part` (0 to 1) of `width` cells, to an eighth of a cell."""
    eighths = round(min(max(part, 0.0), 1.0) * width * 8)
    if part > 0:
        eighths = max(eighths, 1)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width)


def breakdown(
    parts: Sequence[tuple[str, int]], width: int, inks: dict[str, str] | None = None
) -> list[Line]:
    """Each part of a sum as a bar with its amount and share; the last line is the sum itself."""
    total = sum(amount for _, amount in parts)
    if total <= 0:
        return []
    room = max(width - 20 - 11 - 6, 4)
    lines = [
        line(
            f"{fit(name, 19)} ",
            (bar(amount / total, room), (inks or {}).get(name, "accent")),
            (f"{'$' + cash(amount, width=9):>11}", "strong"),
            (f"{amount / total:>5.0%} ", "dim"),
        )
        for name, amount in parts
    ]
    rule = line((" " * 20 + "─" * (room + 11), "dim"))
    whole = line((fit("total", 20 + room), "dim"), (f"{'$' + cash(total):>11}", "strong"))
    return [*lines, rule, whole]
