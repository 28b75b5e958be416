"""Bars: meters of budgets, to 125 % with a tick at each tier; and parts of a whole.

A meter goes past 100 % so that an overrun is seen, not cut off; a tick that the bar has passed
becomes a cross. The amount stands beside it in figures, so colour says nothing alone.
"""

from collections.abc import Sequence

from costtop.money import NANO
from costtop.queries.live.view import BudgetMeter, stands
from costtop.tui.draw.figures import cash, cash_of
from costtop.tui.draw.ink import Line, Span, fit, joined, line

_FULL = 1.25  # of the amount, at the right end of the bar
_INKS = {"ok": "text", "warn": "warn", "over": "bad"}


def meter(
    spent: int,
    amount: int,
    tiers: tuple[int, ...],
    width: int,
    *,
    plain: bool = False,
    full: float = _FULL,
) -> Line:
    """A bar of `width` cells, lit by the half cell; `plain` where shades would not be seen.

    `full` is the part of the amount at its right end.
    """
    part = spent / amount if amount > 0 else 0.0
    halves = max(round(part / full * width * 2), int(spent > 0))
    ticks = {min(max(round(tier / 100 / full * width) - 1, 0), width - 1) for tier in tiers}
    step = full / width
    return tuple(
        joined(_cell(at, halves - at * 2, at in ticks, step, plain) for at in range(width))
    )


def _cell(at: int, lit: int, tick: bool, step: float, plain: bool) -> Span:
    """One cell, with `lit` halves of it and of those after it; it is `step` of the amount."""
    if tick:
        return Span("┿" if lit > 0 else "┼", "text" if lit > 0 else "dim")
    if lit <= 0:
        return Span("·" if plain else "■", "track")
    return Span("■", _ink((at + 0.5) * step) if lit > 1 or plain else "h1")


def _ink(part: float) -> str:
    """Brighter the further, amber from 80 %, red beyond the amount."""
    return "bad" if part > 1 else "warn" if part > 0.8 else f"h{2 + min(round(part * 5), 4)}"


def level(part: float) -> str:
    """The verdict of an amount: `text` below 80 %, warn from there, bad from 100 %."""
    return _INKS[stands(part)]


def reading(budget: BudgetMeter) -> Line:
    """The figures beside the bar: "  $143.94 of 200    72 %"; a sign from 100 %."""
    part = budget.spent / budget.amount if budget.amount > 0 else 0.0
    spent, amount = (cash_of(one, budget.amount) for one in (budget.spent, budget.amount))
    if budget.amount >= NANO // 10:
        amount = amount.removesuffix(".00")
    sign = "≥$" if budget.floor else "$"
    ink = level(part)
    share = f"{part * 100:.0f} %" + ("!" if part >= 1 else " ")
    of = " billed of" if budget.watch == "billed" else " of"
    return line(
        " " * (10 - len(sign + spent)),
        (sign + spent, "strong" if ink == "text" else ink),
        (f"{of} {amount:<5} ", "dim"),
        " " * (6 - len(share)),
        (share, "strong" if ink == "text" else ink),
    )


def waterfall(
    parts: Sequence[tuple[str, int]], width: int, inks: dict[str, str] | None = None
) -> list[Line]:
    """Each part of a sum as a bar that begins where the one above ends; the last line is all."""
    total = sum(amount for _, amount in parts)
    if total <= 0:
        return []
    name_width = min(max(width // 3, 12), 19)
    room = max(width - name_width - 1 - 9 - 6, 4)
    lines, before = [], 0
    for nth, (name, amount) in enumerate(parts):
        ink = (inks or {}).get(name, f"h{max(5 - nth, 2)}")  # the dearer the brighter
        bars = _between(before / total, (before + amount) / total, room)
        lines.append(_part(fit(name, name_width), (bars, ink), amount, amount / total))
        before += amount
    whole = _part(fit("all of it", name_width), ("─" * room, "rule"), total, 1.0, "dim")
    return [*lines, whole]


def _part(name: str, bars: tuple[str, str], amount: int, share: float, ink: str = "text") -> Line:
    part = "  <1" if 0 < share < 0.005 else f"{share * 100:>4.0f}"
    dollars = "<0.01" if 0 < amount < NANO // 200 else cash(amount)
    figures = (f"{dollars:>9}", "strong"), (f"{part} %", "dim")
    return line((f"{name} ", ink), bars, *figures)


def _between(start: float, end: float, width: int) -> str:
    """A bar from one part to another of `width` cells, to the half cell; never less than that."""
    first = min(round(start * width * 2), width * 2 - 1)
    last = max(round(end * width * 2), first + 1)
    cells = []
    for cell in range(width):
        left, right = first <= cell * 2 < last, first <= cell * 2 + 1 < last
        cells.append("━" if left and right else "╸" if left else "╺" if right else " ")
    return "".join(cells)
