"""Qwen Code chats: `projects/*/chats/*.jsonl` to calls, tasks and tool outcomes (FORMATS 4).

The same request is told twice, by the assistant's record and by `ui_telemetry`; the latter yields,
so it counts in files whose records carry no usage. The alias `coder-model` has no public price and
stays unpriced.
"""

import msgspec

from costtop.model import Tokens, ToolUse
from costtop.sources.fold import keys
from costtop.sources.fold.fields import NOTHING, Count, Loose, listed, text, thinking_apart
from costtop.sources.fold.formats import Log, below, lines, tool
from costtop.sources.fold.json_lines import Unreadable, decoded

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


def _row(log: Log, row: _Row) -> None:
    at = log.at(row.timestamp)
    log.session = text(row.session) or log.stem
    try:
        if row.type == "assistant" and row.usage is not None:
            _reply(log, row, row.usage, at)
        elif row.subtype == "ui_telemetry":
            _telemetry(log, row, at)
    except Unreadable as error:
        log.bad(error)
        log.unread()
    if row.type == "user" and row.subtype in (None, "mid_turn_user_message"):
        _about(log, row, at)
        log.asked(text(row.uuid), at)
    elif row.type == "tool_result" and (result := row.result) is not None:
        log.answered(text(result.id), result.status in ("error", "cancelled"), bytes(result.shown))


def _reply(log: Log, row: _Row, used: _Usage, at: int) -> None:
    tokens = thinking_apart(
        used.prompt, used.tool, used.cached, used.answer, used.thoughts, used.total
    )
    if tokens == Tokens():
        return
    _about(log, row, at)
    key = _key(log, text(row.uuid) or f"{at}/{tokens}")
    log.reply(key, row.model, tokens, at, _tools(row))


def _telemetry(log: Log, row: _Row, at: int) -> None:
    payload = decoded(_PAYLOAD, bytes(row.payload))
    told = payload.ui if payload else None
    if told is None or told.name != "qwen-code.api_response":
        return
    tokens = thinking_apart(
        told.prompt, told.tool, told.cached, told.answer, told.thoughts, told.total
    )
    if tokens == Tokens():
        return
    _about(log, row, at)
    response = text(told.response)
    key = _key(log, f"telemetry/{response or text(row.uuid) or f'{at}/{tokens}'}")
    log.call(key, told.model, tokens, at, request=response, yields=True)


def _key(log: Log, name: str) -> bytes:
    return keys.paired(f"{NAME}/{log.session}", name)


def _about(log: Log, row: _Row, at: int) -> None:
    """Tells what is known of the session whenever that changed."""
    log.works_in(text(row.cwd), text(row.branch))
    told = [log.session, *log.memo["where"], text(row.version)]
    if (before := log.memo.get("told")) != told:
        log.memo["told"] = told
        log.about(at, at if before is None else None, version=told[-1])


def _tools(row: _Row) -> list[tuple[str, ToolUse]]:
    raw = bytes(row.message.parts) if row.message else b""
    parts = listed(_PARTS, raw) if b'"functionCall"' in raw else []
    return [tool(x.id, x.name, x.args) for x in (part.asked for part in parts) if x]


SOURCE = lines(_ROW, _NEEDLES, _row).source(
    NAME, "Qwen Code", below("QWEN_DATA_DIR", ".qwen", "projects"), "*/chats/*.jsonl"
)
