"""What model APIs answer: OpenAI Responses and Chat, Anthropic Messages, Gemini (FORMATS 8).

It decides whose answer an object is and how its tokens are counted, and knows no files. No type
here has a field for text.
"""

from typing import Any

import msgspec

from costtop.model import Media, Tokens
from costtop.sources.fold.fields import (
    NOTHING,
    Count,
    Loose,
    disjoint,
    inclusive,
    text,
    thinking_apart,
)
from costtop.sources.fold.modalities import media

_STANDARD = ("default", "standard", "auto", "on_demand")


class Details(msgspec.Struct):
    """The parts of an input or output that are named."""

    cached: Count = msgspec.field(name="cached_tokens", default=None)
    written: Count = msgspec.field(name="cache_write_tokens", default=None)
    reasoning: Count = msgspec.field(name="reasoning_tokens", default=None)
    audio: Count = msgspec.field(name="audio_tokens", default=None)
    image: Count = msgspec.field(name="image_tokens", default=None)
    video: Count = msgspec.field(name="video_tokens", default=None)
    read: "Details | None" = msgspec.field(name="cached_tokens_details", default=None)
    thinking: Count = msgspec.field(name="thinking_tokens", default=None)


class Lifetimes(msgspec.Struct):
    """Anthropic's cache writes by lifetime."""

    short: Count = msgspec.field(name="ephemeral_5m_input_tokens", default=None)
    hour: Count = msgspec.field(name="ephemeral_1h_input_tokens", default=None)


class Served(msgspec.Struct):
    """Tools that ran at Anthropic."""

    searches: Count = msgspec.field(name="web_search_requests", default=None)


class ResponseUsage(msgspec.Struct, omit_defaults=True):
    """`usage` of OpenAI and Anthropic; which of them it is shows in what is there."""

    prompt_tokens: Count = None
    completion_tokens: Count = None
    prompt_tokens_details: Details | None = None
    completion_tokens_details: Details | None = None
    input_tokens: Count = None
    output_tokens: Count = None
    input_tokens_details: Details | None = None
    output_tokens_details: Details | None = None
    input_token_details: Details | None = None  # as audio models and Realtime spell it
    output_token_details: Details | None = None
    cache_read_input_tokens: Count = None
    cache_creation_input_tokens: Count = None
    cache_creation: Lifetimes | None = None
    server_tool_use: Served | None = None
    service_tier: Loose = None
    speed: Loose = None
    inference_geo: Loose = None


class Google(msgspec.Struct):
    """`usageMetadata` of Gemini; each chunk of a stream tells all up to it."""

    prompt: Count = msgspec.field(name="promptTokenCount", default=None)
    tool: Count = msgspec.field(name="toolUsePromptTokenCount", default=None)
    cached: Count = msgspec.field(name="cachedContentTokenCount", default=None)
    answer: Count = msgspec.field(name="candidatesTokenCount", default=None)
    thoughts: Count = msgspec.field(name="thoughtsTokenCount", default=None)
    total: Count = msgspec.field(name="totalTokenCount", default=None)
    asked: Loose = msgspec.field(name="promptTokensDetails", default=None)
    tools: Loose = msgspec.field(name="toolUsePromptTokensDetails", default=None)
    read: Loose = msgspec.field(name="cacheTokensDetails", default=None)
    answered: Loose = msgspec.field(name="candidatesTokensDetails", default=None)


class Answer(msgspec.Struct):
    """An answer, a chunk of one, or what a logger wrapped around it."""

    id: Loose = None
    object: Loose = None
    type: Loose = None
    model: Loose = None
    created: Loose = None
    created_at: Loose = None
    service_tier: Loose = None
    usage: ResponseUsage | None = None
    google: Google | None = msgspec.field(name="usageMetadata", default=None)
    response_id: Loose = msgspec.field(name="responseId", default=None)
    model_version: Loose = msgspec.field(name="modelVersion", default=None)
    created_time: Loose = msgspec.field(name="createTime", default=None)
    custom_id: Loose = None
    result: msgspec.Raw = NOTHING
    response: msgspec.Raw = NOTHING
    body: msgspec.Raw = NOTHING
    data: msgspec.Raw = NOTHING
    message: msgspec.Raw = NOTHING
    delta: msgspec.Raw = NOTHING
    timestamp: Loose = None
    time: Loose = None
    session: Loose = None
    session_id: Loose = None


