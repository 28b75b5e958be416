"""Actions on sessions' processes, as asked for: planned, done, journalled."""

import asyncio
import logging

from costtop.control.protocol import Kill, Pause, Plan, Resume
from costtop.daemon.actions.action_log import ActionLog
from costtop.durations import now_ms
from costtop.errors import CosttopError
from costtop.processes.actions import Actions
from costtop.processes.holder import Holder
from costtop.processes.vitals import Vitals
from costtop.store.sessions import kill_intents
from costtop.store.writer import Writer

_FOUND_WITHIN = 10.0  # s after a start in which a process is looked for again
_LOOK = 0.2  # s
log = logging.getLogger("costtop")


class ProcessActions:
    """What acts on processes, for as long as the daemon lives: it outlives a reload."""

    def __init__(self) -> None:
        self.holder = Holder()
        self.vitals = Vitals(self.holder)
        self.exits: dict[str, int] = {}  # when it was noticed that a session's process had exited
        self.actions = Actions(self.holder, self.vitals)
        self._deeds: set[asyncio.Future[None]] = set()  # under way, each until it is written down

    def plan(self, command: Plan, asker: int) -> list[str]:
        """What each rung of a deed would do; raises Refused with the reason."""
        pausing = command.deed == "pause"
        planned = self.actions.plan_pause if pausing else self.actions.plan
        rungs = planned(command.session, asker, typed=command.typed)
        return [f"{rung.rung}: {rung.words}" for rung in rungs]

    def evidence(self, session: str, typed: int | None = None) -> dict[str, object]:
        """Which process it would be, and how sure that is; `typed` as in `Holder.enter`."""
        handle, found = self.holder.enter(session, typed)
        handle.close()
        return {
            "pid": found.process.pid if found.process and not found.gone else None,
            "confidence": found.confidence,
            "evidence": found.evidence,
            "terminal": self.actions.has_terminal(session, typed),
        }

    async def act(
        self, command: Pause | Resume | Kill, asker: int | None, action_log: ActionLog
    ) -> list[str]:
        """Follows the deed to its end; returns what every step did, raises where it failed."""
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._deeds.add(over)
        try:
            return await self._act(command, asker, action_log)
        finally:
            self._deeds.discard(over)
            over.set_result(None)

    async def _act(
        self, command: Pause | Resume | Kill, asker: int | None, action_log: ActionLog
    ) -> list[str]:
        session, typed = command.session, command.typed
        match command:
            case Pause():
                deed, steps = "pause", self.actions.pause(session, asker, typed)
            case Resume():
                deed, steps = "resume", self.actions.resume(session, asker, typed)
            case Kill(rung=rung):
                deed = f"kill up to {rung}"
                steps = self.actions.kill(session, asker, typed, last=f"SIG{rung}")
        intent = await self._intend(command, action_log)
        taken = [step async for step in steps]
        said = [step.what for step in taken]
        done = bool(taken) and taken[-1].success
        if not done:  # nobody reads of it as of a deed that was done
            sent = any(step.outcome == "sent" for step in taken)
            deed = f"{command.do} {'without success' if sent else 'refused'}"
        await action_log.note(command.by, deed, session, " · ".join(said))
        if intent:
            await action_log.fulfil(intent)
        if not done:
            raise CosttopError(said[-1] if said else f"{deed}: nothing was done")
        return said

    async def settle(self, seconds: float) -> None:
        """Waits until no deed that was asked for is under way, for so long at most."""
        if self._deeds:
            await asyncio.wait(self._deeds, timeout=seconds)

    async def _intend(self, command: Pause | Resume | Kill, action_log: ActionLog) -> int:
        handle = self.holder.handle(command.session)
        if not isinstance(command, Kill) or handle is None:
            return 0
        return await action_log.intend(command.session, handle.identity, command.rung, command.by)

    async def finish(self, writer: Writer, action_log: ActionLog, *, acting: bool = True) -> None:
        """Goes on with kills that an earlier daemon began and did not end (K9), then waits.

        Only where the process is held again and is the same one; otherwise it is written down.
        """
        for intent in await writer.transact(kill_intents.left, now_ms()) if acting else ():
            if await self._again(intent):
                await self._go_on(intent, action_log)
            else:
                words = f"costtop was restarted and process {intent.pid} is not found again"
                await action_log.note(intent.by, "kill given up", intent.session, words)
            await action_log.fulfil(intent.id)
        await asyncio.Event().wait()

    async def _go_on(self, intent: kill_intents.Intent, action_log: ActionLog) -> None:
        by = f"{intent.by}, gone on with after a restart"
        order = Kill(intent.session, intent.rung, by, intent.pid)  # type: ignore[arg-type]
        try:
            await self.act(order, None, action_log)
        except CosttopError as error:
            log.warning("%s: %s", intent.session, error)

    async def _again(self, intent: kill_intents.Intent) -> bool:
        loop = asyncio.get_running_loop()
        end = loop.time() + _FOUND_WITHIN
        while loop.time() < end:
            handle = self.holder.handle(intent.session)
            if handle is not None and handle.identity == (intent.pid, intent.start):
                return True
            await asyncio.sleep(_LOOK)
        return False
