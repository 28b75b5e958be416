"""The fold of one transcript: its turns, replies and tools, and what they make of each line.

One request is written once a content block, with growing counts: each row becomes a call of the
same key, and the larger one replaces the smaller. What a line says is told either by `line`, which
decodes it, or by `native_rows`, which has it from the compiled part.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from costtop.model import Bad, Call, Context, Event, SessionFact, Tokens, Untold
from costtop.sources.claude import pr_links
from costtop.sources.claude import transcript_turns as turns
from costtop.sources.claude.folders import context_of, tags_of, whose
from costtop.sources.claude.message_keys import MessageKeys
from costtop.sources.claude.open_replies import OpenReplies
from costtop.sources.claude.records import (
    NAMED,
    ROW,
    TOOL_RESULT,
    Message,
    NamedLine,
    Row,
    ToolResult,
    Usage,
    blocks,
    counted,
)
from costtop.sources.claude.replies import Home, Manner, Regular, Told, Whose, told_by, whose_of
from costtop.sources.claude.tokens import NAME, text
from costtop.sources.claude.tool_results import asked_tools, may_answer, tool_id
from costtop.sources.claude.transcript_lines import (
    COMMON,
    LONG,
    OTHER,
    USAGE,
    USER,
    LineHeads,
    LongResult,
    has_negative_zero,
    long_result,
)
from costtop.sources.claude.unanswered import Unanswered
from costtop.sources.fold import keys, tool_memory
from costtop.sources.fold.fingerprints import outcome
from costtop.sources.fold.json_lines import (
    ODD,
    Unreadable,
    decoded,
    objects,
)
from costtop.sources.fold.source import Chunk, Memo
from costtop.sources.fold.times import stamp
from costtop.sources.fold.unread import unread_call

_RESULT, _HEAD = b'"tool_result"', 400  # bytes of a content in which its first block says so


class Fold:
    """One pass over a chunk: the events so far and the memo, changed line by line."""

    def __init__(self, chunk: Chunk, memo: Memo) -> None:
        self.seen, self._data, self._start = chunk.seen, chunk.data, chunk.offset
        self.memo = memo
        self.events: list[Event] = []
        self.turn: turns.Turn = memo.setdefault("turn", {})
        self.replies: tool_memory.Replies = memo.setdefault("replies", {})
        self.waiting: tool_memory.Waiting = memo.setdefault("waiting", {})
        self.session, self.agent = whose(chunk)
        self.session_given = bool(self.session)
        self.stem = chunk.stem
        self.raw, self.offset = b"", 0  # the line at hand
        self._replies = OpenReplies()
        self._calls: list[Call] = []  # calls of this chunk that are no replies
        self._keys = MessageKeys(memo)
        self._under_way = Unanswered(memo, self._keys)
        self._asked = self._under_way.asked
        self._ids: tuple[Any, Any] = (None, None)  # of the row that was decoded last
        self._id_key = b""  # what they are called
        self._key, self._named = b"", ""  # the key of the reply at hand, in bytes and in hex
        self._said: tuple[Any, ...] = ()  # what the row before said of whose it is
        self._home = Home("", "", Context())

    def line(self, start: int, end: int, mark: int, heads: LineHeads) -> None:
        """Takes the line of the chunk that stands there; see `transcript_lines`."""
        data = self._data
        if mark == USER and end - start >= LONG and self.session_given:
            found = long_result(data, start, end, heads, self.waiting)
            if found and self._long_result(found):
                return
        self._line(data[start:end], self._start + start, mark)

    def _line(self, line: bytes, offset: int, mark: int) -> None:
        self.raw, self.offset = line, offset
        try:
            if mark == ODD:
                raise Unreadable("not valid JSON", malformed=True)
            row = decoded(ROW, line)
            if mark == USAGE and has_negative_zero(line):
                raise Unreadable("a token count is -0", malformed=False)
        except Unreadable as error:
            parts = objects(line) if error.malformed else []
            for nth, part in enumerate(parts):
                self._line(part, offset + nth, USAGE if COMMON[USAGE] in part else OTHER)
            if not parts:
                self._unread(line, error)
            return
        if not self.session_given:
            self.about(text(row.session_id) or text(row.session_id_))
        message = row.message
        if mark == USAGE and message and message.usage and counted(row):
            self._usage(row, message, message.usage)
        elif row.type == "user" and message is not None:
            self._user(row, message)
        else:
            self._note(row)

    def _long_result(self, found: LongResult) -> bool:
        told = outcome(self._data[found.start : found.end], found.error) if found.end else ""
        return self.result(found.tool, found.error, told, stamp(found.at, self.seen), found.side)

    def result(self, tool: str, error: bool, told: str, at: int, side: bool) -> bool:
        """Takes the outcome of one tool; False where more has to be known of its line."""
        entry = self.waiting.get(tool)
        if entry is not None:
            if entry[2] and not error:
                return False
            del self.waiting[tool]
            self.events.append(tool_memory.outcome(entry, error, told))
        if self.agent or not side:
            self._under_way.answered(at)
        return True

    def _unread(self, line: bytes, error: Unreadable) -> None:
        """Names a record that cannot be used; one that was billed makes the sums a floor."""
        try:
            row = decoded(NAMED, line)
        except Unreadable:
            row = NamedLine(type="assistant")
        billed = COMMON[USAGE] in line and row.type in ("assistant", None)
        if error.malformed or billed:
            self.events.append(Bad(self.offset, str(error)))
        if billed:
            session = self.session or self.memo.get("session") or self.stem
            name = row.message.get("id") if isinstance(row.message, dict) else None
            key = self._keys.of(row, name, session)
            self._calls.append(
                unread_call(NAME, session, line, self.seen, key=key, agent=self.agent,
                            offset=self.offset)
            )  # fmt: skip

    def about(self, said: str) -> None:
        """Whose records come; files that are not named for their session say it in each record."""
        self.session = said or self.memo.get("session") or self.stem
        self.memo["session"] = self.session

    def _usage(self, row: Row, message: Message, usage: Usage) -> None:
        ids = (message.id, row.request_id)
        if ids != self._ids or ids[0] is None:
            self._ids = ids
            key = self._keys.of(row, message.id, self.session)
            self._id_key = key or keys.whole(NAME, self.raw.strip())
        at = stamp(row.timestamp, self.seen)
        self.reply(
            self._id_key, told_by(row, message, usage, at, self.offset, asked_tools(message))
        )

    def global_key(self, key: bytes) -> bytes:
        """The key of a message whose id is its own everywhere."""
        self._ids = (None, None)
        return key

    def short_key(self, name: str, row: str, request: str | None, side: bool) -> bytes:
        """The key of a message whose id is one in its session; see `MessageKeys.short`."""
        if (name, request) != self._ids:
            self._ids = (name, request)
            self._id_key = keys.paired(*self._keys.short(name, row, request or "", side))
        return self._id_key

    def reply(self, key: bytes, told: Told) -> None:
        """Takes what a row of the reply `key` says."""
        home, attempt = self._replied(
            key, told.whose, told.tools, told.first, told.last, told.stop, told.asks
        )
        self._replies.grow(key, told, home, attempt, self.replies.get(self._named))

    def regular(self, told: Regular, whose: Whose, manner: Manner) -> bool:
        """The same of one of which nothing is odd; False where a row of it was taken before."""
        tools, own, last, stop, asks = told
        key = own[0]
        if key in self._replies.by_key:
            return False
        self._ids = (None, None)
        home, attempt = self._replied(key, whose, tools, own[1], last, stop, asks)
        asked = self.replies.get(self._named, ())
        uses = tuple(map(tool_memory.unanswered, asked)) if asked else ()
        self._replies.add(own, uses, home, manner, attempt, whose.side is True)
        return True

    def _replied(
        self,
        key: bytes,
        whose: Whose,
        tools: Sequence[tool_memory.Asked],
        at: int,
        last: int,
        stop: object,
        asks: bool,
    ) -> tuple[Home, int]:
        """Whose the reply `key` is, and which try; what it means for tools and the turn."""
        if key != self._key:
            self._key, self._named = key, key.hex()
        named, own = self._named, whose.side is not True
        if tools:
            tool_memory.asked(self.replies, self.waiting, named, tools)
        if self._asked and (own or self.agent):
            self._asked.clear()
        home = self._home_of(whose, at)
        attempt = self._attempt(named) if "tries" in self.memo else 1
        if own and self.turn and not self.agent:
            self.events += turns.replied(self.turn, self.session, stop, asks, last)
        return home, attempt

    def done(self) -> list[Event]:
        """Everything that the chunk gave: the calls come last, each reply once."""
        if self._key:
            self.memo["after"] = self._key.hex()
        replies = self._replies
        return [*self.events, *replies.calls(), *self._calls, *replies.hidden()]

    def _attempt(self, named: str) -> int:
        """2 after one failed try of the same request (`system.api_error`), and so on."""
        tries = self.memo["tries"]
        if tries[1] in (None, named):
            tries[1] = named
            return int(tries[0]) + 1
        del self.memo["tries"]
        return 1

    def _home_of(self, whose: Whose, at: int) -> Home:
        """Whose the row is: worked out when something of it differs from the row before."""
        said = (whose, self.turn.get("id"), self.session)
        if said != self._said:
            self._said = said
            side = text(whose.agent) if whose.side is True else ""
            self._home = Home(self.session, self.agent or side, self._context(whose))
            self._session(whose, self._home, at)
        return self._home

    def _context(self, whose: Whose) -> Context:
        where = self.memo.setdefault("where", ["", "", ""])  # cwd, branch, first cwd
        where[0] = text(whose.cwd) or where[0]
        where[1] = text(whose.branch) or where[1]
        where[2] = where[2] or where[0]
        tags = tags_of(text(whose.skill), text(whose.plugin))
        return context_of(*where, self.turn.get("id", ""), tags)

    def _session(self, whose: Whose, home: Home, at: int) -> None:
        """Tells what is known of the session whenever that changed."""
        session, agent, context = home
        kind = text(whose.agent_type) if agent else ""
        if agent.startswith("acompact"):
            kind = kind or "compact"
        version = text(whose.version)
        told = [session, agent, *context[:3], kind, version]
        if self.memo.get("told") == told:
            return
        started = at if "told" not in self.memo else None
        self.memo["told"] = told
        self.events.append(
            SessionFact(
                NAME, session, agent, agent_type=kind, started=started, at=at, version=version,
                context=context._replace(task="", tags=""),
            )
        )  # fmt: skip

    def _user(self, row: Row, message: Message) -> None:
        content = bytes(message.content)
        at = stamp(row.timestamp, self.seen)
        if self.waiting and may_answer(content, self.waiting):
            self._results(row, content, at)
        own = not self.agent and row.is_sidechain is not True
        if turns.interrupted(content):
            if own or self.agent:
                self._untold(self._under_way.interrupted(row, content, self.raw, at, self.session))
            self.events += turns.ended(self.turn, self.session, "aborted", at) if own else []
            return
        if content.find(_RESULT, 0, _HEAD) >= 0:
            if own or self.agent:
                self._under_way.answered(at)
        elif turns.is_prompt(row, content):
            self.prompt(turns.prompt_of(row, content, self.raw, at), row.is_sidechain is True)
        elif row.is_compact_summary:
            self._untold(self._under_way.summed_up(content))

    def prompt(self, prompt: turns.Prompt, side: bool) -> None:
        """Takes what a user typed."""
        own = not self.agent and not side
        if own or self.agent:
            self._untold(self._under_way.prompted(prompt))
        if own:
            self.events += turns.asked(self.turn, prompt, self.session)
        elif self.agent:
            self.turn["id"] = prompt.task

    def _untold(self, found: Iterable[Untold]) -> None:
        """What was billed and has no reply here, with the call before it."""
        for told in found:
            after = self._key or bytes.fromhex(self.memo.get("after", ""))
            self.events.append(told._replace(session=self.session, agent=self.agent, after=after))

    def _results(self, row: Row, content: bytes, at: int) -> None:
        try:
            found = blocks(content)
        except Unreadable:
            return
        for block in found:
            entry = self.waiting.pop(tool_id(block.tool_use_id), None)
            if entry is None:
                continue
            error = block.is_error is True
            result = outcome(bytes(block.content), error)
            self.events.append(tool_memory.outcome(entry, error, result))
            if entry[2] and not error:
                self._noted_result(row, entry, text(block.tool_use_id), at)

    def _noted_result(self, row: Row, entry: list[Any], tool_id: str, at: int) -> None:
        """What a result says of a turn (a commit), of a subagent, or of hidden searches."""
        kind, value = entry[2]
        if kind == "commit" and not self.agent:
            self.events += turns.ended(self.turn, self.session, "completed", at)
            return
        try:
            result = decoded(TOOL_RESULT, bytes(row.tool_use_result))
        except Unreadable:
            return
        agent = text(result.agent_id)
        if kind == "agent" and agent:
            self.events.append(SessionFact(NAME, self.session, agent, agent_type=value, at=at))
        elif kind == "search" and result.search_count:
            self._searched(row, entry, tool_id, at, result)

    def _searched(
        self, row: Row, entry: list[Any], tool_id: str, at: int, result: ToolResult
    ) -> None:
        """Claude Code's WebSearch runs a request that no transcript has: only its searches show."""
        self._calls.append(
            Call(
                keys.whole(NAME, "search", entry[0], tool_id), NAME, self.session, entry[2][1],
                Tokens(), at, self._context(whose_of(row)), self.agent,
                searches=result.search_count or 0, placeholder=True, estimated=True,
                offset=self.offset,
            )
        )  # fmt: skip

    def turn_over(self, at: int, side: bool) -> None:
        """Takes a note of Claude Code that its turn is over."""
        if not self.agent and not side:
            self.events += turns.ended(self.turn, self.session, "completed", at)

    def _note(self, row: Row) -> None:
        """Records that say how a turn went, and where the work is done."""
        at = stamp(row.timestamp, self.seen)
        if row.type == "system" and row.subtype in ("turn_duration", "stop_hook_summary"):
            self.turn_over(at, row.is_sidechain is True)
        elif row.type == "system" and row.subtype == "compact_boundary":
            self._untold(self._under_way.compacted(row, self.raw, at))
        elif row.type == "assistant":
            self._under_way.broken_off(row)
        elif row.type == "system" and row.subtype == "api_error":
            tries = row.retry_attempt
            usable = isinstance(tries, int) and 0 < tries < 1000
            self.memo["tries"] = [tries if usable else 1, None]
        elif row.type == "pr-link":
            where = self.memo.get("where") or ["", "", ""]
            self.events += pr_links.read(self.raw, self.session, at, where)
            self.events += turns.ended(self.turn, self.session, "completed", at)
        elif row.type == "last-prompt" and not self.turn.get("busy", True):
            self.events += turns.ended(self.turn, self.session, "completed", self.turn["last"])
        elif row.type == "worktree-state" and isinstance(row.worktree_session, dict):
            where = self.memo.setdefault("where", ["", "", ""])
            where[2] = text(row.worktree_session.get("originalCwd")) or where[2]
            self._said = ()
