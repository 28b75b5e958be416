"""Cline, Roo Code and the older Kilo Code: `tasks/<id>/ui_messages.json` of VS Code (FORMATS 7).

The file is rewritten whole: a request is written empty at its start and again with its counts, so
it is keyed by task and time. One that never gets counts was aborted, and what it cost is unknown.
The model is seldom told; then the reported cost is all.
"""

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec

from costtop.model import Context, Tokens
from costtop.sources.fold import keys
from costtop.sources.fold.fields import (
    Count,
    Loose,
    counted,
    disjoint,
    dollars,
    folder,
    inclusive,
    members,
    text,
)
from costtop.sources.fold.json_lines import Unreadable, decoded
from costtop.sources.fold.log import Log, document

CLINE, ROO, KILO = "cline", "roo-code", "kilo-code"
_EXTENSIONS = {
    CLINE: "saoudrizwan.claude-dev",
    ROO: "rooveterinaryinc.roo-cline",
    KILO: "kilocode.kilo-code",
}
_CODES = ("Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf")
_SERVERS = (".vscode-server", ".vscode-server-insiders", ".cursor-server", ".windsurf-server")
_FAILED = "streaming_failed"


class _Model(msgspec.Struct):
    provider: Loose = msgspec.field(name="providerId", default=None)
    model: Loose = msgspec.field(name="modelId", default=None)


class _Message(msgspec.Struct):
    ts: Loose = None
    say: Loose = None
    text: Loose = None
    model: _Model | None = msgspec.field(name="modelInfo", default=None)


class _Request(msgspec.Struct):
    input: Count = msgspec.field(name="tokensIn", default=None)
    output: Count = msgspec.field(name="tokensOut", default=None)
    write: Count = msgspec.field(name="cacheWrites", default=None)
    read: Count = msgspec.field(name="cacheReads", default=None)
    cost: Loose = None
    cancelled: Loose = msgspec.field(name="cancelReason", default=None)
    failed: Loose = msgspec.field(name="streamingFailedMessage", default=None)


class _History(msgspec.Struct):
    id: Loose = None
    ts: Loose = None
    parent: Loose = msgspec.field(name="parentTaskId", default=None)
    workspace: Loose = None


_MESSAGE = msgspec.json.Decoder(_Message)
_REQUEST = msgspec.json.Decoder(_Request)
_HISTORY = msgspec.json.Decoder(_History)


def _roots(name: str, environment: Mapping[str, str], home: Path) -> list[Path]:
    """The extension's `tasks` in every VS Code there may be; Cline's CLI has one of its own."""
    base = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    if sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    users = [base / code / "User" for code in _CODES]
    users += [home / server / "data" / "User" for server in _SERVERS]
    found = [user / "globalStorage" / _EXTENSIONS[name] / "tasks" for user in users]
    return [*found, *([home / ".cline" / "data" / "tasks"] if name == CLINE else [])]


def _whole(log: Log) -> None:
    log.session = text(log.path.parent.name)
    if log.path.name == "history_item.json":
        _history(log, decoded(_HISTORY, log.raw))
        return
    raw = log.raw.strip()
    if raw[:1] != b"[":
        raise Unreadable("not valid JSON", malformed=True)
    messages = members(_MESSAGE, raw, log.events)
    last = max((n for n, x in enumerate(messages) if x.say == "api_req_started"), default=-1)
    over = any(x.say in ("completion_result", "api_req_failed") for x in messages[last + 1 :])
    for place, message in enumerate(messages):
        at = log.at(message.ts)
        if message.say == "api_req_started":
            _begin(log, at)
            _started(log, message, at, running=place == last and not over)
        elif message.say == "api_req_retry_delayed":
            log.memo["tries"] = log.memo.get("tries", 1) + 1
        elif message.say == "completion_result":
            log.task(log.session, "completed", at)


def _history(log: Log, item: _History) -> None:
    cwd = folder(item.workspace)
    log.works_in(cwd)
    log.parent = text(item.parent)
    log.about(log.at(item.ts), context=log.context() if cwd else None)


def _begin(log: Log, at: int) -> None:
    if log.meets(log.session):
        log.about(at, at, context=None)
        log.task(log.session, "started", at)


def _started(log: Log, message: _Message, at: int, running: bool) -> None:
    try:
        words = message.text if isinstance(message.text, str) else "{}"
        told = counted(_REQUEST, words.encode("utf-8", "replace"))
        tokens = _tokens(log.name, told)
    except Unreadable as error:
        log.bad(f"request of {at}: {error}")
        return
    empty = tokens == Tokens()
    if empty and running and not told.cancelled:
        return  # it is under way
    model = message.model or _Model()
    log.call(
        keys.whole(log.name, log.session, str(at)), model.model, tokens, at,
        Context(task=log.session), provider=text(model.provider),
        reported=dollars(told.cost) or None, attempt=log.memo.pop("tries", 1), placeholder=empty,
        status="error" if empty or told.cancelled == _FAILED or told.failed else "ok",
    )  # fmt: skip


def _tokens(name: str, told: _Request) -> Tokens:
    """Roo and its fork write the whole input, Cline what stands beside the cache."""
    cached = (told.read or 0) + (told.write or 0)
    if name != CLINE and (told.input or 0) >= cached:
        return inclusive(told.input, told.read, told.write, told.output)
    return disjoint(told.input, told.read, told.write, told.output)


_FORMAT = document(_whole)
_FILES = ("*/ui_messages.json", "*/history_item.json")
SOURCE = _FORMAT.source(CLINE, "Cline", partial(_roots, CLINE), *_FILES)
ROO_SOURCE = _FORMAT.source(ROO, "Roo Code", partial(_roots, ROO), *_FILES)
KILO_SOURCE = _FORMAT.source(KILO, "Kilo Code, older extension", partial(_roots, KILO), *_FILES)
