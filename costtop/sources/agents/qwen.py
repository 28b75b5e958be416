"""Qwen Code chats: `projects/*/chats/*.jsonl` to calls, tasks and tool outcomes (FORMATS 4).

It opens no files and prices nothing. The same request is told twice, by the assistant's record and
by `ui_telemetry`; the latter yields, so it counts in files whose records carry no usage. The alias
`coder-model` has no public price and stays unpriced.
"""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path, PurePath

import msgspec

from costtop.model import Bad, Call, Context, Event, SessionFact, Tokens, ToolUse
from costtop.sources.fold import glued, keys, tool_marks, tool_memory, turns
from costtop.sources.fold.fields import NOTHING, Count, Loose, text, thinking_apart
from costtop.sources.fold.fingerprints import RESULT, fingerprint
from costtop.sources.fold.json_lines import ODD, Unreadable, decoded, marked_lines
from costtop.sources.fold.source import Chunk, Memo, Source
from costtop.sources.fold.times import stamp

NAME = "qwen-code"
_NEEDLES = (b'"usageMetadata"', b'"ui_telemetry"', b'"tool_result"', b'"user"')


class _Usage(msgspec.Struct):
    prompt: Count = msgspec.field(name="promptTokenCount", default=None)
    answer: Count = msgspec.field(name="candidatesTokenCount", default=None)
    thoughts: Count = msgspec.field(name="thoughtsTokenCount", default=None)
    cached: Count = msgspec.field(name="cachedContentTokenCount", default=None)
    tool: Count = msgspec.field(name="toolUsePromptTokenCount", default=None)
    total: Count = msgspec.field(name="totalTokenCount", default=None)


class _UiEvent(msgspec.Struct):
    name: Loose = msgspec.field(name="event.name", default=None)
    response: Loose = msgspec.field(name="response_id", default=None)
    model: Loose = None
    prompt: Count = msgspec.field(name="input_token_count", default=None)
    answer: Count = msgspec.field(name="output_token_count", default=None)
    thoughts: Count = msgspec.field(name="thoughts_token_count", default=None)
    cached: Count = msgspec.field(name="cached_content_token_count", default=None)
    tool: Count = msgspec.field(name="tool_token_count", default=None)
    total: Count = msgspec.field(name="total_token_count", default=None)


class _Payload(msgspec.Struct):
    ui: _UiEvent | None = msgspec.field(name="uiEvent", default=None)


class _Function(msgspec.Struct):
    id: Loose = None
    name: Loose = None
    args: msgspec.Raw = NOTHING


class _Part(msgspec.Struct):
    asked: _Function | None = msgspec.field(name="functionCall", default=None)


class _Message(msgspec.Struct):
    parts: msgspec.Raw = NOTHING


class _Result(msgspec.Struct):
    id: Loose = msgspec.field(name="callId", default=None)
    status: Loose = None
    shown: msgspec.Raw = msgspec.field(name="resultDisplay", default=NOTHING)


class _Row(msgspec.Struct):
    uuid: Loose = None
    session: Loose = msgspec.field(name="sessionId", default=None)
    timestamp: Loose = None
    type: Loose = None
    subtype: Loose = None
    cwd: Loose = None
    version: Loose = None
    branch: Loose = msgspec.field(name="gitBranch", default=None)
    model: Loose = None
    usage: _Usage | None = msgspec.field(name="usageMetadata", default=None)
    payload: msgspec.Raw = msgspec.field(name="systemPayload", default=NOTHING)
    message: _Message | None = None
    result: _Result | None = msgspec.field(name="toolCallResult", default=None)


_ROW = msgspec.json.Decoder(_Row)
_PAYLOAD = msgspec.json.Decoder(_Payload | None)
_PARTS = msgspec.json.Decoder(list[_Part])


def roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """`projects` of $QWEN_DATA_DIR, else of ~/.qwen."""
    return [Path(environment.get("QWEN_DATA_DIR") or home / ".qwen") / "projects"]


def read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of the chunk's lines and the memo for the next; see `source.Source`."""
    fold = _Fold(chunk, deepcopy(memo))
    for start, end, mark in marked_lines(chunk.data, _NEEDLES):
        offset = chunk.offset + start
        if mark == ODD:
            fold.events.append(Bad(offset, "not valid JSON"))
            continue
        rows, trouble = glued.every(_ROW, chunk.data[start:end])
        for nth, row in enumerate(rows):
            fold.row(row, offset + nth)
        if trouble:
            fold.events.append(Bad(offset, trouble))
    return fold.events, fold.memo


