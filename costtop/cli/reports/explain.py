"""`costtop explain`: from a session's total to the line and the rate that made each call."""

import argparse
import sqlite3

from costtop import money, paths
from costtop.analysis.ledger import BUCKETS, Books
from costtop.cli import catching_up
from costtop.cli.parser import Parser
from costtop.cli.reports.why_json import causes as filled
from costtop.cli.tables import put, put_json, width
from costtop.durations import iso
from costtop.errors import NothingFound
from costtop.queries.export import token_counts
from costtop.queries.plans import billed_span, billed_words
from costtop.queries.sessions import explain, lookup, session
from costtop.queries.sessions.explain import Explained, Explanation
from costtop.queries.spending import floor_words
from costtop.queries.why import session_words, text_blocks
from costtop.store.calls.standing_estimates import Estimate
from costtop.text import clean


def add(parser: Parser, name: str) -> None:
    """Adds `explain`."""
    parser.says(
        "Where a number comes from: file, byte, tokens, rate and sum of each call.",
        "costtop explain 7b4acd3a",
        "costtop explain 7b4acd3a --calls",
        "costtop explain 7b4acd3a --json",
    )
    parser.add_argument("what", metavar="SESSION|CALL", help="a beginning of its id")
    parser.add_argument("--calls", action="store_true", help="each call of a session too")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints the explanation."""
    db = catching_up.open_fresh(paths.find())
    causes = None
    try:
        found = explain.session(db, lookup.session(db, options.what))
        causes = _causes(db, found.session)
    except NothingFound:
        found = explain.call(db, options.what)
    beside = None if causes is None else billed_span.of_session(db, found.session)
    if options.json:
        told = {} if causes is None else {"causes_usd": filled(causes)}
        put_json(_tree(found) | told | billed_words.span_tree(beside))
        return 0
    lines = []
    for call in found.calls if options.calls or causes is None else ():
        lines += [*_call(call), ""]
    if causes is not None:
        lines += [*text_blocks.laid([session_words.causes(causes)], width), ""]
    put("\n".join((*lines, _sums(found))))
    if beside is not None:
        put(f"  {billed_words.span(beside)}")
    if causes is not None and not options.calls:
        put(f"each of them: costtop explain {found.short_id} --calls")
    return 0


def _causes(db: sqlite3.Connection, key: str) -> Books:
    """The ledger of a session."""
    detail = session.read(db, key)
    amounts = dict(detail.books) if detail else {}
    return tuple(amounts.get(name, 0) for name in BUCKETS)


def _sums(found: Explanation) -> str:
    lines = []
    known = found.short.known(found.cost)
    total = money.bill(known, floor=not found.short.exact, places=9)
    name = found.short_id or clean(found.session)
    calls = f"{len(found.calls)} call{'s' * (len(found.calls) != 1)}"
    titled = f'  "{clean(found.title)}"' if found.title else ""
    lines.append(f"{name}: {calls}, {total}  ({clean(found.session)}){titled}")
    lines += [f"  missing: {line}" for line in floor_words.words(found.short, found.likely)]
    if found.beside:
        lines += [_guess(one) for one in found.beside.estimates]
        lines += [f"  {line}" for line in found.beside.words()]
    if found.thinned is not None:
        lines.append(f"  {_COMPACTED}")
    if found.drift is not None:
        drift = money.dollars(found.drift, places=9)
        lines.append(f"computed minus reported by the tool: ${drift}")
    return "\n".join(lines)


_COMPACTED = "compacted: which tools it used, and repeats by them, are not kept any more"


def _call(call: Explained) -> list[str]:
    agent = f"  subagent {clean(call.agent)}" if call.agent else ""
    variant = f"  {clean(call.variant)}" if call.variant else ""
    where = f"{clean(call.file, 4096)} byte {call.offset}" if call.offset is not None else call.file
    lines = [
        f"{iso(call.at)}  call {call.call[:12]}  {clean(call.model)}{variant}{agent}",
        f"  from {where}",
    ]
    lines += [
        f"  {line.units:>12,} {line.kind:<16} {line.rate:>14}"
        f"  ${money.dollars(line.nanos, places=9)}"
        for line in call.lines
    ]
    return [*lines, f"  {_sum(call)}"]


def _guess(one: Estimate) -> str:
    """One estimated request: ≈ stands before its dollars wherever it is shown."""
    tokens = one.tokens
    used = f"about {tokens.input:,} in, {tokens.cache_read:,} of them cached, {tokens.output:,} out"
    agent = f"  subagent {clean(one.agent)}" if one.agent else ""
    cost = money.dollars(one.cost, places=4)
    return f"{iso(one.at)}  {one.kind}  {clean(one.model)}{agent}  {used}  ≈${cost}"


_WHY = {
    "placeholder": "output is a placeholder: a floor",
    "unreadable": "the row could not be read: a floor",
    "tier": "its tier, speed or region has no listed price: a floor",
    "modality": "audio or images at the price of text: a floor",
}


def _sum(call: Explained) -> str:
    notes = []
    if call.card:
        notes.append(f"rates: {call.card}")
    if call.reported is not None:
        notes.append(f"the tool wrote ${money.dollars(call.reported, places=9)}")
    notes += [_WHY[reason] for reason in call.short if reason in _WHY]
    if call.estimated:
        notes.append("the model is an estimate")
    said = f"  ({'; '.join(notes)})" if notes else ""
    if call.cost is None:
        used = f"{call.tokens.input:,} in, {call.tokens.output:,} out"
        why = "no price for this model: " if "unpriced" in call.short else ""
        return f"= ? {why}{used}{said}"
    return f"= ${money.dollars(call.cost, places=9)} {call.basis}{said}"


def _tree(found: Explanation) -> dict[str, object]:
    return {
        "schema": 1,
        "session": found.session,
        "short": found.short_id or None,
        "title": found.title or None,
        "cost_usd": money.exact(found.cost),
        **found.short.tree(),
        "likely_hidden_usd": _money(found.likely),
        "drift_usd": None if found.drift is None else money.exact(found.drift),
        **_beside(found),
        "compacted": found.thinned is not None,
        "calls": [_call_tree(call) for call in found.calls],
    }


def _beside(found: Explanation) -> dict[str, object]:
    """What no log tells of the session, in no sum; nothing of one call alone."""
    if found.beside is None:
        return {}
    rows = [_guess_tree(one) for one in found.beside.estimates]
    return {**found.beside.tree(), "estimates": rows}


def _guess_tree(one: Estimate) -> dict[str, object]:
    return {
        "kind": one.kind,
        "agent": one.agent or None,
        "at": iso(one.at),
        "model": one.model or None,
        "input_tokens": one.tokens.input,
        "cache_read_tokens": one.tokens.cache_read,
        "cache_write_tokens": one.tokens.cache_write,
        "cache_write_1h_tokens": one.tokens.cache_write_1h,
        "output_tokens": one.tokens.output,
        "estimated_usd": _money(one.cost),
    }


def _call_tree(call: Explained) -> dict[str, object]:
    return {
        "call": call.call,
        "agent": call.agent or None,
        "at": iso(call.at),
        "model": call.model,
        "provider": call.provider,
        "variant": call.variant or None,
        "file": call.file,
        "offset": call.offset,
        **token_counts(call.tokens),
        "media_tokens": call.media._asdict() if call.media else None,
        "web_searches": call.searches,
        "rates": call.card or None,
        "lines": [
            {name: getattr(line, name) for name in ("kind", "units", "rate")}
            | {"usd": money.exact(line.nanos)}
            for line in call.lines
        ],
        "computed_usd": _money(call.computed),
        "reported_usd": _money(call.reported),
        "cost_usd": _money(call.cost),
        "basis": call.basis,
        "floor_reasons": list(call.short),
        "placeholder": call.placeholder,
        "estimated": call.estimated,
    }


def _money(nanos: int | None) -> str | None:
    return None if nanos is None else money.exact(nanos)
