"""Actions on a session's process: pause, resume, kill; one at a time, each told step by step.

One way, and none back: an action enters with a handle of its own, verifies on it that the answer
of `holder` is safe, and signals through it; whatever is held for the session meanwhile is another
matter. It knows no budgets and writes no audit: the caller stores the steps.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from itertools import dropwhile

from costtop.errors import Refused
from costtop.processes.evidence.agents import VARIABLES, is_deaf, resending
from costtop.processes.handle import Handle
from costtop.processes.holder import Found, Holder
from costtop.processes.inspect.process import Inspector, is_interpreter, lives
from costtop.processes.kill.cgroup import scope_of
from costtop.processes.kill.ladder import LadderStep, Pace, Rung, climb, plan, vanished
from costtop.processes.kill.pause import pause, plan_pause, resume
from costtop.processes.kill.terminal import shell_behind, waker
from costtop.processes.kill.tree import RUN, Trail, Tree
from costtop.processes.refuse import refusal
from costtop.processes.vitals import Vitals

_Walk = Callable[[Tree], AsyncIterator[LadderStep]]


class Actions:
    """What may be done to held processes, and what is under way.

    Every action takes the session, `asker` (pid of the screen or command that asks, None for
    costtop itself: it acts on what is known exactly, no less) and `typed` (the pid that the user
    typed: needed where the confidence is weak).
    """

    def __init__(self, holder: Holder, vitals: Vitals, pace: Pace | None = None) -> None:
        self._holder = holder
        self._vitals = vitals
        self._pace = pace or Pace()
        self._running: dict[tuple[int, int], ActionRun] = {}
        self._paused: dict[tuple[int, int], str] = {}  # for which session, as it was shown then

    def plan(
        self,
        session: str,
        asker: int | None = None,
        last: str = "SIGKILL",
        typed: int | None = None,
    ) -> tuple[Rung, ...]:
        """What each rung of a kill, up to `last`, will do to whom. Raises Refused and says why."""
        with self._planned(session, asker, typed) as tree:
            inspector = self._holder.inspector
            pace = paced(tree, inspector, self._pace)
            return plan(tree, pace, last, resends=resends(tree, inspector))

    def plan_pause(
        self, session: str, asker: int | None = None, typed: int | None = None
    ) -> tuple[Rung, ...]:
        """What a pause will do to whom. Raises Refused with the reason."""
        with self._planned(session, asker, typed) as tree:
            return plan_pause(tree, self._holder.inspector)

    def has_terminal(self, session: str, typed: int | None = None) -> bool:
        """Whether a pause would leave a terminal to a shell, or be undone by what hosts it."""
        try:
            handle, _ = self._holder.enter(session, typed)
        except Refused:
            return False
        now, inspector = handle.now(), self._holder.inspector
        handle.close()
        return now is not None and bool(shell_behind(now, inspector) or waker(now, inspector))

    def kill(
        self,
        session: str,
        asker: int | None = None,
        typed: int | None = None,
        last: str = "SIGKILL",
    ) -> AsyncIterator[LadderStep]:
        """SIGINT, SIGTERM, SIGKILL, as far as needed and no further than `last`.

        It goes on when the caller stops listening; a second caller hears the same steps.
        """

        def walk(tree: Tree) -> AsyncIterator[LadderStep]:
            inspector = self._holder.inspector
            pace = paced(tree, inspector, self._pace)
            return climb(tree, inspector, pace, last, resends=resends(tree, inspector))

        return self._do("kill", walk, session, asker, typed)

    def pause(
        self, session: str, asker: int | None = None, typed: int | None = None
    ) -> AsyncIterator[LadderStep]:
        """SIGSTOP to the process and all below it."""

        def walk(tree: Tree) -> AsyncIterator[LadderStep]:
            inspector = self._holder.inspector
            living = {one: who for one, who in self._paused.items() if lives(one, inspector)}
            self._paused = living | {tree.root.identity: session}
            return pause(tree, inspector)

        return self._do("pause", walk, session, asker, typed)

    def resume(
        self, session: str, asker: int | None = None, typed: int | None = None
    ) -> AsyncIterator[LadderStep]:
        """SIGCONT to the process and all below it."""

        def walk(tree: Tree) -> AsyncIterator[LadderStep]:
            self._paused.pop(tree.root.identity, None)
            return resume(tree, self._holder.inspector)

        return self._do("resume", walk, session, asker, typed)

    async def _do(
        self, name: str, walk: _Walk, session: str, asker: int | None, typed: int | None
    ) -> AsyncIterator[LadderStep]:
        try:
            run = self._run(name, walk, self._entered(session, asker, typed, sure=True))
        except Refused as refused:
            yield LadderStep("", str(refused), "refused")
            return
        async for step in run.follow():
            yield step

    def _run(self, name: str, walk: _Walk, tree: Tree) -> "ActionRun":
        """The action under way on this tree's root, or a new one, which takes the tree over."""
        self._running = {key: one for key, one in self._running.items() if not one.ended}
        run = self._running.get(tree.root.identity)
        if run is None:
            run = self._running[tree.root.identity] = ActionRun(name, walk, tree)
            return run
        tree.close()
        if run.name != name:
            raise Refused(f"a {run.name} of process {tree.root.pid} is under way")
        return run

    def _planned(self, session: str, asker: int | None, typed: int | None) -> Tree:
        tree = self._entered(session, asker, typed)
        if tree.root.gone():
            tree.close()
            raise Refused(vanished(tree.root).what)
        return tree

    def _entered(
        self, session: str, asker: int | None, typed: int | None = None, *, sure: bool = False
    ) -> Tree:
        """The process with all below it, entered and verified; raises Refused otherwise.

        One that has exited is let through: the action tells it, as a success where it is one.
        """
        handle, found = self._holder.enter(session, typed)
        if not found.gone and (reason := self._doubt(handle, found, asker, typed, sure=sure)):
            handle.close()
            raise Refused(reason)
        known = self._vitals.below(session)
        trail = self._trail(handle, session)
        return Tree(handle, self._holder.inspector, known, scope_of(handle.pid), trail)

    def _rests(self, handle: Handle, session: str) -> bool:
        """Whether it was paused for this session and is so still: stopped, it moves on to none."""
        now = handle.now()
        paused = self._paused.get(handle.identity) == session
        return paused and now is not None and now.state in "Tt"

    def _trail(self, handle: Handle, session: str) -> Trail:
        """What all below a session's process carry; of a run's own command, all of the run."""
        variables = dict.fromkeys(VARIABLES, session.partition("/")[2])
        now, mine = handle.now(), self._run_of(handle.pid)
        above = self._holder.inspector.glance(now.parent) if now is not None else None
        if not mine or above is None or not self._wraps(above.pid, mine):
            return Trail(variables)
        return Trail({**variables, RUN: mine}, above.identity)

    def _wraps(self, pid: int, run: str) -> bool:
        """Whether it is the `costtop run` of a run. Nobody else's children are the run's: when it
        was killed, its command has the system or the user's own service manager above it.
        """
        words = [os.path.basename(word) for word in self._holder.inspector.argv(pid)]
        if words and is_interpreter(words[0]):
            words = list(dropwhile(lambda word: word.startswith("-"), words[1:]))
        return words[:2] == ["costtop", "run"] and self._run_of(pid) != run

    def _run_of(self, pid: int) -> str:
        """The run of `costtop run` that a process is in; "" for none."""
        try:
            return self._holder.inspector.environ(pid, (RUN,)).get(RUN, "")
        except PermissionError:
            return ""

    def _doubt(
        self, handle: Handle, found: Found, asker: int | None, typed: int | None, *, sure: bool
    ) -> str:
        """Why it is not safe to act on the handle now; "" where nothing speaks against it."""
        reason = found.refusal or refusal(handle.pid, self._holder.inspector, asker)
        if reason:
            return reason
        if not (self._holder.confirms(found.session) or self._rests(handle, found.session)):
            return f"process {handle.pid} no longer shows that it is this session's"
        if not sure or typed == handle.pid:
            return ""
        if found.confidence == "weak":
            return f"not sure ({found.evidence}): type the number of the process to confirm"
        if asker is None and found.confidence != "exact":
            return f"not sure enough for costtop to act by itself ({found.evidence})"
        return ""


