"""Counts the log events by which coding agents tell of their requests. It reads no spans.

Claude Code names the request, so its events are joined with its transcripts. Codex, Gemini CLI
and Qwen Code do not: their events count only for sessions of which no log of their own tells.
"""

from collections.abc import Callable
from typing import Any

from costtop.model import Call, Tokens
from costtop.sources.fold import keys
from costtop.sources.fold.times import moment
from costtop.sources.otlp.record_owner import UNNAMED, Owner, whose
from costtop.sources.otlp.records import Record, Said, cost, count, held, named, whole

EVENT = 2  # how coarse: no request id, so spans of the session go before
_OWN_EVENT = 1  # finer than spans and events of the conventions, which leave out cache and thoughts


def _claude(record: Record, who: Owner, at: int) -> Call:
    """`claude_code.api_request`: counts are disjoint and say not how long writes live, so the
    cost that Claude Code itself states is the one that counts (FORMATS section 1).
    """
    said = record.said
    read, write = count(said, "cache_read_tokens"), count(said, "cache_creation_tokens")
    request = named(said, ("request_id",))
    micros = whole(said.get("cost_usd_micros"))
    reported = cost(said, "cost_usd")
    if reported is None and micros > 0:
        reported = micros * 1000
    tokens = Tokens(
        count(said, "input_tokens") + read + write, read, write, 0, count(said, "output_tokens")
    )
    return _call(
        record,
        who,
        at,
        tokens,
        request,
        provider="anthropic",
        speed="fast" if said.get("speed") == "fast" else "",
        reported=reported,
        settled=reported is not None,
    )


def _codex(record: Record, who: Owner, at: int) -> Call | None:
    """`codex.sse_event` of a completed response: input contains the cache, output reasoning."""
    said = record.said
    if said.get("event.kind") != "response.completed":
        return None
    total, output = count(said, "input_token_count"), count(said, "output_token_count")
    read = min(count(said, "cached_token_count"), total)
    write = min(count(said, "cache_write_token_count"), total - read)
    reasoning = min(count(said, "reasoning_token_count"), output)
    response = named(said, ("response_id", "response.id"))
    tokens = Tokens(total, read, write, output=output, reasoning=reasoning)
    return _call(record, who, at, tokens, response, provider="openai")


def _gemini(record: Record, who: Owner, at: int) -> Call:
    """`*.api_response`: thoughts and tool prompts stand beside answer and prompt."""
    said = record.said
    total = count(said, "input_token_count") + count(said, "tool_token_count")
    thoughts, answer = count(said, "thoughts_token_count"), count(said, "output_token_count")
    read = min(count(said, "cached_content_token_count"), total)
    tokens = Tokens(total, read, output=answer + thoughts, reasoning=thoughts)
    response = named(said, ("response_id",))
    return _call(record, who, at, tokens, response, provider="google")


def _call(record: Record, who: Owner, at: int, tokens: Tokens, request: str, **more: Any) -> Call:
    said = record.said
    if request:
        key = keys.whole("otlp", who.source, keys.named(request, who.session))
    else:
        told = sorted(f"{name}={value}" for name, value in said.items())
        key = keys.whole("otlp", who.source, record.name, str(record.at), *told)
    return Call(
        key=key,
        source=who.source,
        session=who.session,
        model=named(said, ("model", "slug")) or "unknown",
        tokens=tokens,
        at=at,
        context=who.context,
        request=request,
        heard=True,
        coarse=_coarseness(who.source, request),
        service=who.service,
        **more,
    )


def _coarseness(source: str, request: str) -> int:
    if source in UNNAMED:
        return _OWN_EVENT
    return 0 if request else EVENT


_EVENTS: dict[str, Callable[[Record, Owner, int], Call | None]] = {
    "claude_code.api_request": _claude,
    "codex.sse_event": _codex,
    "gemini_cli.api_response": _gemini,
    "qwen-code.api_response": _gemini,
}
_SHORT = {"api_request": "claude_code.api_request", "sse_event": "codex.sse_event"}
_OWNERS = {"claude_code.api_request": ("claude",), "codex.sse_event": ("codex",)}


def kind_of(record: Record) -> str:
    """The full name of an event that counts, "" for any other."""
    if record.name in _EVENTS:
        return record.name
    long = _SHORT.get(record.name, "")
    told = f"{record.scope} {_service(record.whose)}".lower()
    return long if any(owner in told for owner in _OWNERS.get(long, ())) else ""


def call_of(record: Record, kind: str, seen: int) -> Call | None:
    """The call that an event of this kind tells of, None for none; raises Unreadable."""
    who = whose(kind, record.said, record.whose, record.trace)
    at = moment(record.said.get("event.timestamp")) or record.at
    found = _EVENTS[kind](record, who, held(at, seen))
    return found if found is None or any(found.tokens) or found.reported else None


def _service(resource: Said) -> str:
    return named(resource, ("service.name",))
