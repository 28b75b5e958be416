"""The shapes of Claude Code's transcript records (FORMATS 1). It counts and decides nothing.

No type here has a field for text: `content`, `input` and tool results stay raw JSON that is only
hashed or searched for the few facts named below.
"""

from typing import Annotated, Any

import msgspec

from costtop.sources.fold.json_lines import LARGEST, decoded

Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)] | None
Loose = Any  # metadata: a value of an odd type is passed over, it does not cost the record
_NOTHING = msgspec.Raw(b"null")


class CacheCreation(msgspec.Struct):
    """Tokens written to the cache, by lifetime."""

    ephemeral_5m_input_tokens: Count = None
    ephemeral_1h_input_tokens: Count = None


class ServerTools(msgspec.Struct):
    """Billed tools that ran at the provider."""

    web_search_requests: Count = None


class OutputDetails(msgspec.Struct):
    """The part of the output that was thinking."""

    thinking_tokens: Count = None


class Usage(msgspec.Struct):
    """`message.usage`; `type` and `model` are only written in its `iterations`."""

    input_tokens: Count = None
    output_tokens: Count = None
    cache_creation_input_tokens: Count = None
    cache_read_input_tokens: Count = None
    cache_creation: CacheCreation | None = None
    server_tool_use: ServerTools | None = None
    output_tokens_details: OutputDetails | None = None
    service_tier: Loose = None
    inference_geo: Loose = None
    speed: Loose = None
    iterations: msgspec.Raw = _NOTHING
    type: Loose = None
    model: Loose = None


class Message(msgspec.Struct):
    """`message` of a user or assistant record."""

    id: Loose = None
    model: Loose = None
    role: Loose = None
    stop_reason: Loose = None
    usage: Usage | None = None
    content: msgspec.Raw = _NOTHING


class Named(msgspec.Struct, rename="camel"):
    """What names a line of a transcript and the request that it tells of."""

    type: Loose = None
    request_id: Loose = None
    uuid: Loose = None
    timestamp: Loose = None
    is_sidechain: Loose = None
    forked_from: Loose = None


class NamedLine(Named):
    """A line of which nothing but its names can be used."""

    message: Loose = None


class Row(Named):
    """One line of a transcript."""

    subtype: Loose = None
    message: Message | None = None
    session_id: Loose = None
    session_id_: Loose = msgspec.field(name="session_id", default=None)
    agent_id: Loose = None
    prompt_id: Loose = None
    cwd: Loose = None
    git_branch: Loose = None
    version: Loose = None
    is_meta: Loose = None
    is_compact_summary: Loose = None
    is_visible_in_transcript_only: Loose = None
    origin: Loose = None
    cost: Loose = msgspec.field(name="costUSD", default=None)
    attribution_agent: Loose = None
    attribution_skill: Loose = None
    attribution_plugin: Loose = None
    retry_attempt: Loose = None
    worktree_session: Loose = None
    tool_use_result: msgspec.Raw = _NOTHING
    compact_metadata: Loose = None
    interrupted_message_id: Loose = None
    is_api_error_message: Loose = None


class ContentBlock(msgspec.Struct):
    """One block of `message.content`: a tool use, a tool result, or something without interest."""

    type: Loose = None
    id: Loose = None
    name: Loose = None
    input: msgspec.Raw = _NOTHING
    tool_use_id: Loose = None
    is_error: Loose = None
    content: msgspec.Raw = _NOTHING


class ToolInput(msgspec.Struct):
    """The arguments that say what kind of tool call it is; looked at and dropped."""

    command: Loose = None
    subagent_type: Loose = None


class ToolResult(msgspec.Struct, rename="camel"):
    """What `toolUseResult` says besides its text."""

    search_count: Count = None
    agent_id: Loose = None


ROW = msgspec.json.Decoder(Row)
NAMED = msgspec.json.Decoder(NamedLine)
BLOCKS = msgspec.json.Decoder(list[ContentBlock])
USAGES = msgspec.json.Decoder(list[Usage])
TOOL_INPUT = msgspec.json.Decoder(ToolInput)
TOOL_RESULT = msgspec.json.Decoder(ToolResult)


def blocks(content: bytes) -> list[ContentBlock]:
    """The blocks of a content that is a list; none of a plain text."""
    return decoded(BLOCKS, content) if content[:1] == b"[" else []


def counted(row: Row) -> bool:
    """Whether a record with usage is a billed request: only `assistant` rows are.

    `agent_progress` embeds subagents' messages, `toolUseResult` sums them up, and `<synthetic>`
    stands for errors. A row without any type but with the role (old exports) is taken for one.
    """
    message = row.message
    if message is None or message.usage is None or message.model == "<synthetic>":
        return False
    return row.type == "assistant" or (row.type is None and message.role == "assistant")
