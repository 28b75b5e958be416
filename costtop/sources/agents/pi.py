"""Pi, Oh My Pi and OpenClaw sessions: one format of JSON lines (FORMATS 7).

The branches of a session lie in one file and all were billed. A fork copies entries into a file of
its own, with their ids, times, counts and response ids: a global response id is the key, else all
that the copy keeps.
"""

import msgspec

from costtop.model import ToolUse
from costtop.sources.fold import keys
from costtop.sources.fold.fields import NOTHING, Count, Loose, disjoint, dollars, listed, text
from costtop.sources.fold.formats import Log, below, lines, tool

_NEEDLES = (b'"usage"', b'"session"', b'"toolResult"', b'"user"')
_ENDS = {"stop": "completed", "length": "completed", "error": "failed", "aborted": "aborted"}


class _Cost(msgspec.Struct):
    total: Loose = None


class _Usage(msgspec.Struct, rename="camel"):
    input: Count = None
    output: Count = None
    cache_read: Count = None
    cache_write: Count = None
    cost: _Cost | None = None


class _Block(msgspec.Struct):
    type: Loose = None
    id: Loose = None
    name: Loose = None
    arguments: msgspec.Raw = NOTHING


class _Message(msgspec.Struct, rename="camel"):
    role: Loose = None
    provider: Loose = None
    model: Loose = None
    usage: _Usage | None = None
    stop_reason: Loose = None
    response_id: Loose = None
    tool_call_id: Loose = None
    is_error: Loose = None
    content: msgspec.Raw = NOTHING


class _Line(msgspec.Struct):
    type: Loose = None
    id: Loose = None
    timestamp: Loose = None
    cwd: Loose = None
    message: _Message | None = None


_LINE = msgspec.json.Decoder(_Line)
_BLOCKS = msgspec.json.Decoder(list[_Block])


def _line(log: Log, line: _Line) -> None:
    message = line.message
    if line.type == "session" and text(line.id):
        log.remember(text(line.id))
        log.works_in(text(line.cwd))
        at = log.at(line.timestamp)
        log.about(at, at)
    elif line.type != "message" or message is None:
        return
    elif message.role == "user":
        log.asked(text(line.id), log.at(line.timestamp))
    elif message.role == "toolResult":
        log.answered(text(message.tool_call_id), message.is_error is True, bytes(message.content))
    elif message.role == "assistant" and message.usage is not None:
        _reply(log, line, message, message.usage, log.at(line.timestamp))


def _reply(log: Log, line: _Line, message: _Message, used: _Usage, at: int) -> None:
    response, stop = text(message.response_id), text(message.stop_reason)
    tokens = disjoint(used.input, used.cache_read, used.cache_write, used.output)
    kept = response  # what a copy keeps
    if not keys.is_global(response):
        entry = text(line.id) or log.nth(line.timestamp)
        whole, read, write, _, output, _ = tokens
        kept = (
            f"{entry}/{line.timestamp}/{message.model}/{whole}/{read}/{write}/{output}/{response}"
        )
    key = keys.whole(log.name, kept)
    log.reply(
        key, message.model, tokens, at, _tools(message), _ENDS.get(stop, ""),
        provider=text(message.provider), request=response,
        reported=(dollars(used.cost.total) if used.cost else None) or None,
        status="error" if stop == "error" else "ok",
    )  # fmt: skip


def _tools(message: _Message) -> list[tuple[str, ToolUse]]:
    raw = bytes(message.content)
    blocks = listed(_BLOCKS, raw) if raw.find(b'"toolCall"') >= 0 else []
    return [tool(x.id, x.name, x.arguments) for x in blocks if x.type == "toolCall"]


_FORMAT = lines(_LINE, _NEEDLES, _line)
SOURCE = _FORMAT.source(
    "pi", "Pi", below("PI_CODING_AGENT_DIR", ".pi/agent", "sessions"), "**/*.jsonl"
)
OMP_SOURCE = _FORMAT.source(
    "oh-my-pi", "Oh My Pi", below("", ".omp/agent", "sessions"), "**/*.jsonl"
)
OPENCLAW_SOURCE = _FORMAT.source(
    "openclaw", "OpenClaw", below("OPENCLAW_STATE_DIR", ".openclaw", "agents"), "*/sessions/*.jsonl"
)
