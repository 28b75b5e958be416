"""The pane below the list: the session under the cursor at a glance. A picture from values."""

from costtop.queries.live.view import SessionRow
from costtop.queries.sessions.session import SessionDetail
from costtop.tui.draw.figures import cash, short_model, short_place, short_session, si
from costtop.tui.draw.ink import Line, Span, cut, fit, line
from costtop.tui.widgets.cause_table import WORDS, compared
from costtop.tui.widgets.curve import curve

HEIGHT = 9
_CAUSES = 4


def below(
    row: SessionRow, detail: SessionDetail | None, now: int, zone: str, width: int
) -> list[Line]:
    """A rule with its name, the cost curve at the left, why it costs that at the right."""
    parts = (
        short_session(row.session),
        short_place(row.project),
        short_place(row.feature),
        short_model(row.model),
        row.cwd,
    )
    name = " · ".join(dict.fromkeys(part for part in parts if part))
    name = fit(name, min(len(name), width - 4)).rstrip()
    rule = line(("─ ", "dim"), (name, "accent"), (" " + "─" * max(width - len(name) - 3, 0), "dim"))
    left_width = min(width // 2, 66)
    left = _curve(row, detail, now, zone, left_width)
    right = _why(row, detail)
    rows = [
        (*cut(left[n] if n < len(left) else (), left_width), Span("│ ", "dim"),
         *(right[n] if n < len(right) else ()))
        for n in range(HEIGHT - 1)
    ]  # fmt: skip
    return [rule, *rows]


def _curve(
    row: SessionRow, detail: SessionDetail | None, now: int, zone: str, width: int
) -> list[Line]:
    if detail is None or not detail.curve:
        return [line((" reading …", "dim"))]
    lines = curve(
        detail.curve, width - 2, HEIGHT - 3, zone, now if row.state == "running" else None
    )
    return lines or [line((f" ${cash(row.cost)} in one call", "dim"))]


def _why(row: SessionRow, detail: SessionDetail | None) -> list[Line]:
    lines: list[Line] = []
    if row.why:
        lines.append(line((f"! {row.why}", "bad" if row.severity == "critical" else "warn")))
    if detail is None:
        return lines
    total = max(sum(amount for _, amount in detail.books), 1)
    for name, amount in detail.books[:_CAUSES]:
        lines.append(line(f"{WORDS.get(name, name):<20}", (f"{'$' + cash(amount):>9}", "strong"),
                          (f"{amount / total:>5.0%}", "dim")))  # fmt: skip
    lines += compared(detail)
    if detail.calls:
        last = detail.calls[-1]
        tools = ", ".join(dict.fromkeys(last.tools)) or "no tool"
        failed = f", {last.failed} failed" if last.failed else ""
        lines.append(line(("last call ", "dim"), f"{tools}{failed}, {si(last.input)} in, "
                          f"{si(last.output)} out, ${cash(last.cost, places=4)}"))  # fmt: skip
    return lines
