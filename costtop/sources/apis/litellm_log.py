"""LiteLLM's StandardLoggingPayload as JSON lines, from a callback or a JSON logger (FORMATS 8).

It opens no files and prices nothing. `prompt_tokens` contain the cache, `completion_tokens` the
reasoning. A hit in LiteLLM's own cache never reached a provider and used nothing.
"""

from typing import Any

import msgspec

from costtop.model import Call, Context, Event, Media, Tokens
from costtop.named_tuples import NamedTuple
from costtop.sources.apis.records import Details, kinds, standard
from costtop.sources.fold import keys
from costtop.sources.fold.fields import (
    NOTHING,
    Count,
    Loose,
    counted,
    dollars,
    inclusive,
    packed,
    text,
)
from costtop.sources.fold.formats import nowhere
from costtop.sources.fold.json_lines import marked_lines, taken
from costtop.sources.fold.modalities import media
from costtop.sources.fold.source import Chunk, Memo, Source
from costtop.sources.fold.times import stamp
from costtop.sources.fold.unread import unread_call

NAME = "litellm"
_TAGS = 16  # request tags kept


class _Lifetimes(msgspec.Struct):
    hour: Count = msgspec.field(name="ephemeral_1h_input_tokens", default=None)


class _Details(Details):
    created: Count = msgspec.field(name="cache_creation_tokens", default=None)
    lifetimes: _Lifetimes | None = msgspec.field(name="cache_creation_token_details", default=None)


class _Usage(msgspec.Struct):
    prompt: _Details | None = msgspec.field(name="prompt_tokens_details", default=None)
    completion: _Details | None = msgspec.field(name="completion_tokens_details", default=None)
    input: _Details | None = msgspec.field(name="input_tokens_details", default=None)
    output: _Details | None = msgspec.field(name="output_tokens_details", default=None)
    read: Count = msgspec.field(name="cache_read_input_tokens", default=None)
    write: Count = msgspec.field(name="cache_creation_input_tokens", default=None)


class _Response(msgspec.Struct):
    usage: _Usage | None = None
    tier: Loose = msgspec.field(name="service_tier", default=None)


class _Metadata(msgspec.Struct):
    usage: _Usage | None = msgspec.field(name="usage_object", default=None)
    user: Loose = msgspec.field(name="user_api_key_user_id", default=None)
    end_user: Loose = msgspec.field(name="user_api_key_end_user_id", default=None)
    team: Loose = msgspec.field(name="user_api_key_team_alias", default=None)
    key: Loose = msgspec.field(name="user_api_key_alias", default=None)
    asked: Loose = msgspec.field(name="requester_metadata", default=None)
    spend: Loose = msgspec.field(name="spend_logs_metadata", default=None)


class _Costs(msgspec.Struct):
    tier: Loose = msgspec.field(name="service_tier", default=None)


class _Payload(msgspec.Struct):
    id: Loose = None
    trace: Loose = msgspec.field(name="trace_id", default=None)
    session: Loose = msgspec.field(name="litellm_session_id", default=None)
    status: Loose = None
    model: Loose = None
    provider: Loose = msgspec.field(name="custom_llm_provider", default=None)
    prompt: Count = msgspec.field(name="prompt_tokens", default=None)
    completion: Count = msgspec.field(name="completion_tokens", default=None)
    cost: Loose = msgspec.field(name="response_cost", default=None)
    costs: _Costs | None = msgspec.field(name="cost_breakdown", default=None)
    start: Loose = msgspec.field(name="startTime", default=None)
    end: Loose = msgspec.field(name="endTime", default=None)
    hit: Loose = msgspec.field(name="cache_hit", default=None)
    end_user: Loose = None
    tags: Loose = msgspec.field(name="request_tags", default=None)
    metadata: _Metadata | None = None
    response: msgspec.Raw = NOTHING


class _Line(_Payload):
    inner: _Payload | None = msgspec.field(name="standard_logging_object", default=None)


class _LogFile(NamedTuple):
    """Where a line was read, and when (ms UTC)."""

    stem: str
    name: str  # without what rotation and copying add
    seen: int


_LINE = msgspec.json.Decoder(_Line)
_NO_PARTS, _NO_USAGE, _NO_METADATA, _NO_RESPONSE = _Details(), _Usage(), _Metadata(), _Response()
_RESPONSE = msgspec.json.Decoder(_Response)


