"""Claude Code's `stream-json` output, captured to a file (FORMATS 1, "SDK / stream-json").

It opens no files and prices nothing. The rows of a reply have a placeholder for their output, and
the final `result` sums each model up; what it says beyond the rows becomes a call of its own. Most
runs write a transcript too: every call here yields to the transcript's call of the same message.
"""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path, PurePath
from typing import Any

import msgspec

from costtop.model import Bad, Call, Context, Event, SessionFact, TaskFact, Tokens
from costtop.sources.claude.records import Message
from costtop.sources.claude.tokens import NAME, searches_of, tokens_of
from costtop.sources.fold import keys
from costtop.sources.fold.fields import Count, Loose, counted, disjoint, dollars, text
from costtop.sources.fold.json_lines import ODD, Unreadable, marked_lines
from costtop.sources.fold.source import Chunk, Memo, Source
from costtop.sources.fold.times import stamp

_NEEDLES = (b'"output_tokens"', b'"modelUsage"', b'"total_cost_usd"', b'"init"')
_PLACEHOLDER = 10  # output tokens up to which a row without stop reason is a stream's first count
_MESSAGES = 16  # replies whose rows may still come, subagents' between them
Sum = list[int]  # uncached input, cache read, cache write, output, searches, nano-dollars


class _Used(msgspec.Struct, rename="camel"):
    input_tokens: Count = None
    cache_read_input_tokens: Count = None
    cache_creation_input_tokens: Count = None
    output_tokens: Count = None
    web_search_requests: Count = None
    cost: Loose = msgspec.field(name="costUSD", default=None)


class _Row(msgspec.Struct):
    type: Loose = None
    subtype: Loose = None
    session_id: Loose = None
    cwd: Loose = None
    model: Loose = None
    version: Loose = msgspec.field(name="claude_code_version", default=None)
    timestamp: Loose = None
    agent: Loose = msgspec.field(name="parent_tool_use_id", default=None)
    message: Message | None = None
    failed: Loose = msgspec.field(name="is_error", default=None)
    models: dict[str, _Used] | None = msgspec.field(name="modelUsage", default=None)


_ROW = msgspec.json.Decoder(_Row)


def roots(_: Mapping[str, str], __: Path) -> list[Path]:
    """None: the output goes where the user sends it, named by a `[[source]]` entry."""
    return []


def read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of the chunk's lines and the memo for the next; see `source.Source`."""
    fold = _Fold(chunk, deepcopy(memo))
    for start, end, mark in marked_lines(chunk.data, _NEEDLES):
        offset = chunk.offset + start
        if mark == ODD:
            fold.events.append(Bad(offset, "not valid JSON"))
            continue
        try:
            fold.row(counted(_ROW, chunk.data[start:end]), offset)
        except Unreadable as error:
            fold.events.append(Bad(offset, str(error)))
    return fold.events, fold.memo


