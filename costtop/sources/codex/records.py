"""The shapes of Codex CLI's rollout records (FORMATS 2). It counts and decides nothing.

No type here has a field for text: arguments and outputs of tools stay raw JSON that is only hashed.
"""

from typing import Annotated, Any

import msgspec

from costtop.model import Tokens
from costtop.sources.fold.json_lines import LARGEST, Unreadable, decoded

Count = Annotated[int, msgspec.Meta(ge=0)] | None  # totals of a thread grow past any record's
Loose = Any  # metadata: a value of an odd type is passed over, it does not cost the record
_NOTHING = msgspec.Raw(b"null")
Counts = tuple[int, int, int, int, int, int]


class TurnSettings(msgspec.Struct):
    """`thread_settings_applied.thread_settings`."""

    service_tier: Loose = None
    model: Loose = None


class Payload(msgspec.Struct):
    """What matters of the payloads of all records: most are decoded once, with their line.

    Nothing in it can be of a wrong type; what has to be right stays raw until it is asked for.
    """

    type: Loose = None  # of an event or an item
    turn_id: Loose = None
    call_id: Loose = None
    model: Loose = None
    cwd: Loose = None
    # `response_item`: a tool call or its output
    name: Loose = None
    arguments: msgspec.Raw = _NOTHING
    input: msgspec.Raw = _NOTHING
    action: msgspec.Raw = _NOTHING
    output: msgspec.Raw = _NOTHING
    # `event_msg`
    error: Loose = None
    exit_code: Loose = None
    success: Loose = None
    info: msgspec.Raw = _NOTHING  # TokenInfo
    thread_settings: msgspec.Raw = _NOTHING  # TurnSettings
    rate_limits: msgspec.Raw = _NOTHING  # of the account's plan
    # `token_usage_record` of CLI 0.150 and later: one request, named by its response
    thread_id: Loose = None
    response_id: Loose = None
    usage: msgspec.Raw = _NOTHING  # TokenUsage
    thread_token_usage: msgspec.Raw = _NOTHING  # TokenUsage
    # `session_meta`: whose file it is
    id: Loose = None
    cli_version: Loose = None
    source: Loose = None
    forked_from_id: Loose = None
    model_provider: Loose = None
    agent_role: Loose = None
    git: Loose = None


class Record(msgspec.Struct):
    """One line of a rollout."""

    timestamp: Loose = None
    type: Loose = None
    payload: Payload | None = None


class Envelope(msgspec.Struct):
    """A line whose payload is no object."""

    timestamp: Loose = None
    type: Loose = None


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


_RECORD = msgspec.json.Decoder(Record)
_ENVELOPE = msgspec.json.Decoder(Envelope)
SETTINGS = msgspec.json.Decoder(TurnSettings | None)
INFO = msgspec.json.Decoder(TokenInfo | None)
USAGE = msgspec.json.Decoder(TokenUsage | None)


def record(line: bytes) -> Record:
    """One line; only a payload of usage that is no object may be called unreadable."""
    try:
        return decoded(_RECORD, line)
    except Unreadable as error:
        if error.malformed:
            raise
        envelope = decoded(_ENVELOPE, line)
        if envelope.type == "token_usage_record":
            raise
        return Record(envelope.timestamp, envelope.type)


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
    if whole > LARGEST or output > LARGEST:
        raise Unreadable(f"more than {LARGEST} tokens in one request", malformed=False)
    if read + write > whole:
        raise Unreadable("cache reads and writes exceed the input", malformed=False)
    return Tokens(whole, read, write, 0, output, min(reasoning, output) if reasoning else 0)
