"""What operators of the fleet ask of this machine's sessions: taken once, judged here, answered.

A command is kept before it is begun, so that a crash anywhere does nothing twice; its answer is
kept until the server has it. Whether it is done this machine alone decides: by `[fleet] accept`,
by its hourly cap, by the time left, and by the same rules as for its own user.
"""

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from costtop import lasting_tasks
from costtop.control.protocol import Kill, Pause, Resume
from costtop.daemon.actions.process_actions import ProcessActions
from costtop.daemon.commands.obey import Executors
from costtop.daemon.commands.session_deeds import SessionDeeds
from costtop.daemon.fleet import far_orders
from costtop.daemon.fleet.far_orders import FarOrder, NoOrder
from costtop.daemon.fleet.fleet_pipe import FleetPipe
from costtop.daemon.wiring import Wired
from costtop.durations import now_ms, running_ms
from costtop.errors import CosttopError, NothingFound
from costtop.fleet import naming
from costtop.fleet.naming import Naming
from costtop.named_tuples import NamedTuple
from costtop.queries.sessions import lookup
from costtop.settings.fleet_settings import Fleet
from costtop.store import far_commands, gating
from costtop.store.far_commands import FarCommand, Outcome
from costtop.store.sessions import gate_calls, kill_intents, session_names, short_ids
from costtop.store.writer import Writer
from costtop.text import clean

_OPTS = {"unmark": "mark", "resume": "pause"}  # which word of `accept` is theirs
_LOOK = 0.25  # s
_HASHED = "session#"  # begins an id that is told as a hash
log = logging.getLogger("costtop")

Tell = Callable[[Mapping[str, Any]], None]
"""Says something to the child that speaks with the server; lost where there is none."""


class HandRules(NamedTuple):
    """What this machine lets operators of the fleet do."""

    accept: frozenset[str] = frozenset()
    hourly: int = 3
    read_only: bool = False


