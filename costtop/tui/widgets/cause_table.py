"""The ledger of causes and the timeline of one session. Pictures only, from its detail."""

from costtop.analysis import why
from costtop.queries.alerts.alert_list import Alerts
from costtop.queries.sessions.session import CallLine, FinishedPeers, SessionDetail
from costtop.tui.draw.figures import bill, cash, clock, moment, share, short_model, si, stroke
from costtop.tui.draw.ink import Line, Span, line, whole, wrapped
from costtop.tui.list.shown_rows import CellLook, Column
from costtop.tui.widgets.meters import waterfall

_OF_BARS = {"bad": "flare"}
_LABEL = 10  # cells of what a line compares


def ledger(detail: SessionDetail, width: int, most: int, ink: str = "warn") -> list[Line]:
    """Its dearest causes as bars that add up, the smallest of more than `most` together.

    What could have been avoided is in `ink`.
    """
    signed = dict.fromkeys(map(why.LINES.__getitem__, why.AVOIDABLE), _OF_BARS.get(ink, ink))
    parts = [(why.LINES.get(name, name), amount) for name, amount in detail.books]
    if len(parts) > most:
        rest = sum(amount for _, amount in parts[most - 1 :])
        parts = [*parts[: most - 1], ("all else", rest)]
    return waterfall(parts, width, signed)


def causes(detail: SessionDetail, width: int, ink: str = "warn") -> list[Line]:
    """Where its dollars went; the bars add up to its cost, to the nano-dollar."""
    lines = ledger(detail, width, len(why.LINES), ink)
    avoidable = sum(amount for name, amount in detail.books if name in why.AVOIDABLE)
    if avoidable:
        where = (" in cache misses and retries", "dim")
        lines.append(line(("avoidable: ", "dim"), (f"{bill(avoidable)}", ink), where))
    return lines


def compared(detail: SessionDetail, width: int) -> list[Line]:
    """The session against its finished peers, and a call against a call; no fact is cut."""
    growth = f"{si(detail.first_context)} → {si(detail.last_context)}"
    calls = f"median {bill(detail.p50)} · p95 {bill(detail.p95)} · prompt {growth} tokens"
    calls = calls if len(calls) + _LABEL <= width else calls.removesuffix(" tokens")
    told = [("a call", whole(calls, width - _LABEL))]
    told += [("missing", words) for words in detail.missing]
    told += [("no log", words) for words in detail.beside]
    if detail.thinned is not None:
        told.append(
            ("compacted", "which tools it used, and repeats by them, are not kept any more")
        )
    lines = [_against(detail.total, detail.peers, width)]
    for name, words in told:
        for nth, part in enumerate(wrapped(words, width - _LABEL)):
            lines.append(line((f"{'' if nth else name:<{_LABEL}}", "dim"), part))
    return lines


def _against(total: int, peers: FinishedPeers | None, width: int) -> Line:
    if peers is None:
        return line(("peers     fewer than five finished sessions yet", "dim"))
    times = total / peers.median if peers.median else 0.0
    ink = "bad" if times >= 5 else "warn" if times >= 3 else "text"
    usual = f" the median {bill(peers.median)} of {_group(peers)} · p95 {bill(peers.p95)}"
    said = why.times(times)
    usual = whole(usual, width - _LABEL - len(said))
    return line(("peers     ", "dim"), (said, ink), (usual, "text"))


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
        sign = _SIGNS.get(one.alert.severity, "·")
        lines.append(line(when, (f"{sign} {one.alert.rule.replace('_', ' ')} ", ink), said))
    return lines


_SIGNS = {"critical": "!", "warning": "▲"}


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
    return Span(names + more + failed, "warn" if call.error else "text")


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


def _bar(call: CallLine, look: CellLook, width: int = 10) -> Span:
    return Span(stroke((call.cost or 0) / max(look.top, 1), width), "h3")


TIMELINE: tuple[Column[CallLine], ...] = (
    Column("at", "TIME", 8, 0, lambda c, look: Span(clock(c.at, look.zone), "dim")),
    Column("agent", "AGENT", 10, 3, lambda c, look: Span(c.agent or "-", "dim")),
    Column("model", "MODEL", 11, 2, lambda c, look: Span(short_model(c.model))),
    Column("tools", "TOOLS", 14, 1, _tool, measured=True, stages=((1, 50),)),
    Column("input", "IN", 6, 4, lambda c, look: Span(si(c.input)), align=">"),
    Column("cached", "CACHE", 5, 5, _cached, align=">"),
    Column("output", "OUT", 6, 4, lambda c, look: Span(si(c.output)), align=">"),
    Column("cost", "$", 8, 0, _cost, align=">"),
    Column("total", "$TOTAL", 8, 2, _spent, align=">"),
    Column("bar", "COST", 10, 9, _bar, wide=_bar, stages=((9, 999),)),
)
