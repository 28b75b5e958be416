"""Keeps tasks that last at work through faults of the world; a bug ends them all, as it should.

Whatever runs for ever is started here, and `tests/test_guarded.py` lets nobody start it elsewhere.
A fault is told once, shown until the task has done its work again (`well`) and waited out, longer
each time; what the task had not finished it finds again by itself. It does not judge: see
`world_faults`.
"""

import asyncio
import logging
import math
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from contextvars import ContextVar
from typing import Any

from costtop.durations import now_ms
from costtop.named_tuples import NamedTuple
from costtop.world_faults import Kind, WorldFault, judge

_WORST: tuple[Kind, ...] = ("full", "broken", "read-only", "unopened", "locked")
_AT_ONCE = frozenset({"full", "broken", "read-only"})  # of the store: no waiting will end them
BEAT = 0.25  # s
_BEARABLE = 60.0  # s that any other fault may last before costtop counts as blind
_SILENT = 600.0  # s in which the same fault is not logged again
log = logging.getLogger("costtop")


class Pace(NamedTuple):
    """How long a fault is waited out, in seconds."""

    first: float = 1.0  # doubled with each vain try
    most: float = 15.0
    settled: float = 20.0  # a task that says nothing has done its work if it ran so long


class Fault(NamedTuple):
    """A fault that a task waits out now."""

    task: str
    what: WorldFault
    since: int  # ms UTC
    began: float  # s of the monotonic clock

    @property
    def trouble(self) -> str:
        """The whole of it in one line."""
        return self.what.said

    @property
    def code(self) -> str:
        """By which `doctor` knows it."""
        return self.what.code


class Faults:
    """What is waited out at present, by task; logged once, when it begins and when it ends."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_task: dict[str, Fault] = {}
        self._told: dict[str, float] = {}

    def present(self) -> Sequence[Fault]:
        """The worst first, then the longest."""
        rank = dict.fromkeys(_WORST, 0) | {kind: n for n, kind in enumerate(_WORST)}
        return sorted(
            self._by_task.values(), key=lambda one: (rank.get(one.what.kind, len(rank)), one.began)
        )

    def blinding(self) -> WorldFault | None:
        """The worst of those for which somebody is to be woken."""
        now = self._clock()
        for one in self.present():
            hopeless = one.what.kind == "full" or (one.what.of_store and one.what.kind in _AT_ONCE)
            if hopeless or now - one.began >= _BEARABLE:
                return one.what
        return None

    def of_store(self) -> bool:
        """Whether the database cannot be used now."""
        return any(one.what.of_store for one in self._by_task.values())

    def meet(self, task: str, what: WorldFault) -> None:
        """A task met a fault, once more or for the first time."""
        before = self._by_task.get(task)
        if before is not None and before.what == what:
            return
        since, began = now_ms(), self._clock()
        if before is not None:  # what began as one thing may go on as another
            since, began = before.since, before.began
        self._by_task[task] = Fault(task, what, since, began)
        self.tell(task, what)

    def clear(self) -> None:
        """The tasks have ended: nobody waits any more."""
        self._by_task.clear()

    def tell(self, task: str, what: WorldFault) -> None:
        """Logs it, unless that was done lately."""
        now = self._clock()
        if what.said not in self._told or now - self._told[what.said] >= _SILENT:
            self._told[what.said] = now
            log.error("%s; %s waits and tries again", what.said, task)

    def over(self, task: str) -> None:
        """The task works again."""
        gone, now = self._by_task.pop(task, None), self._clock()
        left = {one.what.said for one in self._by_task.values()}
        if gone is not None and gone.what.said not in left:
            log.info("over after %.0f s: %s", now - gone.began, gone.what.said)
        told = self._told.items()
        self._told = {said: at for said, at in told if now - at < _SILENT or said in left}


class _Spell:
    """How one lasting task does: its tries in vain since it last did its work."""

    def __init__(self, name: str, faults: Faults, pace: Pace) -> None:
        self._name, self._faults, self._pace = name, faults, pace
        self._vain = 0

    def meet(self, what: WorldFault) -> None:
        self._vain += 1
        self._faults.meet(self._name, what)

    def well(self) -> None:
        if self._vain:
            self._vain = 0
            self._faults.over(self._name)

    def pause(self) -> float:
        """Seconds until the next try, spread so that tasks do not all come at once."""
        wait = min(self._pace.most, self._pace.first * 2.0 ** max(0, self._vain - 1))
        return wait * random.uniform(0.75, 1.25)  # noqa: S311 - spreads tries, guards nothing

    async def last(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Runs the work until it returns or meets a bug."""
        _spell.set(self)
        loop = asyncio.get_running_loop()
        while True:
            settled = loop.call_later(self._pace.settled, self.well)
            try:
                await work()
            except BaseException as error:
                what = judge(error)
                if what is None:
                    raise
                self.meet(what)
            else:
                return self.well()
            finally:
                settled.cancel()
            await asyncio.sleep(self.pause())


_spell: ContextVar[_Spell | None] = ContextVar("spell", default=None)


class LastingTasks:
    """Tasks that run side by side, for ever: `async with LastingTasks(faults) as tasks:`."""

    def __init__(self, faults: Faults, pace: Pace | None = None) -> None:
        self.faults = faults
        self._pace = pace or Pace()
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> "LastingTasks":
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:  # noqa: PYI036 - handed on as they come
        await self._group.__aexit__(*error)

    def start(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Starts a task that lasts; `work` is called again after each fault of the world."""
        spell = _Spell(name, self.faults, self._pace)
        self._group.create_task(spell.last(work), name=name)

    def once(self, name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Starts a short task, which a fault of the world ends: what it was for comes again."""
        return self._group.create_task(self._try(name, work), name=name)

    async def _try(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except BaseException as error:
            what = judge(error)
            if what is None:
                raise
            self.faults.tell(name, what)


def well() -> None:
    """The lasting task that calls has done its work: what it waited out is over."""
    if (spell := _spell.get()) is not None:
        spell.well()


def meet(error: BaseException) -> WorldFault:
    """Shows a fault that the calling task deals with by itself; raises what is a bug."""
    what = judge(error)
    if what is None:
        raise error
    if (spell := _spell.get()) is not None:
        spell.meet(what)
    return what


async def beat(seconds: float) -> None:
    """Sleeps about so long, up to a beat more: tasks that wait wake together, and then all rest."""
    now = asyncio.get_running_loop().time()
    await asyncio.sleep(math.ceil((now + seconds) / BEAT) * BEAT - now)


async def rest(error: BaseException) -> None:
    """The same, and waits before the caller tries again."""
    meet(error)
    spell = _spell.get()
    await asyncio.sleep(spell.pause() if spell is not None else Pace().first)
