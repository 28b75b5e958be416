"""Claude Code's `stream-json` output, captured to a file (FORMATS 1, "SDK / stream-json").

The rows of a reply have a placeholder for their output, and the final `result` sums each model up;
what it says beyond the rows becomes a call of its own. Most runs write a transcript too: every call
here yields to the transcript's call of the same message.
"""

from typing import Any

import msgspec

from costtop.model import Context, Tokens
from costtop.sources.claude.message_keys import MessageKeys
from costtop.sources.claude.records import Message, Row
from costtop.sources.claude.tokens import NAME, searches_of, tokens_of
from costtop.sources.fold import keys
from costtop.sources.fold.fields import Count, Loose, disjoint, dollars, text
from costtop.sources.fold.formats import Log, lines, nowhere

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
    uuid: Loose = None
    agent: Loose = msgspec.field(name="parent_tool_use_id", default=None)
    message: Message | None = None
    failed: Loose = msgspec.field(name="is_error", default=None)
    models: dict[str, _Used] | None = msgspec.field(name="modelUsage", default=None)


_ROW = msgspec.json.Decoder(_Row)


def _line(log: Log, row: _Row) -> None:
    at = log.at(row.timestamp)
    if row.type == "system" and row.subtype == "init":
        _begun(log, row, at)
    elif row.type == "assistant" and row.message is not None:
        _reply(log, row, row.message, at)
    elif row.type == "result":
        _result(log, row, at)


def _begun(log: Log, row: _Row, at: int) -> None:
    log.remember(text(row.session_id))
    log.works_in(text(row.cwd))
    log.about(at, at, version=text(row.version))
    task = f"{keys.short(log.session)}-{int(log.memo.get('results', 0)) + 1}"
    log.memo["task"] = task
    log.task(task, "started", at)


def _reply(log: Log, row: _Row, message: Message, at: int) -> None:
    used, name = message.usage, text(message.id)
    if used is None or not name or message.model == "<synthetic>":
        return
    tokens, model, searches = tokens_of(used), text(message.model) or "unknown", searches_of(used)
    _count(log, name, model, [*_plain(tokens), searches, 0])
    group = MessageKeys(log.memo).parts(Row(uuid=row.uuid), name, log.session)[0]
    log.memo["last"] = group
    log.agent = text(row.agent)
    log.call(
        keys.paired(group, "stream"),
        model,
        tokens,
        at,
        _context(log),
        searches=searches,
        yields=True,
        placeholder=message.stop_reason is None and tokens.output <= _PLACEHOLDER,
    )
    log.agent = ""


def _context(log: Log) -> Context:
    return log.context(log.memo.get("task", ""))


def _count(log: Log, name: str, model: str, now: Sum) -> None:
    """Adds what a row says beyond the earlier rows of its reply."""
    rows: dict[str, list[Any]] = log.memo.setdefault("rows", {})  # message -> [model, *sum]
    known = rows.pop(name, None)
    before = known[1:] if known else [0] * 6
    now = [max(x, y) for x, y in zip(now, before, strict=True)]
    rows[name] = [model, *now]
    while len(rows) > _MESSAGES:
        del rows[next(iter(rows))]
    streamed = log.memo.setdefault("streamed", {})  # model -> since a result
    total = streamed.setdefault(model, [0] * 6)
    for place, (x, y) in enumerate(zip(now, before, strict=True)):
        total[place] += x - y


def _result(log: Log, row: _Row, at: int) -> None:
    results = log.memo["results"] = int(log.memo.get("results", 0)) + 1
    for model, used in (row.models or {}).items():
        _summed(log, text(model), used, results, at)
    log.memo.update(streamed={}, rows={})
    if task := log.memo.pop("task", ""):
        failed = row.failed is True or text(row.subtype).startswith("error")
        log.task(task, "failed" if failed else "completed", at)


def _summed(log: Log, model: str, used: _Used, results: int, at: int) -> None:
    """A model's sum goes on from result to result, and begins anew after a `/clear`."""
    counts = (
        used.input_tokens,
        used.cache_read_input_tokens,
        used.cache_creation_input_tokens,
        used.output_tokens,
        used.web_search_requests,
        dollars(used.cost),
    )
    now = [count or 0 for count in counts]
    totals = log.memo.setdefault("totals", {})  # model -> at the last result
    before = totals.get(model, [0] * 6)
    totals[model] = now
    if all(x >= y for x, y in zip(now, before, strict=True)):
        now = [x - y for x, y in zip(now, before, strict=True)]
    told = log.memo.get("streamed", {}).get(model, [0] * 6)
    plain, read, write, output, searches, nanos = (
        max(0, x - y) for x, y in zip(now, told, strict=True)
    )
    if plain or read or write or output or searches or nanos:
        key = keys.paired(log.memo.get("last") or log.session, f"result/{results}/{model}")
        log.call(
            key,
            model,
            disjoint(plain, read, write, output),
            at,
            _context(log),
            searches=searches,
            reported=nanos or None,
            estimated=True,
            yields=True,
        )


def _plain(tokens: Tokens) -> Sum:
    uncached = tokens.input - tokens.cache_read - tokens.cache_write
    return [uncached, tokens.cache_read, tokens.cache_write, tokens.output]


SOURCE = lines(_ROW, _NEEDLES, _line).source(
    "claude-stream", "Claude Code, stream-json", nowhere, "**/*.jsonl", of=NAME
)
