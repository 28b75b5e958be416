"""Claude Code transcripts: `projects/**/*.jsonl` to calls, tasks and tool outcomes (FORMATS 1).

It opens no files and prices nothing. One request is written once a content block, with growing
counts: each row becomes a call of the same key, and the larger one replaces the smaller.
"""

from collections.abc import Iterable
from typing import Any

from costtop.model import Bad, Call, Context, Event, SessionFact, Tokens, Untold
from costtop.sources.claude import pr_links
from costtop.sources.claude import transcript_turns as turns
from costtop.sources.claude.folders import context_of, roots, tags_of, whose
from costtop.sources.claude.message_keys import MessageKeys
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
from costtop.sources.claude.replies import Home, Reply
from costtop.sources.claude.tokens import NAME, hidden_calls, text
from costtop.sources.claude.tool_results import may_answer, note_of
from costtop.sources.claude.transcript_lines import (
    COMMON,
    LONG,
    OTHER,
    USAGE,
    USER,
    LineHeads,
    LongResult,
    has_negative_zero,
    lines,
    long_result,
)
from costtop.sources.claude.unanswered import Unanswered
from costtop.sources.fold import keys, tool_memory
from costtop.sources.fold.fingerprints import fingerprint, outcome
from costtop.sources.fold.json_lines import (
    ODD,
    Unreadable,
    decoded,
    objects,
)
from costtop.sources.fold.source import Chunk, Memo, Source, copied
from costtop.sources.fold.times import stamp
from costtop.sources.fold.unread import unread_call
from costtop.text import clean

_RESULT, _HEAD = b'"tool_result"', 400  # bytes of a content in which its first block says so
_NO_ITERATIONS = len(b'[{"type":""}]')


def read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of the chunk's lines and the memo for the next; see `source.Source`."""
    fold, data, heads = _Fold(chunk, copied(memo)), chunk.data, LineHeads()
    for start, end, mark in lines(data, heads):
        if mark == USER and end - start >= LONG and fold.session_given:
            found = long_result(data, start, end, heads, fold.waiting)
            if found and fold.long_result(data, found):
                continue
        fold.line(data[start:end], chunk.offset + start, mark)
    return fold.done(), fold.memo


