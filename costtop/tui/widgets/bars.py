"""Bars: parts of a whole, beside their figures. A picture from values; it sums nothing."""

from collections.abc import Sequence

from costtop.tui.draw.figures import cash
from costtop.tui.draw.ink import Line, Span, fit, line

_EIGHTHS = " ▏▎▍▌▋▊▉"


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
        line((f"{fit(name, 19)} ", "text"),
             Span(bar(amount / total, room), (inks or {}).get(name, "accent")),
             (f"{'$' + cash(amount, width=9):>11}", "strong"), (f"{amount / total:>5.0%} ", "dim"))
        for name, amount in parts
    ]  # fmt: skip
    rule = line((" " * 20 + "─" * (room + 11), "dim"))
    return [
        *lines,
        rule,
        line((fit("total", 20 + room), "dim"), (f"{'$' + cash(total):>11}", "strong")),
    ]
