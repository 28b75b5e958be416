"""`costtop explain`: from a session's total to the line and the rate that made each call."""

import argparse

from costtop import money, paths
from costtop.cli.reports.report import stamp
from costtop.cli.tables import put
from costtop.errors import NothingFound
from costtop.queries.sessions import explain, lookup
from costtop.queries.sessions.explain import Explained, Explanation
from costtop.store.db import open_reader
from costtop.text import clean


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str) -> None:
    """Adds `explain`."""
    parser = commands.add_parser(name, help="where a number comes from, down to the log line")
    parser.add_argument("what", metavar="SESSION|CALL", help="a beginning of its id")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints the explanation."""
    db = open_reader(paths.find().database)
    try:
        found = explain.session(db, lookup.session(db, options.what))
    except NothingFound:
        found = explain.call(db, options.what)
    put(_json(found) if options.json else _plain(found))
    return 0


def _plain(found: Explanation) -> str:
    lines = []
    for call in found.calls:
        lines += [*_call(call), ""]
    total = money.dollars(found.cost, floor=found.floor, places=9)
    lines.append(f"{clean(found.session)}: {len(found.calls)} calls, ${total}")
    if found.floor:
        lines.append("≥: calls without a known price are missing from this sum")
    if found.drift is not None:
        drift = money.dollars(found.drift, places=9)
        lines.append(f"computed minus reported by the tool: ${drift}")
    return "\n".join(lines)


def _call(call: Explained) -> list[str]:
    agent = f"  subagent {clean(call.agent)}" if call.agent else ""
    variant = f"  {clean(call.variant)}" if call.variant else ""
    where = f"{clean(call.file, 4096)} byte {call.offset}" if call.offset is not None else call.file
    lines = [
        f"{stamp(call.at)}  call {call.call[:12]}  {clean(call.model)}{variant}{agent}",
        f"  from {where}",
    ]
    lines += [
        f"  {line.units:>12,} {line.kind:<16} {line.rate:>14}"
        f"  ${money.dollars(line.nanos, places=9)}"
        for line in call.lines
    ]
    return [*lines, f"  {_sum(call)}"]


def _sum(call: Explained) -> str:
    notes = []
    if call.card:
        notes.append(f"rates: {call.card}")
    if call.reported is not None:
        notes.append(f"the tool wrote ${money.dollars(call.reported, places=9)}")
    if call.placeholder:
        notes.append("output is a placeholder: a floor")
    if call.estimated:
        notes.append("the model is an estimate")
    said = f"  ({'; '.join(notes)})" if notes else ""
    if call.cost is None:
        used = f"{call.tokens.input:,} in, {call.tokens.output:,} out"
        return f"= ? no price for this model: {used}{said}"
    return f"= ${money.dollars(call.cost, places=9)} {call.basis}{said}"


def _json(found: Explanation) -> str:
    import json

    tree = {
        "schema": 1,
        "session": found.session,
        "cost_usd": money.exact(found.cost),
        "floor": found.floor,
        "drift_usd": None if found.drift is None else money.exact(found.drift),
        "calls": [_tree(call) for call in found.calls],
    }
    return json.dumps(tree, indent=1)


def _tree(call: Explained) -> dict[str, object]:
    return {
        "call": call.call,
        "agent": call.agent or None,
        "at": stamp(call.at),
        "model": call.model,
        "provider": call.provider,
        "variant": call.variant or None,
        "file": call.file,
        "offset": call.offset,
        "input_tokens": call.tokens.input,
        "cache_read_tokens": call.tokens.cache_read,
        "cache_write_tokens": call.tokens.cache_write,
        "cache_write_1h_tokens": call.tokens.cache_write_1h,
        "output_tokens": call.tokens.output,
        "reasoning_tokens": call.tokens.reasoning,
        "media_tokens": call.media._asdict() if call.media else None,
        "web_searches": call.searches,
        "rates": call.card or None,
        "lines": [
            {"kind": line.kind, "units": line.units, "rate": line.rate,
             "usd": money.exact(line.nanos)}
            for line in call.lines
        ],
        "computed_usd": _money(call.computed),
        "reported_usd": _money(call.reported),
        "cost_usd": _money(call.cost),
        "basis": call.basis,
        "placeholder": call.placeholder,
        "estimated": call.estimated,
    }  # fmt: skip


def _money(nanos: int | None) -> str | None:
    return None if nanos is None else money.exact(nanos)
