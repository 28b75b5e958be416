"""Codex CLI rollouts: `sessions/**/rollout-*.jsonl` to calls, tasks and tool outcomes (FORMATS 2).

It opens no files and prices nothing. Old builds log a thread's cumulative counters, and log them
again and again: a call is a change of the total. New builds (0.150 and later) log each request
with its response id; once a file has such a record its counters are passed over.

A fork's file begins with a copy of its parent's history, often with new timestamps. A call's key is
therefore made of what the copy keeps and no clock says: the turn id and the counts, where turn ids
are unique; else the family (the thread at the root of the forks, as the file's own records tell it)
and the chain of all counts up to this one. So the common beginning of two threads of a family is
counted once, in whatever order their files come and whichever of them are gone. The calls of a fork
yield: what is also its parent's is its parent's.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from costtop.model import Call, Context, Event, SessionFact, TaskFact, Tokens, Untold
from costtop.sources.codex import plan_limits, records
from costtop.sources.codex.tool_calls import Tools
from costtop.sources.fold import keys
from costtop.sources.fold.json_lines import (
    ODD,
    Unreadable,
    decoded,
    has_negative_zero,
    marked_lines,
    taken,
)
from costtop.sources.fold.source import Chunk, Memo, Source, copied
from costtop.sources.fold.times import held, moment
from costtop.sources.fold.unread import unread_call
from costtop.text import clean

T = TypeVar("T")
NAME = "codex"
DEFAULT_MODEL = "gpt-5"  # of early builds that log no model; marked as estimated
_AT_ONCE = 200  # ms: results that come with the end of a turn were not sent any more
_REPLAY = 5_000  # ms from the start of a fork in which copied turns are not its tasks
_ROLLOUT = re.compile(r"rollout-.*-([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")
_UNIQUE = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_IDLE_HEAD = re.compile(
    rb'\{"timestamp":"[^"\\]*","type":"(?:response_item","payload":\{"type":"(?:message|reasoning)"'
    rb'|event_msg","payload":\{"type":"(?:agent_|user_message"))'
)
_BILLED = (b'"token_count"', b'"token_usage_record"')
_EMPTY = records.Payload()
_ENDS = ("exec_command_end", "mcp_tool_call_end", "patch_apply_end")


def roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """`sessions` and `archived_sessions` of $CODEX_HOME, else of ~/.codex."""
    base = Path(environment.get("CODEX_HOME") or home / ".codex")
    return [base / "sessions", base / "archived_sessions"]


def read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of the chunk's lines and the memo for the next; see `source.Source`."""
    fold = _Fold(chunk, copied(memo))
    for start, end, mark in marked_lines(chunk.data, ()):
        if mark == ODD or not _IDLE_HEAD.match(chunk.data, start, end):
            fold.take(chunk.data[start:end], chunk.offset + start)
    return fold.events, fold.memo


