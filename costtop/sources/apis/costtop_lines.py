"""costtop's own JSON lines: one call, task or session event a line (INTERFACES, word for word).

Any program can write them, to a file, to the socket or through the client. It guesses nothing: a
line that breaks the contract is reported with its reason, and its neighbours are kept.
"""

import json
from functools import lru_cache
from typing import Annotated, Any

import msgspec

from costtop.errors import CosttopError
from costtop.model import (
    Call,
    Context,
    Event,
    Media,
    SessionFact,
    TaskFact,
    Tokens,
    ToolUse,
)
from costtop.money import NANO, from_dollars, parse
from costtop.sources.apis import regular_lines
from costtop.sources.apis.regular_lines import NAME, Count, Pid, text
from costtop.sources.fold import keys
from costtop.sources.fold.formats import nowhere
from costtop.sources.fold.json_lines import (
    Unreadable,
    decoded,
    has_negative_zero,
    marked_lines,
    taken,
)
from costtop.sources.fold.modalities import media
from costtop.sources.fold.source import Chunk, Memo, Source
from costtop.sources.fold.times import stamp
from costtop.text import clean

STATUSES = ("started", "completed", "failed", "aborted")
_TAGS, _TOOLS = 32, 64  # kept of one call
_DEAREST = 1_000_000 * NANO  # a call reported as dearer than a million dollars is a broken line


class _Tool(msgspec.Struct):
    name: str
    key: str | None = None
    error: bool | None = None
    result: str | None = None


class _Line(msgspec.Struct):
    session: str
    event: str | None = None
    model: str | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_read_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    cache_write_1h_tokens: Count | None = None
    reasoning_tokens: Count | None = None
    audio_input_tokens: Count | None = None
    audio_output_tokens: Count | None = None
    image_input_tokens: Count | None = None
    image_output_tokens: Count | None = None
    ts: str | int | float | None = None
    id: str | int | None = None
    provider: str | None = None
    user: str | None = None
    feature: str | None = None
    task: str | None = None
    project: str | None = None
    cwd: str | None = None
    branch: str | None = None
    host: str | None = None
    parent: str | None = None
    agent: str | None = None
    cost_usd: float | str | None = None
    service_tier: str | None = None
    speed: str | None = None
    geo: str | None = None
    web_searches: Count | None = None
    request: str | None = None
    pid: Pid | None = None
    attempt: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    status: str | None = None
    tools: list[_Tool] | None = None
    tags: msgspec.Raw = msgspec.Raw(b"null")


_SORTED = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
_LINE = msgspec.json.Decoder(_Line)
_TAG = msgspec.json.Decoder(dict[str, Any] | None)
_KEPT = 4096  # contexts remembered: most lines repeat what the one before said


def read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of the chunk's lines; every line stands alone, so the memo stays as it is."""
    if (regular := regular_lines.calls(chunk)) is not None:
        return [*regular.calls()], memo
    events: list[Event] = []
    parents: set[tuple[str, str]] = set()

    def read_line(line: bytes, offset: int) -> None:
        for event in events_of(line, chunk.seen, offset):
            if type(event) is Call or not _said_before(event, parents):
                events.append(event)

    for start, end, _ in marked_lines(chunk.data, ()):
        events += taken(chunk.data[start:end], chunk.offset + start, read_line)
    return events, memo


def _said_before(event: Event, parents: set[tuple[str, str]]) -> bool:
    """Whether it only repeats who the parent of a session is, as every line of a child does."""
    if not isinstance(event, SessionFact) or event.started is not None or event.ended is not None:
        return False
    said = (event.session, event.parent)
    if said in parents:
        return True
    parents.add(said)
    return False


def events_of(line: bytes, seen: int, offset: int = 0) -> list[Event]:
    """The events of one line, received at `seen` (ms UTC); raises Unreadable with the reason."""
    record = decoded(_LINE, line)
    if has_negative_zero(line):
        raise Unreadable("a token count is -0", malformed=False)
    session = text(record.session)
    if not session:
        raise Unreadable("`session` is empty", malformed=False)
    at = stamp(record.ts, seen)
    if record.event is not None:
        return [_fact(record, session, at)]
    events: list[Event] = [_call(record, session, at, line, offset)]
    if record.parent:
        parent = text(record.parent)
        events.append(SessionFact(NAME, session, parent=parent, at=at))
    return events