_NO_PARTS = Details()
ANSWER = msgspec.json.Decoder(Answer)
RAWS = msgspec.json.Decoder(list[msgspec.Raw])
USAGE = msgspec.json.Decoder(ResponseUsage)


def vendor(answer: Answer) -> str:
    """Whose answer it is: google, chat, openai, anthropic; "" if it tells no usage."""
    used = answer.usage
    if answer.google is not None:
        return "google"
    if used is None:
        return ""
    if used.prompt_tokens is not None or text(answer.object).startswith("chat.completion"):
        return "chat"
    if used.input_tokens is None and used.output_tokens is None:
        return ""
    named = text(answer.object) == "response" or text(answer.id).startswith("resp_")
    split = used.input_tokens_details or used.input_token_details
    return "openai" if named or split is not None else "anthropic"


def tokens_of(answer: Answer, kind: str) -> Tokens:
    """The counts as the vendor `kind` means them; raises Unreadable where they contradict."""
    if kind == "google":
        told: Any = answer.google
        return thinking_apart(
            told.prompt, told.tool, told.cached, told.answer, told.thoughts, told.total
        )
    used = answer.usage or ResponseUsage()
    if kind == "anthropic":
        return anthropic_tokens(used)
    asked, answered = sides(used)
    if kind == "chat":
        whole, output = used.prompt_tokens, used.completion_tokens
    else:
        whole, output = used.input_tokens, used.output_tokens
    read = asked.cached if asked.cached is not None else used.cache_read_input_tokens
    write = asked.written if asked.written is not None else used.cache_creation_input_tokens
    return inclusive(whole, read, write, output, answered.reasoning)


def sides(used: ResponseUsage) -> tuple[Details, Details]:
    """The parts of the input and of the output, wherever OpenAI's APIs write them."""
    asked = used.prompt_tokens_details or used.input_tokens_details or used.input_token_details
    answered = (
        used.completion_tokens_details or used.output_tokens_details or used.output_token_details
    )
    return asked or _NO_PARTS, answered or _NO_PARTS


def media_of(answer: Answer, tokens: Tokens) -> Media | None:
    """Which of the answer's tokens are no text; None where all are."""
    told = answer.google
    if told is not None:
        groups = ((told.asked, told.tools), (told.read,), (told.answered,))
        return media(tokens, *(_by_kind(*group) for group in groups))
    asked, answered = sides(answer.usage or ResponseUsage())
    return media(tokens, kinds(asked), kinds(asked.read or _NO_PARTS), kinds(answered))


def kinds(part: Details) -> dict[str, int]:
    """Tokens by what they are, of those that are no text."""
    if not (part.audio or part.image or part.video):
        return {}  # as nearly always
    named = {"audio": part.audio, "image": part.image, "video": part.video}
    return {kind: tokens for kind, tokens in named.items() if tokens}


def _by_kind(*groups: object) -> dict[str, int]:
    """Gemini's `[{"modality": "AUDIO", "tokenCount": 20}]` summed; of another shape: nothing."""
    found: dict[str, int] = {}
    rows = [row for group in groups if isinstance(group, list) for row in group]
    for row in rows:
        kind = text(row.get("modality")).lower() if isinstance(row, dict) else ""
        if kind in ("audio", "image", "video") and isinstance(tokens := row.get("tokenCount"), int):
            found[kind] = found.get(kind, 0) + max(0, tokens)
    return found


def anthropic_tokens(used: ResponseUsage) -> Tokens:
    """Anthropic's counts stand beside each other; writes of no stated lifetime live 5 minutes."""
    split = used.cache_creation or Lifetimes()
    hour = split.hour or 0
    write = max(used.cache_creation_input_tokens or 0, hour + (split.short or 0))
    details = used.output_tokens_details or _NO_PARTS
    found = disjoint(
        used.input_tokens,
        used.cache_read_input_tokens,
        write,
        used.output_tokens,
        details.thinking,
    )
    return found._replace(cache_write_1h=hour) if hour else found


def tier_of(answer: Answer, around: Answer) -> str:
    """The tier that was billed: what is around says it of a batch, else the response does."""
    if around.service_tier == "batch":
        return "batch"
    told = text(answer.service_tier) or (text(answer.usage.service_tier) if answer.usage else "")
    return standard(told)


def standard(tier: object) -> str:
    """A tier as it is billed: "" for all words of the standard one."""
    told = text(tier)
    return "" if told in _STANDARD else told
