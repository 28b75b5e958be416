"""Codex CLI rollouts: `sessions/**/rollout-*.jsonl` to calls, tasks and tool outcomes (FORMATS 2).

It opens no files and prices nothing. What the records mean for the thread is `thread`'s; where the
compiled part is loaded, it reads the regular ones (`scanned`), and this the others.
"""

import re
from typing import Any, TypeVar

import msgspec

from costtop.model import Event
from costtop.native import library
from costtop.sources.codex import plan_limits, records
from costtop.sources.codex.thread import Thread
from costtop.sources.fold.json_lines import (
    ODD,
    Unreadable,
    decoded,
    has_negative_zero,
    marked_lines,
    taken,
)
from costtop.sources.fold.source import Chunk, Memo, copied
from costtop.sources.fold.times import moment
from costtop.text import clean

T = TypeVar("T")
_IDLE_HEAD = re.compile(
    rb'\{"timestamp":"[^"\\]*","type":"(?:response_item","payload":\{"type":"(?:message|reasoning)"'
    rb'|event_msg","payload":\{"type":"(?:agent_|user_message"))'
)
_BILLED = (b'"token_count"', b'"token_usage_record"')
_EMPTY = records.Payload()
_ENDS = ("exec_command_end", "mcp_tool_call_end", "patch_apply_end")


def read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of the chunk's lines and the memo for the next; see `source.Source`."""
    compiled = library.loaded()
    thread = Thread(chunk, copied(memo), rows=compiled is not None)
    lines = _Records(thread).lines
    if compiled is None:
        lines(chunk.data, chunk.offset)
    else:
        from costtop.sources.codex import scanned  # loads ctypes, as the compiled part does

        scanned.read(compiled, chunk, thread, lines)
    return thread.events, thread.memo


class _Records:
    """Takes records as they are decoded, and tells the thread what they say."""

    def __init__(self, thread: Thread) -> None:
        self.thread = thread
        self.memo = thread.memo

    def lines(self, data: bytes, offset: int) -> None:
        """Takes whole lines, of which the first begins at `offset` of the file."""
        for start, end, mark in marked_lines(data, ()):
            if mark == ODD or not _IDLE_HEAD.match(data, start, end):
                self._take(data[start:end], offset + start)

    def _take(self, line: bytes, offset: int) -> None:
        bads = taken(line, offset, self._line)
        self.thread.events += bads
        if bads and any(needle in line for needle in _BILLED):
            self.thread.unread(line, offset)

    def _line(self, line: bytes, offset: int) -> None:
        record = records.record(line)
        at = self.thread.comes(moment(record.timestamp))
        self._record(record.type, record.payload or _EMPTY, at, offset)

    def _record(self, kind: object, payload: records.Payload, at: int, offset: int) -> None:
        if kind == "event_msg":
            self._event(payload, at, offset)
        elif kind == "response_item":
            if outcome := self.thread.tools.item(payload):
                self.thread.events.append(outcome)
            if isinstance(payload.type, str) and payload.type.endswith("_output"):
                self.memo["asked"] = at
        elif kind == "compacted" and self.memo.get("records"):
            self.thread.untold("compaction", at)  # one with a record of its usage counts by that
        elif kind == "token_usage_record":
            self._usage_record(payload, at, offset)
        elif kind == "turn_context" and payload is not _EMPTY:
            turn, cwd, model = _text(payload.turn_id), _text(payload.cwd), _text(payload.model)
            self.thread.context(turn, cwd, model, at)
        elif kind == "session_meta" and payload is not _EMPTY:
            self._meta(payload, at)

    def _meta(self, meta: records.Payload, at: int) -> None:
        spawn = _spawn(meta.source)
        parent = _text(spawn.get("parent_thread_id"))
        if not self.thread.opens(_text(meta.id), parent, _text(meta.forked_from_id)):
            return
        branch = _text(meta.git.get("branch")) if isinstance(meta.git, dict) else ""
        self.memo["where"] = [_text(meta.cwd), branch, _text(meta.cwd)]
        self.memo["provider"] = _text(meta.model_provider)
        role = _text(spawn.get("agent_role")) or _text(meta.agent_role)
        self.thread.about(parent, at, role, _text(meta.cli_version))

    def _event(self, event: records.Payload, at: int, offset: int) -> None:
        kind, thread = event.type, self.thread
        if kind in plan_limits.TELLERS and not thread.replaying():  # a copy is of its parent's time
            thread.rate_limits(bytes(event.rate_limits), at)
        if kind == "token_count":
            self._token_count(bytes(event.info), event, at, offset)
        elif kind in ("task_started", "turn_started"):
            thread.begins(_text(event.turn_id), at, fresh=True)
            self.memo["asked"] = at
        elif kind in ("task_complete", "turn_complete"):
            thread.finishes(_text(event.turn_id), "failed" if event.error else "completed", at)
        elif kind == "turn_aborted":
            thread.aborts(_text(event.turn_id), at)
        elif kind == "thread_settings_applied":
            self._settings(bytes(event.thread_settings))
        elif kind in _ENDS:
            thread.tools.ended(event)

    def _settings(self, raw: bytes) -> None:
        try:
            told = decoded(records.SETTINGS, raw)
        except Unreadable:
            return  # only usage may be called unreadable
        if told is not None:
            tier = _text(told.service_tier)
            self.memo["tier"] = {"fast": "priority", "default": "", "auto": ""}.get(tier, tier)
            self.thread.model(_text(told.model))

    def _usage_record(self, record: records.Payload, at: int, offset: int) -> None:
        usage = _checked(records.USAGE, bytes(record.usage))
        whole = _checked(records.USAGE, bytes(record.thread_token_usage))
        if usage is None:
            return
        self.thread.model(_text(record.model))
        turn, response = _text(record.turn_id), _text(record.response_id)
        total, used = records.counts(whole or usage), records.counts(usage)
        session = _text(record.thread_id)
        self.thread.requested(response, turn, session, total, used, at, offset)

    def _token_count(self, raw: bytes, event: records.Payload, at: int, offset: int) -> None:
        info = _checked(records.INFO, raw)
        if info is None:
            return
        last = records.counts(info.last_token_usage) if info.last_token_usage else None
        total = records.counts(info.total_token_usage) if info.total_token_usage else None
        self.thread.counted(total, last, _text(info.model or event.model), at, offset)


def _spawn(source: object) -> dict[str, Any]:
    """`source.subagent.thread_spawn` of a spawned thread's meta record, else nothing."""
    found: object = source
    for name in ("subagent", "thread_spawn"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _checked(decoder: msgspec.json.Decoder[T], payload: bytes) -> T:
    """The payload of a record that counts tokens; raises Unreadable."""
    if has_negative_zero(payload):
        raise Unreadable("a token count is -0", malformed=False)
    return decoded(decoder, payload)


def _text(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""
