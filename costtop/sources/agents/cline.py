"""Cline, Roo Code and the older Kilo Code: `tasks/<id>/ui_messages.json` of VS Code (FORMATS 7).

The file is rewritten whole: a request is written empty at its start and again with its counts, so
it is keyed by its time and by the task's first message, which a folder under another name keeps.
One that never gets counts was aborted, and what it cost is unknown. The model is seldom told; then
the reported cost is all. A restored checkpoint takes messages out of the file and leaves the sum of
their requests: what of it was counted before is not counted again.
"""

import sys
from collections.abc import Mapping
from functools import partial
from operator import sub
from pathlib import Path
from typing import Any

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
    text,
)
from costtop.sources.fold.formats import Log, document
from costtop.sources.fold.json_lines import Unreadable, decoded

CLINE, ROO, KILO = "cline", "roo-code", "kilo-code"
_EXTENSIONS = {
    CLINE: "saoudrizwan.claude-dev",
    ROO: "rooveterinaryinc.roo-cline",
    KILO: "kilocode.kilo-code",
}
_CODES = ("Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf")
_SERVERS = (".vscode-server", ".vscode-server-insiders", ".cursor-server", ".windsurf-server")
_FAILED = "streaming_failed"
_TASK = ("task", "text")  # the first message of a task, as the user wrote it
_REMOVED = ("deleted_api_reqs", "deletedReqs")
_RESTORED = 32  # checkpoints of a task that were restored
_REMEMBERED = 120  # requests of a task that a checkpoint may take away, the latest


class _Model(msgspec.Struct):
    provider: Loose = msgspec.field(name="providerId", default=None)
    model: Loose = msgspec.field(name="modelId", default=None)


class _Condensed(msgspec.Struct):
    cost: Loose = None


class _Message(msgspec.Struct):
    ts: Loose = None
    say: Loose = None
    text: Loose = None
    partial: Loose = None
    condensed: _Condensed | None = msgspec.field(name="contextCondense", default=None)
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
    log.session = text(log.chunk.folder)
    if log.chunk.parts[-1] == "history_item.json":
        _history(log, decoded(_HISTORY, log.raw))
        return
    raw = log.raw.strip()
    if raw[:1] != b"[":
        raise Unreadable("not valid JSON", malformed=True)
    _Task(log).read(log.members(_MESSAGE, raw, b'"api_req_started"'))


def _history(log: Log, item: _History) -> None:
    cwd = folder(item.workspace)
    log.works_in(cwd)
    log.parent = text(item.parent)
    log.about(log.at(item.ts), context=log.context() if cwd else None)


