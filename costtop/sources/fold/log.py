"""One agent's log while it is folded: what all of them have in common.

A source says in five verbs what a record means (`about`, `asked`, `reply`, `answered`, `ended`);
the log words the events and keeps the memo.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from costtop.model import Bad, Call, Context, Event, SessionFact, TaskFact, Tokens, ToolUse
from costtop.sources.fold import tool_memory, turns
from costtop.sources.fold.fields import counted, listed, name, text
from costtop.sources.fold.fingerprints import outcome
from costtop.sources.fold.json_lines import Unreadable, decoded
from costtop.sources.fold.source import Chunk, Memo
from costtop.sources.fold.times import EARLIEST, held, moment
from costtop.sources.fold.unread import unread_call

T = TypeVar("T")
Row = Mapping[str, Any]
Tools = Iterable[tuple[str, ToolUse]]  # (id, use): by its id it is answered later
NOWHERE = ("", "", "")
_IDS = msgspec.json.Decoder(dict[str, Any])
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])


class Log:
    """The events so far and the memo, which the source's records change one by one."""

    raw, offset = b"", 0  # the record at hand
    agent = parent = ""  # of a subagent: its name, and the session that started it
    _here: Context | None = None  # of the turn at hand

    def __init__(self, name: str, chunk: Chunk, memo: Memo) -> None:
        self.name, self.seen, self.chunk = name, chunk.seen, chunk
        self.memo = memo
        self.events: list[Event] = []  # not `list[Event]()`, which is ten times as slow
        self.session: str = memo.get("session", "")
        self.turn: turns.Turn = memo.setdefault("turn", {})
        self.waiting: tool_memory.Waiting = memo.setdefault("waiting", {})
        self._met: set[str] = set()

    @property
    def stem(self) -> str:
        """The file's name, which is the session's where no record names one."""
        return text(self.chunk.stem)

    def at(self, value: object) -> int:
        """The time that a record tells, held in range."""
        at = moment(value)
        return at if at is not None and EARLIEST <= at <= self.seen else held(at, self.seen)

    def nth(self, moment: object) -> int:
        """How many records in a row before this one are of the same moment, where no ids are told.

        A copy of the log keeps their order, so the number is the same in it.
        """
        before, count = self.memo.get("same", (None, 0))
        nth = count + 1 if before == str(moment)[:64] else 0
        self.memo["same"] = [str(moment)[:64], nth]
        return int(nth)

    def bad(self, reason: object, place: int | None = None) -> None:
        """The record at hand, or the one at `place`, cannot be read."""
        self.events.append(Bad(self.offset if place is None else place, str(reason)))

    def unread(self, key: bytes = b"", at: int | None = None, raw: bytes | None = None) -> None:
        """The record at hand was billed, and nobody knows how much: sums become floors."""
        context = self.context(self.turn.get("id", ""))
        raw = (b"" if key else self.raw) if raw is None else raw
        self.events.append(
            unread_call(self.name, self.session, raw, self.seen, key=key, at=at, context=context,
                        model=self.memo.get("model", ""), agent=self.agent, offset=self.offset)
        )  # fmt: skip

    def members(
        self,
        decoder: msgspec.json.Decoder[T],
        raw: msgspec.Raw | bytes,
        usage: bytes,
        key: Callable[[str], bytes] | None = None,
    ) -> list[T]:
        """The members of a JSON list; those that cannot be read are named by their place.

        So one bad record of a document costs none of its neighbours; one with the needle `usage`
        was billed, under the `key` of its id. Anything but a list has no members.
        """
        found: list[T] = []
        for nth, member in enumerate(listed(_RAWS, raw)):
            try:
                found.append(counted(decoder, bytes(member)))
            except Unreadable as error:
                self.bad(error, nth)
                if usage in bytes(member):
                    known = key(_name(bytes(member))) if key else b""
                    self.unread(known, raw=bytes(member))
        return found

    def remember(self, session: str = "", model: str = "") -> None:
        """Keeps what a record says of all that follow; "" changes nothing."""
        if session:
            self.session = self.memo["session"] = session
        if model:
            self.memo["model"] = model

    def works_in(self, cwd: str = "", branch: str = "", project: str = "") -> None:
        """Keeps where the work is done; "" changes nothing. Without a project the first folder."""
        known = self.memo.get("where", NOWHERE)
        cwd = cwd or known[0]
        where = [cwd, branch or known[1], project or known[2] or cwd]
        if where != known:
            self.memo["where"] = where
            if self._here is not None and where != [*self._here[:3]]:
                self._here = None

    def context(self, task: str = "") -> Context:
        """Whose a call of `task` is; the same object for the calls of a turn."""
        if self._here is None or self._here.task != task:
            cwd, branch, project = self.memo.get("where", NOWHERE)
            self._here = Context(cwd, branch, project, task=task)
        return self._here

    def meets(self, session: str) -> bool:
        """Whose the rows are from here on; whether this pass had not met it before."""
        self.session = session
        new = session not in self._met
        self._met.add(session)
        return new

    def about(self, at: int, started: int | None = None, **more: Any) -> None:
        """What is known of the session now; `started` with the record that opens it."""
        told = {"context": self.context(), "parent": self.parent, **more}
        fact = SessionFact(self.name, self.session, self.agent, started=started, at=at, **told)
        self.events.append(fact)

    def asked(self, task: str, at: int) -> None:
        """The user prompted: a task, which starts with the first reply to it."""
        if task and not (self.agent or self.parent):
            self.events += turns.asked(self.turn, self.name, self.session, task, at)

    def reply(
        self,
        key: bytes,
        model: object,
        tokens: Tokens,
        at: int,
        tools: Tools = (),
        ended: str = "",
        *,
        provider: str = "",
        reported: int | None = None,
        request: str = "",
        status: str = "ok",
        attempt: int = 1,
        **more: Any,
    ) -> None:
        """One request; `ended` is how it ends its task, unless it asks for tools.

        What most tell has a name here, for a call is made twice as quickly without `more`.
        """
        uses = self._waits(key, tools) if tools else ()
        if self.turn and not self.agent:
            self.events += turns.replied(self.turn, self.name, self.session, at, bool(uses))
        named = text(model) or self.memo.get("model") or "unknown"
        context = self.context(self.turn.get("id", ""))
        call = Call(key, self.name, self.session, named, tokens, at, context, self.agent, provider,
                    reported=reported, request=request, status=status, attempt=attempt, tools=uses,
                    offset=self.offset)  # fmt: skip
        self.events.append(call._replace(**more) if more else call)
        if ended and not uses:
            self.ended(ended, at)

    def replied(self, at: int, *, busy: bool) -> None:
        """The model answered; `busy` if it asks for a tool, so that more will come."""
        if not self.agent:
            self.events += turns.replied(self.turn, self.name, self.session, at, busy)

    def call(
        self,
        key: bytes,
        model: object,
        tokens: Tokens,
        at: int,
        context: Context | None = None,
        **more: Any,
    ) -> None:
        """A request that says nothing of a turn; its context is the turn's, unless given."""
        named = text(model) or self.memo.get("model") or "unknown"
        if context is None:
            context = self.context(self.turn.get("id", ""))
        self.events.append(Call(key, self.name, self.session, named, tokens, at, context,
                                self.agent, offset=self.offset, **more))  # fmt: skip

    def answered(self, tool_id: str, failed: bool, result: bytes) -> None:
        """The result of a tool that an earlier reply asked for."""
        if entry := self.waiting.pop(tool_id, None):
            hashed = outcome(result, failed)
            self.events.append(tool_memory.outcome(entry, failed, hashed))

    def ended(self, status: str, at: int) -> None:
        """The open task is completed, failed or aborted."""
        if not self.agent:
            self.events += turns.ended(self.turn, self.name, self.session, status, at)

    def task(self, task: str, status: str, at: int) -> None:
        """A task of which the record itself says what became of it."""
        self.events.append(TaskFact(self.name, self.session, task, status, at))

    def _waits(self, key: bytes, tools: Tools) -> tuple[ToolUse, ...]:
        """The tool calls of the reply `key`; those with an id may be answered."""
        uses: list[ToolUse] = []
        for tool_id, use in tools:
            if len(uses) >= tool_memory.TOOLS:
                break
            if tool_id and use.result is None:
                tool_memory.wait(self.waiting, tool_id, key.hex(), len(uses))
            uses.append(use)
        return tuple(uses)


def _name(record: bytes) -> str:
    """The id of a record that cannot be used otherwise."""
    try:
        found = decoded(_IDS, record)
    except Unreadable:
        return ""
    return name(found.get("messageId", found.get("id")))
