"""Kimi Code's wire logs: `sessions/<wd>/<session>/agents/<agent>/wire.jsonl` (FORMATS 7).

A step tells its usage when it ends, and a `usage.record` right after it tells the same again; a
record that repeats no step is a request of its own. The three input counts stand beside each other.
"""

from typing import Any

import msgspec

from costtop.model import Tokens, ToolUse
from costtop.sources.fold import keys
from costtop.sources.fold.fields import NOTHING, Count, Loose, disjoint, folder, text
from costtop.sources.fold.fingerprints import fingerprint, outcome
from costtop.sources.fold.formats import Log, below, document, lines
from costtop.sources.fold.json_lines import Unreadable, decoded
from costtop.sources.fold.tool_memory import TOOLS

NAME, PROVIDER = "kimi", "moonshotai"
_NEEDLES = (
    b'"usage"',
    b'"tool.call"',
    b'"tool.result"',
    b'"llm.request"',
    b'"config.update"',
    b'"turn.prompt"',
    b'"turn.cancel"',
)


class _Usage(msgspec.Struct, rename="camel"):
    input_other: Count = None
    input_cache_read: Count = None
    input_cache_creation: Count = None
    output: Count = None


class _Event(msgspec.Struct, rename="camel"):
    type: Loose = None
    uuid: Loose = None
    usage: _Usage | None = None
    message_id: Loose = None
    finish_reason: Loose = None
    tool_call_id: Loose = None
    name: Loose = None
    args: msgspec.Raw = NOTHING
    result: msgspec.Raw = NOTHING


class _Origin(msgspec.Struct):
    kind: Loose = None


class _Line(msgspec.Struct, rename="camel"):
    type: Loose = None
    time: Loose = None
    cwd: Loose = None
    profile_name: Loose = None
    model_alias: Loose = None
    model: Loose = None
    attempt: Loose = None
    origin: _Origin | None = None
    event: _Event | None = None
    usage: _Usage | None = None


class _Result(msgspec.Struct, rename="camel"):
    is_error: Loose = None


class _State(msgspec.Struct, rename="camel"):
    created_at: Loose = None
    work_dir: Loose = None


_LINE = msgspec.json.Decoder(_Line)
_RESULT = msgspec.json.Decoder(_Result)
_STATE = msgspec.json.Decoder(_State)


def _whose(log: Log) -> None:
    """Session and agent of `…/<session>/agents/<agent>/wire.jsonl`; the main agent is ""."""
    parts = log.chunk.parts
    if len(parts) >= 4 and parts[-3] == "agents":
        agent = text(parts[-2])
        log.session = text(parts[-4]).removeprefix("session_")
        log.agent = "" if agent == "main" else agent


def _line(log: Log, line: _Line) -> None:
    at = log.at(line.time)
    if line.type == "config.update":
        _config(log, line, at)
    elif line.type == "llm.request":
        log.remember(model=text(line.model))
        log.memo["attempt"] = _attempt(line.attempt)
    elif line.type == "turn.prompt" and (line.origin is None or line.origin.kind == "user"):
        log.asked(keys.short(f"{log.session}/{at}"), at)
    elif line.type == "turn.cancel":
        log.ended("aborted", at)
    elif line.type == "usage.record" and line.usage is not None:
        tokens = _tokens(line.usage)
        if log.memo.pop("told", None) != list(tokens):  # else its step has told it already
            key = keys.whole(NAME, f"record/{at}/{tokens}")  # which no other request shares
            log.call(key, line.model, tokens, at, provider=PROVIDER, attempt=_tries(log))
    elif line.type == "context.append_loop_event" and line.event is not None:
        _event(log, line.event, at)


def _config(log: Log, line: _Line, at: int) -> None:
    log.remember(model=text(line.model_alias))
    log.works_in(folder(line.cwd))
    started = None if "began" in log.memo else at
    log.memo["began"] = True
    context = log.context()
    kind = text(line.profile_name) if log.agent else ""
    log.about(at, started, agent_type=kind, context=context if context.cwd else None)


def _event(log: Log, event: _Event, at: int) -> None:
    tools: list[list[Any]] = log.memo.setdefault("tools", [])  # id, name, hash, error, result
    if event.type == "tool.call":
        name = text(event.name) or "tool"
        hashed = fingerprint(bytes(event.args), name)
        tools.append([text(event.tool_call_id), name, hashed, None, None])
        del tools[:-TOOLS]
    elif event.type == "tool.result":
        _answer(log, tools, text(event.tool_call_id), bytes(event.result))
    elif event.type == "step.end" and event.usage is not None:
        tokens, message = _tokens(event.usage), text(event.message_id)
        log.memo["told"] = list(tokens)
        used = [(tool[0], ToolUse(*tool[1:])) for tool in tools]
        tools.clear()
        key = _key(log, message or text(event.uuid) or f"{at}/{tokens}")
        over = "completed" if event.finish_reason in ("end_turn", "stop") else ""
        log.reply(
            key, "", tokens, at, used, over, provider=PROVIDER, request=message, attempt=_tries(log)
        )


def _answer(log: Log, tools: list[list[Any]], tool_id: str, result: bytes) -> None:
    """A tool's result comes before its step ends, or after it."""
    failed = _failed(result)
    for tool in tools:
        if tool[0] == tool_id and tool_id:
            tool[3:] = failed, outcome(result, failed)
            return
    log.answered(tool_id, failed, result)


def _key(log: Log, name: str) -> bytes:
    return keys.whole(NAME, keys.named(name, log.session, log.agent))


def _tries(log: Log) -> int:
    """Which try the request at hand is, as its `llm.request` said."""
    return int(log.memo.pop("attempt", 1))


def _tokens(used: _Usage) -> Tokens:
    return disjoint(used.input_other, used.input_cache_read, used.input_cache_creation, used.output)


def _failed(result: bytes) -> bool:
    try:
        return decoded(_RESULT, result).is_error is True
    except Unreadable:
        return False


def _attempt(told: object) -> int:
    """Which try of a request it is: the third in "3/10"."""
    first = told.partition("/")[0] if isinstance(told, str) else ""
    return int(first) if first.isdecimal() and 0 < len(first) < 4 else 1


def _state(log: Log) -> None:
    """The folder that a session works in."""
    found = decoded(_STATE, log.raw)
    log.session = text(log.chunk.folder).removeprefix("session_")
    log.works_in(folder(found.work_dir))
    began = log.at(found.created_at)
    log.about(began, began)


_ROOTS = below("KIMI_CODE_HOME", ".kimi-code", "sessions")
SOURCE = lines(_LINE, _NEEDLES, _line, _whose).source(
    NAME, "Kimi Code", _ROOTS, "*/*/agents/*/wire.jsonl"
)
STATES = document(_state).source(f"{NAME}.json", "Kimi Code, states", _ROOTS, "*/*/state.json")
