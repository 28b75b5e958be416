"""The agents' own titles of sessions: text, which is read only where the user asks for it.

It is apart from the formats, which have no field for text and never wait for it. A title is one
line of a log, a field of a document or a column of a database; where an agent makes it of the
prompt's first words, only the name that the user gave is taken.
"""

import re

import msgspec

from costtop.model import Event, SessionFact
from costtop.sources.claude.folders import whose
from costtop.sources.fold.fields import Loose, text
from costtop.sources.fold.formats import Format, Log, Row, document, lines, nowhere, rows
from costtop.sources.fold.json_lines import ODD, Unreadable, decoded, marked_lines
from costtop.sources.fold.source import Chunk, Memo, Query, Source, copied
from costtop.text import clean

LONGEST = 80  # characters that are kept of a title
_UNNAMED = re.compile(r"(?:new|child) (?:session|chat)\b.*|cli session|untitled", re.IGNORECASE)
_UUID_END = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")


def titled(source: str, session: str, title: object, *, named: bool = False) -> list[Event]:
    """The fact that a session is called so; none where it says nothing.

    `named`: by the user, so that no title of the agent's takes its place.
    """
    if not isinstance(title, str) or not session:
        return []
    shown = clean(" ".join(title.split()), LONGEST)
    if not shown or _UNNAMED.fullmatch(shown):
        return []
    return [SessionFact(source, session, title=shown, named=named)]


# -- Claude Code ---------------------------------------------------------------------------------


class _ClaudeLine(msgspec.Struct, rename="camel"):
    type: Loose = None
    session_id: Loose = None
    custom_title: Loose = None
    ai_title: Loose = None
    summary: Loose = None
    leaf_uuid: Loose = None


_CLAUDE = msgspec.json.Decoder(_ClaudeLine)
_CLAUDE_NEEDLES = (b'"custom-title"', b'"ai-title"', b'"summary"')