class _Fold:
    """One pass over a chunk: the events so far and the memo, changed line by line."""

    def __init__(self, chunk: Chunk, memo: Memo) -> None:
        self.seen = chunk.seen
        self.memo = memo
        self.events: list[Event] = []
        self.turn: turns.Turn = memo.setdefault("turn", {})
        self.replies: tool_memory.Replies = memo.setdefault("replies", {})
        self.waiting: tool_memory.Waiting = memo.setdefault("waiting", {})
        self.session, self.agent = whose(chunk)
        self.session_given = bool(self.session)
        self.stem = chunk.stem
        self.raw, self.offset = b"", 0  # the line at hand
        self._open: dict[bytes, Reply] = {}  # replies of this chunk, by key
        self._calls: list[Call] = []  # calls of this chunk that are no replies
        self._keys = MessageKeys(memo)
        self._under_way = Unanswered(memo, self._keys)
        self._asked = self._under_way.asked
        self._ids: tuple[Any, Any] = (None, None)  # of the reply at hand
        self._key, self._named = b"", ""  # its key, in bytes and in hex
        self._said: tuple[Any, ...] = ()  # what the row before said of whose it is
        self._home = Home("", "", Context())

    def line(self, line: bytes, offset: int, mark: int) -> None:
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
                self.line(part, offset + nth, USAGE if COMMON[USAGE] in part else OTHER)
            if not parts:
                self._unread(line, error)
            return
        if not self.session_given:
            self._about(row)
        message = row.message
        if mark == USAGE and message and message.usage and counted(row):
            self._usage(row, message, message.usage)
        elif row.type == "user" and message is not None:
            self._user(row, message)
        else:
            self._note(row)

    def long_result(self, data: bytes, found: LongResult) -> bool:
        """Takes a result as it stands there; False where more has to be known of its line."""
        entry = self.waiting.get(found.tool)
        if entry is not None:
            if entry[2] and not found.error:
                return False
            del self.waiting[found.tool]
            result = outcome(data[found.start : found.end], found.error)
            self.events.append(tool_memory.outcome(entry, found.error, result))
        if self.agent or not found.side:
            self._under_way.answered(stamp(found.at, self.seen))
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

    def _about(self, row: Row) -> None:
        """Whose record it is; files that are not named for their session say it in each record."""
        said = text(row.session_id) or text(row.session_id_)
        self.session = said or self.memo.get("session") or self.stem
        self.memo["session"] = self.session

    def _usage(self, row: Row, message: Message, usage: Usage) -> None:
        at = stamp(row.timestamp, self.seen)
        ids = (message.id, row.request_id)
        if ids != self._ids or ids[0] is None:
            self._ids = ids
            key = self._keys.of(row, message.id, self.session)
            self._key = key or keys.whole(NAME, self.raw.strip())
            self._named = self._key.hex()
        tools = self._tools(message)
        side = row.is_sidechain is True
        if self._asked and (self.agent or not side):
            self._asked.clear()
        if self.turn and not side and not self.agent:
            self.events += turns.replied(self.turn, self.session, message.stop_reason, tools, at)
        home = self._home_of(row, at)
        attempt = self._attempt(self._named)
        reply = self._open.get(self._key)
        if reply is None:
            reply = Reply(self._key, row, usage, at, home, attempt, self.offset)
            self._open[self._key] = reply
        else:
            reply.grow(row, usage, at, home, attempt, self.offset)
        if asked := self.replies.get(self._named):
            reply.ask(asked)

    def done(self) -> list[Event]:
        """Everything that the chunk gave: the calls come last, each reply once."""
        if self._key:
            self.memo["after"] = self._key.hex()
        for reply in self._open.values():
            call = reply.call()
            self.events.append(call)
            if len(bytes(reply.usage.iterations)) > _NO_ITERATIONS:
                self._calls += hidden_calls(call, reply.usage)
        return self.events + self._calls

    def _attempt(self, named: str) -> int:
        """2 after one failed try of the same request (`system.api_error`), and so on."""
        tries = self.memo.get("tries")
        if not tries:
            return 1
        if tries[1] in (None, named):
            tries[1] = named
            return int(tries[0]) + 1
        del self.memo["tries"]
        return 1

    def _home_of(self, row: Row, at: int) -> Home:
        """Whose the row is: worked out when something in it differs from the row before."""
        said = (
            row.cwd, row.git_branch, row.version, row.is_sidechain, row.agent_id,
            row.attribution_agent, row.attribution_skill, row.attribution_plugin,
            self.turn.get("id"), self.session,
        )  # fmt: skip
        if said != self._said:
            self._said = said
            side = text(row.agent_id) if row.is_sidechain is True else ""
            self._home = Home(self.session, self.agent or side, self._context(row))
            self._session(row, self._home, at)
        return self._home

    def _context(self, row: Row) -> Context:
        where = self.memo.setdefault("where", ["", "", ""])  # cwd, branch, first cwd
        where[0] = text(row.cwd) or where[0]
        where[1] = text(row.git_branch) or where[1]
        where[2] = where[2] or where[0]
        tags = tags_of(text(row.attribution_skill), text(row.attribution_plugin))
        return context_of(*where, self.turn.get("id", ""), tags)

    def _session(self, row: Row, home: Home, at: int) -> None:
        """Tells what is known of the session whenever that changed."""
        session, agent, context = home
        kind = text(row.attribution_agent) if agent else ""
        if agent.startswith("acompact"):
            kind = kind or "compact"
        version = text(row.version)
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

    def _tools(self, message: Message) -> bool:
        """Remembers the tools that a reply asks for; whether this row asks for one."""
        content = bytes(message.content)
        if b'"tool_use"' not in content:
            return False
        try:
            found = [block for block in blocks(content) if block.type == "tool_use"]
        except Unreadable:
            return False  # the usage counts all the same
        for block in found:
            name, tool_id = text(block.name), _id(block.id)
            raw, named = bytes(block.input), self._named
            arguments = fingerprint(raw, name)
            nth = tool_memory.grown(self.replies, named, [tool_id, name, arguments])
            if nth is not None and tool_id:
                note = note_of(name, raw, message)
                tool_memory.wait(self.waiting, tool_id, named, nth, note)
        return bool(found)

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
            self._prompt(row, content, at, own=own)
        elif row.is_compact_summary:
            self._untold(self._under_way.summed_up(content))

    def _prompt(self, row: Row, content: bytes, at: int, *, own: bool) -> None:
        if own or self.agent:
            self._untold(self._under_way.prompted(row, content, self.raw, at))
        if own:
            self.events += turns.asked(self.turn, row, self.session, at)
        elif self.agent:
            self.turn["id"] = text(row.prompt_id)

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
            entry = self.waiting.pop(_id(block.tool_use_id), None)
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
                Tokens(), at, self._context(row), self.agent, searches=result.search_count or 0,
                placeholder=True, estimated=True, offset=self.offset,
            )
        )  # fmt: skip

    def _note(self, row: Row) -> None:
        """Records that say how a turn went, and where the work is done."""
        at = stamp(row.timestamp, self.seen)
        if row.type == "system" and row.subtype in ("turn_duration", "stop_hook_summary"):
            if not self.agent and row.is_sidechain is not True:
                self.events += turns.ended(self.turn, self.session, "completed", at)
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


def _id(value: object) -> str:
    """A tool's id, made harmless: each is new, so remembering it as `text` does costs twice."""
    return clean(value) if isinstance(value, str) else ""


SOURCE = Source(
    name=NAME, title="Claude Code", shape="lines", roots=roots, patterns=("**/*.jsonl",), read=read
)
