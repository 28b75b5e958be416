"""Grok Build sessions: the turns of `updates.jsonl`, and `summary.json` for whose they are.

It opens no files and prices nothing. A turn is told once, when it is complete, with the sums of its
requests by model: one call for each, an estimate where it sums up several (FORMATS 7). The input
contains the cache, the output the reasoning; the reported cost is in ticks of 1e-10 dollars.
"""

from collections.abc import Mapping
from pathlib import Path, PurePath

import msgspec

from costtop.model import Bad, Call, Context, Event, SessionFact, TaskFact
from costtop.sources.fold import keys
from costtop.sources.fold.fields import Count, Loose, counted, folder, inclusive, text
from costtop.sources.fold.json_lines import ODD, Unreadable, decoded, marked_lines
from costtop.sources.fold.source import Chunk, Memo, Source
from costtop.sources.fold.times import stamp

NAME, PROVIDER = "grok", "xai"
_NEEDLES = (b'"turn_completed"',)
_TICKS_A_NANO = 10


class _Used(msgspec.Struct, rename="camel"):
    input_tokens: Count = None
    output_tokens: Count = None
    cached_read_tokens: Count = None
    cache_creation_tokens: Count = None
    reasoning_tokens: Count = None
    model_calls: Count = None
    cost_usd_ticks: Loose = None


class _Usage(_Used, rename="camel"):
    model_usage: dict[str, _Used] | None = None


class _Update(msgspec.Struct):
    kind: Loose = msgspec.field(name="sessionUpdate", default=None)
    prompt: Loose = msgspec.field(name="prompt_id", default=None)
    stop: Loose = msgspec.field(name="stop_reason", default=None)
    usage: _Usage | None = None


class _Meta(msgspec.Struct):
    event: Loose = msgspec.field(name="eventId", default=None)
    time: Loose = msgspec.field(name="agentTimestampMs", default=None)


class _Params(msgspec.Struct):
    session: Loose = msgspec.field(name="sessionId", default=None)
    update: _Update | None = None
    meta: _Meta | None = msgspec.field(name="_meta", default=None)


class _Line(msgspec.Struct):
    timestamp: Loose = None
    params: _Params | None = None
    meta: _Meta | None = msgspec.field(name="_meta", default=None)


class _Info(msgspec.Struct):
    id: Loose = None
    cwd: Loose = None


class _Summary(msgspec.Struct):
    info: _Info | None = None
    created: Loose = msgspec.field(name="created_at", default=None)
    parent: Loose = msgspec.field(name="parent_session_id", default=None)
    root: Loose = msgspec.field(name="git_root_dir", default=None)
    branch: Loose = msgspec.field(name="head_branch", default=None)


_LINE = msgspec.json.Decoder(_Line)
_SUMMARY = msgspec.json.Decoder(_Summary)


def roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """`sessions` of $GROK_HOME, else of ~/.grok."""
    return [Path(environment.get("GROK_HOME") or home / ".grok") / "sessions"]


def read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of the chunk's lines; every turn stands alone, so the memo stays as it is."""
    events: list[Event] = []
    for start, end, mark in marked_lines(chunk.data, _NEEDLES):
        offset = chunk.offset + start
        if mark == ODD:
            events.append(Bad(offset, "not valid JSON"))
            continue
        try:
            line = counted(_LINE, chunk.data[start:end])
            events += _turn(line, line.params or _Params(), chunk, offset)
        except Unreadable as error:
            events.append(Bad(offset, str(error)))
    return events, memo


def _turn(line: _Line, params: _Params, chunk: Chunk, offset: int) -> list[Event]:
    update, meta = params.update, params.meta or line.meta or _Meta()
    if update is None or update.kind != "turn_completed" or update.usage is None:
        return []
    session = text(params.session) or text(PurePath(chunk.path).parent.name)
    at = stamp(meta.time if meta.time is not None else line.timestamp, chunk.seen)
    task = text(update.prompt)
    turn = text(meta.event) or f"{task}/{at}"
    models = update.usage.model_usage or {"unknown": update.usage}
    calls = [
        Call(
            keys.whole(NAME, session, turn, model), NAME, session, text(model), inclusive(
                used.input_tokens, used.cached_read_tokens, used.cache_creation_tokens,
                used.output_tokens, used.reasoning_tokens,
            ), at, Context(task=task), provider=PROVIDER, reported=_reported(used.cost_usd_ticks),
            estimated=(used.model_calls or 1) > 1, offset=offset,
        )
        for model, used in models.items()
    ]  # fmt: skip
    if not task:
        return [*calls]
    status = "aborted" if update.stop == "cancelled" else "completed"
    return [
        TaskFact(NAME, session, task, "started", at),
        TaskFact(NAME, session, task, status, at),
        *calls,
    ]


def _reported(ticks: object) -> int | None:
    if isinstance(ticks, bool) or not isinstance(ticks, int) or not 0 < ticks < 10**16:
        return None
    return round(ticks / _TICKS_A_NANO)


def read_summary(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """Whose a session is: its folder, branch and the session that started it."""
    try:
        found = decoded(_SUMMARY, chunk.data)
    except Unreadable as error:
        return [Bad(0, str(error))], memo
    info = found.info or _Info()
    session = text(info.id) or text(PurePath(chunk.path).parent.name)
    cwd = folder(info.cwd)
    began = stamp(found.created, chunk.seen)
    context = Context(cwd, text(found.branch), folder(found.root) or cwd)
    fact = SessionFact(
        NAME, session, parent=text(found.parent), context=context, started=began, at=began
    )
    return [fact], memo


SOURCE = Source(NAME, "Grok Build", "lines", roots, ("**/updates.jsonl",), read)
SUMMARIES = Source(
    f"{NAME}.json", "Grok Build, summaries", "document", roots, ("**/summary.json",), read_summary
)
