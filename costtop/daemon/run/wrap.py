"""`costtop run`: a command with tags and a cap, whose process is known exactly.

With a daemon, the daemon says which sessions are the command's: those whose process is in its tree.
Without one every look reads the logs here, and the command's are the sessions that began in its
folder while it ran. At the cap the command is ended by the same ladder as `costtop kill`.
"""

import asyncio
import contextlib
import os
import secrets
import sys
import time

from costtop import config as configuration
from costtop.control import client
from costtop.control.client import NoDaemon
from costtop.control.protocol import BeginRun, EndRun
from costtop.daemon.lifecycle.instance import Busy, hold
from costtop.daemon.opened_instance import opened
from costtop.daemon.run.child_process import Child
from costtop.durations import now_ms
from costtop.errors import CosttopError
from costtop.money import dollars
from costtop.named_tuples import NamedTuple
from costtop.paths import Paths
from costtop.processes.actions import paced, resends
from costtop.processes.inspect.inspector import system_inspector
from costtop.processes.kill.cgroup import scope_of
from costtop.processes.kill.ladder import Pace, climb
from costtop.processes.kill.tree import RUN, Trail, Tree
from costtop.store.db import open_reader
from costtop.store.recovery import rebuild
from costtop.store.sessions import runs
from costtop.store.sessions.runs import Run, RunSession
from costtop.tail.find import FolderTree
from costtop.tail.follow import Batch
from costtop.text import clean

AT_CAP = 11  # exit code
_LOOK = 0.25  # s between two looks at a daemon's store
_SCAN = 1.5  # s between two looks at the logs without one
_QUICK = 2.0  # s for an answer of the daemon


class RunOptions(NamedTuple):
    """What to run, how to tag it, and what it may cost (nano-dollars; None: anything)."""

    command: tuple[str, ...]
    feature: str = ""
    task: str = ""
    user: str = ""
    cap: int | None = None
    quiet: bool = False


Spent = list[RunSession]
"""The sessions of the run, the dearest first."""


def run(paths: Paths, options: RunOptions) -> int:
    """Runs it; returns its exit code, or AT_CAP where it was ended at its cap."""
    name = secrets.token_hex(4)
    began = time.monotonic()
    child = Child(options.command, name, environment(name, options))
    one = system_inspector().glance(child.pid)
    made = Run(
        id=name,
        pid=child.pid,
        start=one.start if one else 0,
        cwd=os.getcwd(),
        feature=options.feature,
        task=options.task,
        user=options.user,
        began=now_ms() - 1000,
    )
    code, spent = asyncio.run(_Supervisor(paths, options, made, child).run())
    if not options.quiet:
        _say(summary(spent, code, time.monotonic() - began, options.cap))
    return code


def environment(name: str, options: RunOptions) -> dict[str, str]:
    """The command's environment: tags for costtop's clients and for OpenTelemetry's."""
    tags = {"feature": options.feature, "task": options.task, "user": options.user}
    given = {key: value for key, value in tags.items() if value}
    resource = [os.environ.get("OTEL_RESOURCE_ATTRIBUTES", ""), f"costtop.run={name}"]
    resource += [f"{key}={_escaped(value)}" for key, value in given.items()]
    return {
        **os.environ,
        RUN: name,
        **{f"COSTTOP_{key.upper()}": value for key, value in given.items()},
        "OTEL_RESOURCE_ATTRIBUTES": ",".join(filter(None, resource)),
    }


def _escaped(value: str) -> str:
    """As OpenTelemetry wants values: what separates is written as %XX."""
    return "".join(f"%{ord(char):02X}" if char in '%,=; "\\' else char for char in value)


def summary(spent: Spent, code: int, seconds: float, cap: int | None) -> list[str]:
    """What a run was, for people: one line, and one a session where there are several."""
    total, calls = _total(spent), sum(one.calls for one in spent)
    floor = any(one.floor for one in spent)
    what = "reached its cap" if code == AT_CAP and cap and total >= cap else f"exit {code}"
    one = f" ({_called(spent[0])})" if len(spent) == 1 else ""
    sessions = f"{len(spent)} session{'s' * (len(spent) != 1)}{one}"
    money = f"{'≥' * floor}${dollars(total)}"
    asked = f"{calls} call{'s' * (calls != 1)}"
    lines = [f"costtop run: {money} · {asked} · {sessions} · {seconds:.0f} s · {what}"]
    if len(spent) > 1:
        lines += [
            f"  {_called(one)}  {'≥' * one.floor}${dollars(one.cost)}  {one.calls} calls"
            for one in spent
        ]
    return lines


def _total(spent: Spent) -> int:
    return sum(one.cost for one in spent)


def _called(one: RunSession) -> str:
    return one.short or clean(one.session)


