"""Counts token metrics where nothing finer is sent: points to calls, by an own small memo.

Points are sums over many requests. A delta is taken as it is; of a cumulative series only what is
new since the point before it, which the memo keeps, so a resend and a restart change nothing.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from costtop.model import Call, Tokens
from costtop.named_tuples import NamedTuple
from costtop.sources.fold import keys
from costtop.sources.fold.json_lines import LARGEST
from costtop.sources.otlp.record_owner import Owner, whose
from costtop.sources.otlp.records import Point, Said, held, named

AGGREGATE = 3  # how coarse: of no use where any single call is told of
_SERIES = 2000  # cumulative series remembered
_PARTS = 200  # calls that the sum of one point is divided into at most
_MODEL = ("model", "gen_ai.response.model", "gen_ai.request.model")

# Metric -> what its value counts; "" takes it from the point's own type.
_COUNTED = {
    "claude_code.token.usage": "",
    "claude_code.cost.usage": "cost",
    "gemini_cli.token.usage": "",
    "gen_ai.client.token.usage": "",
    "gen_ai.client.inference.usage.input_tokens": "input",
    "gen_ai.client.inference.usage.output_tokens": "output",
    "gen_ai.client.inference.usage.cache_read.input_tokens": "read",
    "gen_ai.client.inference.usage.cache_write.input_tokens": "write",
    "gen_ai.client.inference.usage.reasoning.output_tokens": "reasoning",
}
_TYPE = ("type", "gen_ai.token.type")
_APART = (*_TYPE, "gen_ai.token.modality")  # what the points of one request differ in
_KINDS = {
    "input": "input",
    "output": "output",
    "completion": "output",
    "prompt": "input",
    "cacheRead": "read",
    "cacheCreation": "write",
    "cache": "read",
    "thought": "thought",
    "tool": "tool",
}


_TELL_THEMSELVES = ("claude-code", "gemini-cli")  # by metrics of their own, always


class _Group(NamedTuple):
    """Points of one export that differ only in what they count, by that."""

    family: str
    said: Said
    whose: Said
    time: int
    delta: bool
    values: dict[str, float]
    starts: dict[str, int]
    requests: dict[str, int]


def calls_of(points: Iterable[Point], memo: dict[str, Any], seen: int) -> Iterator[Call]:
    """The calls that the points of one export stand for; changes `memo`, which is JSON-able."""
    for group in _groups(points):
        who = whose(group.family, group.said, group.whose)
        if not _is_chosen(memo, who, group.family):
            continue
        series = _series(group)
        values = group.values if group.delta else _new_values(memo, series, group)
        if any(values.values()):
            yield from _calls(group, who, series, values, seen)


def note_finer(memo: dict[str, Any], call: Call) -> None:
    """Remembers that the call's service tells of single requests: its sums are of no use."""
    finer = memo.setdefault("finer", {})
    if len(finer) > _SERIES:
        finer.clear()
    finer[f"{call.source}/{call.service}"] = 1


def _groups(points: Iterable[Point]) -> list[_Group]:
    found: dict[object, _Group] = {}
    for point in points:
        kind = _COUNTED.get(point.name)
        kind = _KINDS.get(str(named(point.said, _TYPE)), "") if kind == "" else kind
        if not kind or point.value < 0:
            continue
        family = ".".join(point.name.split(".")[: 3 if point.name.startswith("gen_ai") else 1])
        rest = {name: value for name, value in point.said.items() if name not in _APART}
        about = tuple(sorted(map(str, rest.items()))), tuple(sorted(map(str, point.whose.items())))
        group = found.setdefault(
            (family, about, point.time),
            _Group(
                family=family,
                said=rest,
                whose=point.whose,
                time=point.time,
                delta=point.delta,
                values={},
                starts={},
                requests={},
            ),
        )
        group.values[kind] = group.values.get(kind, 0.0) + point.value
        group.starts[kind] = point.start
        group.requests[kind] = group.requests.get(kind, 0) + point.requests
    return list(found.values())


def _is_chosen(memo: dict[str, Any], who: Owner, family: str) -> bool:
    """Whether this family of metrics is the one that counts for the service: its first."""
    known = memo.setdefault("families", {})
    if who.session == who.service and f"{who.source}/{who.service}" in memo.get("finer", {}):
        return False
    if len(known) > _SERIES:
        known.clear()
    mark = f"{who.source}/{who.service}"
    own = family.partition(".")[0] in ("claude_code", "gemini_cli")
    if not own and who.source in _TELL_THEMSELVES:
        return False
    if own or mark not in known:
        known[mark] = family
    return bool(known[mark] == family)


def _series(group: _Group) -> str:
    told = [f"{name}={value}" for name, value in sorted(group.said.items())]
    resource = [f"{name}={value}" for name, value in sorted(group.whose.items())]
    return keys.whole(group.family, *resource, "", *told).hex()


def _new_values(memo: dict[str, Any], series: str, group: _Group) -> dict[str, float]:
    """What a cumulative series has grown by; a new start, or a fall, begins at zero again."""
    known = memo.setdefault("series", {})
    before = known.pop(series, {})
    grown, after = {}, dict(before)
    for kind, value in group.values.items():
        start, time, was = before.get(kind, (group.starts[kind], 0, 0))
        if start == group.starts[kind] and group.time <= time:
            continue  # sent again
        again = start != group.starts[kind] or value < was
        grown[kind] = value - (0 if again else was)
        after[kind] = (group.starts[kind], group.time, value)
    known[series] = after
    while len(known) > _SERIES:
        known.pop(next(iter(known)))
    return grown


def _calls(
    group: _Group, who: Owner, series: str, values: dict[str, float], seen: int
) -> Iterator[Call]:
    """The sum in as many equal calls as there were requests, so that no size tier is met by it."""
    sums = [min(round(values.get(kind, 0)), LARGEST) for kind in _ORDER]
    cost = round(values["cost"] * 1_000_000_000) if "cost" in values else None
    parts = max(1, min(max(group.requests.values(), default=0), _PARTS)) if group.delta else 1
    for part in range(parts):
        shares = dict(zip(_ORDER, (_share(total, parts, part) for total in sums), strict=True))
        yield Call(
            key=keys.whole("otlp", "point", series, str(group.time), str(part)),
            source=who.source,
            session=who.session,
            model=named(group.said, _MODEL) or "unknown",
            tokens=_tokens(who.source, shares),
            at=held(group.time // 1_000_000, seen),
            context=who.context,
            provider=named(group.said, ("gen_ai.provider.name", "gen_ai.system")),
            reported=None if cost is None else _share(cost, parts, part),
            settled=cost is not None,
            heard=True,
            estimated=True,
            coarse=AGGREGATE,
            service=who.service,
        )


_ORDER = ("input", "read", "write", "output", "thought", "reasoning", "tool")


def _share(total: int, parts: int, part: int) -> int:
    return total * (part + 1) // parts - total * part // parts


def _tokens(source: str, share: dict[str, int]) -> Tokens:
    read, write = share["read"], share["write"]
    total = share["input"] + share["tool"]
    if source == "claude-code" or read + write > total:
        total += read + write
    output = share["output"] + share["thought"]
    reasoning = min(share["thought"] + share["reasoning"], output)
    return Tokens(total, read, write, output=output, reasoning=reasoning)
