"""Gemini CLI's telemetry file: API responses in pretty-printed JSON, one after the other.

The file is no JSON lines, so the fold follows the indentation and remembers the few attributes that
count of the object it is in. The chats of the same session tell the same requests with other ids
(FORMATS 3: do not combine), so these calls yield to them; they count where no chat is kept.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from costtop.model import Call, Event
from costtop.sources.agents.gemini import NAME, PROVIDER, group
from costtop.sources.fold import keys
from costtop.sources.fold.fields import Count, Loose, counted, text, thinking_apart
from costtop.sources.fold.formats import Format, Log
from costtop.sources.fold.json_lines import Unreadable
from costtop.sources.fold.source import Chunk, Memo, copied

_RESPONSE = "gemini_cli.api_response"
_NUMBERS = (
    "input_token_count",
    "output_token_count",
    "cached_content_token_count",
    "thoughts_token_count",
    "tool_token_count",
    "total_token_count",
)
_TEXTS = ("event.name", "event.timestamp", "session.id", "prompt_id", "model")
_WANTED = "|".join(re.escape(name) for name in (*_NUMBERS, *_TEXTS))
_ATTRIBUTE = re.compile(
    rf'(?:    |\t\t)"({_WANTED})":\s*("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?),?\s*'.encode()
)
_OPENS = re.compile(rb'(?:  |\t)"attributes":\s*\{\s*')
_ENDS = re.compile(rb"(?:  |\t)\},?\s*")
_LAST = re.compile(rb"(?:  |\t)[^\s].*(?<![,{\[])\s*", re.DOTALL)  # may stand before the last brace
_TEXT = 200  # characters remembered of one attribute


class _Attributes(msgspec.Struct):
    event: Loose = msgspec.field(name="event.name", default=None)
    time: Loose = msgspec.field(name="event.timestamp", default=None)
    session: Loose = msgspec.field(name="session.id", default=None)
    prompt: Loose = msgspec.field(name="prompt_id", default=None)
    model: Loose = None
    input: Count = msgspec.field(name="input_token_count", default=None)
    output: Count = msgspec.field(name="output_token_count", default=None)
    cached: Count = msgspec.field(name="cached_content_token_count", default=None)
    thoughts: Count = msgspec.field(name="thoughts_token_count", default=None)
    tool: Count = msgspec.field(name="tool_token_count", default=None)
    total: Count = msgspec.field(name="total_token_count", default=None)


class _Record(msgspec.Struct):
    attributes: _Attributes | None = None


_RECORD = msgspec.json.Decoder(_Record)


def _roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """`~/.gemini`, and the folder of $GEMINI_TELEMETRY_OUTFILE."""
    file = environment.get("GEMINI_TELEMETRY_OUTFILE", "")
    return [home / ".gemini", *([Path(file).parent] if file.startswith("/") else [])]


def _read(name: str, chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    log = Log(name, chunk, copied(memo))
    log.offset = chunk.offset
    for line in chunk.data.splitlines(keepends=True):
        _line(log, line.rstrip(b"\r\n"))
        log.offset += len(line)
    return log.events, log.memo


def _line(log: Log, line: bytes) -> None:
    memo = log.memo
    if line[:1] == b"{":
        memo.clear()
        if len(line) == 1:
            memo.update(at=log.offset, kept={}, inside=False, last=False)
        else:
            _record(log, line, log.offset)
    elif "kept" not in memo:
        return
    elif line == b"}" and memo["last"]:
        _record(log, msgspec.json.encode({"attributes": memo["kept"]}), memo["at"])
        memo.clear()
    else:
        _part(memo, line)


def _part(memo: Memo, line: bytes) -> None:
    """A line inside an object: an attribute that counts, or the edge of the attributes."""
    if memo["inside"]:
        if found := _ATTRIBUTE.fullmatch(line):
            memo["kept"][found[1].decode()] = _value(found[2])
        memo["inside"] = not _ENDS.fullmatch(line)
    elif _OPENS.fullmatch(line):
        memo["inside"] = True
    memo["last"] = _LAST.fullmatch(line) is not None


def _record(log: Log, record: bytes, place: int) -> None:
    if _RESPONSE.encode() not in record:
        return
    try:
        told = counted(_RECORD, record).attributes
        if told is not None and told.event == _RESPONSE:
            _call(log, told, place)
    except Unreadable as error:
        log.bad(error, place)


def _value(raw: bytes) -> Any:
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, ValueError):
        return None
    return value[:_TEXT] if isinstance(value, str) else value


def _call(log: Log, told: _Attributes, place: int) -> None:
    tokens = thinking_apart(
        told.input, told.tool, told.cached, told.output, told.thoughts, told.total
    )
    session = text(told.session) or text(told.prompt).partition("#")[0] or "telemetry"
    model = text(told.model) or "unknown"
    name = f"telemetry/{text(told.prompt)}/{told.time}/{text(told.model)}/{tokens}"
    log.events.append(
        Call(
            keys.paired(group(session), name),
            log.name,
            session,
            model,
            tokens,
            log.at(told.time),
            provider=PROVIDER,
            yields=True,
            offset=place,
        )
    )


SOURCE = Format("lines", _read).source(
    f"{NAME}.telemetry",
    "Gemini CLI, telemetry file",
    _roots,
    "telemetry*.log",
    "telemetry*.json*",
)
