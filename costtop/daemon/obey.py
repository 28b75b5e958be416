"""Commands to deeds: each line of the socket is answered with one line. It renders nothing."""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from costtop import __version__
from costtop.control import protocol
from costtop.control.protocol import (
    Acknowledge,
    BeginSilence,
    EndSilence,
    Kill,
    MarkSession,
    Pause,
    Ping,
    Plan,
    Resume,
    Scan,
    Stop,
    UnmarkSession,
    refusal,
    reply,
)
from costtop.daemon.accept import Acceptor
from costtop.daemon.reader import Reader
from costtop.daemon.wiring import Wired
from costtop.errors import CosttopError, UsageError
from costtop.model import Mark, Silence
from costtop.processes.deeds import Deeds
from costtop.processes.ladder import Step
from costtop.receive.socket import Caller
from costtop.snapshot.live import now_ms
from costtop.store import alerts, marks
from costtop.text import clean

if TYPE_CHECKING:
    from costtop.control.protocol import Command


class Obey:
    """Answers the socket's lines: commands one by one, call records together."""

    def __init__(
        self,
        instance: Wired,
        acceptor: Acceptor,
        reader: Reader,
        deeds: Deeds,
        stop: Callable[[], None],
    ) -> None:
        self._instance, self._acceptor, self._reader = instance, acceptor, reader
        self._deeds, self._stop = deeds, stop

    async def answer(self, lines: list[bytes], caller: Caller) -> list[bytes]:
        """One answer for each line, in order."""
        answers: list[bytes] = []
        calls: list[bytes] = []
        for line in lines:
            command = _command(line)
            if command is None:
                calls.append(line)
                continue
            if calls:
                answers += await self._acceptor.accept(calls)
                calls = []
            answers.append(await self._obey(command, caller))
        if calls:
            answers += await self._acceptor.accept(calls)
        return answers

    async def _obey(self, tree: dict[str, Any], caller: Caller) -> bytes:
        try:
            command = protocol.decode(tree)
            if self._instance.config.read_only and not isinstance(command, (Ping, Scan, Plan)):
                raise CosttopError("costtop is read-only (read_only in config.toml)")
            return await self._do(command, caller)
        except CosttopError as error:
            return refusal(error)

    async def _do(self, command: "Command", caller: Caller) -> bytes:
        match command:
            case Ping():
                return reply(pid=_pid(), version=__version__, protocol=protocol.PROTOCOL)
            case Stop():
                self._stop()
                return reply(said=["stopping"])
            case Scan():
                return reply(counts=await self._reader.scan())
            case MarkSession(session, kind, note, by):
                mark = Mark(session, kind, clean(by), now_ms(), clean(note))
                await self._instance.writer.transact(marks.put, mark)
                return reply(said=[f"{session} is marked {kind}"])
            case UnmarkSession(session, by):
                gone = await self._instance.writer.transact(
                    marks.take_back, session, clean(by), now_ms()
                )
                return reply(said=[f"{session} {'is unmarked' if gone else 'had no mark'}"])
            case Acknowledge() | BeginSilence() | EndSilence():
                said = await self._instance.writer.transact(_hush, command, now_ms())
                return reply(said=[said])
            case Plan(session):
                rungs = self._deeds.plan(session, caller.pid)
                return reply(said=[f"{rung.rung}: {rung.words}" for rung in rungs])
            case Pause(session, by):
                return await self._deed(
                    "pause", session, by, self._deeds.pause(session, caller.pid)
                )
            case Resume(session, by):
                return await self._deed(
                    "resume", session, by, self._deeds.resume(session, caller.pid)
                )
            case Kill(session, rung, by):
                steps = self._deeds.kill(session, caller.pid, last=f"SIG{rung}")
                return await self._deed(f"kill up to {rung}", session, by, steps)

    async def _deed(self, deed: str, session: str, by: str, steps: AsyncIterator[Step]) -> bytes:
        """Follows a deed to its end, journals it, and answers with what every step did."""
        taken = [step async for step in steps]
        said = [step.what for step in taken]
        await self._instance.writer.transact(
            marks.journal, now_ms(), clean(by), deed, session, " · ".join(said)
        )
        if not taken or not taken[-1].success:
            raise CosttopError(said[-1] if said else f"{deed}: nothing was done")
        return reply(said=said)


def _hush(
    db: sqlite3.Connection, command: Acknowledge | BeginSilence | EndSilence, now: int
) -> str:
    """Keeps who does not want to hear what; returns what was done."""
    by = clean(command.by)
    match command:
        case Acknowledge(alert):
            alerts.acknowledge(db, alert, by, now)
            return f"alert {clean(alert)} is acknowledged"
        case EndSilence(silence):
            alerts.end_silence(db, silence, by, now)
            return f"silence {silence} is ended"
        case BeginSilence(session, rule, feature, budget, span, grows, note):
            until = None if span is None else now + span
            named = (session, rule, feature, budget)
            wanted = Silence(0, by, now, *named, until, grows, None, clean(note))
            return f"silence {alerts.silence(db, wanted)} has begun"


def _command(line: bytes) -> dict[str, Any] | None:
    """The decoded line when it is a command; None for a call record, good or bad."""
    if b'"do"' not in line:
        return None
    try:
        tree = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(tree, dict) or "do" not in tree:
        return None
    if not isinstance(tree["do"], str):
        raise UsageError('"do" names a command')
    return tree


def _pid() -> int:
    import os

    return os.getpid()
