"""Amp's threads: `threads/T-*.json`, rewritten whole with every message (FORMATS 7).

A request is told by its message's usage; older threads have a ledger instead, whose events name the
message, so both give the same key. Subagents are in neither.
"""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec

from costtop.model import Tokens
from costtop.sources.fold import keys
from costtop.sources.fold.fields import (
    NOTHING,
    Count,
    Loose,
    disjoint,
    folder,
    name,
    text,
)
from costtop.sources.fold.formats import Log, data_folder, document
from costtop.sources.fold.json_lines import decoded
from costtop.sources.fold.times import moment

NAME = "amp"
_OPENAI = re.compile(r"(?:openai/)?(?:gpt-|o\d|codex)")
_DONE = {"complete": "completed", "cancelled": "aborted", "error": "failed"}


class _Counts(msgspec.Struct):
    input: Count = msgspec.field(name="inputTokens", default=None)
    output: Count = msgspec.field(name="outputTokens", default=None)
    write: Count = msgspec.field(name="cacheCreationInputTokens", default=None)
    read: Count = msgspec.field(name="cacheReadInputTokens", default=None)


class _Usage(_Counts):
    model: Loose = None
    timestamp: Loose = None


class _State(msgspec.Struct):
    type: Loose = None
    stop: Loose = msgspec.field(name="stopReason", default=None)


class _Meta(msgspec.Struct):
    sent: Loose = msgspec.field(name="sentAt", default=None)


class _Message(msgspec.Struct):
    role: Loose = None
    id: Loose = msgspec.field(name="messageId", default=None)
    state: _State | None = None
    usage: _Usage | None = None
    meta: _Meta | None = None


class _LedgerCounts(msgspec.Struct):
    input: Count = None
    output: Count = None
    write: Count = msgspec.field(name="cacheCreationInputTokens", default=None)
    read: Count = msgspec.field(name="cacheReadInputTokens", default=None)


class _LedgerEvent(msgspec.Struct):
    model: Loose = None
    timestamp: Loose = None
    message: Loose = msgspec.field(name="toMessageId", default=None)
    tokens: _LedgerCounts | None = None


class _Ledger(msgspec.Struct):
    events: msgspec.Raw = NOTHING


class _Tree(msgspec.Struct):
    uri: Loose = None


class _Initial(msgspec.Struct):
    trees: list[_Tree] | None = None


class _Env(msgspec.Struct):
    initial: _Initial | None = None


class _Thread(msgspec.Struct):
    id: Loose = None
    created: Loose = None
    env: _Env | None = None
    messages: msgspec.Raw = NOTHING
    ledger: _Ledger | None = msgspec.field(name="usageLedger", default=None)


_MESSAGE = msgspec.json.Decoder(_Message)
_EVENT = msgspec.json.Decoder(_LedgerEvent)
_THREAD = msgspec.json.Decoder(_Thread)


def _roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """`threads` of $AMP_DATA_DIR, else of the data folder's `amp`."""
    folder = environment.get("AMP_DATA_DIR") or data_folder(environment, home) / "amp"
    return [Path(folder) / "threads"]


def _thread(log: Log) -> None:
    thread = decoded(_THREAD, log.raw)
    log.remember(text(thread.id) or log.stem)
    began = log.at(thread.created)
    initial = thread.env.initial if thread.env else None
    trees = (initial.trees if initial else None) or ()
    log.works_in(folder(next((tree.uri for tree in trees), None)))
    log.about(began, began)
    ledger: dict[str, _LedgerEvent] = {}
    raw = thread.ledger.events if thread.ledger else NOTHING
    for nth, event in enumerate(log.members(_EVENT, raw, b'"tokens"')):
        ledger[name(event.message) or f"event {nth}"] = event
    fold = _Fold(log, began, ledger)
    messages = log.members(_MESSAGE, thread.messages, b'"usage"', partial(_key, log))
    for nth, message in enumerate(messages):
        fold.message(message, name(message.id) or f"message {nth}")
    for place, event in ledger.items():
        fold.event(place, event)


class _Fold:
    """One pass over a thread: the prompt at hand, and the time of what tells none of its own."""

    def __init__(self, log: Log, at: int, ledger: dict[str, _LedgerEvent]) -> None:
        self.log, self.at, self.ledger, self.task = log, at, ledger, ""

    def message(self, message: _Message, place: str) -> None:
        used = message.usage
        if message.role == "user":
            self._meets(message.meta.sent if message.meta else None)
            self.task = place
        elif used is not None:
            event = self.ledger.pop(place, None)
            told = used.timestamp if used.timestamp is not None else event and event.timestamp
            self._meets(told)
            self._tasks(message)
            self._call(place, used.model, used)

    def event(self, place: str, event: _LedgerEvent) -> None:
        """A ledger's event whose message tells no usage."""
        if event.tokens is not None:
            self._meets(event.timestamp)
            self._call(place, event.model, event.tokens)

    def _meets(self, told: object) -> None:
        self.at = self.at if moment(told) is None else self.log.at(told)

    def _tasks(self, message: _Message) -> None:
        if not self.task:
            return
        state = message.state or _State()
        self.log.task(self.task, "started", self.at)
        status = _DONE.get(text(state.type), "")
        if status and not (status == "completed" and state.stop == "tool_use"):
            self.log.task(self.task, status, self.at)

    def _call(self, place: str, model: object, used: _Counts | _LedgerCounts) -> None:
        key = _key(self.log, place)
        context = self.log.context(self.task)
        self.log.call(key, model, _tokens(used, text(model)), self.at, context=context)


def _key(log: Log, place: str) -> bytes:
    return keys.whole(NAME, log.session, place)


def _tokens(used: _Counts | _LedgerCounts, model: str) -> Tokens:
    """The counts; for OpenAI's models what was not read from the cache stands as written to it."""
    plain, write = used.input or 0, used.write or 0
    if _OPENAI.match(model):
        plain, write = plain + write, 0
    return disjoint(plain, used.read, write, used.output)


SOURCE = document(_thread).source(NAME, "Amp", _roots, "T-*.json")
