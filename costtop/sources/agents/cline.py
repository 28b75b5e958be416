"""Cline, Roo Code and the older Kilo Code: `tasks/<id>/ui_messages.json` of VS Code (FORMATS 7).

It opens no files and prices nothing. The file is rewritten whole: a request is written empty at its
start and again with its counts, so it is keyed by task and time. One that never gets counts was
aborted, and what it cost is unknown. The model is seldom told; then the reported cost is all.
"""

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePath

import msgspec

from costtop.model import Bad, Call, Context, Event, SessionFact, TaskFact, Tokens
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
from costtop.sources.fold.source import Chunk, Memo, Source
from costtop.sources.fold.times import stamp

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


def roots(name: str, environment: Mapping[str, str], home: Path) -> list[Path]:
    """The extension's `tasks` in every VS Code there may be; Cline's CLI has one of its own."""
    base = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    if sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    users = [base / code / "User" for code in _CODES]
    users += [home / server / "data" / "User" for server in _SERVERS]
    found = [user / "globalStorage" / _EXTENSIONS[name] / "tasks" for user in users]
    return [*found, *([home / ".cline" / "data" / "tasks"] if name == CLINE else [])]


def read(name: str, chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of a whole file; it needs no memo."""
    task = text(PurePath(chunk.path).parent.name)
    try:
        if PurePath(chunk.path).name == "history_item.json":
            return _history(name, task, decoded(_HISTORY, chunk.data), chunk.seen), memo
        if chunk.data.lstrip()[:1] != b"[":
            raise Unreadable("not valid JSON", malformed=True)
        fold = _Fold(name, task, chunk)
        return fold.read(members(_MESSAGE, msgspec.Raw(chunk.data.strip()), fold.events)), memo
    except Unreadable as error:
        return [Bad(0, str(error))], memo


def _history(name: str, task: str, item: _History, seen: int) -> list[Event]:
    cwd = folder(item.workspace)
    at = stamp(item.ts, seen)
    context = Context(cwd, project=cwd) if cwd else None
    return [SessionFact(name, task, parent=text(item.parent), context=context, at=at)]


class _Fold:
    """One pass over a task's messages."""

    def __init__(self, name: str, task: str, chunk: Chunk) -> None:
        self.name, self.task, self.seen = name, task, chunk.seen
        self.events: list[Event] = []
        self.tries = 1
        self.begun = False

    def read(self, messages: list[_Message]) -> list[Event]:
        last = max((n for n, x in enumerate(messages) if x.say == "api_req_started"), default=-1)
        over = any(x.say in ("completion_result", "api_req_failed") for x in messages[last + 1 :])
        for place, message in enumerate(messages):
            at = stamp(message.ts, self.seen)
            if message.say == "api_req_started":
                self._started(message, at, running=place == last and not over)
            elif message.say == "api_req_retry_delayed":
                self.tries += 1
            elif message.say == "completion_result":
                self.events.append(TaskFact(self.name, self.task, self.task, "completed", at))
        return self.events

    def _started(self, message: _Message, at: int, running: bool) -> None:
        if not self.begun:
            self.begun = True
            self.events += [
                SessionFact(self.name, self.task, started=at, at=at),
                TaskFact(self.name, self.task, self.task, "started", at),
            ]
        try:
            words = message.text if isinstance(message.text, str) else "{}"
            told = counted(_REQUEST, words.encode("utf-8", "replace"))
            tokens = self._tokens(told)
        except Unreadable as error:
            self.events.append(Bad(0, f"request of {at}: {error}"))
            return
        empty = tokens == Tokens()
        if empty and running and not told.cancelled:
            return  # it is under way
        self._call(message, told, tokens, at)

    def _call(self, message: _Message, told: _Request, tokens: Tokens, at: int) -> None:
        model = message.model or _Model()
        empty = tokens == Tokens()
        self.events.append(
            Call(
                keys.whole(self.name, self.task, str(at)), self.name, self.task,
                text(model.model) or "unknown", tokens, at, Context(task=self.task),
                provider=text(model.provider), reported=dollars(told.cost) or None,
                status="error" if empty or told.cancelled == _FAILED or told.failed else "ok",
                attempt=self.tries, placeholder=empty,
            )
        )  # fmt: skip
        self.tries = 1

    def _tokens(self, told: _Request) -> Tokens:
        """Roo and its fork write the whole input, Cline what stands beside the cache."""
        cached = (told.read or 0) + (told.write or 0)
        if self.name != CLINE and (told.input or 0) >= cached:
            return inclusive(told.input, told.read, told.write, told.output)
        return disjoint(told.input, told.read, told.write, told.output)


def _source(name: str, title: str) -> Source:
    return Source(
        name, title, "document", partial(roots, name),
        ("*/ui_messages.json", "*/history_item.json"), partial(read, name),
    )  # fmt: skip


SOURCE = _source(CLINE, "Cline")
ROO_SOURCE = _source(ROO, "Roo Code")
KILO_SOURCE = _source(KILO, "Kilo Code, older extension")