def paced(tree: Tree, inspector: Inspector, pace: Pace) -> Pace:
    """How long each rung waits: a moment for one that would spend on through it."""
    if not is_deaf(inspector.argv(tree.root.pid)):
        return pace
    moment = min(pace.linger, pace.interrupt, pace.terminate)
    return pace._replace(interrupt=moment, terminate=moment)


def resends(tree: Tree, inspector: Inspector) -> bool:
    """Whether the root, interrupted now, would send one more request: it runs a tool, or is stopped
    (it may run one).
    """
    agent, now = resending(inspector.argv(tree.root.pid)), tree.root.now()
    if agent is None or now is None:
        return False
    if now.state in "Tt" or agent.resends == "woken":
        return now.state in "Tt"  # awake, it is interrupted first
    variable = agent.variable
    # What the root itself was given is another agent's: one that was started in that one's tool.
    ours = {"", _carried(tree.root.pid, variable, inspector)}
    below = (one for one in tree.reread() if one is not tree.root)
    return any(_carried(one.pid, variable, inspector) not in ours for one in below)


def _carried(pid: int, variable: str, inspector: Inspector) -> str:
    try:
        return inspector.environ(pid, (variable,)).get(variable, "")
    except PermissionError:
        return ""


class ActionRun:
    """One action under way, in a task of its own, heard by any number of callers."""

    def __init__(self, name: str, walk: _Walk, tree: Tree) -> None:
        self.name = name
        self.ended = False
        self._steps: list[LadderStep] = []
        self._more = asyncio.Condition()
        self._task = asyncio.create_task(self._go(walk, tree))

    async def follow(self) -> AsyncIterator[LadderStep]:
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
        await self._task  # a bug in the action is the caller's to see

    async def _go(self, walk: _Walk, tree: Tree) -> None:
        try:
            with tree:
                async for step in walk(tree):
                    async with self._more:
                        self._steps.append(step)
                        self._more.notify_all()
        finally:
            self.ended = True
            async with self._more:
                self._more.notify_all()
