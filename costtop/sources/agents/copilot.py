"""GitHub Copilot CLI: the session store where there is one, else event logs as a floor (FORMATS 6).

It opens nothing and prices nothing. The store has a row for each request. An event log tells only
the output of each message while it runs, and sums a model up when the session shuts down; its
calls yield to the store's. Copilot bills premium requests; what is counted here is what the tokens
would cost.
"""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path, PurePath
from typing import Any

from costtop.model import Bad, Call, Context, Event, SessionFact, Tokens
from costtop.sources.agents import copilot_records as records
from costtop.sources.fold import keys, tool_marks, tool_memory, turns
from costtop.sources.fold.fields import counted, inclusive, text
from costtop.sources.fold.fingerprints import RESULT, fingerprint
from costtop.sources.fold.json_lines import LARGEST, ODD, Unreadable, decoded, marked_lines
from costtop.sources.fold.source import Chunk, Memo, Query, Source
from costtop.sources.fold.times import stamp

NAME, PROVIDER = "copilot", "github-copilot"
_NEEDLES = (
    b'"assistant.message"', b'"session.', b'"tool.execution_complete"', b'"user.message"',
    b'"assistant.turn_end"', b'"subagent.', b'"abort"',
)  # fmt: skip

_STORE = """
SELECT id AS mark, session_id, model, input_tokens, output_tokens, cache_read_tokens,
  cache_write_tokens, reasoning_tokens, created_at
FROM assistant_usage_events WHERE id >= coalesce(:since, 0) ORDER BY id LIMIT :limit"""

QUERIES = (Query("usage", _STORE, "mark", ("assistant_usage_events",), 50),)


def roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """$COPILOT_HOME, else ~/.copilot."""
    return [Path(environment.get("COPILOT_HOME") or home / ".copilot")]


