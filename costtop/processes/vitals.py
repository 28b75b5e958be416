"""How the held processes are: processor, memory, children, state. It holds and signals nothing.

It also remembers who was seen below them, so that an orphan is still known when its parent is
killed (RELIABILITY.md K4).
"""

import time

from costtop.named_tuples import NamedTuple
from costtop.processes.handle import YOUNGEST
from costtop.processes.holder import Holder
from costtop.processes.inspect.process import Process, descendants, program
from costtop.text import clean

_REMEMBERED = 256  # descendants a session


class ProcessInfo(NamedTuple):
    """What is shown of a process. `cpu` is per cent of one processor since the look before."""

    pid: int
    start: int
    program: str
    cwd: str
    state: str  # the kernel's letter; T is paused
    cpu: float | None
    rss: int  # bytes
    children: int  # all below it


class Vitals:
    """The latest look at each session's process."""

    def __init__(self, holder: Holder) -> None:
        self._holder = holder
        self._infos: dict[str, ProcessInfo] = {}
        self._used: dict[tuple[int, int], tuple[float, int]] = {}  # (monotonic s, cpu ms)
        self._below: dict[str, dict[tuple[int, int], None]] = {}

    def refresh(self) -> None:
        """Look at all held processes once: one pass over the process list."""
        census = self._holder.inspector.census()
        infos: dict[str, ProcessInfo] = {}
        for session in self._holder.sessions():
            handle = self._holder.handle(session)
            now = None if handle is None or handle.gone() else census.get(handle.pid)
            if handle is not None and now is not None and now.identity == handle.identity:
                below = descendants(census, [now.pid])
                self._remember(session, below)
                infos[session] = self._info(now, len(below))
        self._infos = infos
        kept = self._holder.sessions()
        self._below = {session: seen for session, seen in self._below.items() if session in kept}
        living = {(one.pid, one.start) for one in infos.values()}
        self._used = {key: seen for key, seen in self._used.items() if key in living}

    def info(self, session: str) -> ProcessInfo | None:
        """The latest look; None when its process is not known or has exited."""
        return self._infos.get(session)

    def below(self, session: str) -> tuple[tuple[int, int], ...]:
        """(pid, start) of all that were seen below it, each at least a second old when seen."""
        return tuple(self._below.get(session, ()))

    def _remember(self, session: str, below: list[Process]) -> None:
        seen = self._below.setdefault(session, {})
        for one in below:
            # Younger ones could be confused with the next owner of the number.
            if self._holder.inspector.age(one.start) >= YOUNGEST:
                seen[one.identity] = None
        while len(seen) > _REMEMBERED:
            del seen[next(iter(seen))]

    def _info(self, now: Process, children: int) -> ProcessInfo:
        at = time.monotonic()
        before = self._used.get(now.identity)
        self._used[now.identity] = (at, now.cpu)
        cpu = None
        if before is not None and at > before[0]:
            cpu = (now.cpu - before[1]) / 10 / (at - before[0])
        try:
            cwd = clean(self._holder.inspector.cwd(now.pid))
        except PermissionError:
            cwd = ""
        shown = program(self._holder.inspector.argv(now.pid), now.name)
        return ProcessInfo(
            pid=now.pid,
            start=now.start,
            program=shown,
            cwd=cwd,
            state=now.state,
            cpu=cpu,
            rss=now.rss,
            children=children,
        )