class _Fold:
    """One pass over a chunk: the events so far and the memo, changed row by row."""

    def __init__(self, chunk: Chunk, memo: Memo) -> None:
        self.seen = chunk.seen
        self.memo = memo
        self.events: list[Event] = []
        self.session = memo.get("session") or text(PurePath(chunk.path).stem)
        self.rows: dict[str, list[Any]] = memo.setdefault("rows", {})  # message -> [model, *sum]
        self.streamed: dict[str, Sum] = memo.setdefault("streamed", {})  # model -> since a result
        self.totals: dict[str, Sum] = memo.setdefault("totals", {})  # model -> at the last result

    def row(self, row: _Row, offset: int) -> None:
        at = stamp(row.timestamp, self.seen)
        if row.type == "system" and row.subtype == "init":
            self._begun(row, at)
        elif row.type == "assistant" and row.message is not None:
            self._reply(row, row.message, at, offset)
        elif row.type == "result":
            self._result(row, at, offset)

    def _begun(self, row: _Row, at: int) -> None:
        self.session = self.memo["session"] = text(row.session_id) or self.session
        self.memo["cwd"] = text(row.cwd)
        self.memo["task"] = f"{keys.short(self.session)}-{int(self.memo.get('results', 0)) + 1}"
        self.events += [
            SessionFact(NAME, self.session, started=at, at=at, version=text(row.version),
                        context=self._context()._replace(task="")),
            TaskFact(NAME, self.session, self.memo["task"], "started", at),
        ]  # fmt: skip

    def _context(self) -> Context:
        cwd = self.memo.get("cwd", "")
        return Context(cwd, project=cwd, task=self.memo.get("task", ""))

    def _reply(self, row: _Row, message: Message, at: int, offset: int) -> None:
        used, name = message.usage, text(message.id)
        if used is None or not name or message.model == "<synthetic>":
            return
        tokens, model = tokens_of(used), text(message.model) or "unknown"
        self._count(name, model, [*_plain(tokens), searches_of(used), 0])
        self.memo["last"] = name
        self.events.append(
            Call(
                keys.paired(name, "stream"), NAME, self.session, model, tokens, at, self._context(),
                text(row.agent), searches=searches_of(used), yields=True, offset=offset,
                placeholder=message.stop_reason is None and tokens.output <= _PLACEHOLDER,
            )
        )  # fmt: skip

    def _count(self, name: str, model: str, now: Sum) -> None:
        """Adds what a row says beyond the earlier rows of its reply."""
        known = self.rows.pop(name, None)
        before = known[1:] if known else [0] * 6
        now = [max(x, y) for x, y in zip(now, before, strict=True)]
        self.rows[name] = [model, *now]
        while len(self.rows) > _MESSAGES:
            del self.rows[next(iter(self.rows))]
        total = self.streamed.setdefault(model, [0] * 6)
        for place, (x, y) in enumerate(zip(now, before, strict=True)):
            total[place] += x - y

    def _result(self, row: _Row, at: int, offset: int) -> None:
        results = self.memo["results"] = int(self.memo.get("results", 0)) + 1
        for model, used in (row.models or {}).items():
            self._summed(text(model), used, results, at, offset)
        self.streamed.clear()
        self.rows.clear()
        if task := self.memo.pop("task", ""):
            failed = row.failed is True or text(row.subtype).startswith("error")
            status = "failed" if failed else "completed"
            self.events.append(TaskFact(NAME, self.session, task, status, at))

    def _summed(self, model: str, used: _Used, results: int, at: int, offset: int) -> None:
        """A model's sum goes on from result to result, and begins anew after a `/clear`."""
        counts = (used.input_tokens, used.cache_read_input_tokens,
                  used.cache_creation_input_tokens, used.output_tokens, used.web_search_requests,
                  dollars(used.cost))  # fmt: skip
        now = [count or 0 for count in counts]
        before = self.totals.get(model, [0] * 6)
        self.totals[model] = now
        if all(x >= y for x, y in zip(now, before, strict=True)):
            now = [x - y for x, y in zip(now, before, strict=True)]
        told = self.streamed.get(model, [0] * 6)
        plain, read, write, output, searches, nanos = (
            max(0, x - y) for x, y in zip(now, told, strict=True)
        )
        if not (plain or read or write or output or searches or nanos):
            return
        key = keys.paired(self.memo.get("last") or self.session, f"result/{results}/{model}")
        self.events.append(
            Call(
                key, NAME, self.session, model, disjoint(plain, read, write, output), at,
                self._context(), searches=searches, reported=nanos or None, estimated=True,
                yields=True, offset=offset,
            )
        )  # fmt: skip


def _plain(tokens: Tokens) -> Sum:
    uncached = tokens.input - tokens.cache_read - tokens.cache_write
    return [uncached, tokens.cache_read, tokens.cache_write, tokens.output]


SOURCE = Source("claude-stream", "Claude Code, stream-json", "lines", roots, ("**/*.jsonl",), read)
