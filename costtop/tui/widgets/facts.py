"""What is known of one session, in lines. Pictures only, from its row."""

from collections.abc import Sequence

from costtop.queries.live.view import SessionRow
from costtop.tui.draw.figures import age, cash, moment, share, short_model, short_session, si
from costtop.tui.draw.ink import Line, Span, line


def hint(row: SessionRow | None, tagged: Sequence[str], now: int) -> Line:
    """The line under the list: the tagged ones, else the row under the cursor."""
    if tagged:
        names = " ".join(short_session(key.partition("/")[2]) for key in tagged[:6])
        return line((f" {len(tagged)} tagged: ", "tagged"), names,
                    ("   k ends, m marks all of them; U lets go", "dim"))  # fmt: skip
    if row is None:
        return ()
    last = f"last call {age(now - row.last)} ago" if row.last else ""
    calls = f"{si(row.calls)} calls · {si(row.tokens)} tokens" + (
        f" · {row.errors} errors" if row.errors else ""
    )
    parts = [part for part in (row.why, calls, last, row.cwd) if part]
    return line(f" {short_session(row.session)} ", (" · ".join(parts), "dim"))


def facts(row: SessionRow, now: int, zone: str) -> list[Line]:
    """A session's own page: whose it is, what it used, what it costs."""
    lines: list[Line] = [()]
    lines += [line((f"  {name:<10}", "dim"), value) for name, value in _names(row, now, zone)]
    lines += [(), *_figures(row)]
    if row.why:
        ink = "bad" if row.severity == "critical" else "warn"
        lines += [(), line(("  why       ", "dim"), Span(row.why, ink))]
    return lines + [_child(child) for child in row.children]


def _names(row: SessionRow, now: int, zone: str) -> list[tuple[str, str]]:
    return [
        ("session", row.session), ("source", row.source), ("project", row.project or "-"),
        ("feature", row.feature or "-"), ("folder", row.cwd or "-"), ("branch", row.branch or "-"),
        ("user", " @ ".join(part for part in (row.user, row.host) if part) or "-"),
        ("process", str(row.pid) if row.pid else "not known exactly"),
        ("model", f"{short_model(row.model)}  ({row.model})"),
        ("began", _when(row.started, now, zone)), ("last call", _when(row.last, now, zone)),
    ]  # fmt: skip


def _when(at: int | None, now: int, zone: str) -> str:
    return "-" if at is None else f"{moment(at, now, zone)}  ({age(now - at)} ago)"


def _figures(row: SessionRow) -> list[Line]:
    unpriced = f"   {row.unpriced} without a price" if row.unpriced else ""
    return [
        line(("  cost      ", "dim"), (f"${cash(row.cost, floor=row.floor)}", "strong"),
             f"   now ${cash(row.rate)}/h   {si(row.calls)} calls   {row.errors} errors{unpriced}"),
        line(("  tokens    ", "dim"), f"{si(row.tokens)}   {si(row.tokens_minute)} a minute now   "
             f"latest prompt {si(row.context)}   {share(row.cache)} of input from the cache"),
    ]  # fmt: skip


def _child(child: SessionRow) -> Line:
    name = f"{child.agent_type or child.agent:<20} {short_model(child.model):<14}"
    cost = f"${cash(child.cost, floor=child.floor):>9}"
    return line(("  └─ ", "dim"), name, (cost, "strong"), (f"  {si(child.calls)} calls", "dim"))
