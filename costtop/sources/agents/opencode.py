"""OpenCode's and Kilo's databases, and OpenCode's older JSON files (FORMATS 5).

Rows are updated in place while an answer grows, so a question follows `time_updated`. A message is
one call in all three stores, and in every fork of its session.
"""

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec

from costtop.model import Context, ToolUse
from costtop.sources.agents.opencode_records import (
    MESSAGE,
    SESSION,
    MessageRecord,
    Owner,
    SessionRecord,
    call_of,
    inner,
    task_facts,
)
from costtop.sources.fold.fields import Loose, counted, folder, listed, text
from costtop.sources.fold.fingerprints import answered, asked, outcomes
from costtop.sources.fold.formats import Log, Row, data_folder, document, rows
from costtop.sources.fold.json_lines import decoded
from costtop.sources.fold.source import Query
from costtop.sources.fold.tool_memory import TOOLS

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

# A fork keeps the order of what it copies: messages of one moment are numbered.
_NTH = """(SELECT count(*) FROM {0} e WHERE e.session_id = m.session_id
    AND e.time_created = m.time_created AND e.{1} < m.{1}
    AND CASE WHEN json_valid(e.data) AND json_valid(m.data) THEN
      json_extract(e.data, '$.time.created') = json_extract(m.data, '$.time.created') END) AS nth"""

# A prompt's row may hold whole files (its diffs), so only its role is taken.
_V1 = f"""{_PICKED.format(table="message")}
SELECT picked.mark, picked.place, m.id, m.session_id, m.time_created, s.parent_id, s.directory,
  s.time_created AS began, p.worktree, {_NTH.format("message", "id")},
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

# What a fork copied is older than the fork: its tasks were those of the first session.
_V2 = f"""{_PICKED.format(table="session_message")}
SELECT picked.mark, picked.place, m.id, m.session_id, m.time_created, s.parent_id, s.directory,
  s.time_created AS began, m.type, {_NTH.format("session_message", "seq")},
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


def _roots(
    variables: tuple[str, str], name: str, environment: Mapping[str, str], home: Path
) -> list[Path]:
    """The folder of the first variable, else of the data; and that of the second one's file."""
    shared = data_folder(environment, home) / name
    folders = [Path(environment.get(variables[0]) or shared)]
    if name == KILO and sys.platform == "darwin":
        folders.append(home / "Library" / "Application Support" / name)
    file = environment.get(variables[1], "")
    return [*folders, *([Path(file).parent] if file.startswith("/") else [])]


def _row(log: Log, row: Row) -> None:
    whose = _whose(log, row)
    if not whose.id or not whose.session:
        return
    copied = bool(row.get("copied"))
    if not copied and log.meets(whose.session):
        began = row.get("began")
        log.parent = whose.parent
        log.about(
            log.at(whose.created),
            log.at(began) if began else None,
            context=Context(whose.cwd, project=whose.project),
        )
    data = row.get("data")
    message = counted(MESSAGE, data.encode("utf-8", "replace") if isinstance(data, str) else b"")
    if row.get("type") == "idle" and not copied:
        _idle(log, whose, message)
    elif (row.get("type") or message.role) == "assistant":
        message.parent = message.parent or whose.task
        whose.task = text(message.parent)
        _told(log, message, whose, _tools(row.get("tools")), copied)


def _whose(log: Log, row: Row) -> Owner:
    cwd, worktree = folder(row.get("directory")), folder(row.get("worktree"))
    project = cwd if worktree in ("", "/") else worktree
    parent, task = text(row.get("parent_id")), text(row.get("task"))
    ids = text(row.get("id")), text(row.get("session_id"))
    created, nth = row.get("time_created"), row.get("nth", 0)
    return Owner(log.name, *ids, parent, cwd, project, created, log.seen, task, nth)


def _told(
    log: Log,
    message: MessageRecord,
    whose: Owner,
    tools: tuple[ToolUse, ...] = (),
    copied: bool = False,
) -> None:
    if call := call_of(message, whose, log.offset, tools):
        log.events += () if copied else task_facts(message, whose, call.at)
        log.events.append(call)
        log.events += outcomes(call.key, tools) if tools else ()


def _idle(log: Log, whose: Owner, message: MessageRecord) -> None:
    """A session of version 2 fell idle: how the prompt before it ended."""
    status = _OUTCOMES.get(text(message.outcome), "")
    if status and whose.task and not whose.parent:
        log.task(whose.task, status, log.at(whose.created))


def _tools(raw: object) -> tuple[ToolUse, ...]:
    found = listed(_TOOLS, raw.encode("utf-8", "replace")) if isinstance(raw, str) else []
    return tuple(_tool(tool) for tool in found[:TOOLS])


def _tool(tool: _Tool) -> ToolUse:
    """`invalid` is what a call of an unknown tool becomes; only `bash` tells an exit code."""
    name = text(tool.tool)
    use = asked(name, _raw(tool.asked))
    if tool.status not in ("completed", "error"):
        return use
    failed = tool.status == "error" or name == "invalid" or tool.exit not in (None, 0)
    return answered(use, failed, _raw(tool.result))


def _raw(value: object) -> bytes:
    return str(value or "").encode("utf-8", "replace")


def _file(log: Log) -> None:
    """One file of the older storage: a message or a session."""
    if "/session/" in log.chunk.path:
        _stored_session(log, decoded(SESSION, log.raw))
        return
    message = counted(MESSAGE, log.raw)
    whose = Owner(
        source=NAME,
        id=text(message.id),
        session=text(message.session),
        parent="",
        cwd="",
        project="",
        created=None,
        seen=log.seen,
    )
    if not whose.id or not whose.session or message.role not in ("assistant", None):
        return
    cwd = folder(inner(message.path, "root")) or folder(message.path)
    whose.cwd, whose.project, whose.task = cwd, cwd, text(message.parent)
    _told(log, message, whose)


def _stored_session(log: Log, session: SessionRecord) -> None:
    log.session, log.parent = text(session.id), text(session.parent)
    if log.session:
        log.works_in(folder(session.directory))
        began = log.at(inner(session.time, "created"))
        log.about(began, began, version=text(session.version))


_DATABASE = rows(QUERIES, _row)
_ROOTS = partial(_roots, ("OPENCODE_DATA_DIR", "OPENCODE_DB"), NAME)
SOURCE = _DATABASE.source(NAME, "OpenCode", _ROOTS, "opencode*.db")
KILO_SOURCE = _DATABASE.source(
    KILO, "Kilo Code", partial(_roots, ("", "KILO_DB"), KILO), "kilo*.db", "opencode*.db"
)
OLDER = document(_file).source(
    f"{NAME}.json",
    "OpenCode, older JSON storage",
    _ROOTS,
    "storage/message/*/*.json",
    "storage/session/*/*.json",
)
