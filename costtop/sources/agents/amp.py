"""Amp's threads: `threads/T-*.json`, rewritten whole with every message (FORMATS 7).

It opens no files and prices nothing. A request is told by its message's usage; older threads have a
ledger instead, whose events name the message, so both give the same key. Subagents are in neither.
"""

import re
from collections.abc import Mapping
from pathlib import Path, PurePath

import msgspec

from costtop.model import Bad, Call, Context, Event, SessionFact, TaskFact, Tokens
from costtop.sources.fold import keys
from costtop.sources.fold.fields import (
    NOTHING,
    Count,
    Loose,
    disjoint,
    folder,
    members,
    name,
    text,
)
from costtop.sources.fold.json_lines import Unreadable, decoded
from costtop.sources.fold.source import Chunk, Memo, Source
from costtop.sources.fold.times import moment, stamp

NAME = "amp"
_OPENAI = re.compile(r"(?:openai/)?(?:gpt-|o\d|codex)")
_DONE = {"complete": "completed", "cancelled": "aborted", "error": "failed"}


class _Usage(msgspec.Struct):
    model: Loose = None
    timestamp: Loose = None
    input: Count = msgspec.field(name="inputTokens", default=None)
    output: Count = msgspec.field(name="outputTokens", default=None)
    write: Count = msgspec.field(name="cacheCreationInputTokens", default=None)
    read: Count = msgspec.field(name="cacheReadInputTokens", default=None)


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


class _Counts(msgspec.Struct):
    input: Count = None
    output: Count = None
    write: Count = msgspec.field(name="cacheCreationInputTokens", default=None)
    read: Count = msgspec.field(name="cacheReadInputTokens", default=None)


class _LedgerEvent(msgspec.Struct):
    model: Loose = None
    timestamp: Loose = None
    message: Loose = msgspec.field(name="toMessageId", default=None)
    tokens: _Counts | None = None


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


def roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """`threads` of $AMP_DATA_DIR, else of the data folder's `amp`."""
    shared = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    return [Path(environment.get("AMP_DATA_DIR") or shared / "amp") / "threads"]


def read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of a whole thread; it needs no memo."""
    try:
        thread = decoded(_THREAD, chunk.data)
    except Unreadable as error:
        return [Bad(0, str(error))], memo
    return _Fold(chunk, thread).events, memo


class _Fold:
    """One pass over a thread."""

    def __init__(self, chunk: Chunk, thread: _Thread) -> None:
        self.seen = chunk.seen
        self.session = text(thread.id) or PurePath(chunk.path).stem
        self.at = stamp(thread.created, chunk.seen)  # of what tells no time of its own
        self.task = ""
        initial = thread.env.initial if thread.env else None
        cwd = folder(next((tree.uri for tree in (initial.trees if initial else None) or ()), None))
        self.context = Context(cwd, project=cwd)
        self.events: list[Event] = [
            SessionFact(NAME, self.session, started=self.at, at=self.at, context=self.context)
        ]
        self.ledger = {}
        ledger = thread.ledger or _Ledger()
        for nth, event in enumerate(members(_EVENT, ledger.events, self.events)):
            self.ledger[name(event.message) or f"event {nth}"] = event
        for nth, message in enumerate(members(_MESSAGE, thread.messages, self.events)):
            self._message(message, nth)
        for place, event in self.ledger.items():
            self._event(place, event)

    def _message(self, message: _Message, nth: int) -> None:
        place = name(message.id) or f"message {nth}"
        if message.role == "user":
            sent = message.meta.sent if message.meta else None
            self.at = self.at if moment(sent) is None else stamp(sent, self.seen)
            self.task = place
            return
        used = message.usage
        event = self.ledger.pop(place, None) if used else None
        if used is None:
            return
        told = used.timestamp if used.timestamp is not None else event and event.timestamp
        self.at = self.at if moment(told) is None else stamp(told, self.seen)
        self._tasks(message)
        self._call(place, used.model, _tokens(used, text(used.model)))

    def _tasks(self, message: _Message) -> None:
        if not self.task:
            return
        state = message.state or _State()
        self.events.append(TaskFact(NAME, self.session, self.task, "started", self.at))
        status = _DONE.get(text(state.type), "")
        if status and not (status == "completed" and state.stop == "tool_use"):
            self.events.append(TaskFact(NAME, self.session, self.task, status, self.at))

    def _event(self, place: str, event: _LedgerEvent) -> None:
        """A ledger's event whose message tells no usage."""
        if event.tokens is not None:
            at = self.at if moment(event.timestamp) is None else event.timestamp
            self.at = stamp(at, self.seen)
            self._call(place, event.model, _tokens(event.tokens, text(event.model)))

    def _call(self, place: str, model: object, tokens: Tokens) -> None:
        self.events.append(
            Call(
                keys.whole(NAME, self.session, place), NAME, self.session,
                text(model) or "unknown", tokens, self.at, self.context._replace(task=self.task),
            )
        )  # fmt: skip


def _tokens(used: _Usage | _Counts, model: str) -> Tokens:
    """The counts; for OpenAI's models what was not read from the cache stands as written to it."""
    plain, write = used.input or 0, used.write or 0
    if _OPENAI.match(model):
        plain, write = plain + write, 0
    return disjoint(plain, used.read, write, used.output)


SOURCE = Source(NAME, "Amp", "document", roots, ("T-*.json",), read)
