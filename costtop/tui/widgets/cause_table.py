"""The ledger of causes and the timeline of one session. Pictures only, from its detail."""

from costtop.analysis import why
from costtop.queries.alerts.alert_list import Alerts
from costtop.queries.sessions.session import CallLine, FinishedPeers, SessionDetail
from costtop.tui.draw.figures import cash, clock, moment, share, short_model, si
from costtop.tui.draw.ink import Line, Span, line
from costtop.tui.list.columns import CellLook, Column
from costtop.tui.widgets.meters import waterfall

_SIGNED = {why.LINES[name]: "warn" for name in why.AVOIDABLE}


def ledger(detail: SessionDetail, width: int, most: int) -> list[Line]:
    """Its dearest causes as bars that add up, the smallest of more than `most` together."""
    parts = [(why.LINES.get(name, name), amount) for name, amount in detail.books]
    if len(parts) > most:
        rest = sum(amount for _, amount in parts[most - 1 :])
        parts = [*parts[: most - 1], ("all else", rest)]
    return waterfall(parts, width, _SIGNED)


def causes(detail: SessionDetail, width: int) -> list[Line]:
    """Where its dollars went; the bars add up to its cost, to the nano-dollar."""
    lines = ledger(detail, width, len(why.LINES))
    avoidable = sum(amount for name, amount in detail.books if name in why.AVOIDABLE)
    if avoidable:
        where = (" in cache misses and retries", "dim")
        lines.append(line(("avoidable: ", "dim"), (f"${cash(avoidable)}", "warn"), where))
    return lines


def compared(detail: SessionDetail) -> list[Line]:
    """The session against its finished peers, and a call against a call."""
    growth = f"{si(detail.first_context)} → {si(detail.last_context)} tokens"
    calls = f"median ${cash(detail.p50)}  p95 ${cash(detail.p95)}   prompt {growth}"
    missing = [line(("missing   ", "dim"), words) for words in detail.missing]
    missing += [line(("no log    ", "dim"), words) for words in detail.beside]
    return [_against(detail.total, detail.peers), line(("a call    ", "dim"), calls), *missing]


def _against(total: int, peers: FinishedPeers | None) -> Line:
    if peers is None:
        return line(("peers     fewer than five finished sessions yet", "dim"))
    times = total / peers.median if peers.median else 0.0
    ink = "bad" if times >= 5 else "warn" if times >= 3 else "text"
    usual = f" the median ${cash(peers.median)} of {_group(peers)}, p95 ${cash(peers.p95)}"
    return line(("peers     ", "dim"), (why.times(times), ink), usual)


def _group(peers: FinishedPeers) -> str:
    words = {"feature": peers.name, "all": "all sessions"}
    return f"{words.get(peers.level, f'all of {peers.name}')} (n={peers.size})"


def sent(alerts: Alerts | None, now: int, zone: str) -> list[Line]:
    """The alerts about it and who was told."""
    lines = []
    for one in alerts.lines if alerts else ():
        told = ", ".join(dict.fromkeys(f"{d.label} {d.state}" for d in one.deliveries))
        ink = {"critical": "bad", "warning": "warn"}.get(one.alert.severity, "text")
        when = (f"{moment(one.alert.at, now, zone):<10}", "dim")
        said = (f"{one.alert.state} → {told or one.alert.reason}", "dim")
        lines.append(line(when, (f"! {one.alert.rule} ", ink), said))
    return lines


def deeds(detail: SessionDetail, now: int, zone: str) -> list[Line]:
    """What was done to it."""
    lines = []
    for deed in detail.deeds:
        when = (f"{moment(deed.at, now, zone):<10}", "dim")
        lines.append(line(when, f"{deed.deed} by {deed.by or '?'}  ", (deed.detail, "dim")))
    return lines


def _tool(call: CallLine, look: CellLook) -> Span:
    names = ", ".join(dict.fromkeys(call.tools)) or "-"
    more = f" ×{len(call.tools)}" if len(call.tools) > 1 else ""
    failed = f" ✗{call.failed}" if call.failed else ""
    return Span(names + more + failed, "warn" if call.failed or call.error else "text")


def _cost(call: CallLine, look: CellLook) -> Span:
    text = "?" if call.cost is None else cash(call.cost, places=4, width=8)
    return Span(text, "bad" if call.error else "strong")


def _spent(call: CallLine, look: CellLook) -> Span:
    return Span(cash(call.total), "text")


def _cached(call: CallLine, look: CellLook) -> Span:
    part = call.cache_read / call.input if call.input else None
    return Span(
        share(part), "warn" if part is not None and part < 0.3 and call.input > 20_000 else "text"
    )


TIMELINE: tuple[Column[CallLine], ...] = (
    Column("at", "TIME", 8, 0, lambda c, look: Span(clock(c.at, look.zone), "dim")),
    Column("agent", "AGENT", 10, 3, lambda c, look: Span(c.agent or "-", "dim")),
    Column("model", "MODEL", 11, 2, lambda c, look: Span(short_model(c.model))),
    Column("tools", "TOOLS", 14, 1, _tool, grow=60),
    Column("input", "IN", 6, 4, lambda c, look: Span(si(c.input)), align=">"),
    Column("cached", "CACHE", 5, 5, _cached, align=">"),
    Column("output", "OUT", 6, 4, lambda c, look: Span(si(c.output)), align=">"),
    Column("cost", "$", 8, 0, _cost, align=">"),
    Column("total", "$TOTAL", 8, 2, _spent, align=">"),
)
