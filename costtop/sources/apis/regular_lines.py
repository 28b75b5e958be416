"""Regular lines of costtop's own format, many at once: calls that tell what nearly all tell.

It proves that a chunk holds nothing else. Where one of its lines says more, or has to be mended or
refused, all of them are read one by one (`costtop_lines`), to the same calls.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, groupby
from operator import add, ge, itemgetter
from typing import Annotated, Any

import msgspec

from costtop.columnar.call_columns import CallColumns, CallKind, CallRest, ToolColumns, numbered
from costtop.model import Context
from costtop.sources.fold import keys
from costtop.sources.fold.json_lines import LARGEST, has_negative_zero
from costtop.sources.fold.source import Chunk
from costtop.sources.fold.times import stamp
from costtop.text import clean

NAME = "costtop"
LEAST = 8  # lines that are sooner read together than one by one
_KEPT = 4096  # texts and kinds of calls remembered: most lines repeat what earlier ones said

Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
Pid = Annotated[int, msgspec.Meta(ge=1, le=2**31)]


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Whose it is, what it is called, and how many tokens of each kind it used; in that order."""

    session: str
    model: str
    provider: str = ""
    agent: str = ""
    cwd: str = ""
    branch: str = ""
    project: str = ""
    feature: str = ""
    user: str = ""
    task: str = ""
    host: str = ""
    pid: Pid | None = None
    ts: str = ""
    id: str | int = ""
    input_tokens: Count = -1
    cache_read_tokens: Count = 0
    cache_write_tokens: Count = 0
    cache_write_1h_tokens: Count = 0
    output_tokens: Count = -1
    reasoning_tokens: Count = 0


_LINES = msgspec.json.Decoder(_Line)
_WHOSE, _COUNTS = 11, 14  # fields before `pid`; before the tokens


def calls(chunk: Chunk) -> CallColumns | None:
    """The calls of a chunk, one a line; None where a line is not regular."""
    told = _decoded(chunk.data)
    if not told:
        return None
    columns = list(zip(*map(msgspec.structs.astuple, told), strict=True))
    tokens = columns[_COUNTS:]
    pids, times, names = columns[_WHOSE:_COUNTS]
    if not all(map(all, columns[:2])) or "" in names or not _fit(tokens):
        return None
    kinds, kind = numbered(_kind, zip(*columns[:_WHOSE], strict=True))
    rests, rest = numbered(_rest, zip(pids))
    count = len(told)
    return CallColumns(
        kinds=kinds,
        kind=kind,
        rests=rests,
        rest=rest,
        key=_keys(kinds, kind, names),
        at=[stamp(one, chunk.seen) for one in times],
        tokens=tokens,
        request=[""] * count,
        offset=_offsets(chunk),
        tools=ToolColumns([0] * (count + 1), (), (), (), ()),
    )


def _decoded(data: bytes) -> list[_Line]:
    """One record a line; of no line where that does not hold."""
    lines = data.count(b"\n")
    # Each line is an object at least and no object spans two: as many as lines are one each.
    if lines < LEAST or data[:1] != b"{" or data.count(b"}\n{") != lines - 1:
        return []
    if data[-2:] != b"}\n" or has_negative_zero(data):
        return []
    try:
        told = _LINES.decode_lines(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return []
    return told if len(told) == lines else []


def _fit(tokens: Sequence[Sequence[int]]) -> bool:
    """Whether all were told, and each part fits into the whole that contains it."""
    whole, read, written, hourly, output, reasoning = tokens
    return (
        min(whole) >= 0
        and min(output) >= 0
        and all(map(ge, whole, map(add, read, written)))
        and all(map(ge, written, hourly))
        and all(map(ge, output, reasoning))
    )


@lru_cache(_KEPT)
def _kind(session: str, model: str, provider: str, agent: str, *whose: str) -> CallKind:
    cwd, branch, project, feature, user, task, host = map(text, whose)
    return CallKind(
        source=NAME,
        session=text(session),
        model=text(model),
        context=Context(cwd, branch, project, feature, user, task, host),
        agent=text(agent),
        provider=text(provider),
        tier="",
        speed="",
        geo="",
    )


def _rest(pid: int | None) -> CallRest:
    return CallRest(pid=pid)


def _keys(kinds: Sequence[CallKind], kind: Sequence[int], names: Sequence[Any]) -> list[bytes]:
    found: list[bytes] = []
    for number, stretch in groupby(zip(kind, names, strict=True), itemgetter(0)):
        owner = NAME, kinds[number].session
        found += keys.wholes(owner, (str(name) for _, name in stretch))
    return found


def _offsets(chunk: Chunk) -> list[int]:
    sizes = [len(line) + 1 for line in chunk.data.split(b"\n")]
    return list(accumulate(sizes[:-2], initial=chunk.offset))


@lru_cache(_KEPT)
def text(value: str | None) -> str:
    """What a line says, made harmless; "" where it says nothing."""
    return clean(value) if value else ""
