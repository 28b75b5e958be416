"""A Codex thread while its rollout is read: whose it is, its turns, what it has used.

It reads no records: `rollouts` and `scanned` tell it in its verbs what they say (FORMATS 2).

Old builds log a thread's cumulative counters, and log them again and again: a call is a change of
the total. New builds (0.150 and later) log each request with its response id; once a file has such
a record its counters are passed over.

A fork's file begins with a copy of its parent's history, often with new timestamps. A call's key is
therefore made of what the copy keeps and no clock says (`request_keys`). So the common beginning of
two threads of a family is counted once, in whatever order their files come and whichever of them
are gone. The calls of a fork yield: what is also its parent's is its parent's.
"""

import re
from functools import lru_cache
from typing import Any, Literal

from costtop.columnar.call_columns import CallKind, CallRest, made
from costtop.model import Context, Event, PlainCall, SessionFact, TaskFact, Untold
from costtop.sources.codex import plan_limits, records, request_keys
from costtop.sources.codex.records import Counts
from costtop.sources.codex.request_keys import NAME
from costtop.sources.codex.request_runs import Request
from costtop.sources.codex.tool_calls import Tools
from costtop.sources.fold import keys
from costtop.sources.fold.source import Chunk, Memo
from costtop.sources.fold.times import held
from costtop.sources.fold.unread import unread_call

NOWHERE = ("", "", "")
DEFAULT_MODEL = "gpt-5"  # of early builds that log no model; marked as estimated
_AT_ONCE = 200  # ms: results that come with the end of a turn were not sent any more
_REPLAY = 5_000  # ms from the start of a fork in which copied turns are not its tasks
_ROLLOUT = re.compile(r"rollout-.*-([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")
_Whose = tuple[CallKind, CallRest]