def _fact(record: _Line, session: str, at: int) -> TaskFact | SessionFact:
    if record.event == "task":
        if not record.task:
            raise Unreadable("a task event needs `task`", malformed=False)
        if record.status not in STATUSES:
            raise Unreadable(f"`status` of a task is none of {STATUSES}", malformed=False)
        return TaskFact(NAME, session, clean(record.task), record.status, at)
    if record.event == "session":
        parent = text(record.parent)
        if record.status == "ended":
            return SessionFact(NAME, session, parent=parent, ended=at, at=at)
        if record.status in (None, "started"):
            return SessionFact(NAME, session, parent=parent, started=at, at=at)
        raise Unreadable("`status` of a session is neither started nor ended", malformed=False)
    raise Unreadable("`event` is neither task nor session", malformed=False)


def _call(record: _Line, session: str, at: int, line: bytes, offset: int) -> Call:
    if not record.model or record.input_tokens is None or record.output_tokens is None:
        raise Unreadable(
            "`model`, `input_tokens` and `output_tokens` are required", malformed=False
        )
    named = record.id is not None and record.id != ""
    key = keys.whole(NAME, session, str(record.id)) if named else keys.whole(NAME, line.strip())
    tokens = _tokens(record)
    return Call(
        key,
        NAME,
        session,
        text(record.model),
        tokens,
        at,
        _context(record),
        agent=text(record.agent),
        provider=text(record.provider),
        tier="" if record.service_tier == "standard" else text(record.service_tier),
        speed=text(record.speed),
        geo=text(record.geo),
        searches=record.web_searches or 0,
        reported=_reported(record.cost_usd),
        request=text(record.request),
        status="ok" if record.status in (None, "ok") else "error",
        attempt=record.attempt or 1,
        pid=record.pid,
        tools=_tools(record),
        offset=offset,
        media=_media(record, tokens),
    )


def _tokens(record: _Line) -> Tokens:
    """The counts, checked against each other: each part fits into the whole that contains it."""
    tokens = Tokens(
        record.input_tokens or 0,
        record.cache_read_tokens or 0,
        record.cache_write_tokens or 0,
        record.cache_write_1h_tokens or 0,
        record.output_tokens or 0,
        record.reasoning_tokens or 0,
    )
    if tokens.cache_read + tokens.cache_write > tokens.input:
        reason = "`input_tokens` is the total, but cache reads and writes exceed it"
    elif tokens.cache_write_1h > tokens.cache_write:
        reason = "`cache_write_1h_tokens` exceeds `cache_write_tokens`"
    elif tokens.reasoning > tokens.output:
        reason = "`reasoning_tokens` exceeds `output_tokens`"
    else:
        return tokens
    raise Unreadable(reason, malformed=False)


def _media(record: _Line, tokens: Tokens) -> Media | None:
    asked, shown = record.audio_input_tokens or 0, record.image_input_tokens or 0
    spoken, drawn = record.audio_output_tokens or 0, record.image_output_tokens or 0
    if not (asked or shown or spoken or drawn):
        return None  # as nearly every line
    answered = {"audio": spoken, "image": drawn}
    return media(tokens, {"audio": asked, "image": shown}, {}, answered)


def _context(record: _Line) -> Context:
    return _cleaned(
        record.cwd,
        record.branch,
        record.project,
        record.feature,
        record.user,
        record.task,
        record.host,
        bytes(record.tags),
    )


@lru_cache(_KEPT)
def _cleaned(*said: Any) -> Context:
    *texts, tags = said
    return Context._make((*map(text, texts), _tags(tags)))


def _tags(raw: bytes) -> str:
    """Tags as JSON with sorted keys; values that are no text are written as JSON writes them."""
    tags = decoded(_TAG, raw)
    if not tags:
        return ""
    kept = {
        clean(name): clean(value if isinstance(value, str) else json.dumps(value))
        for name, value in sorted(tags.items())[:_TAGS]
    }
    return _SORTED(kept)


def _tools(record: _Line) -> tuple[ToolUse, ...]:
    if not record.tools:
        return ()
    return tuple(
        ToolUse(
            clean(tool.name),
            text(tool.key),
            tool.error,
            None if tool.result is None else clean(tool.result),
        )
        for tool in record.tools[:_TOOLS]
    )


def _reported(cost: float | str | None) -> int | None:
    """Nano-dollars of `cost_usd`, a number or a decimal text."""
    if cost is None:
        return None
    try:
        nanos = parse(cost) if isinstance(cost, str) else from_dollars(float(cost))
    except CosttopError:
        raise Unreadable("`cost_usd` is not an amount of dollars", malformed=False) from None
    if not 0 <= nanos <= _DEAREST:
        raise Unreadable("`cost_usd` is out of range", malformed=False)
    return nanos


SOURCE = Source(
    NAME, "costtop JSON lines", "lines", roots=nowhere, patterns=("**/*.jsonl",), read=read
)
