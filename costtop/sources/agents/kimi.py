"""Kimi Code's wire logs: `sessions/<wd>/<session>/agents/<agent>/wire.jsonl` (FORMATS 7).

It opens no files and prices nothing. A step tells its usage when it ends, and a `usage.record`
right after it tells the same again; a record that repeats no step is a request of its own. The
three input counts stand beside each other.
"""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path, PurePath
from typing import Any

import msgspec

from costtop.model import Bad, Call, Context, Event, SessionFact, Tokens, ToolUse
from costtop.sources.fold import keys, tool_memory, turns
from costtop.sources.fold.fields import NOTHING, Count, Loose, counted, disjoint, folder, text
from costtop.sources.fold.fingerprints import ARGUMENTS, RESULT, fingerprint
from costtop.sources.fold.json_lines import ODD, Unreadable, decoded, marked_lines
from costtop.sources.fold.source import Chunk, Memo, Source
from costtop.sources.fold.times import stamp

NAME, PROVIDER = "kimi", "moonshotai"
_NEEDLES = (
    b'"usage"', b'"tool.call"', b'"tool.result"', b'"llm.request"', b'"config.update"',
    b'"turn.prompt"', b'"turn.cancel"',
)  # fmt: skip


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


def roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """`sessions` of $KIMI_CODE_HOME, else of ~/.kimi-code."""
    return [Path(environment.get("KIMI_CODE_HOME") or home / ".kimi-code") / "sessions"]


def read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of the chunk's lines and the memo for the next; see `source.Source`."""
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


class _Fold:
    """One pass over a chunk: the events so far and the memo, changed line by line."""

    def __init__(self, chunk: Chunk, memo: Memo) -> None:
        self.seen = chunk.seen
        self.memo = memo
        self.events: list[Event] = []
        self.session, self.agent = _whose(chunk.path)
        self.turn: turns.Turn = memo.setdefault("turn", {})
        self.waiting: tool_memory.Waiting = memo.setdefault("waiting", {})
        self.tools: list[list[Any]] = memo.setdefault("tools", [])  # id, name, hash, error, result

    def line(self, line: _Line, offset: int) -> None:
        at = stamp(line.time, self.seen)
        if line.type == "config.update":
            self._config(line, at)
        elif line.type == "llm.request":
            self.memo["model"] = text(line.model) or self.memo.get("model", "")
            self.memo["attempt"] = _attempt(line.attempt)
        elif line.type == "turn.prompt" and not self.agent:
            if line.origin is None or line.origin.kind == "user":
                task = keys.short(f"{self.session}/{at}")
                self.events += turns.asked(self.turn, NAME, self.session, task, at)
        elif line.type == "turn.cancel":
            self.events += turns.ended(self.turn, NAME, self.session, "aborted", at)
        elif line.type == "usage.record" and line.usage is not None:
            self._record(line, line.usage, at, offset)
        elif line.type == "context.append_loop_event" and line.event is not None:
            self._event(line.event, at, offset)

    def _config(self, line: _Line, at: int) -> None:
        self.memo["model"] = text(line.model_alias) or self.memo.get("model", "")
        self.memo["cwd"] = folder(line.cwd) or self.memo.get("cwd", "")
        started = None if "began" in self.memo else at
        self.memo["began"] = True
        kind = text(line.profile_name) if self.agent else ""
        context = self._context("") if self.memo["cwd"] else None
        self.events.append(
            SessionFact(NAME, self.session, self.agent, agent_type=kind, started=started, at=at,
                        context=context)
        )  # fmt: skip

    def _context(self, task: str) -> Context:
        cwd = self.memo.get("cwd", "")
        return Context(cwd, project=cwd, task=task)

    def _event(self, event: _Event, at: int, offset: int) -> None:
        if event.type == "tool.call":
            name = text(event.name) or "tool"
            hashed = fingerprint(bytes(event.args), ARGUMENTS, name)
            self.tools.append([text(event.tool_call_id), name, hashed, None, None])
            del self.tools[: -tool_memory.TOOLS]
        elif event.type == "tool.result":
            self._answer(text(event.tool_call_id), bytes(event.result))
        elif event.type == "step.end" and event.usage is not None:
            tokens = _tokens(event.usage)
            self.memo["told"] = list(tokens)
            name = text(event.message_id) or text(event.uuid) or f"{at}/{tokens}"
            call = self._call(name, self.memo.get("model", ""), tokens, at, offset)
            used = self._used(call.key)
            self.events.append(call._replace(tools=used, request=text(event.message_id)))
            self._replied(event, bool(used), at)

    def _replied(self, event: _Event, busy: bool, at: int) -> None:
        if self.agent:
            return
        self.events += turns.replied(self.turn, NAME, self.session, at, busy)
        if event.finish_reason in ("end_turn", "stop") and not busy:
            self.events += turns.ended(self.turn, NAME, self.session, "completed", at)

    def _record(self, line: _Line, used: _Usage, at: int, offset: int) -> None:
        tokens = _tokens(used)
        if self.memo.pop("told", None) == list(tokens):
            return
        model = text(line.model) or self.memo.get("model", "")
        self.events.append(self._call(f"record/{at}/{tokens}", model, tokens, at, offset))

    def _call(self, name: str, model: str, tokens: Tokens, at: int, offset: int) -> Call:
        key = keys.whole(NAME, self.session, self.agent, name)
        context = self._context(self.turn.get("id", ""))
        return Call(
            key, NAME, self.session, model or "unknown", tokens, at, context, self.agent,
            provider=PROVIDER, attempt=self.memo.pop("attempt", 1), offset=offset,
        )  # fmt: skip

    def _answer(self, tool_id: str, result: bytes) -> None:
        """A tool's result comes before its step ends, or after it."""
        failed = _failed(result)
        hashed = fingerprint(result, RESULT)
        for tool in self.tools:
            if tool[0] == tool_id and tool_id:
                tool[3], tool[4] = failed, hashed
                return
        if entry := self.waiting.pop(tool_id, None):
            self.events.append(tool_memory.outcome(entry, failed, hashed))

    def _used(self, key: bytes) -> tuple[ToolUse, ...]:
        for nth, (tool_id, _, _, _, result) in enumerate(self.tools):
            if result is None and tool_id:
                tool_memory.wait(self.waiting, tool_id, key.hex(), nth)
        used = tuple(ToolUse(*tool[1:]) for tool in self.tools)
        self.tools.clear()
        return used


def _whose(path: str) -> tuple[str, str]:
    """(session, agent) of `…/<session>/agents/<agent>/wire.jsonl`; the main agent is ""."""
    parts = PurePath(path).parts
    if len(parts) >= 4 and parts[-3] == "agents":
        agent = text(parts[-2])
        return text(parts[-4]).removeprefix("session_"), "" if agent == "main" else agent
    return text(PurePath(path).stem), ""


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


def read_state(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The folder that a session works in."""
    try:
        found = decoded(_STATE, chunk.data)
    except Unreadable as error:
        return [Bad(0, str(error))], memo
    session = text(PurePath(chunk.path).parent.name).removeprefix("session_")
    cwd, at = folder(found.work_dir), stamp(found.created_at, chunk.seen)
    return [SessionFact(NAME, session, started=at, at=at, context=Context(cwd, project=cwd))], memo


SOURCE = Source(NAME, "Kimi Code", "lines", roots, ("*/*/agents/*/wire.jsonl",), read)
STATES = Source(f"{NAME}.json", "Kimi Code, states", "document", roots, ("*/*/state.json",),
                read_state)  # fmt: skip
