"""OpenCode's and Kilo's databases, and OpenCode's older JSON files (FORMATS 5).

It opens nothing and prices nothing: it asks the questions below and folds what they give. Rows are
updated in place while an answer grows, so a question follows `time_updated` and every message is
one call by its id, in all three stores.
"""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from costtop.model import Bad, Event, SessionFact, TaskFact, ToolUse
from costtop.sources.agents.opencode_records import (
    MESSAGE,
    SESSION,
    Message,
    Whose,
    call_of,
    context,
    inner,
    task_facts,
)
from costtop.sources.fold import tool_marks
from costtop.sources.fold.fields import Loose, counted, folder, text
from costtop.sources.fold.json_lines import Unreadable, decoded
from costtop.sources.fold.source import Chunk, Memo, Query, Source
from costtop.sources.fold.times import stamp

NAME, KILO = "opencode", "kilo"
_SLACK = 60_000 << 20  # a minute of `mark`: times are set before they are committed

# `mark` orders rows of the same millisecond, so that pages of any size come to an end.
_MARK = "time_updated * 1048576 + {0}rowid % 1048576"
_PICKED = f"""
WITH picked AS (
  SELECT rowid AS place, {_MARK.format("")} AS mark FROM {{table}}
  WHERE time_updated >= coalesce(:since, 0) / 1048576 AND mark >= coalesce(:since, 0)
  ORDER BY mark LIMIT :limit
)"""

# A prompt's row may hold whole files (its diffs), so only its role is taken.
_V1 = f"""{_PICKED.format(table="message")}
SELECT picked.mark, picked.place, m.id, m.session_id, m.time_created, s.parent_id, s.directory,
  s.time_created AS began, p.worktree,
  CASE WHEN CASE WHEN json_valid(m.data) THEN json_extract(m.data, '$.role') END = 'user'
    THEN '{{"role":"user"}}' ELSE m.data END AS data,
  (SELECT json_group_array(json_object(
      'tool', json_extract(data, '$.tool'), 'status', json_extract(data, '$.state.status'),
      'exit', json_extract(data, '$.state.metadata.exit'),
      'asked', substr(json_extract(data, '$.state.input'), 1, 1600)
        || substr(json_extract(data, '$.state.input'), -800),
      'result', substr(coalesce(json_extract(data, '$.state.output'),
        json_extract(data, '$.state.error')), 1, 1600)))
    FROM (SELECT data FROM part WHERE message_id = m.id AND
      CASE WHEN json_valid(data) THEN json_extract(data, '$.type') END = 'tool' ORDER BY id)
  ) AS tools
FROM picked JOIN message m ON m.rowid = picked.place LEFT JOIN session s ON s.id = m.session_id
  LEFT JOIN project p ON p.id = s.project_id ORDER BY picked.mark"""

# A fork holds copies of the messages before it, under new ids.
_V2 = f"""{_PICKED.format(table="session_message")}
SELECT picked.mark, picked.place, m.id, m.session_id, m.time_created, s.parent_id, s.directory,
  s.time_created AS began, m.type,
  CASE WHEN m.type = 'user' THEN '{{}}' ELSE m.data END AS data,
  s.fork_session_id IS NOT NULL AND m.time_created < s.time_created AS copied,
  (SELECT u.id FROM session_message u WHERE u.session_id = m.session_id AND u.type = 'user'
    AND u.seq < m.seq ORDER BY u.seq DESC LIMIT 1) AS task
FROM picked JOIN session_message m ON m.rowid = picked.place
  LEFT JOIN session_v2 s ON s.id = m.session_id ORDER BY picked.mark"""

QUERIES = (
    Query("v1", _V1, "mark", ("message", "session", "part", "project"), _SLACK),
    Query("v2", _V2, "mark", ("session_message", "session_v2"), _SLACK),
)
_OUTCOMES = {"completed": "completed", "aborted": "aborted", "error": "failed", "failed": "failed"}


class _Tool(msgspec.Struct):
    tool: Loose = None
    status: Loose = None
    exit: Loose = None
    asked: Loose = None
    result: Loose = None


_TOOLS = msgspec.json.Decoder(list[_Tool])


def roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """$OPENCODE_DATA_DIR, else the data folder's `opencode`; and the folder of $OPENCODE_DB."""
    shared = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    folders = [Path(environment.get("OPENCODE_DATA_DIR") or shared / "opencode")]
    file = environment.get("OPENCODE_DB", "")
    return [*folders, *([Path(file).parent] if file.startswith("/") else [])]


def kilo_roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """The data folder's `kilo`, on a Mac also in the library; and the folder of $KILO_DB."""
    shared = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    folders = [shared / "kilo"]
    if sys.platform == "darwin":
        folders.append(home / "Library" / "Application Support" / "kilo")
    file = environment.get("KILO_DB", "")
    return [*folders, *([Path(file).parent] if file.startswith("/") else [])]


