"""Aider's analytics log, written with `--analytics-log FILE` (FORMATS 7).

It opens no files and prices nothing. The log names no session and no folder: a session is a launch,
and begins anew where the running total does. Prompt tokens are not split by cache, so a computed
cost is an estimate; the cost that Aider reports is exact.
"""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

import msgspec

from costtop.model import Bad, Call, Context, Event, SessionFact, Tokens
from costtop.sources.fold import keys
from costtop.sources.fold.fields import Count, Loose, counted, dollars, text
from costtop.sources.fold.json_lines import ODD, Unreadable, marked_lines
from costtop.sources.fold.source import Chunk, Memo, Source
from costtop.sources.fold.times import stamp

NAME = "aider"
_NEEDLES = (b'"message_send"', b'"launched"', b'"exit"')


class _Properties(msgspec.Struct):
    model: Loose = msgspec.field(name="main_model", default=None)
    prompt: Count = msgspec.field(name="prompt_tokens", default=None)
    completion: Count = msgspec.field(name="completion_tokens", default=None)
    cost: Loose = None
    total: Loose = msgspec.field(name="total_cost", default=None)


class _Line(msgspec.Struct):
    event: Loose = None
    user: Loose = msgspec.field(name="user_id", default=None)
    time: Loose = None
    properties: _Properties | None = None


_LINE = msgspec.json.Decoder(_Line)


def roots(_: Mapping[str, str], __: Path) -> list[Path]:
    """None: the file is where the user wants it, so it comes from a `[[source]]` entry."""
    return []


def read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of the chunk's lines and the memo for the next; see `source.Source`."""
    events: list[Event] = []
    memo = deepcopy(memo)
    for start, end, mark in marked_lines(chunk.data, _NEEDLES):
        offset = chunk.offset + start
        raw = chunk.data[start:end].strip()
        if mark == ODD:
            events.append(Bad(offset, "not valid JSON"))
            continue
        try:
            events += _events(counted(_LINE, raw), raw, chunk.seen, memo, offset)
        except Unreadable as error:
            events.append(Bad(offset, str(error)))
    return events, memo


def _events(line: _Line, raw: bytes, seen: int, memo: Memo, offset: int) -> list[Event]:
    at = stamp(line.time, seen)
    if line.event == "launched":
        memo.clear()
        memo.update(begin=at)
    elif line.event == "exit":
        session = memo.pop("session", "")
        return [SessionFact(NAME, session, ended=at, at=at)] if session else []
    elif line.event == "message_send" and line.properties is not None:
        return _call(line, line.properties, raw, at, memo, offset)
    return []


def _call(
    line: _Line, told: _Properties, raw: bytes, at: int, memo: Memo, offset: int
) -> list[Event]:
    total = dollars(told.total) or 0
    facts: list[Event] = []
    if "session" not in memo or total < memo.get("total", 0):
        begin = memo.pop("begin", at)
        memo["session"] = keys.short(f"{text(line.user)}/{begin}")
        facts = [SessionFact(NAME, memo["session"], started=begin, at=at)]
    memo["total"] = total
    call = Call(
        keys.whole(NAME, raw), NAME, memo["session"], text(told.model) or "unknown",
        Tokens(told.prompt or 0, output=told.completion or 0), at,
        Context(user=text(line.user)[:8]), reported=dollars(told.cost) or None, estimated=True,
        offset=offset,
    )  # fmt: skip
    return [*facts, call]


SOURCE = Source(NAME, "Aider, analytics log", "lines", roots, ("**/*.jsonl",), read)
