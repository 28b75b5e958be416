"""Gemini CLI chats: `tmp/<project>/chats/**` as JSON lines, or older whole JSON files (FORMATS 3).

It opens no files and prices nothing. A message is written again when its tokens arrive and when a
checkpoint repeats it, so it is keyed by session and id; both file kinds share these keys, because
a resumed chat is copied from one to the other. Rewound messages were billed and stay.
"""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path, PurePath

import msgspec

from costtop.model import Bad, Call, Context, Event, SessionFact, ToolUse
from costtop.sources.fold import keys, tool_marks, turns
from costtop.sources.fold.fields import (
    NOTHING,
    Count,
    Loose,
    counted,
    members,
    text,
    thinking_apart,
)
from costtop.sources.fold.json_lines import ODD, Unreadable, decoded, marked_lines
from costtop.sources.fold.source import Chunk, Memo, Source
from costtop.sources.fold.times import stamp

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


class _Meta(msgspec.Struct):
    model: Loose = None


class _Patch(msgspec.Struct):
    messages: list[_Message] | None = None


class _Line(_Message):
    session: Loose = msgspec.field(name="sessionId", default=None)
    started: Loose = msgspec.field(name="startTime", default=None)
    kind: Loose = None
    patch: _Patch | None = msgspec.field(name="$set", default=None)


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


def roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """`~/.gemini/tmp`, or below $GEMINI_CLI_HOME."""
    base = Path(environment.get("GEMINI_CLI_HOME") or home)
    return [base / ".gemini" / "tmp"]


def read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of a chat's lines and the memo for the next; see `source.Source`."""
    fold = _Fold(chunk, deepcopy(memo))
    for start, end, mark in marked_lines(chunk.data, _NEEDLES):
        offset = chunk.offset + start
        if mark == ODD:
            fold.events.append(Bad(offset, "not valid JSON"))
            continue
        try:
            fold.line(counted(_LINE, chunk.data[start:end]), offset)
        except Unreadable as error:
            fold.events.append(Bad(offset, str(error)))
    return fold.events, fold.memo


def read_document(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of an older chat, a whole JSON file that is rewritten; it needs no memo."""
    fold = _Fold(chunk, {})
    try:
        chat = decoded(_CHAT, chunk.data)
    except Unreadable as error:
        return [Bad(0, str(error))], memo
    fold.header(chat.session, chat.kind, chat.started)
    fold.memo["model"] = text(chat.meta.model) if chat.meta else ""
    for message in members(_MESSAGE, chat.messages, fold.events):
        try:
            fold.message(message, 0)
        except Unreadable as error:
            fold.events.append(Bad(0, str(error)))
    return fold.events, memo


class _Fold:
    """One pass over a chat: the events so far and the memo, changed message by message."""

    def __init__(self, chunk: Chunk, memo: Memo) -> None:
        self.seen = chunk.seen
        self.memo = memo
        self.events: list[Event] = []
        self.turn: turns.Turn = memo.setdefault("turn", {})
        self.project, self.parent = _whose(chunk.path)
        self.stem = PurePath(chunk.path).stem

    @property
    def session(self) -> str:
        return self.memo.get("session") or self.stem

    def line(self, line: _Line, offset: int) -> None:
        if line.type is None and line.session is not None:
            self.header(line.session, line.kind, line.started)
        for message in (line.patch.messages if line.patch else None) or ():
            self.message(message, offset)
        self.message(line, offset)

    def header(self, session: object, kind: object, started: object) -> None:
        self.memo["session"] = text(session) or self.stem
        at = stamp(started, self.seen)
        self.events.append(
            SessionFact(
                NAME, self.session, parent=self.parent, started=at, at=at,
                agent_type="subagent" if self.parent or kind == "subagent" else "",
                context=self._context(""),
            )
        )  # fmt: skip

    def message(self, message: _Message, offset: int) -> None:
        at = stamp(message.timestamp, self.seen)
        name = text(message.id)
        if message.type == "user" and name and not self.parent:
            self.events += turns.asked(self.turn, NAME, self.session, name, at)
        elif message.type == "gemini" and message.tokens is not None and name:
            self._call(message, message.tokens, name, at, offset)

    def _call(self, message: _Message, used: _Usage, name: str, at: int, offset: int) -> None:
        tokens = thinking_apart(
            used.input, used.tool, used.cached, used.output, used.thoughts, used.total
        )
        tools = _tools(message)
        key = keys.paired(group(self.session), name)
        self.events += turns.replied(self.turn, NAME, self.session, at, bool(tools))
        self.events.append(
            Call(
                key, NAME, self.session,
                text(message.model) or self.memo.get("model") or "unknown", tokens, at,
                self._context(self.turn.get("id", "")), provider=PROVIDER, tools=tools,
                offset=offset,
            )
        )  # fmt: skip
        self.events += tool_marks.outcomes(key, tools)

    def _context(self, task: str) -> Context:
        return Context(project=self.project, task=task)


def _whose(path: str) -> tuple[str, str]:
    """(project, parent session) that a chat's path names.

    `<project>/chats/<parent>/<session>.jsonl` is a subagent's. The project is a folder's name: its
    own, or the first digits of the hash of its path.
    """
    parts = PurePath(path).parts
    if "chats" not in parts[1:-1]:
        return "", ""
    place = len(parts) - 1 - parts[::-1].index("chats")
    name = text(parts[place - 1])
    parent = text(parts[-2]) if place == len(parts) - 3 else ""
    return name[:12] if len(name) == 64 else name, parent


def _tools(message: _Message) -> tuple[ToolUse, ...]:
    raw = bytes(message.tools)
    if raw[:1] != b"[":
        return ()
    try:
        found = decoded(_TOOLS, raw)
    except Unreadable:
        return ()  # the usage counts all the same
    return tuple(_tool(call) for call in found[:64])


def _tool(call: _ToolCall) -> ToolUse:
    use = tool_marks.asked(text(call.name), bytes(call.args))
    if call.status == "success" or call.status in _FAILED:
        return tool_marks.answered(use, call.status in _FAILED, bytes(call.result))
    return use


SOURCE = Source(NAME, "Gemini CLI", "lines", roots, ("*/chats/**/*.jsonl",), read)
OLDER = Source(
    f"{NAME}.json", "Gemini CLI, older chats", "document", roots, ("*/chats/**/*.json",),
    read_document,
)  # fmt: skip
