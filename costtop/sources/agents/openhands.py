"""OpenHands: a conversation's `base_state.json`, and the logs of single completions (FORMATS 7).

Both name the response, and a log yields to the state, so a request that stands in both counts once.
The state is rewritten whole and lists every request since the conversation began.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from costtop.model import Call, Context, SessionFact, Tokens
from costtop.sources.fold import keys
from costtop.sources.fold.fields import (
    NOTHING,
    Count,
    Loose,
    counted,
    dollars,
    folder,
    inclusive,
    text,
)
from costtop.sources.fold.formats import Log, document
from costtop.sources.fold.json_lines import Unreadable, decoded

NAME = "openhands"


class _Usage(msgspec.Struct):
    model: Loose = None
    response: Loose = msgspec.field(name="response_id", default=None)
    prompt: Count = msgspec.field(name="prompt_tokens", default=None)
    completion: Count = msgspec.field(name="completion_tokens", default=None)
    read: Count = msgspec.field(name="cache_read_tokens", default=None)
    write: Count = msgspec.field(name="cache_write_tokens", default=None)
    reasoning: Count = msgspec.field(name="reasoning_tokens", default=None)


class _Cost(msgspec.Struct):
    cost: Loose = None
    timestamp: Loose = None


class _Metrics(msgspec.Struct):
    model: Loose = msgspec.field(name="model_name", default=None)
    costs: list[_Cost] | None = None
    usages: msgspec.Raw = msgspec.field(name="token_usages", default=NOTHING)


class _Stats(msgspec.Struct):
    metrics: dict[str, _Metrics] | None = msgspec.field(name="usage_to_metrics", default=None)


class _Workspace(msgspec.Struct):
    folder: Loose = msgspec.field(name="working_dir", default=None)


class _Details(msgspec.Struct):
    cached: Count = msgspec.field(name="cached_tokens", default=None)
    reasoning: Count = msgspec.field(name="reasoning_tokens", default=None)


class _Logged(msgspec.Struct):
    prompt: Count = msgspec.field(name="prompt_tokens", default=None)
    completion: Count = msgspec.field(name="completion_tokens", default=None)
    asked: _Details | None = msgspec.field(name="prompt_tokens_details", default=None)
    answered: _Details | None = msgspec.field(name="completion_tokens_details", default=None)
    read: Count = msgspec.field(name="cache_read_input_tokens", default=None)
    write: Count = msgspec.field(name="cache_creation_input_tokens", default=None)


class _Response(msgspec.Struct):
    id: Loose = None
    model: Loose = None
    usage: _Logged | None = None


class _Document(msgspec.Struct):
    """Either file: a state has `stats`, a log has `response`."""

    id: Loose = None
    stats: _Stats | None = None
    workspace: _Workspace | None = None
    response: _Response | None = None
    cost: Loose = None
    timestamp: Loose = None


_USAGE = msgspec.json.Decoder(_Usage)
_DOCUMENT = msgspec.json.Decoder(_Document)


def _roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """$OPENHANDS_CONVERSATIONS_DIR, else ~/.openhands/conversations."""
    given = environment.get("OPENHANDS_CONVERSATIONS_DIR")
    return [Path(given) if given else home / ".openhands" / "conversations"]


def _whole(log: Log) -> None:
    found = decoded(_DOCUMENT, log.raw)
    if found.stats is not None:
        _state(log, found, found.stats)
    elif (logged := counted(_DOCUMENT, log.raw)).response is not None:
        _logged(log, logged, logged.response)


def _state(log: Log, state: _Document, stats: _Stats) -> None:
    log.session = text(state.id) or text(log.chunk.folder)
    log.works_in(folder(state.workspace.folder) if state.workspace else "")
    for purpose, metrics in (stats.metrics or {}).items():
        log.agent = "" if purpose in ("agent", "default") else text(purpose)
        _calls(log, metrics)
    started = min((event.at for event in log.events if isinstance(event, Call)), default=None)
    fact = SessionFact(NAME, log.session, started=started, context=log.context())
    log.events.insert(0, fact)


def _calls(log: Log, metrics: _Metrics) -> None:
    """The requests of one purpose; times and costs stand in a list of their own beside them."""
    usages, costs = log.members(_USAGE, metrics.usages, b"_tokens"), metrics.costs or []
    paired = costs if len(costs) == len(usages) else [_Cost()] * len(usages)
    conversation = log.chunk.folder
    for nth, (used, cost) in enumerate(zip(usages, paired, strict=True)):
        response = text(used.response)
        key = _key(conversation, response or f"{log.agent}/{nth}", "state")
        try:
            tokens = inclusive(used.prompt, used.read, used.write, used.completion, used.reasoning)
        except Unreadable as error:
            log.bad(error, nth)
            log.unread(key, log.at(cost.timestamp))
            continue
        log.call(
            key, text(used.model) or metrics.model, tokens, log.at(cost.timestamp),
            reported=dollars(cost.cost) or None, request=response,
        )  # fmt: skip


def _logged(log: Log, told: _Document, response: _Response) -> None:
    """A completion's own log. It names no conversation, so its folder stands for one."""
    used, name = response.usage, text(response.id)
    if used is None or not name:
        return
    log.session = text(log.chunk.folder) or NAME
    parts = log.chunk.parts  # …/<conversation>/llm-logs/<log>
    conversation = parts[-3] if parts[-2:-1] == ["llm-logs"] and len(parts) > 2 else log.session
    log.call(
        _key(conversation, name, "log"), response.model, _tokens(used), log.at(told.timestamp),
        Context(), reported=dollars(told.cost) or None, request=name, yields=True,
    )  # fmt: skip


def _key(conversation: str, response: str, where: str) -> bytes:
    """A short response id belongs to its conversation."""
    return keys.paired(f"{NAME}/{keys.named(response, conversation)}", where)


def _tokens(used: _Logged) -> Tokens:
    read = used.read or (used.asked.cached if used.asked else 0)
    reasoning = used.answered.reasoning if used.answered else 0
    return inclusive(used.prompt, read, used.write, used.completion, reasoning)


SOURCE = document(_whole).source(
    NAME, "OpenHands", _roots, "*/base_state.json", "**/llm-logs/*.json"
)