class FarExecutor:
    """Takes what the pipe brings, and does it beside the pipe."""

    def __init__(
        self,
        writer: Writer,
        actions: ProcessActions,
        deeds: SessionDeeds,
        rules: HandRules,
        names: Naming,
        tell: Tell,
    ) -> None:
        self._writer, self._actions, self._deeds = writer, actions, deeds
        self._rules, self._names, self._tell = rules, names, tell
        self._waiting: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self._met: set[str] = set()  # ids that are under way

    async def take(self, commands: Iterable[object]) -> None:
        """Commands as the server tells them, any number of times; does not wait for them."""
        for told in commands:
            name = str(told.get("id", "")) if isinstance(told, dict) else ""
            if isinstance(told, dict) and name not in self._met:
                self._met.add(name)
                self._waiting.put_nowait(told)

    async def tell_all(self, _: object = None) -> None:
        """A child has begun: it gets every answer that the server may not have."""
        for one in await self._writer.read(far_commands.untold):
            self._answer(one)

    async def answered(self, command: str) -> None:
        """The server has the answer, or knows no such command."""
        await self._writer.transact(far_commands.tell, command, now_ms())

    async def run(self) -> None:
        """For ever: each command beside the others, after those of an earlier daemon."""
        self._met.clear()
        async with asyncio.TaskGroup() as works:
            for one in await self._writer.read(far_commands.left):
                self._met.add(one.id)
                works.create_task(self._settle(one))
            while True:
                works.create_task(self._one(await self._waiting.get()))
                lasting_tasks.well()

    async def _one(self, told: Mapping[str, Any]) -> None:
        try:
            await self._obey(far_orders.order_of(told, now_ms()))
        except NoOrder as error:
            log.warning("%s", error)
            await self._keep(error.refused)
        finally:
            self._met.discard(str(told.get("id", "")))

    async def _keep(self, new: FarCommand | None) -> None:
        """Answers what is no command, where it has an id by which to do so."""
        if new and await self._writer.transact(far_commands.begin, new, self._rules.hourly):
            self._answer(new)

    async def _obey(self, asked: FarOrder) -> None:
        """Keeps it, does it, keeps what became of it, and answers: each at most once."""
        new = await self._judged(asked)
        begun = await self._writer.transact(far_commands.begin, new, self._rules.hourly)
        if begun is None:  # known: its answer may have been lost on the way
            for known in await self._writer.read(far_commands.untold, new.id):
                self._answer(known)
            return
        if begun.state == "begun":
            await self._do(asked, begun)
            (begun,) = await self._writer.read(far_commands.untold, new.id)
        self._answer(begun)

    async def _judged(self, asked: FarOrder) -> FarCommand:
        """The command with its session's key and process, or refused, and why."""
        new, opted = asked.command(now_ms()), _OPTS.get(asked.verb, asked.verb)
        why = ""
        if running_ms() >= asked.until:
            return _late(new)
        if self._rules.read_only:
            why = "costtop is read-only there"
        elif opted not in self._rules.accept:
            why = f'that machine does not accept "{opted}" ([fleet] accept there)'
        try:
            key = await self._writer.read(_key, asked.session, self._names)
        except CosttopError as error:
            why = why or str(error)
        if why:
            answer = far_orders.leaving(why, self._names.session)
            return new._replace(state="refused", answer=answer)
        handle = self._actions.holder.handle(key)
        pid, start = handle.identity if handle is not None else (0, 0)
        return new._replace(session=key, pid=pid, start=start)

    async def _do(self, asked: FarOrder, begun: FarCommand) -> None:
        """Does it, unless its time has passed meanwhile, and keeps what became of it."""
        if running_ms() >= asked.until:
            late = _late(begun)
            await self._finish(begun.id, late.state, late.answer)
            return
        try:
            said = await self._deed(asked, begun)
        except CosttopError as error:
            await self._finish(begun.id, "refused", str(error))
        else:
            await self._finish(begun.id, "done", " · ".join(said))

    async def _deed(self, asked: FarOrder, begun: FarCommand) -> list[str]:
        key, by, given = begun.session, begun.by, asked.given
        us = os.getpid()  # who asks, to the rules on processes: never costtop or what is above it
        if asked.verb == "kill":
            return await self._deeds.act(Kill(key, given.rung, by), us)
        if asked.verb == "resume":
            return await self._deeds.resume(Resume(key, by), by, us)
        if asked.verb == "pause" and not await self._holds(key, given.hold):
            return await self._deeds.act(Pause(key, by), us)
        also = partial(self._done, begun)
        return [await self._deeds.annotate(far_orders.note_of(asked, key, by), by, also)]

    async def _holds(self, session: str, hold: bool | None) -> bool:
        """Whether a pause is its hook's: as asked, else where a hook spares its terminal."""
        if hold is None:
            hooked = await self._writer.read(gate_calls.is_gated, session)
            return hooked and self._actions.actions.has_terminal(session)
        return hold

    async def _finish(self, command: str, state: Outcome, said: str) -> None:
        answer = far_orders.leaving(said, self._names.session)
        await self._writer.transact(far_commands.finish, command, state, answer)

    def _done(self, begun: FarCommand, db: sqlite3.Connection, said: str) -> None:
        """In the same transaction as the deed, so that neither stands without the other."""
        called, short = session_names.said(db, begun.session), short_ids.of(db, begun.session)
        words = said.replace(called, short or "the session")  # which names its project, or task
        answer = far_orders.leaving(words, self._names.session)
        far_commands.finish(db, begun.id, "done", answer)

    async def _settle(self, one: FarCommand) -> None:
        """What an earlier daemon began: nothing is done again, only looked what became of it.

        A kill is gone on with by the rules of this machine's own kills; it is waited for.
        """
        identity = one.pid, one.start
        while not (became := self._became(one)):
            if not await self._writer.read(kill_intents.is_open, one.session, identity):
                break
            await asyncio.sleep(_LOOK)
        words = "costtop was restarted while it was at it"
        if became:
            await self._finish(one.id, "done", f"{became}; {words}")
        else:
            await self._finish(one.id, "refused", f"{words}; nothing is done twice: ask again")
        for known in await self._writer.read(far_commands.untold, one.id):
            self._answer(known)
        self._met.discard(one.id)

    def _became(self, one: FarCommand) -> str:
        """What shows that it was done, "" where nothing does."""
        if not one.pid:
            return ""
        now = self._actions.holder.inspector.glance(one.pid)
        alive = now is not None and now.start == one.start and now.state not in "ZX"
        if one.verb == "kill" and not alive:
            return f"process {one.pid} has ended"
        if one.verb == "pause" and now is not None and alive and now.state in "Tt":
            return f"process {one.pid} is stopped"
        return ""

    def _answer(self, one: FarCommand) -> None:
        self._tell({"answer": {"id": one.id, "state": one.state, "why": one.answer}})


def executor_of(
    instance: Wired, fleet: Fleet, executors: Executors, pipe: FleetPipe
) -> FarExecutor:
    """Those of this instance, which hear what its pipe brings."""
    actions, writer = executors.actions, instance.writer
    rules = HandRules(frozenset(fleet.accept), fleet.hourly, instance.config.read_only)
    deeds = SessionDeeds(writer, actions, executors.action_log)
    names = Naming(fleet.send, naming.hash_key(fleet, instance.paths))
    made = FarExecutor(writer, actions, deeds, rules=rules, names=names, tell=pipe.tell)
    pipe.on("commands", made.take)
    pipe.on("answered", made.answered)
    pipe.on("up", made.tell_all)
    return made


def _key(db: sqlite3.Connection, named: str, names: Naming) -> str:
    """The key of the session that a command names whole; raises NothingFound."""
    source, _, session = lookup.named_afar(db, named).partition("/")
    about = gating.facts(db, source, session)
    if about["root"] is None and _HASHED in session:  # what a program calls it never left
        meant = names.meant(lookup.latest(db, source), session)
        about = gating.facts(db, source, meant or session)
    if about["root"] is None:
        words = "is no session there: give its short id or its whole id"
        raise NothingFound(f"{clean(named, 200)!r} {words}")
    return str(about["session"])


def _late(new: FarCommand) -> FarCommand:
    return new._replace(state="expired", answer="it came too late")