class _Fold:
    """One pass over a chunk: the events so far and the memo, changed line by line."""

    def __init__(self, chunk: Chunk, memo: Memo) -> None:
        self.seen = chunk.seen
        self.memo = memo
        self.events: list[Event] = []
        self.tools = Tools(memo)
        self.at = 0  # of the present line as it says itself, however absurd
        named = _ROLLOUT.fullmatch(chunk.stem)
        self.thread = named[1] if named else str(memo.get("id") or chunk.stem)
        self.home = plan_limits.home(chunk.path)
        self._limits = b""  # the rate limits of the latest record, as they stand in it

    def take(self, line: bytes, offset: int) -> None:
        bads = taken(line, offset, self._line)
        self.events += bads
        if bads and any(needle in line for needle in _BILLED):
            memo, where = self.memo, self.memo.get("where", ("", "", ""))
            context = _context(*where, memo.get("turn", ""))
            self.events.append(
                unread_call(
                    NAME,
                    self.thread,
                    line,
                    self.seen,
                    model=memo.get("model", ""),
                    context=context,
                    offset=offset,
                )
            )

    def _line(self, line: bytes, offset: int) -> None:
        record = records.record(line)
        told = moment(record.timestamp)
        at = held(told, self.seen)
        self.at = told or at
        self.memo.setdefault("start", self.at)
        self._record(record.type, record.payload or _EMPTY, at, offset)

    def _record(self, kind: object, payload: records.Payload, at: int, offset: int) -> None:
        if kind == "event_msg":
            self._event(payload, at, offset)
        elif kind == "response_item":
            self.events += self.tools.item(payload)
            if isinstance(payload.type, str) and payload.type.endswith("_output"):
                self.memo["asked"] = at
        elif kind == "compacted" and self.memo.get("records"):
            self._untold("compaction", at)  # one with a record of its usage is counted by that
        elif kind == "token_usage_record":
            self._usage_record(payload, at, offset)
        elif kind == "turn_context" and payload is not _EMPTY:
            self._turn_context(payload, at)
        elif kind == "session_meta" and payload is not _EMPTY:
            self._meta(payload, at)

    # -- whose ---------------------------------------------------------------------------------

    def _meta(self, meta: records.Payload, at: int) -> None:
        name, origin = _text(meta.id), _text(meta.forked_from_id)
        if "id" in self.memo:
            # A copied history brings the records of its threads, the nearest first.
            if name and name != self.memo["id"] and "chain" not in self.memo:
                self.memo.update(forked=True, family=origin or name)
            return
        self.memo["id"] = name
        self.thread = self.thread if _is_unique(self.thread) else name or self.thread
        spawn = _spawn(meta.source)
        parent = _text(spawn.get("parent_thread_id"))
        self.memo.update(child=bool(parent), forked=bool(origin), family=origin or parent or name)
        branch = _text(meta.git.get("branch")) if isinstance(meta.git, dict) else ""
        self.memo["where"] = [_text(meta.cwd), branch, _text(meta.cwd)]
        self.memo["provider"] = _text(meta.model_provider)
        self.events.append(
            SessionFact(
                NAME,
                self.thread,
                parent=parent,
                started=at,
                at=at,
                agent_type=_text(spawn.get("agent_role")) or _text(meta.agent_role),
                version=_text(meta.cli_version),
                context=_context(*self.memo["where"], ""),
            )
        )

    def _turn_context(self, turn: records.Payload, at: int) -> None:
        where = self.memo.setdefault("where", ["", "", ""])
        where[0] = _text(turn.cwd) or where[0]
        where[2] = where[2] or where[0]
        self._model(turn.model)
        self._begin(_text(turn.turn_id), at, fresh=False)

    def _model(self, model: object) -> None:
        if name := _text(model):
            self.memo["model"] = name

    def _replaying(self) -> bool:
        return bool(self.memo.get("forked")) and self.at - int(self.memo["start"]) <= _REPLAY

    # -- turns ---------------------------------------------------------------------------------

    def _begin(self, turn: str, at: int, fresh: bool) -> None:
        """A turn begins: `task_started` says so (fresh), the context record repeats it."""
        known = self.memo.get("turn", "")
        if self.memo.get("open") and (turn in ("", known) if not fresh else turn == known != ""):
            return
        self.memo["logged"] = turn
        if not turn:
            self.memo["turns"] = int(self.memo.get("turns", 0)) + 1
            turn = f"{self.thread}:{self.memo['turns']}"
        self.memo.update(turn=turn, open=True)
        self._task(turn, "started", at)

    def _finish(self, turn: str, status: str, at: int) -> None:
        name = turn or self.memo.get("turn", "")
        if name and (turn != self.memo.get("turn") or self.memo.get("open")):
            self._task(name, status, at)
        self.memo["open"] = False

    def _task(self, turn: str, status: str, at: int) -> None:
        """Told unless it is copied history or the turn of a subagent, which no user asked for."""
        if not self._replaying() and not self.memo.get("child"):
            self.events.append(TaskFact(NAME, self.thread, turn, status, at))

    def _rate_limits(self, raw: bytes, at: int) -> None:
        """What the same words say again is nothing new, but where they count from now on."""
        if raw != self._limits or raw.find(plan_limits.FROM_NOW) >= 0:
            self._limits = raw
            self.events += plan_limits.told(raw, self.memo, (self.home, self.thread), at)

    def _event(self, event: records.Payload, at: int, offset: int) -> None:
        kind = event.type
        if kind in plan_limits.TELLERS and not self._replaying():  # a copy is of its parent's time
            self._rate_limits(bytes(event.rate_limits), at)
        if kind == "token_count":
            self._token_count(bytes(event.info), event, at, offset)
        elif kind in ("task_started", "turn_started"):
            self._begin(_text(event.turn_id), at, fresh=True)
            self.memo["asked"] = at
        elif kind in ("task_complete", "turn_complete"):
            self._finish(_text(event.turn_id), "failed" if event.error else "completed", at)
        elif kind == "turn_aborted":
            if at - self.memo.get("asked", at) > _AT_ONCE:
                self._untold("cancelled", at)
            self._finish(_text(event.turn_id), "aborted", at)
        elif kind == "thread_settings_applied":
            self._settings(bytes(event.thread_settings))
        elif kind in _ENDS:
            self.tools.ended(event)

    def _settings(self, raw: bytes) -> None:
        try:
            told = decoded(records.SETTINGS, raw)
        except Unreadable:
            return  # only usage may be called unreadable
        if told is not None:
            tier = _text(told.service_tier)
            self.memo["tier"] = {"fast": "priority", "default": "", "auto": ""}.get(tier, tier)
            self._model(told.model)

    def _untold(self, kind: Literal["compaction", "cancelled"], at: int) -> None:
        """The request under way, if there is one: its turn ends without a count of it."""
        turn, asked = self.memo.get("logged", ""), self.memo.pop("asked", None)
        if asked is None or not _is_unique(turn):
            return  # without a turn's id nobody knows it again in a copy
        after = bytes.fromhex(self.memo.get("after", ""))
        key = keys.whole(NAME, kind, turn, self.memo.get("after", ""))
        took = at - asked if kind == "cancelled" else None
        self.events.append(Untold(key, kind, NAME, self.thread, at, after=after, took=took))

    # -- usage ---------------------------------------------------------------------------------

    def _usage_record(self, record: records.Payload, at: int, offset: int) -> None:
        usage = _checked(records.USAGE, bytes(record.usage))
        whole = _checked(records.USAGE, bytes(record.thread_token_usage))
        if usage is None:
            return
        self.memo["records"] = True
        self._model(record.model)
        turn = _text(record.turn_id)
        response = _text(record.response_id)
        total, used = records.counts(whole or usage), records.counts(usage)
        named = response and self._response(response, turn or self.memo.get("logged", ""), used)
        key = keys.whole(NAME, named) if named else self._key(total, used, turn)
        session = _text(record.thread_id) or self.thread
        self._call(
            key, records.tokens_of(used), at, offset, session=session, turn=turn, request=response
        )

    def _token_count(self, raw: bytes, event: records.Payload, at: int, offset: int) -> None:
        info = _checked(records.INFO, raw)
        if info is None or self.memo.get("records"):
            return
        self._model(info.model or event.model)
        last = records.counts(info.last_token_usage) if info.last_token_usage else None
        total = records.counts(info.total_token_usage) if info.total_token_usage else None
        before = self.memo.get("total")
        if total is not None:
            self.memo["total"] = list(total)
            if before == list(total):
                return  # logged again without a new request
        used = last or _grown(total, before)
        if used is None or not (used[0] or used[3]):
            return  # the window was filled up: a new baseline, no request
        turn = self.memo.get("logged", "")
        key = self._key(total, used, turn)
        if last is None and before is None and self.memo.get("forked"):
            return  # what its parent had used when it was forked
        copy = self.memo.get("forked") or self.memo.get("child")
        yields = bool(copy) and not _is_unique(turn)
        self._call(key, records.tokens_of(used), at, offset, session=self.thread, yields=yields)

    def _key(self, total: records.Counts | None, used: records.Counts, turn: str) -> bytes:
        told = f"/{total}/{used}"
        chain = self._chained(told)
        if _is_unique(turn):
            return keys.paired(f"{NAME}/{turn}{told}", turn)
        family, alone = self._family()
        return keys.paired(f"{NAME}/{family}/{turn}/{chain}", self.thread if alone else family)

    def _family(self) -> tuple[str, bool]:
        """Whose history the thread's may be, and whether it is the thread's alone all the same."""
        # A spawned thread may begin with what is its parent's, its siblings only look alike.
        alone = self.memo.get("child") and not self.memo.get("forked")
        return self.memo.get("family") or self.thread, bool(alone)

    def _response(self, response: str, turn: str, used: records.Counts) -> str:
        """A short id is one of its turn, which forks keep; where turns are counted, of the family.

        A gateway that numbers its answers begins anew when it is started again: there an id with
        other counts is another response. `turn` is the record's, else that of its context.
        """
        if _is_unique(turn):
            return keys.named(response, "", turn)
        family, alone = self._family()
        return keys.named(response, self.thread if alone else family, turn, used)

    def _chained(self, told: str) -> str:
        """A hash of all counts up to those `told`: equal histories have equal ones.

        Counts that begin as the thread began are its history told again (a log appended to
        itself, a restored file), not a request that happens to need as many tokens.
        """
        begun = self.memo.setdefault("began", told)
        before = "" if told == begun else self.memo.get("chain", "")
        self.memo["chain"] = chain = keys.short(before + told)
        return chain

    def _call(
        self,
        key: bytes,
        tokens: Tokens,
        at: int,
        offset: int,
        *,
        session: str,
        turn: str = "",
        request: str = "",
        yields: bool = False,
    ) -> None:
        self.memo["after"] = key.hex()
        self.memo.pop("asked", None)
        get = self.memo.get
        context = _context(*get("where", ("", "", "")), turn or get("turn", ""))
        model = get("model", "")
        self.events.append(
            Call(
                key,
                NAME,
                session,
                model or DEFAULT_MODEL,
                tokens,
                at,
                context,
                provider=get("provider", ""),
                tier=get("tier", ""),
                request=request,
                estimated=not model,
                yields=yields,
                tools=self.tools.used(key),
                offset=offset,
            )
        )


def _grown(total: records.Counts | None, before: list[int] | None) -> records.Counts | None:
    """What was used since the total `before`; all of `total` where the counter began anew."""
    if total is None:
        return None
    if before is None:
        return total
    a, b, c, d, e, _ = (now - then for now, then in zip(total, before, strict=True))
    return total if min(a, b, c, d, e) < 0 else (a, b, c, d, e, 0)


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


@lru_cache(maxsize=256)
def _is_unique(name: str) -> bool:
    """Whether the id of a turn or thread is one that is never given twice."""
    return _UNIQUE.fullmatch(name) is not None


@lru_cache(maxsize=1024)
def _context(cwd: str, branch: str, project: str, task: str) -> Context:
    return Context(cwd, branch, project, task=task)


SOURCE = Source(
    NAME, "Codex CLI", "lines", roots=roots, patterns=("**/rollout-*.jsonl",), read=read
)