class Thread:
    """The events so far and the memo, changed record by record."""

    def __init__(self, chunk: Chunk, memo: Memo, *, rows: bool = False) -> None:
        self._rows = rows  # its calls may be rows: many are handed on
        self.seen = chunk.seen
        self.memo = memo
        self.events: list[Event] = []
        self.tools = Tools(memo)
        self.at = 0  # of the present record as it says itself, however absurd
        named = _ROLLOUT.fullmatch(chunk.stem)
        self.name = named[1] if named else str(memo.get("id") or chunk.stem)
        self.home = plan_limits.home(chunk.path)
        self._limits = b""  # the rate limits of the latest record, as they stand in it

    def comes(self, told: int | None) -> int:
        """A record that tells this time (ms UTC) begins; its time held in range."""
        at = held(told, self.seen)
        self.at = told or at
        self.memo.setdefault("start", self.at)
        return at

    # -- whose ---------------------------------------------------------------------------------

    def opens(self, name: str, parent: str, origin: str) -> bool:
        """A record of a thread, forked from `origin`; whether it is the first, this thread's own.

        A copied history brings the records of its threads, the nearest first.
        """
        if "id" in self.memo:
            if name and name != self.memo["id"] and "chain" not in self.memo:
                self.memo.update(forked=True, family=origin or name)
            return False
        self.memo["id"] = name
        self.name = self.name if request_keys.is_unique(self.name) else name or self.name
        self.memo.update(child=bool(parent), forked=bool(origin), family=origin or parent or name)
        return True

    def about(self, parent: str, at: int, agent_type: str, version: str) -> None:
        """What its own record says of the session."""
        context = _context(*self.memo["where"], "")
        told: dict[str, Any] = {"agent_type": agent_type, "version": version, "context": context}
        self.events.append(SessionFact(NAME, self.name, parent=parent, started=at, at=at, **told))

    def context(self, turn: str, cwd: str, model: str, at: int) -> None:
        """A turn's context: where it works and what with."""
        where = self.memo.setdefault("where", ["", "", ""])
        where[0] = cwd or where[0]
        where[2] = where[2] or where[0]
        self.model(model)
        self.begins(turn, at, fresh=False)

    def model(self, name: str) -> None:
        """The model of the requests from here on; "" changes nothing."""
        if name:
            self.memo["model"] = name

    def replaying(self) -> bool:
        """Whether the record is one that the fork has copied: of its parent's time."""
        return bool(self.memo.get("forked")) and self.at - int(self.memo["start"]) <= _REPLAY

    def rate_limits(self, raw: bytes, at: int) -> None:
        """What the same words say again is nothing new, but where they count from now on."""
        if raw != self._limits or raw.find(plan_limits.FROM_NOW) >= 0:
            self._limits = raw
            self.events += plan_limits.told(raw, self.memo, (self.home, self.name), at)

    # -- turns ---------------------------------------------------------------------------------

    def begins(self, turn: str, at: int, *, fresh: bool) -> None:
        """A turn begins: `task_started` says so (fresh), the context record repeats it."""
        known = self.memo.get("turn", "")
        if self.memo.get("open") and (turn in ("", known) if not fresh else turn == known != ""):
            return
        self.memo["logged"] = turn
        if not turn:
            self.memo["turns"] = int(self.memo.get("turns", 0)) + 1
            turn = f"{self.name}:{self.memo['turns']}"
        self.memo.update(turn=turn, open=True)
        self._task(turn, "started", at)

    def finishes(self, turn: str, status: str, at: int) -> None:
        """The turn, or the one that is open, ends: completed, failed or aborted."""
        name = turn or self.memo.get("turn", "")
        if name and (turn != self.memo.get("turn") or self.memo.get("open")):
            self._task(name, status, at)
        self.memo["open"] = False

    def aborts(self, turn: str, at: int) -> None:
        """The turn is aborted, and with it, it may be, a request that is billed."""
        if at - self.memo.get("asked", at) > _AT_ONCE:
            self.untold("cancelled", at)
        self.finishes(turn, "aborted", at)

    def _task(self, turn: str, status: str, at: int) -> None:
        """Told unless it is copied history or the turn of a subagent, which no user asked for."""
        if not self.replaying() and not self.memo.get("child"):
            self.events.append(TaskFact(NAME, self.name, turn, status, at))

    def untold(self, kind: Literal["compaction", "cancelled"], at: int) -> None:
        """The request under way, if there is one: its turn ends without a count of it."""
        turn, asked = self.memo.get("logged", ""), self.memo.pop("asked", None)
        if asked is None or not request_keys.is_unique(turn):
            return  # without a turn's id nobody knows it again in a copy
        after = bytes.fromhex(self.memo.get("after", ""))
        key = keys.whole(NAME, kind, turn, self.memo.get("after", ""))
        took = at - asked if kind == "cancelled" else None
        self.events.append(Untold(key, kind, NAME, self.name, at, after=after, took=took))

    # -- usage ---------------------------------------------------------------------------------

    def unread(self, line: bytes, offset: int) -> None:
        """A line that was billed and cannot be read."""
        model, turn = self.memo.get("model", ""), self.memo.get("turn", "")
        told: dict[str, Any] = {
            "model": model,
            "context": _context(*self.memo.get("where", NOWHERE), turn),
        }
        self.events.append(unread_call(NAME, self.name, line, self.seen, offset=offset, **told))

    def requested(
        self,
        response: str,
        turn: str,
        session: str,
        whole: Counts,
        used: Counts,
        at: int,
        offset: int,
    ) -> None:
        """One request with its id; raises Unreadable where its counts contradict each other."""
        self.memo["records"] = True
        logged = turn or self.memo.get("logged", "")
        if response:
            key = request_keys.of_response(self.memo, self.name, response, logged, used)
        else:
            key = request_keys.of_counts(self.memo, self.name, whole, used, turn)
        self._call(key, used, at, offset, self._whose(session or self.name, turn), response)

    def counted(
        self, total: Counts | None, last: Counts | None, model: str, at: int, offset: int
    ) -> None:
        """A thread's counters; raises Unreadable where they contradict each other."""
        memo = self.memo
        if memo.get("records"):
            return
        self.model(model)
        before = memo.get("total")
        if total is not None:
            memo["total"] = counts = list(total)
            if before == counts:
                return  # logged again without a new request
        used = last or _grown(total, before)
        if used is None or not (used[0] or used[3]):
            return  # the window was filled up: a new baseline, no request
        key = request_keys.of_counts(memo, self.name, total, used, memo.get("logged", ""))
        if last is None and before is None and memo.get("forked"):
            return  # what its parent had used when it was forked
        self._call(key, used, at, offset, self._whose(self.name, yields=self._yields()))

    def ran(self, requests: list[Request]) -> None:
        """Requests of a turn whose counts followed each other, named and taken at once."""
        if not requests:
            return
        kind, rest = self._whose(self.name, yields=self._yields())
        (key, *_), _ = requests[-1]
        self._told(key)
        make = tuple.__new__  # the constructor would do nothing but this
        self.events += [make(PlainCall, (kind, rest, own, tools)) for own, tools in requests]

    def _yields(self) -> bool:
        """Whether what is counted may be its parent's, too."""
        copy = self.memo.get("forked") or self.memo.get("child")
        return bool(copy) and not request_keys.is_unique(self.memo.get("logged", ""))

    def _call(
        self, key: bytes, used: Counts, at: int, offset: int, whose: _Whose, request: str = ""
    ) -> None:
        tokens = records.tokens_of(used)
        self._told(key)
        row = PlainCall(*whose, (key, at, *tokens, request, offset), self.tools.used(key))
        whole = self._rows and (not request or keys.is_global(request))
        self.events.append(row if whole else made(row))

    def _whose(self, session: str, turn: str = "", *, yields: bool = False) -> _Whose:
        get = self.memo.get
        told = (session, get("model", ""), get("provider", ""), get("tier", ""))
        return _whose(*told, *get("where", NOWHERE), turn or get("turn", ""), yields)

    def _told(self, key: bytes) -> None:
        """The request `key` is the last one that was told."""
        self.memo["after"] = key.hex()
        self.memo.pop("asked", None)


def _grown(total: Counts | None, before: list[int] | None) -> Counts | None:
    """What was used since the total `before`; all of `total` where the counter began anew."""
    if total is None:
        return None
    if before is None:
        return total
    a, b, c, d, e, _ = (now - then for now, then in zip(total, before, strict=True))
    return total if min(a, b, c, d, e) < 0 else (a, b, c, d, e, 0)


@lru_cache(maxsize=1024)
def _whose(
    session: str,
    model: str,
    provider: str,
    tier: str,
    cwd: str,
    branch: str,
    project: str,
    turn: str,
    yields: bool,
) -> _Whose:
    context = _context(cwd, branch, project, turn)
    kind = CallKind(NAME, session, model or DEFAULT_MODEL, context, "", provider, tier, "", "")
    return kind, CallRest(estimated=not model, yields=yields)


@lru_cache(maxsize=1024)
def _context(cwd: str, branch: str, project: str, task: str) -> Context:
    return Context(cwd, branch, project, task=task)
