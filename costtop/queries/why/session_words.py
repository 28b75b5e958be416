"""Why a session cost what it did, in plain text: where its dollars went, and what to do."""

import shlex
from datetime import datetime
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.analysis import because, ledger, why
from costtop.analysis.because import Driver
from costtop.queries.why.text_blocks import Block, Rows, billed, describe, wrapped
from costtop.queries.why.why_session import WhySession
from costtop.shown import currency
from costtop.text import clean

_DAYS = 5  # named, the latest
_WORTH = 20  # a line of advice stands for at least such a part of the cost: a twentieth
_CARRIED = 0.5  # share of the cost from which the context is worth advice
_HOW = {
    ledger.RETRIES: "for repeated calls: the agent went in circles; stop it, say it anew",
    ledger.TTL: "paid again after pauses: answer before the cache ends, or compact",
    ledger.PREFIX: "paid again: the prompt changed at its beginning (rules, tools, times)",
    ledger.SWITCH: "paid again: switch models at a session's start, not within it",
}


def session(found: WhySession) -> tuple[Block, ...]:
    """The answer for people."""
    said = by_what(found)
    reasons = (f"  {said}",) if said else ()
    notes = (*wrapped(headline(found)), *reasons, *_when(found), *_missing(found))
    blocks = [Block(notes=notes)]
    blocks.append(causes(found.session.books))
    if len(found.days) > 1:
        rows = tuple(_day(start, cost, found.zone) for start, cost in found.days[-_DAYS:])
        more = len(found.days) - len(rows)
        title = f"By day, the last {_DAYS} of {len(found.days)}" if more else "By day"
        blocks.append(Block(title, (), rows, frozenset({0})))
    many = len(found.days) > 1
    steps = [describe(one, found.zone, long=many) for one in found.session.steps]
    told = tuple(line for first, rest in steps for line in (first, f"  {rest}"))
    blocks.append(Block("Dearest steps", notes=told))
    blocks.append(Block("What to do", notes=advice(found)))
    return tuple(blocks)


def headline(found: WhySession) -> str:
    """What it cost against its peers, in one sentence."""
    name = f"{found.id} {clean(found.session.feature)}".rstrip()
    text = f"{name}: {billed(found.spent)}"
    one = found.compared
    if one.usual is None:
        return f"{text}; too few finished sessions to compare it with"
    times = f"{why.times(one.ratio)} " if one.ratio and found.spent.cost else ""
    usual, of = one.usual, clean(one.of)
    peers = f"median of {usual.peers} sessions of {of}, p95 {currency.amount(usual.high)}"
    return f"{text}, {times}the usual {currency.amount(usual.median)} ({peers})"


def by_what(found: WhySession) -> str:
    """What it is dearer by than its peers, as alerts have it; "" where it is not."""
    one = found.compared
    return because.reasons(one.gap, one.parts) if one.parts else ""


def _when(found: WhySession) -> tuple[str, str]:
    tz = ZoneInfo(found.zone)
    first, last = (datetime.fromtimestamp(at // 1000, tz) for at in (found.began, found.last))
    end = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%a %-d %b %H:%M}"
    models = ", ".join(clean(model) for model, _ in found.models[:3])
    grew = "prompt {:,} to {:,} tokens".format(*found.contexts)
    when = f"  {first:%a %-d %b %H:%M} to {end}, {found.session.turns} turns, {grew}"
    return when, f"  {models}"


def _missing(found: WhySession) -> tuple[str, ...]:
    return tuple(f"  missing: {line}" for line in found.missing)


def _day(start: int, cost: int, zone: str) -> tuple[str, ...]:
    return f"{currency.amount(cost)}", periods.label("day", start, ZoneInfo(zone))


def causes(books: ledger.Books) -> Block:
    """Every dollar by its cause; the lines sum to the cost."""
    whole = sum(books)
    order = sorted(range(len(books)), key=lambda nth: -books[nth])
    rows: Rows = tuple(
        (
            f"{currency.amount(books[nth])}",
            f"{100 * books[nth] / whole:.0f} %",
            why.LINES[ledger.BUCKETS[nth]],
            "avoidable" if ledger.BUCKETS[nth] in why.AVOIDABLE else "",
        )
        for nth in order
        if books[nth]
    )
    return Block("Where it went", (), rows, frozenset({0, 1}))


_BEYOND: dict[Driver, str] = {
    "longer": "more turns than usual: cut the task smaller, or look where they went",
    "model_shift": "dearer models than usual: use the cheaper one for routine work",
    "verbose_output": "longer replies than usual: ask for edits, not for whole files",
    "fan_out": "subagents: use fewer, or a cheaper model for them",
}


def _beyond(found: WhySession) -> list[str]:
    """The largest thing by which it is dearer than its peers, where something can be done."""
    parts = {name: found.compared.parts[name] for name in _BEYOND} if found.compared.parts else {}
    name = max(parts, key=lambda one: parts[one], default=None)
    if name is None or parts[name] * _WORTH <= found.spent.cost:
        return []
    return [f"{currency.amount(parts[name])} for {_BEYOND[name]}"]


def advice(found: WhySession) -> tuple[str, ...]:
    """What would have saved most, and where every call stands."""
    books = found.session.books
    order = sorted(_HOW, key=lambda nth: -books[nth])
    lines = [
        f"{currency.amount(books[nth])} {_HOW[nth]}"
        for nth in order
        if books[nth] * _WORTH > found.spent.cost
    ][:2]
    lines += _beyond(found)
    carried = books[ledger.CARRY]
    if carried > _CARRIED * found.spent.cost > 0:
        lines.append(
            f"{currency.amount(carried)} for the context carried on: begin anew, or compact"
        )
    return (*lines, f"every call: costtop explain {shlex.quote(found.id)} --calls")
