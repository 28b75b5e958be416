"""Deeds on sessions' processes as commands ask for them: planned, done, journalled. It finds none."""

from collections.abc import Awaitable, Callable

from costtop.control.protocol import Kill, Pause, Resume
from costtop.errors import CosttopError
from costtop.processes.deeds import Deeds
from costtop.processes.holder import Holder
from costtop.processes.vitals import Vitals

Journal = Callable[[str, str, str, str], Awaitable[None]]
"""(by, deed, session, detail) -> kept."""


class Hands:
    """What acts on processes, for as long as the daemon lives: it outlives a reload."""

    def __init__(self) -> None:
        self.holder = Holder()
        self.vitals = Vitals(self.holder)
        self.deeds = Deeds(self.holder, self.vitals)

    def plan(self, session: str, asker: int) -> list[str]:
        """What each rung of a kill would do; raises Refused with the reason."""
        return [f"{rung.rung}: {rung.words}" for rung in self.deeds.plan(session, asker)]

    async def act(self, command: Pause | Resume | Kill, asker: int, journal: Journal) -> list[str]:
        """Follows the deed to its end; returns what every step did, raises where it failed."""
        session, typed = command.session, command.typed
        match command:
            case Pause():
                deed, steps = "pause", self.deeds.pause(session, asker, typed)
            case Resume():
                deed, steps = "resume", self.deeds.resume(session, asker, typed)
            case Kill(rung=rung):
                deed = f"kill up to {rung}"
                steps = self.deeds.kill(session, asker, typed, last=f"SIG{rung}")
        taken = [step async for step in steps]
        said = [step.what for step in taken]
        await journal(command.by, deed, session, " · ".join(said))
        if not taken or not taken[-1].success:
            raise CosttopError(said[-1] if said else f"{deed}: nothing was done")
        return said
