"""Grok Build sessions: the turns of `updates.jsonl`, and `summary.json` for whose they are.

A turn is told once, when it is complete, with the sums of its requests by model: one call for each,
an estimate where it sums up several (FORMATS 7). The input contains the cache, the output the
reasoning; the reported cost is in ticks of 1e-10 dollars.
"""

import msgspec

from costtop.model import Context
from costtop.sources.fold import keys
from costtop.sources.fold.fields import Count, Loose, folder, inclusive, text
from costtop.sources.fold.formats import Log, below, document, lines
from costtop.sources.fold.json_lines import decoded

NAME = "grok"
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


def _line(log: Log, line: _Line) -> None:
    params = line.params or _Params()
    update, meta = params.update, params.meta or line.meta or _Meta()
    if update is None or update.kind != "turn_completed" or update.usage is None:
        return
    log.session = text(params.session) or text(log.chunk.folder)
    at = log.at(meta.time if meta.time is not None else line.timestamp)
    task = text(update.prompt)
    turn = text(meta.event) or f"{task}/{at}"
    models = update.usage.model_usage or {"unknown": update.usage}
    for model, used in models.items():
        tokens = inclusive(
            used.input_tokens,
            used.cached_read_tokens,
            used.cache_creation_tokens,
            used.output_tokens,
            used.reasoning_tokens,
        )
        log.call(
            keys.whole(NAME, log.session, turn, model),
            model,
            tokens,
            at,
            Context(task=task),
            provider="xai",
            reported=_reported(used.cost_usd_ticks),
            estimated=(used.model_calls or 1) > 1,
        )
    if task:
        log.task(task, "started", at)
        log.task(task, "aborted" if update.stop == "cancelled" else "completed", at)


def _reported(ticks: object) -> int | None:
    if isinstance(ticks, bool) or not isinstance(ticks, int) or not 0 < ticks < 10**16:
        return None
    return round(ticks / _TICKS_A_NANO)


def _summary(log: Log) -> None:
    """Whose a session is: its folder, branch and the session that started it."""
    found = decoded(_SUMMARY, log.raw)
    info = found.info or _Info()
    log.session = text(info.id) or text(log.chunk.folder)
    log.parent = text(found.parent)
    log.works_in(folder(info.cwd), text(found.branch), folder(found.root))
    began = log.at(found.created)
    log.about(began, began)


_ROOTS = below("GROK_HOME", ".grok", "sessions")
SOURCE = lines(_LINE, (b'"turn_completed"',), _line).source(
    NAME, "Grok Build", _ROOTS, "**/updates.jsonl"
)
SUMMARIES = document(_summary).source(
    f"{NAME}.json", "Grok Build, summaries", _ROOTS, "**/summary.json"
)
