"""Pi, Oh My Pi and OpenClaw sessions: one format of JSON lines (FORMATS 7).

It opens no files and prices nothing. The branches of a session lie in one file and all were billed.
A fork copies messages with their response ids, which are the key; a message without one is keyed
by session and id.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial
from pathlib import Path, PurePath

import msgspec

from costtop.model import Bad, Call, Context, Event, SessionFact, ToolUse
from costtop.sources.fold import keys, tool_marks, tool_memory, turns
from costtop.sources.fold.fields import NOTHING, Count, Loose, counted, disjoint, dollars, text
from costtop.sources.fold.fingerprints import RESULT, fingerprint
from costtop.sources.fold.json_lines import ODD, Unreadable, decoded, marked_lines
from costtop.sources.fold.source import Chunk, Memo, Source
from costtop.sources.fold.times import stamp

NAME, OMP, OPENCLAW = "pi", "oh-my-pi", "openclaw"
_NEEDLES = (b'"usage"', b'"session"', b'"toolResult"', b'"user"')
_ENDS = {"stop": "completed", "length": "completed", "error": "failed", "aborted": "aborted"}


class _Cost(msgspec.Struct):
    total: Loose = None


class _Usage(msgspec.Struct):
    input: Count = None
    output: Count = None
    read: Count = msgspec.field(name="cacheRead", default=None)
    write: Count = msgspec.field(name="cacheWrite", default=None)
    cost: _Cost | None = None


class _Block(msgspec.Struct):
    type: Loose = None
    id: Loose = None
    name: Loose = None
    arguments: msgspec.Raw = NOTHING


class _Message(msgspec.Struct):
    role: Loose = None
    provider: Loose = None
    model: Loose = None
    usage: _Usage | None = None
    stop: Loose = msgspec.field(name="stopReason", default=None)
    response: Loose = msgspec.field(name="responseId", default=None)
    tool: Loose = msgspec.field(name="toolCallId", default=None)
    failed: Loose = msgspec.field(name="isError", default=None)
    content: msgspec.Raw = NOTHING


class _Line(msgspec.Struct):
    type: Loose = None
    id: Loose = None
    timestamp: Loose = None
    cwd: Loose = None
    version: Loose = None
    message: _Message | None = None


_LINE = msgspec.json.Decoder(_Line)
_BLOCKS = msgspec.json.Decoder(list[_Block])


def roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """`sessions` of $PI_CODING_AGENT_DIR, else of ~/.pi/agent."""
    return [Path(environment.get("PI_CODING_AGENT_DIR") or home / ".pi" / "agent") / "sessions"]


def omp_roots(_: Mapping[str, str], home: Path) -> list[Path]:
    """`~/.omp/agent/sessions`."""
    return [home / ".omp" / "agent" / "sessions"]


def openclaw_roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """`agents` of $OPENCLAW_STATE_DIR, else of ~/.openclaw."""
    return [Path(environment.get("OPENCLAW_STATE_DIR") or home / ".openclaw") / "agents"]


def read(name: str, chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of the chunk's lines and the memo for the next; see `source.Source`."""
    fold = _Fold(name, chunk, deepcopy(memo))
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


class _Fold:
    """One pass over a chunk: the events so far and the memo, changed line by line."""

    def __init__(self, name: str, chunk: Chunk, memo: Memo) -> None:
        self.name = name
        self.seen = chunk.seen
        self.memo = memo
        self.events: list[Event] = []
        self.session = memo.get("session") or text(PurePath(chunk.path).stem)
        self.turn: turns.Turn = memo.setdefault("turn", {})
        self.waiting: tool_memory.Waiting = memo.setdefault("waiting", {})

    def line(self, line: _Line, offset: int) -> None:
        at = stamp(line.timestamp, self.seen)
        message = line.message
        if line.type == "session" and text(line.id):
            self._header(line, at)
        elif line.type != "message" or message is None:
            return
        elif message.role == "user" and text(line.id):
            facts = turns.asked(self.turn, self.name, self.session, text(line.id), at)
            self.events += facts
        elif message.role == "toolResult":
            if entry := self.waiting.pop(text(message.tool), None):
                result = fingerprint(bytes(message.content), RESULT)
                self.events.append(tool_memory.outcome(entry, message.failed is True, result))
        elif message.role == "assistant" and message.usage is not None:
            self._reply(message, message.usage, text(line.id), at, offset)

    def _header(self, line: _Line, at: int) -> None:
        self.session = self.memo["session"] = text(line.id)
        self.memo["cwd"] = text(line.cwd)
        fact = SessionFact(self.name, self.session, started=at, at=at, context=self._context(""))
        self.events.append(fact)

    def _context(self, task: str) -> Context:
        cwd = self.memo.get("cwd", "")
        return Context(cwd, project=cwd, task=task)

    def _reply(self, message: _Message, used: _Usage, line: str, at: int, offset: int) -> None:
        response = text(message.response)
        key = keys.whole(self.name, response or f"{self.session}/{line or offset}")
        tools = tool_marks.waiting_for(self.waiting, key, _tools(message))
        self.events += turns.replied(self.turn, self.name, self.session, at, bool(tools))
        self.events.append(
            Call(
                key, self.name, self.session, text(message.model) or "unknown",
                disjoint(used.input, used.read, used.write, used.output), at,
                self._context(self.turn.get("id", "")), provider=text(message.provider),
                reported=(dollars(used.cost.total) if used.cost else None) or None,
                request=response, status="error" if message.stop == "error" else "ok",
                tools=tools, offset=offset,
            )
        )  # fmt: skip
        ended = _ENDS.get(text(message.stop), "")
        if ended and not tools:
            self.events += turns.ended(self.turn, self.name, self.session, ended, at)


def _tools(message: _Message) -> list[tuple[str, ToolUse]]:
    raw = bytes(message.content)
    if b'"toolCall"' not in raw or raw[:1] != b"[":
        return []
    try:
        blocks = decoded(_BLOCKS, raw)
    except Unreadable:
        return []  # the usage counts all the same
    asked = (block for block in blocks if block.type == "toolCall")
    return [(text(x.id), tool_marks.asked(text(x.name), bytes(x.arguments))) for x in asked]


def _source(name: str, title: str, where: Callable[..., list[Path]], pattern: str) -> Source:
    return Source(name, title, "lines", where, (pattern,), partial(read, name))


SOURCE = _source(NAME, "Pi", roots, "**/*.jsonl")
OMP_SOURCE = _source(OMP, "Oh My Pi", omp_roots, "**/*.jsonl")
OPENCLAW_SOURCE = _source(OPENCLAW, "OpenClaw", openclaw_roots, "*/sessions/*.jsonl")
