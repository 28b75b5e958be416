"""Reads the usage of a provider's response object or dict as fields of costtop's line. Pure.

It knows the shapes by their fields, not by their classes, so that no SDK is imported and a plain
dict of the same shape does as well. What each count contains: FORMATS sections 0 and 8.
"""

from collections.abc import Mapping
from typing import Any

Fields = dict[str, Any]

_PLAIN_TIERS = ("", "default", "standard", "auto", "on_demand")
_APART = ("advisor_message", "compaction")  # in Anthropic's iterations, not in its top-level counts


def lines_of(response: object) -> list[Fields]:
    """One set of fields for each billed request in `response`; none where it tells no usage.

    OpenAI (Responses and Chat, LiteLLM's too), Anthropic and Gemini; a stream's last event, or
    its event that carries the response, does as well.
    """
    for holder in (response, _get(response, "response")):
        usage = _get(holder, "usage")
        if _any(usage, "prompt_tokens", "completion_tokens"):
            return [_chat(holder, usage)]
        if _is_anthropic(holder, usage):
            return _anthropic(holder, usage)
        if _any(usage, "input_tokens"):
            return [_responses(holder, usage)]
        usage = _get(holder, "usage_metadata", "usageMetadata")
        if _any(usage, "prompt_token_count", "promptTokenCount"):
            return [_gemini(holder, usage)]
    return []


def _chat(response: object, usage: object) -> Fields:
    """OpenAI Chat: prompt tokens contain cache reads and writes, completion tokens reasoning."""
    prompt = _get(usage, "prompt_tokens_details")
    written = _count(usage, "cache_creation_input_tokens") or _count(
        prompt, "cache_write_tokens", "cache_creation_tokens"
    )
    split = _get(prompt, "cache_creation_token_details")
    return _fields(
        response,
        total=_count(usage, "prompt_tokens"),
        read=_count(prompt, "cached_tokens") or _count(usage, "cache_read_input_tokens"),
        written=written,
        hour=_count(split, "ephemeral_1h_input_tokens"),
        output=_count(usage, "completion_tokens"),
        reasoning=_count(_get(usage, "completion_tokens_details"), "reasoning_tokens"),
    ) | _media(prompt, _get(usage, "completion_tokens_details"))


def _responses(response: object, usage: object) -> Fields:
    """OpenAI Responses: input tokens contain cache reads and writes, output tokens reasoning."""
    details = _get(usage, "input_tokens_details")
    fields = _fields(
        response,
        total=_count(usage, "input_tokens"),
        read=_count(details, "cached_tokens"),
        written=_count(details, "cache_write_tokens"),
        output=_count(usage, "output_tokens"),
        reasoning=_count(_get(usage, "output_tokens_details"), "reasoning_tokens"),
    )
    items = _get(response, "output")
    kinds = [_get(item, "type") for item in items] if isinstance(items, list) else []
    media = _media(details, _get(usage, "output_tokens_details"))
    return {**fields, **media, "web_searches": kinds.count("web_search_call")}


def _is_anthropic(response: object, usage: object) -> bool:
    kinds = ("cache_creation_input_tokens", "cache_read_input_tokens", "cache_creation")
    return _get(response, "type") == "message" or _any(usage, *kinds)


def _anthropic(response: object, usage: object) -> list[Fields]:
    """Anthropic: the counts are disjoint; requests of other models stand in `iterations`."""
    served = _message(response, usage)
    if _get(response, "stop_reason") == "refusal" and not served["output_tokens"]:
        served |= dict.fromkeys((name for name in served if name.endswith("_tokens")), 0)
        served["status"] = "error"  # a refusal without output is not billed
    rows = _get(usage, "iterations")
    extra = []
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        if _get(row, "type") in _APART:
            fields = _message(response, row)
            fields["model"] = _text(row, "model") or served["model"]
            fields["id"] = f"{served['id']}/{number}" if served["id"] else ""
            extra.append({**fields, "request": ""})
    return [served, *extra]