class _Task:
    """One pass over a task's messages, beside the requests that the pass before it counted."""

    def __init__(self, log: Log) -> None:
        self.log, self.tries, self.owner = log, 1, log.session
        self.before: dict[str, list[int]] = log.memo.get("requests", {})  # time -> counts, dollars
        self.now: dict[str, list[int]] = {}
        self.known: dict[str, list[int]] = log.memo.setdefault("known", {})  # of a removed sum

    def read(self, messages: list[_Message]) -> None:
        """Every request, then the sums of those that were removed."""
        if messages:
            self.owner = self._named(messages[0])
        last = max((n for n, x in enumerate(messages) if x.say == "api_req_started"), default=-1)
        over = any(x.say in ("completion_result", "api_req_failed") for x in messages[last + 1 :])
        removed: list[tuple[_Message, int]] = []
        for place, message in enumerate(messages):
            at = self.log.at(message.ts)
            if message.say == "api_req_started":
                self._begin(at)
                self._started(message, at, running=place == last and not over)
            elif message.say in _REMOVED:
                removed.append((message, at))
            elif message.say == "condense_context" and message.condensed and not message.partial:
                self._condensed(message, dollars(message.condensed.cost), at)
            elif message.say == "api_req_retry_delayed":
                self.tries += 1
            elif message.say == "completion_result":
                self.log.task(self.log.session, "completed", at)
        self._removed(removed)
        self.log.memo["requests"] = dict(list(self.now.items())[-_REMEMBERED:])

    def _named(self, first: _Message) -> str:
        """What tells the task from others, and what a copy or a renamed folder keeps of it."""
        if self.log.name == KILO:  # a fork copies a task under another name
            return str(first.ts)
        if first.say in _TASK and isinstance(first.text, str):
            return f"{first.ts}/{keys.short(first.text)}"
        return self.log.session

    def _begin(self, at: int) -> None:
        if self.log.meets(self.log.session):
            self.log.about(at, at, context=None)
            self.log.task(self.log.session, "started", at)

    def _key(self, kind: str, at: int) -> bytes:
        return keys.whole(self.log.name, self.owner, f"{kind}{at}")

    def _told(self, message: _Message, kind: str, at: int) -> tuple[_Request, Tokens] | None:
        """What a message says of its request; None where that cannot be used."""
        try:
            words = message.text if isinstance(message.text, str) else "{}"
            told = counted(_REQUEST, words.encode("utf-8", "replace"))
            return told, _tokens(self.log.name, told)
        except Unreadable as error:
            self.log.bad(f"request of {at}: {error}")
            self.log.unread(self._key(kind, at), at)
            return None

    def _started(self, message: _Message, at: int, running: bool) -> None:
        said = self._told(message, "", at)
        if said is None:
            return
        told, tokens = said
        empty = tokens == Tokens()
        if empty and running and not told.cancelled:
            return  # it is under way
        cost = dollars(told.cost) or None
        self.now[str(at)] = [*tokens, cost or 0]
        failed = empty or told.cancelled == _FAILED or told.failed
        self._call(
            "", message, tokens, cost, at,
            attempt=self.tries, placeholder=empty, status="error" if failed else "ok",
        )  # fmt: skip
        self.tries = 1

    def _call(
        self, kind: str, message: _Message, tokens: Tokens, cost: int | None, at: int, **more: Any
    ) -> None:
        model = message.model or _Model()
        self.log.call(
            self._key(kind, at), model.model, tokens, at, Context(task=self.log.session),
            provider=text(model.provider), reported=cost, **more,
        )  # fmt: skip

    def _condensed(self, message: _Message, cost: int | None, at: int) -> None:
        """A context was summed up by a request of which only the cost is told."""
        if cost:
            self._begin(at)
            self._call("condensed/", message, Tokens(), cost, at, estimated=True, settled=True)

    def _removed(self, removed: list[tuple[_Message, int]]) -> None:
        """The sums of removed requests, but for what was counted while these were still there."""
        said: list[tuple[_Message, int, list[int]]] = []
        for message, at in removed:
            if told := self._told(message, "removed/", at):
                said.append((message, at, [*told[1], dollars(told[0].cost) or 0]))
        self.now.update({f"removed/{at}": sums for _, at, sums in said})
        gone = [sums for name, sums in self.before.items() if name not in self.now]
        counted_before = [sum(column) for column in zip(*gone, strict=True)] or [0] * 7
        for message, at, sums in said:
            if (known := self.known.get(str(at))) is None:
                known = self.known[str(at)] = list(map(min, sums, counted_before))
                while len(self.known) > _RESTORED:
                    del self.known[next(iter(self.known))]
                counted_before = list(map(sub, counted_before, known))
            plain, read, write, hour, output, reasoning, left = map(sub, sums, known)
            if any((plain, output, left)):
                self._begin(at)
                tokens = Tokens(max(plain, read + write), read, write, hour, output, reasoning)
                self._call("removed/", message, tokens, left or None, at,
                           estimated=True, settled=left > 0)  # fmt: skip


def _tokens(name: str, told: _Request) -> Tokens:
    """Roo and its fork write the whole input, Cline what stands beside the cache."""
    cached = (told.read or 0) + (told.write or 0)
    if name != CLINE and (told.input or 0) >= cached:
        return inclusive(told.input, told.read, told.write, told.output)
    return disjoint(told.input, told.read, told.write, told.output)


_FORMAT = document(_whole, remembers=True)
_FILES = ("*/ui_messages.json", "*/history_item.json")
SOURCE = _FORMAT.source(CLINE, "Cline", partial(_roots, CLINE), *_FILES)
ROO_SOURCE = _FORMAT.source(ROO, "Roo Code", partial(_roots, ROO), *_FILES)
KILO_SOURCE = _FORMAT.source(KILO, "Kilo Code, older extension", partial(_roots, KILO), *_FILES)