class _Supervisor:
    """One command, watched to its end."""

    def __init__(self, paths: Paths, options: RunOptions, run: Run, child: Child) -> None:
        self._paths, self._options, self._run, self._child = paths, options, run, child
        self._has_daemon = False
        self._warned = False

    async def run(self) -> tuple[int, Spent]:
        """(exit code, what was spent)."""
        ended = asyncio.create_task(self._child.ended())
        guard = asyncio.create_task(self._begin_and_watch())
        await asyncio.wait({ended, guard}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done() and guard.result():
            await self._end()
            await ended
            return AT_CAP, await self._settle()
        code = await ended
        guard.cancel()
        await asyncio.gather(guard, return_exceptions=True)
        return code, await self._settle()

    async def _begin_and_watch(self) -> bool:
        """True once the cap is reached; without a cap it waits for ever."""
        command = BeginRun(*self._run[:2], self._run.cwd, *self._run[4:7])
        try:
            await asyncio.to_thread(client.ask, self._paths, command, _QUICK)
            self._has_daemon = True
        except NoDaemon:
            self._has_daemon = False
        except CosttopError as error:  # one that only looks
            self._has_daemon = True
            _say([f"costtop run: {error}; neither tags nor cap hold"])
        finally:
            self._child.told()
        cap = self._options.cap
        while cap is not None:
            spent = await self._spent()
            if sum(one.cost - one.heard for one in spent) >= cap:
                return True
            self._warn(sum(one.heard for one in spent) if _total(spent) >= cap else 0)
            await asyncio.sleep(_LOOK if self._has_daemon else _SCAN)
        await asyncio.Event().wait()
        return False

    def _warn(self, heard: int) -> None:
        """Once: what nothing but the wire says does not end a command."""
        if heard and not self._warned:
            self._warned = True
            words = "was only heard over OTLP and does not count towards the cap"
            _say([f"costtop run: ${dollars(heard)} {words}"])

    async def _spent(self) -> Spent:
        if self._has_daemon:
            return await asyncio.to_thread(stored, self._paths, self._run.id)
        try:
            return await scanned(self._paths, self._run)
        except Busy:  # a daemon has come up meanwhile
            self._has_daemon = True
            return await asyncio.to_thread(stored, self._paths, self._run.id)

    async def _settle(self) -> Spent:
        """What it cost in the end: the last calls may still stand in the logs alone."""
        try:
            if self._has_daemon:
                await asyncio.to_thread(_let_read, self._paths)
                await asyncio.to_thread(client.ask, self._paths, EndRun(self._run.id))
                return await asyncio.to_thread(stored, self._paths, self._run.id)
            return await scanned(self._paths, self._run, end=True)
        except (CosttopError, OSError) as error:
            _say([f"costtop run: what it cost is not known: {error}"])
            return []

    async def _end(self) -> None:
        """The ladder, each step told."""
        cap = dollars(self._options.cap)
        _say([f"costtop run: the cap of ${cap} is reached; ending the command"])
        handle = self._child.handle(system_inspector())
        if handle is None:
            return
        inspector, trail = system_inspector(), Trail({RUN: self._run.id}, _me())
        with Tree(handle, inspector, (), scope_of(handle.pid), trail) as tree:
            pace, again = paced(tree, inspector, Pace()), resends(tree, inspector)
            async for step in climb(tree, inspector, pace, resends=again):
                _say([f"  {step.what}"])


def _me() -> tuple[int, int] | None:
    one = system_inspector().glance(os.getpid())
    return one.identity if one else None


def _let_read(paths: Paths) -> None:
    from costtop.control.protocol import Scan

    client.ask(paths, Scan())


def stored(paths: Paths, run: str) -> Spent:
    """What a daemon's store says of the run."""
    db = open_reader(paths.database, unfinished=True)
    try:
        return runs.sessions(db, run)
    finally:
        db.close()


async def scanned(paths: Paths, run: Run, *, end: bool = False) -> Spent:
    """Reads all logs here and puts the run's sessions into it; raises Busy where a daemon does."""
    config = configuration.load(paths)
    with hold(paths):
        async with opened(paths, config) as instance:
            found = await asyncio.to_thread(FolderTree(instance.roots).all, time.time_ns())
            known = instance.ingest.known
            fresh = [seen for seen in found.newest_first() if not known.settled(seen)]
            await instance.ingest.take(Batch(fresh, found))
            await instance.writer.transact(rebuild.end, now_ms())
            writer, write_context = instance.writer, instance.write_context
            await writer.transact(runs.begin, run)
            here = (run.cwd, run.began, now_ms())
            named = await writer.read(runs.begun_by_name, *here)
            for key in [*await writer.read(runs.begun_here, *here), *named]:
                if key not in write_context.runs:
                    await writer.transact(runs.attach, write_context, key, run)
            if end:
                await writer.transact(runs.end, run.id, now_ms())
            return await writer.read(runs.sessions, run.id)


def _say(lines: list[str]) -> None:
    with contextlib.suppress(OSError):  # nobody reads it; the command's own exit code stands
        for line in lines:
            print(line, file=sys.stderr, flush=True)
