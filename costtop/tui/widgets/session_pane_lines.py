"""The hint line, and the pane below or beside the list: pictures of one session."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from costtop.durations import short
from costtop.queries.live.view import SessionRow
from costtop.tui.draw.figures import bill, cash, clock, short_model, short_place, si, some
from costtop.tui.draw.ink import Extent, Line, Span, cut, line, rule, spread, whole

if TYPE_CHECKING:
    from costtop.queries.sessions.session import CallLine, SessionDetail

_LEAST = (80, 36)  # cells of the screen: below it the list has all the room
_ASIDE = 180  # cells from which the pane stands beside the list
_HEIGHT = 9
_CAUSES = 5


def has_room(size: Extent, *, beside: bool) -> bool:
    """Whether the pane beside the list, or the one below it, has room in the window."""
    if beside:
        return size.width >= _ASIDE and size.height >= _LEAST[1] // 2
    return _LEAST[0] <= size.width < _ASIDE and size.height >= _LEAST[1]


def heading(row: SessionRow | None, width: int) -> Line:
    """The rule above the pane beside the list."""
    return (Span("┬", "rule"), *rule(_named(row) if row else (), (), width - 1))


def aside_width(width: int) -> int:
    """Cells of the pane beside the list in a window of that width; 0 where it has no room."""
    return min(max(width * 32 // 100, 60), 76) if width >= _ASIDE else 0


def hint(row: SessionRow | None, tagged: Sequence[str], now: int, width: int) -> Line:
    """The line under the list: the names of the tagged ones, else the row under the cursor."""
    if tagged:
        names = " ".join(tagged[:6])
        keys = ("   k ends, m marks all of them; U lets go", "dim")
        return line((f" {len(tagged)} tagged: ", "tagged"), names, keys)
    if row is None:
        return ()
    last = f"last call {short(now - row.last)} ago" if row.last else ""
    calls = f"{some(row.calls, 'call')} · {si(row.tokens)} tokens" + (
        f" · {some(row.errors, 'error')}" if row.errors else ""
    )
    parts = [part for part in (row.why, calls, last, row.cwd) if part]
    name = f" {row.called} "
    return line(name, (whole(" · ".join(parts), width - len(name)), "dim"))


def below(
    row: SessionRow, detail: "SessionDetail | None", now: int, zone: str, width: int
) -> list[Line]:
    """A rule with its name, the cost curve at the left, why it costs that at the right."""
    # The whole session, of which a span's row is a part; its row may know more than was read.
    total = max(detail.total, row.cost) if detail else row.cost
    spent = bill(row.short.known(total), floor=row.floor)
    cost = line((spent, "strong"), (" where it went", "dim"))
    left_width = width * 9 // 20
    left = _curve(row, detail, now, zone, (left_width - 1, _HEIGHT - 3))
    right = _went(row, detail, width - left_width - 3, _CAUSES)
    return [rule(_named(row), cost, width), *_beside(left, right, left_width, _HEIGHT - 1)]


def aside(
    row: SessionRow, detail: "SessionDetail | None", now: int, zone: str, size: tuple[int, int]
) -> list[Line]:
    """The same beside the list, from above: verdict, curve, ledger, peers, latest calls."""
    width, height = size[0] - 3, size[1]
    lines = [
        _verdict(row),
        (),
        *_curve(row, detail, now, zone, (width, min(max(height - 33, 5), 12))),
        (),
    ]
    if detail is not None:
        from costtop.tui.widgets.cause_table import compared, ledger

        lines += [line(("where it went", "sorted")), *ledger(detail, width, 12, _ink(row)), ()]
        lines += [line(("compared", "sorted")), *compared(detail, width), ()]
        lines += [line(("latest calls", "sorted"))]
        lines += [_call(call, zone, width) for call in detail.calls[::-1]]
    lines += [()] * (height - len(lines))
    return [(Span("│ ", "rule"), *cut(one, width + 1)) for one in lines[:height]]


def _named(row: SessionRow) -> Line:
    """Which session: its id, where it runs and for what, with which tool and model."""
    known = (row.title, short_place(row.project), short_place(row.feature))
    places = dict.fromkeys(part for part in known if part)
    about = (row.agent_type, short_model(row.model), row.cwd)
    return line(
        (f"{row.called} ", "strong"),
        (" · ".join(places), "text"),
        ("  " + " · ".join(part for part in about if part), "dim"),
    )


def _beside(left: list[Line], right: list[Line], left_width: int, height: int) -> list[Line]:
    lines = []
    for n in range(height):
        beside = right[n] if n < len(right) else ()
        first = cut(left[n] if n < len(left) else (), left_width)
        lines.append((*first, Span("│ ", "rule"), *beside))
    return lines


def _curve(
    row: SessionRow, detail: "SessionDetail | None", now: int, zone: str, size: tuple[int, int]
) -> list[Line]:
    if detail is None or not detail.curve:
        return [line((" reading …", "dim"))]
    from costtop.tui.widgets.curve import curve

    lines = curve(detail.curve, *size, zone, now if row.state == "running" else None)
    spent = bill(row.short.known(row.cost))
    return lines or [line((f" {spent} in {some(len(detail.curve), 'call')}", "dim"))]


def _verdict(row: SessionRow) -> Line:
    if not row.why:
        return line(("as usual", "dim"))
    return line(("! " if row.severity == "critical" else "▲ ", _ink(row)), (row.why, _ink(row)))


def _ink(row: SessionRow) -> str:
    """What could have been avoided: to look at, of a runaway to act on."""
    return "bad" if row.severity == "critical" else "warn"


def _went(row: SessionRow, detail: "SessionDetail | None", width: int, most: int) -> list[Line]:
    """Its ledger as bars that add up, and how it stands against its peers."""
    if detail is None:
        return [_verdict(row)] if row.why else []
    from costtop.tui.widgets.cause_table import compared, ledger

    return [*ledger(detail, width, most, _ink(row)), *compared(detail, width)]


def _call(call: "CallLine", zone: str, width: int) -> Line:
    tools = ", ".join(dict.fromkeys(call.tools)) or "-"
    failed = f" ✗{call.failed}" if call.failed else ""
    cost = "?" if call.cost is None else f"+{cash(call.cost, places=4)}"
    left = line((f"{clock(call.at, zone)}  ", "dim"), tools, (failed, "warn"))
    right = line((f" {si(call.input)} in ", "dim"), (f"{cost:>8}", "text"))
    return spread(left, right, width)
