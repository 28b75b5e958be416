"""Commands that `costtop run` started: which sessions are theirs, and what they cost.

The rule: a session belongs to a run when its process, as the kernel shows it, is the run's command
or below it. Only where no process is known of a session (a program that writes costtop's own lines)
does it count that it began in the run's folder meanwhile, and only while no other run is there.
"""

import os
from collections.abc import Sequence

from costtop.control.protocol import BeginRun
from costtop.daemon.wiring import Wired
from costtop.durations import now_ms
from costtop.errors import Refused
from costtop.processes.evidence.evidence_nouns import PeerReport
from costtop.processes.evidence.search import NO_PROCESSES
from costtop.processes.holder import Holder
from costtop.processes.inspect.inspector import lineage
from costtop.receive.caller import Caller
from costtop.store.sessions import runs
from costtop.store.sessions.runs import Run
from costtop.text import clean

_STARTED_BEFORE = 1_000  # ms that clocks and rounded times of logs may be off
_SETTLED = 5_000  # ms after its first call in which a session's process is found
Chain = tuple[tuple[int, int], ...]


class StartedRuns:
    """The runs under way and the sessions that are still to be put into them."""

    def __init__(self, instance: Wired, holder: Holder) -> None:
        self._writer, self._write_context = instance.writer, instance.write_context
        self._evaluator = instance.evaluator
        self._holder = holder
        self._runs: dict[str, Run] = {}
        self._met: dict[str, Run] = {}
        self._namesakes: set[str] = set()  # met by their project's name alone: no evidence

    async def restore(self) -> None:
        """Goes on with the runs of an earlier daemon whose command still lives."""
        for run in await self._writer.read(runs.under_way):
            now = self._holder.inspector.glance(run.pid)
            if now is not None and now.start == run.start:
                self._runs[run.id] = run
            else:
                await self._writer.transact(runs.end, run.id, now_ms())

    async def begin(self, command: BeginRun, caller: Caller) -> str:
        """Keeps a run; raises Refused where its command is not the caller's own child."""
        inspector = self._holder.inspector
        one = inspector.glance(command.pid)
        if one is None and inspector.glance(os.getpid()) is None:
            raise Refused(NO_PROCESSES)
        asked = caller.pid > 0 or caller.outside  # else the system does not say who calls
        if one is None or (asked and caller.pid not in {one.parent, one.pid}):
            raise Refused(f"process {command.pid} is not a command that the caller started")
        run = Run(
            id=clean(command.id, 64),
            pid=one.pid,
            start=one.start,
            cwd=clean(command.cwd, 4096),
            feature=clean(command.feature),
            task=clean(command.task),
            user=clean(command.user),
            began=now_ms() - _STARTED_BEFORE - round(inspector.age(one.start) * 1000),
        )
        self._runs[run.id] = run
        await self._writer.transact(runs.begin, run)
        return f"run {run.id} has begun"

    async def end(self, run: str) -> list[dict[str, object]]:
        """Ends a run; its sessions, the dearest first."""
        await self.settle(now_ms())
        self._runs.pop(run, None)
        found = await self._writer.read(runs.sessions, run)
        living = [one.session for one in found if self._lives(one.session)]
        await self._writer.transact(runs.end, run, now_ms(), living)
        return [one._asdict() for one in found]

    def _lives(self, session: str) -> bool:
        found = self._holder.find(session)
        return found.process is not None and not found.gone

    def met(self, session: str, chain: Chain) -> None:
        """A hook of this session reported these ancestors."""
        for run in self._runs.values():
            if (run.pid, run.start) in chain and session not in self._write_context.runs:
                self._met[session] = run

    async def settle(self, until: int | None = None) -> None:
        """Puts every session whose process is in a run into it; called after each search.

        `until`: no process will be found any more of sessions that began before it.
        """
        for session in self._holder.sessions() if self._runs else ():
            handle = self._holder.handle(session)
            if session not in self._write_context.runs and handle is not None:
                self.met(session, (handle.identity, *lineage(handle.pid, self._holder.inspector)))
        await self._guess(until or now_ms() - _SETTLED)
        while self._met:
            session, run = self._met.popitem()
            moved = await self._writer.transact(runs.attach, self._write_context, session, run)
            if moved:
                self._evaluator.fall_asleep()  # budgets of features have changed under it
            if session not in self._namesakes:
                self._report(session, run)

    async def _guess(self, until: int) -> None:
        """Sessions of a run's folder without any known process, once searches had their time."""
        folders = [run.cwd for run in self._runs.values()]
        names = [os.path.basename(folder) for folder in folders]
        self._namesakes.clear()
        for run in self._runs.values():
            if folders.count(run.cwd) > 1:
                continue
            here = await self._writer.read(runs.begun_here, run.cwd, run.began, until)
            if names.count(os.path.basename(run.cwd)) == 1:
                named = await self._writer.read(runs.begun_by_name, run.cwd, run.began, until)
                self._namesakes.update(named)
                here += named
            for session in here:
                if (
                    session not in self._write_context.runs
                    and self._holder.find(session).process is None
                ):
                    self._met[session] = run

    def _report(self, session: str, run: Run) -> None:
        """The run's own command is the process of its only session, if none is known better."""
        found = self._holder.find(session)
        others: Sequence[str] = [
            key for key in self._write_context.runs if key != session and self._holder.handle(key)
        ]
        one = found.process
        own = one is not None and self._holder.speaks(session) and one.pid == run.pid
        if (one is None or own) and not others:
            self._holder.report(PeerReport(session, "run", ((run.pid, run.start),)))