def _claude(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """A summary names no session: one at the head of a file, whose leaf is elsewhere, is another's.

    The memo says where the head ends as long as nothing else has come.
    """
    memo, events = copied(memo), list[Event]()
    session, agent = whose(chunk)
    for start, end, mark in marked_lines(chunk.data, _CLAUDE_NEEDLES):
        line = _read(_CLAUDE, chunk.data[start:end]) if mark != ODD and not agent else None
        if line is None or line.type not in ("custom-title", "ai-title", "summary"):
            continue
        told = line.custom_title if line.type == "custom-title" else line.ai_title
        if line.type == "summary":
            at = chunk.offset + start
            if at == memo.get("head", 0):
                memo["head"] = at + (end - start) + 1
                leaf = text(line.leaf_uuid).encode()
                if not leaf or chunk.data.find(b'"uuid":"%b"' % leaf) < 0:
                    continue
            told = line.summary
        owner = session or text(line.session_id) or _stem(chunk.path)
        events += titled("claude-code", owner, told, named=line.type == "custom-title")
    return events, memo


def _read(decoder: msgspec.json.Decoder[_ClaudeLine], line: bytes) -> _ClaudeLine | None:
    try:
        return decoded(decoder, line)
    except Unreadable:
        return None


def _stem(path: str) -> str:
    return text(path.rpartition("/")[2].removesuffix(".gz").removesuffix(".jsonl"))


# -- other logs of JSON lines --------------------------------------------------------------------


class _CodexName(msgspec.Struct):
    type: Loose = None
    thread_id: Loose = None
    thread_name: Loose = None


class _CodexLine(msgspec.Struct):
    type: Loose = None
    payload: _CodexName | None = None


def _codex(log: Log, line: _CodexLine) -> None:
    told = line.payload
    if told is not None and told.type == "thread_name_updated":
        owner = _UUID_END.search(log.stem)  # its rollout is named for the thread
        thread = text(told.thread_id) or (owner[0] if owner else "")
        log.events += titled(log.name, thread, told.thread_name, named=True)


class _QwenPayload(msgspec.Struct):
    title: Loose = msgspec.field(name="customTitle", default=None)
    by: Loose = msgspec.field(name="titleSource", default=None)


class _QwenLine(msgspec.Struct):
    session: Loose = msgspec.field(name="sessionId", default=None)
    subtype: Loose = None
    payload: _QwenPayload | None = msgspec.field(name="systemPayload", default=None)


def _qwen(log: Log, line: _QwenLine) -> None:
    """Qwen Code says who gave the title; the last one holds, whoever gave it."""
    if line.subtype == "custom_title" and line.payload is not None:
        owner = text(line.session) or log.session
        log.events += titled(log.name, owner, line.payload.title)


class _PiLine(msgspec.Struct):
    type: Loose = None
    id: Loose = None
    name: Loose = None


def _pi(log: Log, line: _PiLine) -> None:
    if line.type == "session" and text(line.id):
        log.remember(text(line.id))
    elif line.type == "session_info":
        log.events += titled(log.name, log.session, line.name)


class _GeminiPatch(msgspec.Struct):
    summary: Loose = None


class _GeminiLine(msgspec.Struct):
    type: Loose = None
    session: Loose = msgspec.field(name="sessionId", default=None)
    summary: Loose = None
    patch: _GeminiPatch | None = msgspec.field(name="$set", default=None)


def _gemini(log: Log, line: _GeminiLine) -> None:
    if line.type is None and line.session is not None:
        log.remember(text(line.session) or log.stem)
    for told in (line, line.patch):
        if told is not None and line.type is None:
            log.events += titled(log.name, log.session, told.summary)


# -- documents -----------------------------------------------------------------------------------


class _GeminiChat(msgspec.Struct):
    session: Loose = msgspec.field(name="sessionId", default=None)
    summary: Loose = None


def _gemini_chat(log: Log) -> None:
    told = decoded(_GEMINI_CHAT, log.raw)
    log.events += titled(log.name, text(told.session) or log.stem, told.summary)


class _Titled(msgspec.Struct):
    """A thread of Amp, a session of OpenCode's older storage."""

    id: Loose = None
    title: Loose = None


def _amp(log: Log) -> None:
    told = decoded(_TITLED, log.raw)
    log.events += titled(log.name, text(told.id) or log.stem, told.title)


def _opencode_file(log: Log) -> None:
    if "/session/" in log.chunk.path:
        told = decoded(_TITLED, log.raw)
        log.events += titled(log.name, text(told.id), told.title)


class _GrokInfo(msgspec.Struct):
    id: Loose = None


class _Grok(msgspec.Struct):
    info: _GrokInfo | None = None
    summary: Loose = msgspec.field(name="session_summary", default=None)
    title: Loose = msgspec.field(name="generated_title", default=None)


def _grok(log: Log) -> None:
    told = decoded(_GROK, log.raw)
    owner = (text(told.info.id) if told.info else "") or text(log.chunk.folder)
    log.events += titled(log.name, owner, told.title or told.summary)


class _Kimi(msgspec.Struct, rename="camel"):
    title: Loose = None
    is_custom_title: Loose = None


def _kimi(log: Log) -> None:
    """Kimi Code's own title is the prompt."""
    told = decoded(_KIMI, log.raw)
    if told.is_custom_title is True:
        owner = text(log.chunk.folder).removeprefix("session_")
        log.events += titled(log.name, owner, told.title, named=True)


# -- databases -----------------------------------------------------------------------------------

# A column that an older database has not got is the NULL beside the table.
_OPENCODE = """
SELECT s.time_updated * 1048576 + s.rowid % 1048576 AS mark, s.id AS session_id,
  (SELECT title FROM {0} x WHERE x.rowid = s.rowid) AS title
FROM {0} s, (SELECT NULL AS title) WHERE mark >= coalesce(:since, 0) ORDER BY mark LIMIT :limit"""

_GOOSE = """
SELECT s.rowid AS mark, s.id AS session_id,
  (SELECT coalesce(nullif(name, ''), nullif(description, '')) FROM sessions x
    WHERE x.rowid = s.rowid) AS title
FROM sessions s, (SELECT NULL AS name, NULL AS description)
WHERE s.rowid >= coalesce(:since, 0) ORDER BY s.rowid LIMIT :limit"""

_SLACK = 60_000 << 20  # a minute of `mark`: times are set before they are committed


def _row(log: Log, row: Row) -> None:
    log.events += titled(log.name, text(row.get("session_id")), row.get("title"))


_TITLED = msgspec.json.Decoder(_Titled)
_GEMINI_CHAT = msgspec.json.Decoder(_GeminiChat)
_GROK = msgspec.json.Decoder(_Grok)
_KIMI = msgspec.json.Decoder(_Kimi)
_OPENCODE_ROWS = rows(
    (
        Query("v1", _OPENCODE.format("session"), "mark", ("session",), _SLACK),
        Query("v2", _OPENCODE.format("session_v2"), "mark", ("session_v2",), _SLACK),
    ),
    _row,
)
_GOOSE_ROWS = rows((Query("names", _GOOSE, "mark", ("sessions",), 1_000_000),), _row)
_PI = lines(msgspec.json.Decoder(_PiLine), (b'"session_info"', b'"session"'), _pi)
_FORMATS: dict[str, Format] = {
    "codex": lines(msgspec.json.Decoder(_CodexLine), (b'"thread_name_updated"',), _codex),
    "qwen-code": lines(msgspec.json.Decoder(_QwenLine), (b'"custom_title"',), _qwen),
    "gemini-cli": lines(msgspec.json.Decoder(_GeminiLine), (b'"summary"', b'"sessionId"'), _gemini),
    "gemini-cli.json": document(_gemini_chat),
    "pi": _PI,
    "oh-my-pi": _PI,
    "openclaw": _PI,
    "amp": document(_amp),
    "opencode": _OPENCODE_ROWS,
    "kilo": _OPENCODE_ROWS,
    "opencode.json": document(_opencode_file),
    "goose": _GOOSE_ROWS,
    "grok.json": document(_grok),
    "kimi.json": document(_kimi),
}


def _source(name: str, form: Format) -> Source:
    return form.source(name, name, nowhere)


TITLES: dict[str, Source] = {
    "claude-code": Source("claude-code", "", "lines", nowhere, (), _claude),
    **{name: _source(name, form) for name, form in _FORMATS.items()},
}
"""By format: what reads its titles, in the shape of its logs."""


def read(form: str, chunk: Chunk, memo: Memo) -> tuple[list[SessionFact], Memo]:
    """The titles that a piece of such a log tells, and the memo for the next piece of it.

    Nothing else comes: what cannot be read is named by the format's own reading.
    """
    events, memo = TITLES[form].read(chunk, memo)
    return [one for one in events if isinstance(one, SessionFact) and one.title], memo
