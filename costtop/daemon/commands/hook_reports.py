"""Hears what agents' hooks and status lines say of themselves.

The kernel says who is at the other end of the socket, and its parents are the agent: an exact map
from session to process, which no log can forge. A report whose sender has gone already counts for
nothing; the next one comes with the next tool.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence

from costtop import money
from costtop.control.protocol import Hook
from costtop.daemon.ingest.fold import sorted_events
from costtop.daemon.ingest.intake import place_of
from costtop.daemon.wiring import Wired
from costtop.durations import now_ms
from costtop.lasting_tasks import LastingTasks
from costtop.plan_reading import PlanReading
from costtop.processes.evidence.evidence_nouns import PeerReport
from costtop.processes.holder import Holder
from costtop.processes.inspect.inspector import lineage
from costtop.receive.caller import Caller
from costtop.sources.claude import pr_links, status_limits
from costtop.store import gating
from costtop.store.alerts import breakers
from costtop.store.calls import otlp_only
from costtop.store.git import pull_links
from costtop.store.plans import plan_readings
from costtop.store.sessions import gate_calls, live_logs, sessions
from costtop.store.sessions.gate_calls import GateCall
from costtop.tail.place import is_file

CHANNEL = b"statusline"
Chain = tuple[tuple[int, int], ...]
_MOST = 200  # reports under way; more are dropped, they come again
_LARGEST = 1e9  # dollars
_LONGEST = 200  # characters of a session's id
_MOST_SESSIONS = 2_000
_PROVEN = 5_000  # ms between two proofs of one gate: a breaker asks whether it is still called


class HookReports:
    """Takes reports: at once what would vanish with the sender, later what the store must know."""

    def __init__(
        self,
        instance: Wired,
        holder: Holder,
        met: Callable[[str, Chain], None],
        look_at: Callable[[Sequence[bytes]], None],
        tasks: LastingTasks,
    ) -> None:
        self._ingest, self._writer, self._holder = instance.ingest, instance.writer, holder
        self._met, self._look_at = met, look_at
        self._tasks = tasks
        self._under_way: set[asyncio.Task[None]] = set()
        self._confirmed: set[str] = set()  # sessions that the store knows to have hooks
        self._windows: dict[str, str] = {}  # by session, what its status line said of the plan
        self._pulls: dict[str, str] = {}  # by session, the pull request that it showed
        self._gated: dict[str, int] = {}  # by session, when its gate's call was last written

    def hear(self, command: Hook, caller: Caller) -> None:
        """Takes one report of a hook that is still waiting."""
        if len(self._under_way) >= _MOST or len(command.session) > _LONGEST:
            return
        chain = lineage(caller.pid, self._holder.inspector) if caller.pid > 0 else ()
        if not caller.lives():  # its number may be another's, and the parents that one's
            chain = ()
        task = self._tasks.once("hook", self._take(command, chain))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _take(self, command: Hook, chain: Chain) -> None:
        about = await self._writer.read(gating.facts, command.source, command.session)
        key = str(about["session"])
        if chain:
            self._holder.report(PeerReport(key, "hook", chain, command.source))
            self._met(key, chain)
        # A hook runs right after its call was logged: the cap is judged by that, not by a clock.
        self._look_at(await self._writer.read(_logs, about["root"]))
        if key not in self._confirmed:
            await self._writer.transact(otlp_only.confirm, key, now_ms())
            self._confirmed.add(key)
        await self._prove(command, key, now_ms())
        if command.said or command.event in {"prompt", "statusline"}:
            await self._writer.transact(_note, command, key, now_ms())
        if command.limits:
            await self._tell_windows(command, key, now_ms())
        if command.pr:
            await self._tell_pull(command, key, now_ms())

    async def _tell_windows(self, command: Hook, key: str, now: int) -> None:
        """Keeps what is new of the plan's windows.

        A session that rests tells its last answer's again whenever its line is drawn anew.
        """
        if self._windows.get(key) == command.limits:
            return
        if len(self._windows) >= _MOST_SESSIONS:
            self._windows.clear()
        told = status_limits.told(command.limits, command.log, now, command.session)
        news = await self._writer.read(_news, told)
        if news:
            place = place_of(CHANNEL)
            await self._ingest.commit([sorted_events(command.source, place, {}, news, 0)])
        self._windows[key] = command.limits  # where that fails it is heard again

    async def _tell_pull(self, command: Hook, key: str, now: int) -> None:
        """Keeps the pull request that a status line shows, where it is another than before."""
        if self._pulls.get(key) == command.pr:
            return
        if len(self._pulls) >= _MOST_SESSIONS:
            self._pulls.clear()
        self._pulls[key] = command.pr
        where = await self._writer.read(pull_links.where, command.source, command.session)
        told = pr_links.of_status_line(command.pr, command.session, now, where)
        if told:
            place = place_of(CHANNEL)
            await self._ingest.commit([sorted_events(command.source, place, {}, told, 0)])

    async def _prove(self, command: Hook, key: str, now: int) -> None:
        """Writes that this session's gate runs, now and then: a status line is no gate."""
        if command.event == "statusline" or 0 <= now - self._gated.get(key, 0) < _PROVEN:
            return
        handle = self._holder.handle(key)
        call = GateCall(now, handle.pid if handle else 0, key)
        await self._writer.transact(gate_calls.put, command.source, call)
        self._gated[key] = now


def _logs(db: sqlite3.Connection, root: object) -> Sequence[bytes]:
    found = live_logs.logs(db, root) if isinstance(root, int) else ()
    return [path for path in found if is_file(path)]


def _note(db: sqlite3.Connection, command: Hook, key: str, now: int) -> None:
    if command.said in {"deny", "stop"}:
        breakers.denied(db, key, now)
    elif command.said:
        found = gating.verdict(db, command.source, command.session, now)
        if found is not None:
            breakers.spared(db, key, found[2], command.said)
    elif command.event == "prompt":
        breakers.spoke(db, key, now)
    else:
        cost = command.cost
        known = cost is not None and 0 <= cost < _LARGEST
        nanos = money.from_dollars(cost) if known and cost is not None else None
        sessions.put_statusline(db, key, nanos, now)


def _news(db: sqlite3.Connection, told: list[PlanReading]) -> list[PlanReading]:
    return [one for one in told if not plan_readings.is_retold(db, one)]