def read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of the chunk's lines; every line stands alone, so the memo stays as it is."""
    events: list[Event] = []
    log = _LogFile(text(chunk.stem), keys.log_name(chunk.path), chunk.seen)

    def read_line(raw: bytes, offset: int) -> None:
        line = counted(_LINE, raw)
        told = line.inner or line
        if text(told.id) and text(told.model):
            events.append(_call(told, log, offset))

    for start, end, _ in marked_lines(chunk.data, ()):
        raw, offset = chunk.data[start:end], chunk.offset + start
        bads = taken(raw, offset, read_line)
        events += bads
        if bads and b'"prompt_tokens"' in raw:
            events.append(unread_call(NAME, log.stem, raw, chunk.seen, offset=offset))
    return events, memo


def _call(told: _Payload, log: _LogFile, offset: int) -> Call:
    meta = told.metadata or _NO_METADATA
    hit = told.hit is True
    session = text(told.session) or text(_inner(meta.asked, "session_id")) or text(told.trace)
    end = told.end if told.end is not None else told.start
    response = _response(told)
    used = meta.usage or response.usage or _NO_USAGE
    tokens = Tokens() if hit else _tokens(told, used)
    return Call(
        key=keys.whole(NAME, _named(told, session, log, tokens)),
        source=NAME,
        session=session or log.stem,
        model=text(told.model),
        tokens=tokens,
        at=stamp(end, log.seen),
        context=_context(told, meta),
        provider=text(told.provider),
        tier=_tier(told.costs) or standard(response.tier),
        reported=0 if hit else dollars(told.cost) or None,
        request=text(told.id),
        status="error" if told.status == "failure" else "ok",
        offset=offset,
        media=None if hit else _media(tokens, used),
    )


def _named(told: _Payload, session: str, log: _LogFile, tokens: Tokens) -> str:
    """A short id is its session's, else its log's, and its request's: gateways begin anew.

    A log is known by its name and by what it says of the request: a copy of it says the same.
    """
    name = text(told.id)
    if keys.is_global(name):
        return name
    if session:
        return keys.named(name, session, told.start)
    return keys.named(name, log.name, told.start, told.end, *tokens)


def _response(told: _Payload) -> _Response:
    """The answer itself, where it was logged and is one."""
    raw = bytes(told.response)
    return counted(_RESPONSE, raw) if raw[:1] == b"{" else _NO_RESPONSE


def _sides(used: _Usage) -> tuple[_Details, _Details]:
    return used.prompt or used.input or _NO_PARTS, used.completion or used.output or _NO_PARTS


def _tokens(told: _Payload, used: _Usage) -> Tokens:
    asked, answered = _sides(used)
    read = used.read if used.read is not None else asked.cached
    write = next(filter(None, (used.write, asked.created, asked.written)), 0)
    found = inclusive(told.prompt, read, write, told.completion, answered.reasoning)
    hour = min(asked.lifetimes.hour or 0, found.cache_write) if asked.lifetimes else 0
    return found._replace(cache_write_1h=hour) if hour else found


def _media(tokens: Tokens, used: _Usage) -> Media | None:
    asked, answered = _sides(used)
    return media(tokens, kinds(asked), kinds(asked.read or _NO_PARTS), kinds(answered))


def _tier(costs: _Costs | None) -> str:
    return standard(costs.tier) if costs else ""


def _context(told: _Payload, meta: _Metadata) -> Context:
    """Whose it was: tags of the form `key:value` are split; feature, task and project are taken."""
    tags = _tags(told.tags)
    for known in (meta.asked, meta.spend):
        for key in ("feature", "task", "project"):
            if isinstance(known, dict) and isinstance(known.get(key), str):
                tags.setdefault(key, text(known[key]))
    if text(meta.team):
        tags.setdefault("team", text(meta.team))
    user = text(told.end_user) or text(meta.end_user) or text(meta.user) or text(meta.key)
    named = {key: tags.pop(key, "") for key in ("feature", "task", "project")}
    return Context(user=user, tags=packed(tags), **named)


def _tags(given: object) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in given[:_TAGS] if isinstance(given, list) else ():
        key, colon, value = text(tag).partition(":")
        if key and not key.startswith("User-Agent"):
            found[key] = value.strip() if colon else "1"
    return found


def _inner(value: Any, key: str) -> object:
    return value.get(key) if isinstance(value, dict) else None


SOURCE = Source(
    NAME, "LiteLLM, JSON log", "lines", roots=nowhere, patterns=("**/*.jsonl",), read=read
)
