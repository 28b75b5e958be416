"""The session under the cursor at a glance: the hint line, and the pane below the list."""

from collections.abc import Sequence

from costtop.durations import SECOND, short
from costtop.queries.live.view import SessionRow
from costtop.queries.sessions.session import SessionDetail
from costtop.tui.draw.figures import cash, short_model, short_place, short_session, si
from costtop.tui.draw.ink import Line, cut, fit, line
from costtop.tui.host import host_of
from costtop.tui.widgets.cause_table import WORDS, compared
from costtop.tui.widgets.curve import curve
from costtop.tui.widgets.pane import Pane

_LEAST = (80, 30)  # cells of the screen: below it the list has all the room
_AGAIN = 5 * SECOND  # between two readings of the session
_HEIGHT = 9
_CAUSES = 4


class Glance(Pane):
    """Shows the curve and the causes of one session, which it reads now and then."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.wanted = True  # the user has not hidden it
        self._row: SessionRow | None = None
        self._detail: SessionDetail | None = None
        self._read_at = 0
        self._drawn: object = None  # what the picture was drawn of

    def about(self, row: SessionRow | None, key: str) -> None:
        """Shows the session `key` ("source/session") of this row, or nothing."""
        host, size = host_of(self), self.screen.size
        now = host.snapshot.at
        self._row = row
        if row is None or not self.wanted or size.width < _LEAST[0] or size.height < _LEAST[1]:
            self._drawn = None
            self.show([])
            return
        if self._detail is None or self._detail.key != key or now - self._read_at >= _AGAIN:
            self._read_at = now
            host.look(self.screen, lambda: host.backend.session(key, now), self._take)
        self._draw(row, self._detail if self._detail and self._detail.key == key else None, now)

    def _take(self, detail: SessionDetail | None) -> None:
        if detail is not None:
            self._detail = detail
            if self._row is not None and detail.key == f"{self._row.source}/{self._row.session}":
                self.about(self._row, detail.key)

    def _draw(self, row: SessionRow, detail: SessionDetail | None, now: int) -> None:
        width, zone = self.screen.size.width, host_of(self).snapshot.zone
        drawn = (row, detail, now // _AGAIN, width)
        if drawn != self._drawn:
            self._drawn = drawn
            self.show(below(row, detail, now, zone, width))


def hint(row: SessionRow | None, tagged: Sequence[str], now: int) -> Line:
    """The line under the list: the tagged ones, else the row under the cursor."""
    if tagged:
        names = " ".join(short_session(key.partition("/")[2]) for key in tagged[:6])
        keys = ("   k ends, m marks all of them; U lets go", "dim")
        return line((f" {len(tagged)} tagged: ", "tagged"), names, keys)
    if row is None:
        return ()
    last = f"last call {short(now - row.last)} ago" if row.last else ""
    calls = f"{si(row.calls)} calls · {si(row.tokens)} tokens" + (
        f" · {row.errors} errors" if row.errors else ""
    )
    parts = [part for part in (row.why, calls, last, row.cwd) if part]
    return line(f" {short_session(row.session)} ", (" · ".join(parts), "dim"))


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
    lines = [rule]
    for n in range(_HEIGHT - 1):
        beside = right[n] if n < len(right) else ()
        lines.append(
            (*cut(left[n] if n < len(left) else (), left_width), *line(("│ ", "dim")), *beside)
        )
    return lines


def _curve(
    row: SessionRow, detail: SessionDetail | None, now: int, zone: str, width: int
) -> list[Line]:
    if detail is None or not detail.curve:
        return [line((" reading …", "dim"))]
    lines = curve(
        detail.curve, width - 2, _HEIGHT - 3, zone, now if row.state == "running" else None
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
        cost, part = f"{'$' + cash(amount):>9}", f"{amount / total:>5.0%}"
        lines.append(line(f"{WORDS.get(name, name):<20}", (cost, "strong"), (part, "dim")))
    lines += compared(detail)
    if detail.calls:
        last = detail.calls[-1]
        tools = ", ".join(dict.fromkeys(last.tools)) or "no tool"
        failed = f", {last.failed} failed" if last.failed else ""
        used = f"{si(last.input)} in, {si(last.output)} out, ${cash(last.cost, places=4)}"
        lines.append(line(("last call ", "dim"), f"{tools}{failed}, {used}"))
    return lines