def read_store(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of rows; every row stands alone, so the memo stays as it is."""
    events: list[Event] = []
    for row in chunk.rows:
        mark = row.get("mark")
        session = text(row.get("session_id"))
        if not session or not isinstance(mark, int):
            continue
        try:
            events.append(_stored_call(row, session, mark, chunk.seen))
        except Unreadable as error:
            events.append(Bad(mark, str(error)))
    return events, memo


def _stored_call(row: Mapping[str, Any], session: str, mark: int, seen: int) -> Call:
    names = ("input", "cache_read", "cache_write", "output", "reasoning")
    used = [row.get(f"{name}_tokens") or 0 for name in names]
    if any(not isinstance(count, int) or not 0 <= count <= LARGEST for count in used):
        raise Unreadable("a token count is out of range", malformed=False)
    at = stamp(row.get("created_at"), seen)
    model = text(row.get("model")) or "unknown"
    key = keys.paired(f"{NAME}/{session}", f"store/{mark}/{row.get('created_at')}")
    return Call(
        key, NAME, session, model, inclusive(*used), at, provider=PROVIDER, offset=mark
    )  # fmt: skip


def read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of an event log's lines and the memo for the next; see `source.Source`."""
    fold = _Fold(chunk, deepcopy(memo))
    for start, end, mark in marked_lines(chunk.data, _NEEDLES):
        offset = chunk.offset + start
        if mark == ODD:
            fold.events.append(Bad(offset, "not valid JSON"))
            continue
        try:
            fold.line(counted(records.LINE, chunk.data[start:end]), offset)
        except Unreadable as error:
            fold.events.append(Bad(offset, str(error)))
    return fold.events, fold.memo


class _Fold:
    """One pass over a chunk: the events so far and the memo, changed line by line."""

    def __init__(self, chunk: Chunk, memo: Memo) -> None:
        self.seen = chunk.seen
        self.memo = memo
        self.events: list[Event] = []
        path = PurePath(chunk.path)
        self.session = text(path.parent.name if path.name == "events.jsonl" else path.stem)
        self.turn: turns.Turn = memo.setdefault("turn", {})
        self.waiting: tool_memory.Waiting = memo.setdefault("waiting", {})
        self.outputs: dict[str, int] = memo.setdefault("outputs", {})  # model -> since shutdown
        self.totals: dict[str, list[int]] = memo.setdefault("totals", {})  # model -> at shutdown

    def line(self, line: records.Line, offset: int) -> None:
        at = stamp(line.timestamp, self.seen)
        kind, data = line.type, bytes(line.data)
        if kind in ("session.start", "session.resume"):
            self._started(decoded(records.START, data), kind == "session.start", at)
        elif kind in ("session.model_change", "session.auto_mode_resolved"):
            change = decoded(records.START, data)
            self._model(change.new_model or change.chosen_model)
        elif kind == "user.message" and text(line.id):
            self.events += turns.asked(self.turn, NAME, self.session, text(line.id), at)
        elif kind == "assistant.message":
            self._message(decoded(records.MESSAGE, data), text(line.id), at, offset)
        elif kind == "tool.execution_complete":
            self._tool_done(decoded(records.TOOL, data))
        elif kind == "session.shutdown":
            self._shutdown(decoded(records.SHUTDOWN, data), at, offset)
        elif kind in ("assistant.turn_end", "abort"):
            self._turn_ended("completed" if kind == "assistant.turn_end" else "aborted", at)
        elif kind == "subagent.started":
            agent = decoded(records.AGENT, data)
            if name := text(agent.tool):
                self.events.append(SessionFact(NAME, self.session, name, at=at,
                                               agent_type=text(agent.name)))  # fmt: skip

    def _started(self, start: records.Start, fresh: bool, at: int) -> None:
        self._model(start.selected_model)
        if place := start.context:
            cwd, root = text(place.cwd), text(place.git_root)
            self.memo["where"] = [cwd, text(place.branch), root or cwd]
        self.events.append(
            SessionFact(
                NAME, self.session, started=at if fresh else None, at=at, context=self._context(""),
                version=text(start.version),
            )
        )  # fmt: skip

    def _model(self, model: object) -> None:
        name = text(model)
        if name and name != "auto":
            self.memo["model"] = name

    def _context(self, task: str) -> Context:
        cwd, branch, project = self.memo.get("where", ("", "", ""))
        return Context(cwd, branch, project, task=task)

    def _message(self, message: records.Message, line_id: str, at: int, offset: int) -> None:
        """One reply: its output is known, its input is not, so it is a floor."""
        output = message.output or 0
        name = text(message.id) or line_id
        if not name or not (output or message.tools):
            return
        model = text(message.model) or self.memo.get("model", "")
        key = keys.paired(f"{NAME}/{self.session}", f"message/{name}")
        marks = [(text(x.id), tool_marks.asked(text(x.name), bytes(x.arguments)))
                 for x in message.tools or ()]  # fmt: skip
        agent = text(message.agent)
        if not agent:
            self.events += turns.replied(self.turn, NAME, self.session, at, bool(marks))
        if output:
            self.outputs[model] = self.outputs.get(model, 0) + output
            tools = tool_marks.waiting_for(self.waiting, key, marks)
            tokens = Tokens(output=output)
            call = self._call(key, model, tokens, at, offset)
            self.events.append(
                call._replace(agent=agent, tools=tools, request=text(message.request))
            )

    def _call(self, key: bytes, model: str, tokens: Tokens, at: int, offset: int) -> Call:
        return Call(
            key, NAME, self.session, model or "unknown", tokens, at,
            self._context(self.turn.get("id", "")), provider=PROVIDER, placeholder=True,
            estimated=not model, yields=True, offset=offset,
        )  # fmt: skip

    def _shutdown(self, told: records.Shutdown, at: int, offset: int) -> None:
        """What the sums of a model say beyond the messages: its input, and what was missed.

        Sums go on over a resumed session and begin anew when one falls (a compaction).
        """
        self.memo["legs"] = leg = int(self.memo.get("legs", 0)) + 1
        for model, used in told.sums().items():
            now = [used.input or 0, used.read or 0, used.write or 0, used.output or 0,
                   used.reasoning or 0]  # fmt: skip
            before = self.totals.get(model, [0] * 5)
            grown = all(x >= y for x, y in zip(now, before, strict=True))
            self.totals[model] = now
            whole, read, write, output, reasoning = (
                [x - y for x, y in zip(now, before, strict=True)] if grown else now
            )
            output = max(0, output - self.outputs.pop(model, 0))
            if not (whole or output):
                continue
            tokens = inclusive(whole, read, write, output, reasoning)
            key = keys.paired(f"{NAME}/{self.session}", f"shutdown/{leg}/{model}")
            call = self._call(key, model, tokens, at, offset)
            self.events.append(call._replace(placeholder=False, estimated=True))
        self.outputs.clear()
        self._turn_ended("completed", at)
        self.events.append(SessionFact(NAME, self.session, ended=at, at=at))

    def _turn_ended(self, status: str, at: int) -> None:
        if status == "completed" and self.turn.get("busy", True):
            return
        self.events += turns.ended(self.turn, NAME, self.session, status, at)

    def _tool_done(self, tool: records.Tool) -> None:
        if entry := self.waiting.pop(text(tool.id), None):
            result = fingerprint(bytes(tool.result), RESULT)
            self.events.append(tool_memory.outcome(entry, tool.success is False, result))


STORE = Source(
    NAME, "GitHub Copilot CLI", "rows", roots, ("session-store.db",), read_store, QUERIES
)
SOURCE = Source(
    f"{NAME}.events", "GitHub Copilot CLI, event logs", "lines", roots,
    ("session-state/*/events.jsonl", "session-state/*.jsonl"), read,
)  # fmt: skip