class _Fold:
    """One pass over a chunk: the events so far and the memo, changed row by row."""

    def __init__(self, chunk: Chunk, memo: Memo) -> None:
        self.seen = chunk.seen
        self.memo = memo
        self.events: list[Event] = []
        self.stem = PurePath(chunk.path).stem
        self.turn: turns.Turn = memo.setdefault("turn", {})
        self.waiting: tool_memory.Waiting = memo.setdefault("waiting", {})
        self.session = self.stem

    def row(self, row: _Row, offset: int) -> None:
        at = stamp(row.timestamp, self.seen)
        self.session = text(row.session) or self.stem
        try:
            if row.type == "assistant" and row.usage is not None:
                self._reply(row, row.usage, at, offset)
            elif row.subtype == "ui_telemetry":
                self._telemetry(row, at, offset)
        except Unreadable as error:
            self.events.append(Bad(offset, str(error)))
        if row.type == "user" and row.subtype in (None, "mid_turn_user_message"):
            self._about(row, at)
            task = text(row.uuid)
            self.events += turns.asked(self.turn, NAME, self.session, task, at) if task else []
        elif row.type == "tool_result" and row.result is not None:
            self._answer(row.result)

    def _reply(self, row: _Row, used: _Usage, at: int, offset: int) -> None:
        tokens = thinking_apart(
            used.prompt, used.tool, used.cached, used.answer, used.thoughts, used.total
        )
        if tokens == Tokens():
            return
        self._about(row, at)
        name = text(row.uuid) or f"{at}/{tokens}"
        key = keys.paired(f"{NAME}/{self.session}", name)
        tools = tool_marks.waiting_for(self.waiting, key, _tools(row))
        self.events += turns.replied(self.turn, NAME, self.session, at, bool(tools))
        self.events.append(self._call(key, row.model, tokens, at, offset)._replace(tools=tools))

    def _telemetry(self, row: _Row, at: int, offset: int) -> None:
        payload = decoded(_PAYLOAD, bytes(row.payload))
        found = payload.ui if payload else None
        if found is None or found.name != "qwen-code.api_response":
            return
        tokens = thinking_apart(
            found.prompt, found.tool, found.cached, found.answer, found.thoughts, found.total
        )
        if tokens == Tokens():
            return
        self._about(row, at)
        name = text(found.response) or text(row.uuid) or f"{at}/{tokens}"
        key = keys.paired(f"{NAME}/{self.session}", f"telemetry/{name}")
        call = self._call(key, found.model, tokens, at, offset)
        self.events.append(call._replace(request=text(found.response), yields=True))

    def _call(self, key: bytes, model: object, tokens: Tokens, at: int, offset: int) -> Call:
        context = self._context(self.turn.get("id", ""))
        name = text(model) or "unknown"
        return Call(key, NAME, self.session, name, tokens, at, context, offset=offset)

    def _about(self, row: _Row, at: int) -> None:
        where = self.memo.setdefault("where", ["", "", ""])  # cwd, branch, first cwd
        where[0] = text(row.cwd) or where[0]
        where[1] = text(row.branch) or where[1]
        where[2] = where[2] or where[0]
        told = [self.session, *where, text(row.version)]
        if self.memo.get("told") != told:
            started = None if "told" in self.memo else at
            self.memo["told"] = told
            self.events.append(
                SessionFact(
                    NAME, self.session, context=self._context(""), started=started, at=at,
                    version=told[-1],
                )
            )  # fmt: skip

    def _context(self, task: str) -> Context:
        cwd, branch, project = self.memo.get("where", ("", "", ""))
        return Context(cwd, branch, project, task=task)

    def _answer(self, result: _Result) -> None:
        if entry := self.waiting.pop(text(result.id), None):
            shown = fingerprint(bytes(result.shown), RESULT)
            failed = result.status in ("error", "cancelled")
            self.events.append(tool_memory.outcome(entry, failed, shown))


def _tools(row: _Row) -> list[tuple[str, ToolUse]]:
    raw = bytes(row.message.parts) if row.message else b""
    if b'"functionCall"' not in raw:
        return []
    try:
        parts = decoded(_PARTS, raw)
    except Unreadable:
        return []  # the usage counts all the same
    asked = (part.asked for part in parts if part.asked)
    return [(text(x.id), tool_marks.asked(text(x.name), bytes(x.args))) for x in asked]


SOURCE = Source(NAME, "Qwen Code", "lines", roots, ("*/chats/*.jsonl",), read)
