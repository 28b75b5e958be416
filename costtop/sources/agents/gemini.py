"""Gemini CLI chats: `tmp/<project>/chats/**` as JSON lines, or older whole JSON files (FORMATS 3).

A message is written again when its tokens arrive and when a checkpoint repeats it, so it is keyed
by session and id; both file kinds share these keys, because a resumed chat is copied from one to
the other. Rewound messages were billed and stay.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec

from costtop.model import ToolUse
from costtop.sources.fold import keys
from costtop.sources.fold.fields import NOTHING, Count, Loose, listed, text, thinking_apart
from costtop.sources.fold.fingerprints import answered, asked, outcomes
from costtop.sources.fold.formats import Log, document, lines
from costtop.sources.fold.json_lines import Unreadable, decoded
from costtop.sources.fold.tool_memory import TOOLS

NAME = "gemini-cli"
PROVIDER = "google"
_NEEDLES = (b'"tokens"', b'"sessionId"', b'"messages"', b'"user"')
_FAILED = ("error", "cancelled")


class _Usage(msgspec.Struct):
    input: Count = None
    output: Count = None
    cached: Count = None
    thoughts: Count = None
    tool: Count = None
    total: Count = None


class _ToolCall(msgspec.Struct):
    name: Loose = None
    args: msgspec.Raw = NOTHING
    status: Loose = None
    result: msgspec.Raw = NOTHING


class _Message(msgspec.Struct):
    id: Loose = None
    type: Loose = None
    timestamp: Loose = None
    model: Loose = None
    tokens: _Usage | None = None
    tools: msgspec.Raw = msgspec.field(name="toolCalls", default=NOTHING)


class _Patch(msgspec.Struct):
    messages: list[_Message] | None = None


class _Line(_Message):
    session: Loose = msgspec.field(name="sessionId", default=None)
    started: Loose = msgspec.field(name="startTime", default=None)
    kind: Loose = None
    patch: _Patch | None = msgspec.field(name="$set", default=None)


class _Meta(msgspec.Struct):
    model: Loose = None


class _Chat(msgspec.Struct):
    session: Loose = msgspec.field(name="sessionId", default=None)
    started: Loose = msgspec.field(name="startTime", default=None)
    kind: Loose = None
    meta: _Meta | None = None
    messages: msgspec.Raw = NOTHING


_LINE = msgspec.json.Decoder(_Line)
_MESSAGE = msgspec.json.Decoder(_Message)
_CHAT = msgspec.json.Decoder(_Chat)
_TOOLS = msgspec.json.Decoder(list[_ToolCall])


def group(session: str) -> str:
    """The key group of a session: telemetry of a session yields to the chat of it."""
    return f"{NAME}/{session}"


def _roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """`~/.gemini/tmp`, or below $GEMINI_CLI_HOME."""
    return [Path(environment.get("GEMINI_CLI_HOME") or home) / ".gemini" / "tmp"]


def _line(log: Log, line: _Line) -> None:
    if line.type is None and line.session is not None:
        _header(log, line)
    for message in (line.patch.messages if line.patch else None) or ():
        _message(log, message)
    _message(log, line)


def _chat(log: Log) -> None:
    chat = decoded(_CHAT, log.raw)
    _whose(log)
    _header(log, chat)
    log.remember(model=text(chat.meta.model) if chat.meta else "")
    for message in log.members(_MESSAGE, chat.messages, _NEEDLES[0], partial(_key, log)):
        try:
            _message(log, message)
        except Unreadable as error:
            log.bad(error)
            log.unread(_key(log, text(message.id)), log.at(message.timestamp))


def _header(log: Log, told: _Line | _Chat) -> None:
    log.remember(text(told.session) or log.stem)
    kind = "subagent" if log.parent or told.kind == "subagent" else ""
    began = log.at(told.started)
    log.about(began, began, agent_type=kind)


def _message(log: Log, message: _Message) -> None:
    at, name, used = log.at(message.timestamp), text(message.id), message.tokens
    if message.type == "user":
        log.asked(name, at)
    elif message.type == "gemini" and used is not None and name:
        tokens = thinking_apart(
            used.input, used.tool, used.cached, used.output, used.thoughts, used.total
        )
        key = _key(log, name)
        tools = [_tool(call) for call in listed(_TOOLS, message.tools)[:TOOLS]]
        log.reply(key, message.model, tokens, at, tools, provider=PROVIDER)
        log.events += outcomes(key, (use for _, use in tools))


def _key(log: Log, name: str) -> bytes:
    return keys.paired(group(log.session), name)


def _whose(log: Log) -> None:
    """The project and the parent session that a chat's path names.

    `<project>/chats/<parent>/<session>.jsonl` is a subagent's. The project is a folder's name: its
    own, or the first digits of the hash of its path.
    """
    parts = log.chunk.parts
    if "chats" not in parts[1:-1]:
        return
    place = len(parts) - 1 - parts[::-1].index("chats")
    name = text(parts[place - 1])
    log.parent = text(parts[-2]) if place == len(parts) - 3 else ""
    log.works_in(project=name[:12] if len(name) == 64 else name)


def _tool(call: _ToolCall) -> tuple[str, ToolUse]:
    use = asked(text(call.name), bytes(call.args))
    if call.status == "success" or call.status in _FAILED:
        return "", answered(use, call.status in _FAILED, bytes(call.result))
    return "", use


SOURCE = lines(_LINE, _NEEDLES, _line, _whose).source(
    NAME, "Gemini CLI", _roots, "*/chats/**/*.jsonl"
)
OLDER = document(_chat).source(
    f"{NAME}.json", "Gemini CLI, older chats", _roots, "*/chats/**/*.json"
)
