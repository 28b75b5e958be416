"""Commands to deeds: each line of the socket is answered with one line. It renders nothing."""

import json
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from costtop import __version__
from costtop import config as configuration
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
    Reload,
    RemoveBudget,
    Reprice,
    Resume,
    Scan,
    SetBudget,
    Stop,
    UnmarkSession,
    refusal,
    reply,
)
from costtop.daemon import budget_file
from costtop.daemon.accept import Acceptor
from costtop.daemon.hands import Hands
from costtop.daemon.reader import Reader
from costtop.daemon.reprice import repriced
from costtop.daemon.wiring import Wired
from costtop.errors import CosttopError, UsageError
from costtop.model import Mark, Silence
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
        hands: Hands,
        stop: Callable[[], None],
        reload: Callable[[], None],
    ) -> None:
        self._instance, self._acceptor, self._reader = instance, acceptor, reader
        self._hands, self._stop, self._reload = hands, stop, reload

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
            case Reload():
                configuration.load(self._instance.paths)
                self._reload()
                return reply(said=["the configuration is read again"])
            case Scan():
                return reply(counts=await self._reader.scan())
            case Plan(session):
                return reply(said=self._hands.plan(session, caller.pid))
            case Pause() | Resume() | Kill():
                return reply(said=await self._hands.act(command, caller.pid, self._journal))
            case Reprice():
                return reply(changes=await repriced(self._instance))
            case SetBudget() | RemoveBudget():
                said = budget_file.change(self._instance.paths, command)
                await self._journal(command.by, f"budget {command.name}", "", said)
                self._reload()
                return reply(said=[said])
            case _:
                return reply(said=[await self._instance.writer.transact(_note, command, now_ms())])

    async def _journal(self, by: str, deed: str, session: str, detail: str) -> None:
        writer = self._instance.writer
        await writer.transact(marks.journal, now_ms(), clean(by), deed, session, detail)


Noted = MarkSession | UnmarkSession | Acknowledge | BeginSilence | EndSilence


def _note(db: sqlite3.Connection, command: Noted, now: int) -> str:
    """Keeps what a user says of a session or an alert; returns what was done."""
    by = clean(command.by)
    match command:
        case MarkSession(session, kind, note):
            marks.put(db, Mark(session, kind, by, now, clean(note)))
            return f"{session} is marked {kind}"
        case UnmarkSession(session):
            gone = marks.take_back(db, session, by, now)
            return f"{session} {'is unmarked' if gone else 'had no mark'}"
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
