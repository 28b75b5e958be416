"""Counts inference spans and inference events of any program. It knows no tool's own events.

Only spans that stand for one request to a model count; agents, chains and workflows often repeat
the sums of what they contain (FORMATS section 9).
"""

import re

from costtop.model import Call, Media, Tokens
from costtop.sources.fold import keys
from costtop.sources.fold.modalities import media
from costtop.sources.otlp.record_owner import UNNAMED, whose
from costtop.sources.otlp.records import Record, Said, cost, count, held, named

EVENT = "gen_ai.client.inference.operation.details"

_INFERENCE = ("chat", "text_completion", "generate_content", "embeddings")
_REQUESTS = ("chat", "completion", "embedding", "rerank")  # Traceloop's llm.request.type
_MODEL = (
    "gen_ai.response.model gen_ai.request.model llm.response.model llm.model_name"
    " llm.request.model embedding.model_name"
).split()
_PROVIDER = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system")
_TIER = (
    "gen_ai.openai.response.service_tier openai.response.service_tier"
    " gen_ai.response.service_tier anthropic.response.service_tier"
).split()
_HOUR = "ephemeral_1h_input_tokens"  # the end of the name, or a field of the raw usage
_RAW_HOUR = re.compile(rf'"{_HOUR}"\s*:\s*(\d{{1,9}})')
_AUDIO_IN = ("llm.token_count.prompt_details.audio",)
_AUDIO_OUT = ("llm.token_count.completion_details.audio",)
_INPUT = (
    "gen_ai.usage.input_tokens gen_ai.usage.prompt_tokens llm.token_count.prompt"
    " llm.usage.prompt_tokens"
).split()
_OUTPUT = (
    "gen_ai.usage.output_tokens gen_ai.usage.completion_tokens llm.token_count.completion"
    " llm.usage.completion_tokens"
).split()
_READ = (
    "gen_ai.usage.cache_read.input_tokens gen_ai.usage.cache_read_input_tokens"
    " gen_ai.usage.input_tokens.cached llm.token_count.prompt_details.cache_read"
).split()
_WRITE = (
    "gen_ai.usage.cache_creation.input_tokens gen_ai.usage.cache_write.input_tokens"
    " gen_ai.usage.cache_creation_input_tokens llm.token_count.prompt_details.cache_write"
).split()
_REASONING = (
    "gen_ai.usage.reasoning.output_tokens gen_ai.usage.output_tokens.reasoning"
    " codex.usage.reasoning_output_tokens gen_ai.usage.reasoning_tokens"
    " gen_ai.usage.details.reasoning_tokens llm.token_count.completion_details.reasoning"
).split()
_COST = ("gen_ai.usage.cost", "llm.cost.total")
_PLAIN_TIERS = ("default", "standard", "auto", "standard_only")
SPAN = 1  # how coarse: nothing finer but a log of the session's own
_PLAIN_SPAN = 2  # of tools whose own events tell the cache and the thoughts, which it does not


def is_inference(said: Said) -> bool:
    """Whether a span with these attributes stands for one request to a model."""
    kind = said.get("openinference.span.kind")
    if kind is not None:
        return str(kind).upper() == "LLM"
    operation = said.get("gen_ai.operation.name")
    if operation is not None:
        return operation in _INFERENCE
    request = said.get("llm.request.type")
    if request is not None:
        return request in _REQUESTS
    if "traceloop.span.kind" in said or "gen_ai.agent.name" in said or "gen_ai.tool.name" in said:
        return False
    return bool(named(said, _PROVIDER) and named(said, _MODEL)) and any(x in said for x in _INPUT)


def call_of(record: Record, seen: int) -> Call | None:
    """The call of an inference span or event; raises Unreadable for counts that are none.

    None for a request that used nothing and did not fail: it has not been answered yet.
    """
    said = record.said
    tokens = _tokens(said)
    failed = record.failed or "error.type" in said
    if not (tokens.input or tokens.output or failed):
        return None
    who = whose(record.name, said, record.whose, record.trace)
    response = named(said, ("gen_ai.response.id", "llm.response.id"))
    tier = named(said, _TIER)
    return Call(
        key=_key(record, response, who.session),
        source=who.source,
        session=who.session,
        model=named(said, _MODEL) or "unknown",
        tokens=tokens,
        at=held(record.at, seen),
        context=who.context,
        provider=named(said, _PROVIDER),
        tier="" if tier in _PLAIN_TIERS else tier,
        reported=cost(said, *_COST),
        request=response,
        status="error" if failed else "ok",
        heard=True,
        coarse=_coarseness(who.source, response),
        service=who.service,
        media=_media(said, tokens),
    )


def _coarseness(source: str, response: str) -> int:
    if source in UNNAMED:
        return _PLAIN_SPAN
    return 0 if response else SPAN


def _key(record: Record, response: str, session: str) -> bytes:
    """By the response where it has an id: two libraries may trace the same request.

    A short id is its session's, else its trace's: servers that number their answers have many.
    """
    if response:
        return keys.whole("otlp", "response", keys.named(response, session))
    if record.trace and record.span:
        return keys.whole("otlp", "span", record.trace, record.span)
    told = sorted(f"{name}={value}" for name, value in record.said.items())
    return keys.whole("otlp", "event", record.name, str(record.at), *told)


def _tokens(said: Said) -> Tokens:
    """Input contains the cache by the convention; where it cannot, the counts are disjoint."""
    total, read, write = count(said, *_INPUT), count(said, *_READ), count(said, *_WRITE)
    if read + write > total:
        total += read + write
    output = count(said, *_OUTPUT)
    reasoning = count(said, *_REASONING)
    hour = _hour(said) if write else 0
    return Tokens(
        total, read, write, min(hour, write), output=output, reasoning=min(reasoning, output)
    )


def _hour(said: Said) -> int:
    """Cache writes that live an hour; the libraries agree on the end of the name alone."""
    found = next((name for name in said if name.endswith(_HOUR)), "")
    if found:
        return count(said, found)
    raw = _RAW_HOUR.search(str(said.get("gen_ai.usage.raw", "")))
    return int(raw[1]) if raw else 0


def _media(said: Said, tokens: Tokens) -> Media | None:
    asked, answered = count(said, *_AUDIO_IN), count(said, *_AUDIO_OUT)
    return media(tokens, {"audio": asked}, {}, {"audio": answered}) if asked or answered else None