def read(name: str, chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of rows; every row stands alone, so the memo stays as it is."""
    events: list[Event] = []
    told: set[str] = set()
    for row in chunk.rows:
        whose = _whose(name, row, chunk.seen)
        if row.get("copied") or not whose.id or not whose.session:
            continue
        place = row.get("place")
        offset = place if isinstance(place, int) else 0
        if whose.session not in told:
            told.add(whose.session)
            events.append(_session(whose, row))
        try:
            events += _row_events(row, whose, offset)
        except Unreadable as error:
            events.append(Bad(offset, str(error)))
    return events, memo


def _whose(name: str, row: Mapping[str, Any], seen: int) -> Whose:
    cwd, worktree = folder(row.get("directory")), folder(row.get("worktree"))
    project = cwd if worktree in ("", "/") else worktree
    parent, task = text(row.get("parent_id")), text(row.get("task"))
    ids = text(row.get("id")), text(row.get("session_id"))
    return Whose(name, *ids, parent, cwd, project, row.get("time_created"), seen, task)


def _session(whose: Whose, row: Mapping[str, Any]) -> SessionFact:
    began = stamp(row.get("began"), whose.seen) if row.get("began") else None
    place = context(whose._replace(task=""))
    return SessionFact(
        whose.source, whose.session, parent=whose.parent, started=began, context=place,
        at=stamp(whose.created, whose.seen),
    )  # fmt: skip


def _row_events(row: Mapping[str, Any], whose: Whose, offset: int) -> list[Event]:
    data = row.get("data")
    message = counted(MESSAGE, data.encode("utf-8", "replace") if isinstance(data, str) else b"")
    if row.get("type") == "idle":
        return [*_idle(whose, message)]
    if (row.get("type") or message.role) != "assistant":
        return []
    message.parent = message.parent or whose.task
    whose = whose._replace(task=text(message.parent))
    call = call_of(message, whose, offset)
    if call is None:
        return []
    tools = _tools(row.get("tools"))
    return [
        *task_facts(message, whose, call.at),
        call._replace(tools=tools),
        *tool_marks.outcomes(call.key, tools),
    ]


def _idle(whose: Whose, message: Message) -> list[TaskFact]:
    """A session of version 2 fell idle: how the prompt before it ended."""
    status = _OUTCOMES.get(text(message.outcome), "")
    if not status or not whose.task or whose.parent:
        return []
    at = stamp(whose.created, whose.seen)
    return [TaskFact(whose.source, whose.session, whose.task, status, at)]


def _tools(raw: object) -> tuple[ToolUse, ...]:
    if not isinstance(raw, str):
        return ()
    try:
        return tuple(_tool(tool) for tool in decoded(_TOOLS, raw.encode("utf-8", "replace"))[:64])
    except Unreadable:
        return ()  # the usage counts all the same


def _tool(tool: _Tool) -> ToolUse:
    """`invalid` is what a call of an unknown tool becomes; only `bash` tells an exit code."""
    name = text(tool.tool)
    use = tool_marks.asked(name, _raw(tool.asked))
    if tool.status not in ("completed", "error"):
        return use
    failed = tool.status == "error" or name == "invalid" or tool.exit not in (None, 0)
    return tool_marks.answered(use, failed, _raw(tool.result))


def _raw(value: object) -> bytes:
    return str(value or "").encode("utf-8", "replace")


def read_document(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of one file of the older storage: a message or a session."""
    try:
        if "/session/" in chunk.path:
            return _stored_session(chunk), memo
        message = counted(MESSAGE, chunk.data)
    except Unreadable as error:
        return [Bad(0, str(error))], memo
    whose = Whose(NAME, text(message.id), text(message.session), "", "", "", None, chunk.seen)
    if not whose.id or not whose.session or message.role not in ("assistant", None):
        return [], memo
    cwd = folder(inner(message.path, "root")) or folder(message.path)
    whose = whose._replace(cwd=cwd, project=cwd, task=text(message.parent))
    call = call_of(message, whose, 0)
    return ([*task_facts(message, whose, call.at), call] if call else []), memo


def _stored_session(chunk: Chunk) -> list[Event]:
    session = decoded(SESSION, chunk.data)
    name, cwd = text(session.id), folder(session.directory)
    if not name:
        return []
    whose = Whose(NAME, "", name, text(session.parent), cwd, cwd, None, chunk.seen)
    began = stamp(inner(session.time, "created"), chunk.seen)
    return [
        SessionFact(
            NAME, name, parent=whose.parent, started=began, at=began, context=context(whose),
            version=text(session.version),
        )
    ]  # fmt: skip


def _database(name: str, title: str, where: Callable[..., list[Path]], *patterns: str) -> Source:
    return Source(name, title, "rows", where, patterns, partial(read, name), QUERIES)


SOURCE = _database(NAME, "OpenCode", roots, "opencode*.db")
KILO_SOURCE = _database(KILO, "Kilo Code", kilo_roots, "kilo*.db", "opencode*.db")
OLDER = Source(
    f"{NAME}.json", "OpenCode, older JSON storage", "document", roots,
    ("storage/message/*/*.json", "storage/session/*/*.json"), read_document,
)  # fmt: skip
