"""Keeps the processes behind live sessions found and handle."""

import asyncio
import json
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from costtop import lasting_tasks
from costtop.daemon.ingest.log_roots import second_homes
from costtop.durations import HOUR, now_ms
from costtop.processes.evidence import agent_files
from costtop.processes.evidence.evidence_nouns import ProcessClaim, Wanted
from costtop.processes.evidence.search import search
from costtop.processes.evidence.sole_agent import SoleAgents
from costtop.processes.holder import Found, Holder
from costtop.processes.inspect.inspector import system_inspector
from costtop.processes.vitals import Vitals
from costtop.sources.claude import transcript_files
from costtop.store import gating, meta
from costtop.store.sessions import live_logs
from costtop.store.writer import Writer
from costtop.tail.place import shown

_KNOWN = "processes_known"  # meta: JSON of the processes known for sure, and of their exits
_EVERY = 2.0  # s
_SHARE, _LONGEST = 0.003, 60.0  # of a core at most, which thousands of sessions stretch it to; s
_SOON, _SOON_SHARE = 0.5, 0.03  # the same while sessions are young: a cap or a budget may wait
_YOUNG = 30.0  # s since a session was first searched for
_LOOK = 4.0  # s between two looks whether a process has ended, while nothing else happens
_CALM = 60.0  # s after the last sign of a change for which it searches on
_RARELY, _VITALS = 300.0, 10.0  # s between two searches, and two looks at what is held, after that
_SURE = ("exact", "strong")
_LIVE_FOR = 2 * HOUR  # since its last call in which a session's process is looked for


