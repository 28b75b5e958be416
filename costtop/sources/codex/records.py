"""The shapes of Codex CLI's rollout records (FORMATS 2). It counts and decides nothing.

No type here has a field for text: arguments and outputs of tools stay raw JSON that is only hashed.
"""

from typing import Annotated, Any

import msgspec

from costtop.model import Tokens
from costtop.sources.fold.json_lines import LARGEST, Unreadable

Count = Annotated[int, msgspec.Meta(ge=0)] | None  # totals of a thread grow past any record's
Loose = Any  # metadata: a value of an odd type is passed over, it does not cost the record
_NOTHING = msgspec.Raw(b"null")
Counts = tuple[int, int, int, int, int, int]


class Envelope(msgspec.Struct):
    """One line of a rollout."""

    timestamp: Loose = None
    type: Loose = None
    payload: msgspec.Raw = _NOTHING


class Meta(msgspec.Struct):
    """`session_meta`: whose file it is."""

    id: Loose = None
    cwd: Loose = None
    cli_version: Loose = None
    source: Loose = None
    forked_from_id: Loose = None
    model_provider: Loose = None
    agent_role: Loose = None
    git: Loose = None


class TurnSettings(msgspec.Struct):
    """`thread_settings_applied.thread_settings`."""

    service_tier: Loose = None
    model: Loose = None


class Event(msgspec.Struct):
    """`turn_context`, and the fields of all `event_msg` kinds that matter."""

    type: Loose = None
    turn_id: Loose = None
    cwd: Loose = None
    model: Loose = None
    error: Loose = None
    call_id: Loose = None
    exit_code: Loose = None
    success: Loose = None
    info: msgspec.Raw = _NOTHING
    thread_settings: TurnSettings | None = None


class Item(msgspec.Struct):
    """`response_item`: a tool call or its output."""

    type: Loose = None
    name: Loose = None
    call_id: Loose = None
    arguments: msgspec.Raw = _NOTHING
    input: msgspec.Raw = _NOTHING
    action: msgspec.Raw = _NOTHING
    output: msgspec.Raw = _NOTHING


class TokenUsage(msgspec.Struct):
    """Counts of one request or of a thread. `total_tokens` is input + output."""

    input_tokens: Count = None
    cached_input_tokens: Count = None
    cache_write_input_tokens: Count = None
    output_tokens: Count = None
    reasoning_output_tokens: Count = None
    total_tokens: Count = None


class TokenInfo(msgspec.Struct):
    """`token_count.info`; null in a mere rate-limit ping."""

    total_token_usage: TokenUsage | None = None
    last_token_usage: TokenUsage | None = None
    model: Loose = None


class UsageRecord(msgspec.Struct):
    """`token_usage_record` of CLI 0.150 and later: one request, named by its response."""

    thread_id: Loose = None
    turn_id: Loose = None
    response_id: Loose = None
    usage: TokenUsage | None = None
    thread_token_usage: TokenUsage | None = None
    model: Loose = None
    model_provider: Loose = None


ENVELOPE = msgspec.json.Decoder(Envelope)
META = msgspec.json.Decoder(Meta)
EVENT = msgspec.json.Decoder(Event)
ITEM = msgspec.json.Decoder(Item)
INFO = msgspec.json.Decoder(TokenInfo | None)
RECORD = msgspec.json.Decoder(UsageRecord)


def counts(usage: TokenUsage) -> Counts:
    """(input, cached, cache write, output, reasoning, total), absent ones 0."""
    return (
        usage.input_tokens or 0,
        usage.cached_input_tokens or 0,
        usage.cache_write_input_tokens or 0,
        usage.output_tokens or 0,
        usage.reasoning_output_tokens or 0,
        usage.total_tokens or 0,
    )


def tokens_of(used: Counts) -> Tokens:
    """The counts in costtop's meaning; raises Unreadable where they contradict each other."""
    whole, read, write, output, reasoning, _ = used
    if max(whole, output) > LARGEST:
        raise Unreadable(f"more than {LARGEST} tokens in one request", malformed=False)
    if read + write > whole:
        raise Unreadable("cache reads and writes exceed the input", malformed=False)
    return Tokens(whole, read, write, output=output, reasoning=min(reasoning, output))
