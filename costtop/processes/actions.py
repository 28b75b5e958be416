"""Deeds on a session's process: pause, resume, kill; one at a time, each told step by step.

It asks `holder` who the process is and refuses where the answer is not safe. It knows no budgets
and writes no audit: the caller stores the steps.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

from costtop.errors import Refused
from costtop.processes.handle import Held
from costtop.processes.holder import Holder
from costtop.processes.kill.cgroup import scope_of
from costtop.processes.kill.ladder import Pace, Rung, Step, climb, plan, vanished
from costtop.processes.kill.pause import pause, plan_pause, resume
from costtop.processes.kill.tree import Tree
from costtop.processes.refuse import refusal
from costtop.processes.vitals import Vitals

_Walk = Callable[[Tree], AsyncIterator[Step]]


class Deeds:
    """What may be done to held processes, and what is under way.

    Every deed takes the session, `asker` (pid of the screen or command that asks, None for costtop
    itself) and `typed` (the pid that the user typed: needed where the confidence is weak).
    """

    def __init__(self, holder: Holder, vitals: Vitals, pace: Pace | None = None) -> None:
        self._holder = holder
        self._vitals = vitals
        self._pace = pace or Pace()
        self._running: dict[tuple[int, int], Run] = {}

    def plan(
        self, session: str, asker: int | None = None, last: str = "SIGKILL"
    ) -> tuple[Rung, ...]:
        """What each rung of a kill, up to `last`, will do to whom. Raises Refused and says why."""
        with self._tree(self._ready(session, asker), session) as tree:
            return plan(tree, self._pace, last)

    def plan_pause(self, session: str, asker: int | None = None) -> tuple[Rung, ...]:
        """What a pause will do to whom. Raises Refused with the reason."""
        with self._tree(self._ready(session, asker), session) as tree:
            return plan_pause(tree)

    def kill(
        self,
        session: str,
        asker: int | None = None,
        typed: int | None = None,
        last: str = "SIGKILL",
    ) -> AsyncIterator[Step]:
        """SIGINT, SIGTERM, SIGKILL, as far as needed and no further than `last`.

        It goes on when the caller stops listening; a second caller hears the same steps.
        """

        def walk(tree: Tree) -> AsyncIterator[Step]:
            return climb(tree, self._holder.see, self._pace, last)

        return self._do("kill", walk, session, asker, typed)

    def pause(
        self, session: str, asker: int | None = None, typed: int | None = None
    ) -> AsyncIterator[Step]:
        """SIGSTOP to the process and all below it."""
        return self._do("pause", pause, session, asker, typed)

    def resume(
        self, session: str, asker: int | None = None, typed: int | None = None
    ) -> AsyncIterator[Step]:
        """SIGCONT to the process and all below it."""
        return self._do("resume", resume, session, asker, typed)

    async def _do(
        self, name: str, walk: _Walk, session: str, asker: int | None, typed: int | None
    ) -> AsyncIterator[Step]:
        try:
            held = self._ready(session, asker, typed, sure=True)
            run = self._run(name, held, session, walk)
        except Refused as refused:
            yield Step("", str(refused), "refused")
            return
        async for step in run.follow():
            yield step

    def _run(self, name: str, held: Held, session: str, walk: _Walk) -> "Run":
        run = self._running.get(held.identity)
        if run is not None and not run.ended:
            if run.name != name:
                raise Refused(f"a {run.name} of process {held.pid} is under way")
            return run
        self._running = {key: one for key, one in self._running.items() if not one.ended}
        run = Run(name, self._walk(held, session, walk))
        self._running[held.identity] = run
        return run

    async def _walk(self, held: Held, session: str, walk: _Walk) -> AsyncIterator[Step]:
        if held.gone():
            yield vanished(held)
            return
        with self._tree(held, session) as tree:
            async for step in walk(tree):
                yield step

    def _tree(self, held: Held, session: str) -> Tree:
        known = self._vitals.below(session)
        return Tree(held, self._holder.see, known, scope_of(held.pid))

    def _ready(
        self, session: str, asker: int | None, typed: int | None = None, *, sure: bool = False
    ) -> Held:
        """The held process, if a deed on it is safe now; raises Refused otherwise."""
        held, found = self._holder.held(session), self._holder.find(session)
        if held is None or found.refusal:
            raise Refused(found.refusal)
        if found.gone:
            if sure:
                return held  # the deed tells it, as a success where it is one
            raise Refused(vanished(held).what)
        reason = refusal(held.pid, self._holder.see, asker)
        if not reason and not self._holder.confirms(session):
            reason = f"process {held.pid} no longer shows that it is this session's"
        if not reason and sure and found.confidence == "weak" and typed != held.pid:
            reason = f"not sure ({found.evidence}): type the number of the process to confirm"
        if reason:
            raise Refused(reason)
        return held


class Run:
    """One deed under way, in a task of its own, heard by any number of callers."""

    def __init__(self, name: str, steps: AsyncIterator[Step]) -> None:
        self.name = name
        self.ended = False
        self._steps: list[Step] = []
        self._more = asyncio.Condition()
        self._task = asyncio.create_task(self._go(steps))

    async def follow(self) -> AsyncIterator[Step]:
        """All steps from the first on, each when it is there."""
        told = 0
        while not self.ended or told < len(self._steps):
            if told < len(self._steps):
                yield self._steps[told]
                told += 1
                continue
            async with self._more:
                if not self.ended and told == len(self._steps):
                    await self._more.wait()
        await self._task  # a bug in the deed is the caller's to see

    async def _go(self, steps: AsyncIterator[Step]) -> None:
        try:
            async for step in steps:
                async with self._more:
                    self._steps.append(step)
                    self._more.notify_all()
        finally:
            self.ended = True
            async with self._more:
                self._more.notify_all()