class ProcessSearch:
    """Searches every few seconds while something happens, and tells the holder."""

    def __init__(
        self,
        writer: Writer,
        holder: Holder,
        vitals: Vitals,
        after: Callable[[], Awaitable[None]] | None = None,
        exits: dict[str, int] | None = None,
    ) -> None:
        self._writer, self._holder, self._vitals = writer, holder, vitals
        self._after = after  # what wants to know who was found
        self._sure: dict[str, tuple[int, int]] = {}  # living processes that were known exactly
        self._exits = {} if exits is None else exits
        self._kept = ""  # what was written down of both
        self._lone = SoleAgents()
        self._newest = 0  # the latest session that a search has been asked of
        self._first: dict[str, float] = {}  # when a session was first searched for, monotonic
        self._seen: tuple[object, ...] = ()
        self._changed = self._looked = time.monotonic()

    async def run(self) -> None:
        """For ever."""
        await self.restore()
        while True:
            began = time.thread_time()
            searched = await self.once()
            took = time.thread_time() - began + searched
            lasting_tasks.well()
            await self._rest(took)
            await self._calm()

    async def _rest(self, took: float) -> None:
        """Until the next search is due: soon where a session has just begun, or is not known."""
        until = time.monotonic() + min(max(_EVERY, took / _SHARE), _LONGEST)
        await asyncio.sleep(min(max(_SOON, took / _SOON_SHARE), _LONGEST))
        before = self._writer.commits
        while (left := until - time.monotonic()) > 0 and not self._seeks_young():
            if await self._writer.read(live_logs.newest) > self._newest:
                return
            await self._writer.moved(before, left)
            await asyncio.sleep(min(_SOON, left))
            before = self._writer.commits

    def _seeks_young(self) -> bool:
        """Whether the process of a session is not known that was never searched for until now."""
        now = time.monotonic()
        young = (session for session, first in self._first.items() if now - first < _YOUNG)
        return any(not self._is_sure(session) for session in young)

    async def _calm(self) -> None:
        """Until a search may find something else: after a commit, a report, an exit; or at last.

        For a minute after these it searches on, for evidence may come a little later.
        """
        since = time.monotonic()
        while True:
            signs, now = self._signs(), time.monotonic()
            if signs != self._seen:
                self._seen, self._changed = signs, now
            if now - self._changed < _CALM or now - since >= _RARELY:
                return
            if now - self._looked >= _VITALS and self._holder.sessions():
                self._looked = now
                self._vitals.refresh()
            lasting_tasks.well()
            await self._writer.moved(self._writer.commits, _LOOK)

    def _signs(self) -> tuple[object, ...]:
        """What differs once a call, a mark or a hook's word was stored, or a process has ended."""
        handles = (self._holder.handle(session) for session in self._holder.sessions())
        gone = sum(handle is not None and handle.gone() for handle in handles)
        return self._writer.commits, self._holder.sessions(), gone

    async def once(self) -> float:
        """One search for the processes of all live sessions; the seconds of a core it took."""
        self._newest = await self._writer.read(live_logs.newest)
        wanted, asked = await self._writer.read(_live, now_ms() - _LIVE_FOR)
        claims, took = await asyncio.to_thread(_timed_search, wanted, self._lone)
        self._holder.take(wanted, claims)
        now = time.monotonic()
        self._first = {
            one.session: self._first.get(one.session, now) for one in wanted if _is_found_late(one)
        }
        await self._let_go({one.session for one in wanted})
        if self._holder.sessions():
            self._vitals.refresh()
        if self._after is not None:
            await self._after()
        await self._keep()
        return asked + took

    async def restore(self) -> None:
        """Takes up what the daemon before knew for sure: it may have ended since."""
        self._kept = await self._writer.read(meta.get, _KNOWN)
        known = json.loads(self._kept or "{}")
        self._sure |= {name: (pid, start) for name, (pid, start) in known.get("sure", {}).items()}
        for session, at in known.get("exits", {}).items():
            self._exits.setdefault(session, at)

    async def _keep(self) -> None:
        """Writes both down where they have changed, for the daemon after this one."""
        exits = self.exited()
        known = json.dumps({"sure": self._sure, "exits": exits}, sort_keys=True)
        if known != self._kept:
            await self._writer.transact(meta.put, {_KNOWN: known})
            self._kept = known

    async def _let_go(self, listed: set[str]) -> None:
        """Forgets, of sessions that the store did not list, what is no longer worth a handle.

        A process once known stays known while it lives: its hook may have told of it before its
        first call was stored, or it has been idle for hours and is to be ended now.
        """
        for session in set(self._holder.sessions()) - listed:
            source, _, name = session.partition("/")
            about = await self._writer.read(gating.facts, source, name)
            found = self._holder.find(session)  # now: a report may have come meanwhile
            guessed = found.confidence == "weak" and not self._paused(session)
            if (
                found.gone or guessed or about["session"] != session
            ):  # a subagent's: its root has it
                self._holder.forget(session)

    def _paused(self, session: str) -> bool:
        info = self._vitals.info(session)
        return info is not None and info.state == "T"

    def seen(self) -> dict[str, dict[str, object]]:
        """Processes by session, for the status file: what the screen shows of them."""
        found = (self._holder.find(session) for session in self._holder.sessions())
        return {one.session: self._told(one) for one in found if one.process and not one.gone}

    def exited(self) -> dict[str, int]:
        """When the exit of a process that was known for sure was noticed, ms, by session."""
        now = now_ms()
        found = {session: self._holder.find(session) for session in self._holder.sessions()}
        living = {
            one.session: one.process.identity
            for one in found.values()
            if one.process and not one.gone and self._is_sure(one.session)
        }
        for session, (pid, start) in self._sure.items():
            process = self._holder.inspector.glance(pid)
            ended = process is None or process.identity != (pid, start) or process.state == "Z"
            if session not in living and ended:
                self._exits.setdefault(session, now)
        for session, one in found.items():  # also of one that lived between two looks alone
            if one.gone and self._is_sure(session):
                self._exits.setdefault(session, now)
        for session, at in list(self._exits.items()):
            if session in living or now - at >= _LIVE_FOR:
                del self._exits[session]
        self._sure = living
        return self._exits

    def _is_sure(self, session: str) -> bool:
        """Whether its process is the session's own, so that both end together."""
        return self._holder.confidence(session) in _SURE and self._holder.ends(session)

    def _told(self, found: Found) -> dict[str, object]:
        info = self._vitals.info(found.session)
        vitals = info._asdict() if info else {}
        return {
            **vitals,
            "pid": found.process.pid if found.process else None,
            "confidence": found.confidence,
            "evidence": found.evidence,
            "refusal": found.refusal,
        }


def claude_roots(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Claude Code's configuration folders."""
    home = Path(environ.get("HOME") or Path.home())
    second = (folder for source, folder in second_homes(environ) if source.name == "claude-code")
    return [folder.parent for folder in (*transcript_files.roots(environ, home), *second)]


def _live(db: sqlite3.Connection, since: int) -> tuple[list[Wanted], float]:
    began = time.thread_time()
    wanted = [_wanted(session) for session in live_logs.since(db, since)]
    return wanted, time.thread_time() - began


def _timed_search(wanted: list[Wanted], lone: SoleAgents) -> tuple[list[ProcessClaim], float]:
    began = time.thread_time()
    wanted = agent_files.placed(wanted)
    claims = lone.weighed(wanted, search(wanted, claude_roots()), system_inspector())
    return claims, time.thread_time() - began


def _is_found_late(one: Wanted) -> bool:
    """Whether a search may still find it: of calls over a socket alone the kernel names who calls.

    That is heard with the call; all that a search adds is who carries its id.
    """
    return bool(one.cwd or one.hint is not None or any(map(os.path.isabs, one.logs)))


def _wanted(session: live_logs.LiveSession) -> Wanted:
    return Wanted(
        session=session.key,
        source=session.source,
        ids=session.ids,
        cwd=session.cwd,
        logs=tuple(shown(path) for path in session.logs),
        hint=session.pid,
        started=session.started,
        last=session.last,
    )
