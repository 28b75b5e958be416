"""Days as a calendar heat map and as bars of spend with use beside it. Pictures from days."""

from collections.abc import Sequence
from datetime import date

from costtop.queries.spending.days import Day
from costtop.tui.draw.figures import bill, si
from costtop.tui.draw.ink import Line, Span, line

_WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_UPRIGHT = " ▁▂▃▄▅▆▇█"
_SHADES = ("·", "░", "▒", "▓", "█")


def heat_map(days: Sequence[Day], selected: str, width: int, shaded: bool = False) -> list[Line]:
    """One column a week, one line a weekday; darker is dearer, in fifths of the days with spend.

    `shaded` draws the shade as a character too, for screens without colour. `days` are consecutive.
    """
    if not days:
        return []
    weeks = _weeks(days)[-max((width - 5) // 2, 1) :]
    steps = _steps([day.cost for day in days])
    lines = [_months(weeks)]
    for weekday in range(7):
        squares = (_square(week[weekday], selected, steps, shaded) for week in weeks)
        lines.append((Span(f" {_WEEKDAYS[weekday]} ", "dim"), *squares))
    return lines


def _weeks(days: Sequence[Day]) -> list[list[Day | None]]:
    weeks: list[list[Day | None]] = []
    for day in days:
        weekday = date.fromisoformat(day.key).weekday()
        if not weeks or weekday == 0:
            weeks.append([None] * 7)
        weeks[-1][weekday] = day
    return weeks


def _steps(costs: Sequence[int]) -> list[int]:
    """The amounts from which the four darker shades begin: quarters of the days with spend."""
    spent = sorted(cost for cost in costs if cost > 0)
    if not spent:
        return [1, 2, 3, 4]
    return [1] + [spent[len(spent) * n // 4] for n in (1, 2, 3)]


def _square(day: Day | None, selected: str, steps: Sequence[int], shaded: bool) -> Span:
    if day is None:
        return Span("  ")
    level = sum(day.cost >= step for step in steps) if day.cost else 0
    if day.key == selected:
        return Span("<>", "cursor")
    shade = _SHADES[level] * 2 if shaded or level == 0 else "  "
    return Span(shade, f"heat-{level}")


def _months(weeks: Sequence[Sequence[Day | None]]) -> Line:
    names = [_month(week) for week in weeks]
    cells = ["  "] * len(weeks)
    for n, name in enumerate(names[:-1]):
        if (n == 0 or names[n - 1] != name) and names[n + 1] == name:
            cells[n], cells[n + 1] = name[:2], name[2:] + " "
    return (Span("    " + "".join(cells), "dim"),)


def _month(week: Sequence[Day | None]) -> str:
    first = next(day for day in week if day is not None)
    return date.fromisoformat(first.key).strftime("%b")


def uprights(values: Sequence[int], height: int, ink: str, selected: int = -1) -> list[Line]:
    """Upright bars, two cells each with one between; `height` lines."""
    top = max([*values, 1])
    lines = []
    for row in range(height - 1, -1, -1):
        spans = []
        for n, value in enumerate(values):
            eighths = round(value / top * height * 8)
            if value > 0:
                eighths = max(eighths, 1)
            sign = _UPRIGHT[min(max(eighths - row * 8, 0), 8)]
            spans.append(Span(sign * 2 + " ", "lit" if n == selected else ink))
        lines.append(tuple(spans))
    return lines


def trend(days: Sequence[Day], selected: str, width: int, height: int) -> list[Line]:
    """Spend a day above, tokens a day below, on the same days: dearer, or only busier?"""
    shown = days[-max((width - 14) // 3, 1) :]
    at = next((n for n, day in enumerate(shown) if day.key == selected), -1)
    costs, tokens = [day.cost for day in shown], [day.tokens for day in shown]
    use = max(height // 2, 1)
    labels = [f"{bill(max([*costs, 0]), width=8)}", *[""] * (height - 2), "spend"][:height]
    lower = [si(max([*tokens, 0])), *[""] * max(use - 2, 0), "tokens"][:use]
    upper_rows = zip(labels, uprights(costs, height, "h4", at), strict=True)
    lower_rows = zip(lower, uprights(tokens, use, "h2", at), strict=True)
    marks = "".join(f"{day.key[8:]} " if n % 2 == 0 else "   " for n, day in enumerate(shown))
    return [
        *((Span(f"{label:>11}  ", "dim"), *spans) for label, spans in (*upper_rows, *lower_rows)),
        line((" " * 13 + marks, "dim")),
    ]