def _message(response: object, usage: object) -> Fields:
    split = _get(usage, "cache_creation")
    hour = _count(split, "ephemeral_1h_input_tokens")
    read = _count(usage, "cache_read_input_tokens")
    listed = hour + _count(split, "ephemeral_5m_input_tokens")
    written = max(_count(usage, "cache_creation_input_tokens"), listed)
    fields = _fields(
        response,
        total=_count(usage, "input_tokens") + read + written,
        read=read,
        written=written,
        hour=hour,
        output=_count(usage, "output_tokens"),
        reasoning=_count(_get(usage, "output_tokens_details"), "thinking_tokens"),
    )
    return {
        **fields,
        "provider": "anthropic",
        "service_tier": _tier(usage),
        "speed": "fast" if _get(usage, "speed") == "fast" else "",
        "geo": "us" if _get(usage, "inference_geo") == "us" else "",
        "web_searches": _count(_get(usage, "server_tool_use"), "web_search_requests"),
    }


def _gemini(response: object, usage: object) -> Fields:
    """Gemini: the prompt contains the cached part; tool prompts and thoughts come on top."""
    thoughts = _count(usage, "thoughts_token_count", "thoughtsTokenCount")
    fields = _fields(
        response,
        total=_count(usage, "prompt_token_count", "promptTokenCount")
        + _count(usage, "tool_use_prompt_token_count", "toolUsePromptTokenCount"),
        read=_count(usage, "cached_content_token_count", "cachedContentTokenCount"),
        output=_count(usage, "candidates_token_count", "candidatesTokenCount") + thoughts,
        reasoning=thoughts,
    )
    asked = _get(usage, "prompt_tokens_details", "promptTokensDetails")
    answered = _get(usage, "candidates_tokens_details", "candidatesTokensDetails")
    return {**fields, **_media(_by_kind(asked), _by_kind(answered)), "provider": "google"}


def _media(asked: object, answered: object) -> Fields:
    """What of the tokens is no text; nothing where all is."""
    found = {
        f"{kind}_{way}_tokens": _count(details, f"{kind}_tokens")
        for way, details in (("input", asked), ("output", answered))
        for kind in ("audio", "image")
    }
    return {name: tokens for name, tokens in found.items() if tokens}


def _by_kind(rows: object) -> Fields:
    """Gemini's list of counts by modality, as OpenAI writes them."""
    found: Fields = {}
    for row in rows if isinstance(rows, list) else ():
        kind = _get(row, "modality")
        name = f"{str(getattr(kind, 'value', kind)).lower()}_tokens"
        found[name] = found.get(name, 0) + _count(row, "token_count", "tokenCount")
    return found


def _fields(
    response: object,
    total: int,
    read: int = 0,
    written: int = 0,
    hour: int = 0,
    output: int = 0,
    reasoning: int = 0,
) -> Fields:
    """The line's fields, with parts held inside the whole that contains them."""
    name = _text(response, "id", "response_id", "responseId")
    made = _count(response, "created", "created_at")
    read = min(read, total)
    written = min(written, total - read)
    return {
        "model": _text(response, "model", "model_version", "modelVersion"),
        "input_tokens": total,
        "cache_read_tokens": read,
        "cache_write_tokens": written,
        "cache_write_1h_tokens": min(hour, written),
        "output_tokens": output,
        "reasoning_tokens": min(reasoning, output),
        "service_tier": _tier(response),
        # Some local servers give every response the same id: the second tells them apart.
        "id": f"{name}@{made}" if name and made else name,
        "request": name,
    }


def _tier(holder: object) -> str:
    tier = _text(holder, "service_tier")
    return "" if tier in _PLAIN_TIERS else tier


def _get(holder: object, *names: str) -> Any:
    """The first of the names that `holder`, a dict or an object, has a value for."""
    for name in names:
        value = holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)
        if value is not None:
            return value
    return None


def _any(holder: object, *names: str) -> bool:
    return any(isinstance(_get(holder, name), int) for name in names)


def _count(holder: object, *names: str) -> int:
    value = _get(holder, *names)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return max(0, int(value))


def _text(holder: object, *names: str) -> str:
    value = _get(holder, *names)
    return value if isinstance(value, str) else ""
