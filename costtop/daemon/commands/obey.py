"""Commands to deeds: each line of the socket is checked by msgspec and answered with one line."""

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, assert_never, get_args

import msgspec

from costtop import __version__, world_faults
from costtop import config as configuration
from costtop.config import LEAST_KEPT
from costtop.control.protocol import (
    PROTOCOL,
    Acknowledge,
    AskFar,
    Backup,
    BeginRun,
    BeginSilence,
    Command,
    Compact,
    EndRun,
    EndSilence,
    Forget,
    Hook,
    Kill,
    MarkSession,
    Override,
    Pause,
    Ping,
    Plan,
    Reload,
    RemoveBudget,
    Reprice,
    Restore,
    Resume,
    Scan,
    SetBudget,
    Stop,
    StopSession,
    UnmarkSession,
    refusal,
    reply,
)
from costtop.daemon.actions.action_log import ActionLog
from costtop.daemon.actions.process_actions import ProcessActions
from costtop.daemon.commands import annotations, budget_file
from costtop.daemon.commands.guard import Guard, Inside
from costtop.daemon.commands.hook_reports import HookReports
from costtop.daemon.commands.peer_reports import PeerReports
from costtop.daemon.commands.session_deeds import SessionDeeds
from costtop.daemon.commands.started_runs import StartedRuns
from costtop.daemon.ingest.file_reader import Reader
from costtop.daemon.ingest.socket_calls import Acceptor
from costtop.daemon.jobs.forget_all import clear_copies, forgotten
from costtop.daemon.jobs.reprice_all import repriced
from costtop.daemon.jobs.store_keeper import StoreKeeper
from costtop.daemon.jobs.thin_all import compacted
from costtop.daemon.wiring import Wired
from costtop.durations import iso, now_ms
from costtop.errors import CosttopError, Refused, UsageError
from costtop.named_tuples import NamedTuple
from costtop.queries.sessions import lookup
from costtop.receive.caller import Caller
from costtop.store.db import migrations, newest_schema
from costtop.store.recovery import backups
from costtop.store.recovery.damage import RebuildOrder
from costtop.store.sessions import gate_calls, session_names
from costtop.text import clean

log = logging.getLogger("costtop")


class Executors(NamedTuple):
    """Those who carry commands out."""

    acceptor: Acceptor
    reader: Reader
    actions: ProcessActions
    hook_reports: HookReports
    peer_reports: PeerReports
    runs: StartedRuns
    guard: Guard
    action_log: ActionLog
    stop: Callable[[], None]
    reload: Callable[[], None]
    keeper: StoreKeeper
    ask_far: Callable[[AskFar, str], Awaitable[dict[str, Any]]]


class Obey:
    """Answers the socket's lines: commands one by one, call records together."""

    def __init__(self, instance: Wired, executors: Executors) -> None:
        self._instance, self._executors = instance, executors
        self._deeds = SessionDeeds(instance.writer, executors.actions, executors.action_log)

    def answer(self, lines: list[bytes], caller: Caller) -> Awaitable[list[bytes]]:
        """One answer for each line, in order."""
        if _are_calls(lines) and self._executors.peer_reports.has_noted(lines, caller):
            return self._executors.acceptor.accept(lines)
        return self._answer_each(lines, caller)

    async def _answer_each(self, lines: list[bytes], caller: Caller) -> list[bytes]:
        answers: list[bytes] = []
        calls: list[bytes] = []
        for line in lines:
            tree = decoded(line)
            if tree is None and line.strip():
                calls.append(line)
                continue
            answers += await self._accept(calls, caller)
            calls = []
            answers.append(_NOTHING if tree is None else await self._obey(tree, caller))
            await asyncio.sleep(0)  # a peer with thousands of commands holds nobody up
        return answers + await self._accept(calls, caller)

    async def _accept(self, calls: list[bytes], caller: Caller) -> list[bytes]:
        """Answers to call records, after they are committed and their sender is noted."""
        if not calls:
            return []
        answers = await self._executors.acceptor.accept(calls)
        await self._executors.peer_reports.hear(calls, answers, caller)
        return answers

    async def _obey(self, tree: dict[str, Any], caller: Caller) -> bytes:
        try:
            command = command_of(tree)
            self._executors.guard.check(command, caller, read_only=self._instance.config.read_only)
            return await self._do(await self._addressed(command), caller)
        except Inside as inside:
            called = await self._instance.writer.read(session_names.said, inside.session)
            return refusal(Refused(inside.worded(called)))
        except CosttopError as error:
            return refusal(error)
        except Exception as error:  # a full disk or a lock is the asker's to hear of
            if (what := world_faults.judge(error)) is not None:
                return refusal(CosttopError(f"not done, try again later: {what.said}"))
            log.exception("a command of the socket")
            return refusal(CosttopError("not done: costtop has a bug; see its log"))

    async def _addressed(self, command: Command) -> Command:
        """The command with the key of the session that it may name by its short id."""
        named = "" if isinstance(command, Hook) else getattr(command, "session", "")
        if not named:
            return command
        key = await self._instance.writer.read(lookup.key_of, named)
        return type(command)(**{**vars(command), "session": key})

    async def _do(self, command: Command, caller: Caller) -> bytes:
        executors = self._executors
        match command:
            case Ping():
                known = {"version": __version__, "protocol": PROTOCOL, "schema": newest_schema()}
                return reply(pid=os.getpid(), **known)
            case Scan():
                return reply(counts=await executors.reader.scan())
            case Plan(session, typed=typed):
                said = executors.actions.plan(command, caller.pid)
                hooked = await self._instance.writer.read(gate_calls.is_gated, session)
                about = executors.actions.evidence(session, typed)
                return reply(said=said, hooked=hooked, **about)
            case Hook():
                executors.hook_reports.hear(command, caller)
                return reply()
            case Pause(hold=True):
                return reply(said=[await self._annotate(command, caller)])
            case Resume():
                by = executors.guard.name(command.by, caller)
                return reply(said=await self._deeds.resume(command, by, caller.pid))
            case Pause() | Kill():
                return reply(
                    said=await executors.actions.act(command, caller.pid, executors.action_log)
                )
            case BeginRun():
                return reply(said=[await executors.runs.begin(command, caller)])
            case EndRun(run):
                return reply(sessions=await executors.runs.end(run))
            case Backup() | Restore() | Forget() | Compact():
                by = executors.guard.name(getattr(command, "by", ""), caller)
                return reply(**await _of_store(command, self._instance, executors.keeper, by))
            case AskFar():
                by = executors.guard.name(command.by, caller)
                return reply(**await executors.ask_far(command, by))
            case Reprice():
                with self._instance.working("reprice") as watch:
                    return reply(changes=await repriced(self._instance, watch))
            case Stop() | Reload() | SetBudget() | RemoveBudget():
                return reply(said=[await self._manage(command, caller)])
            case MarkSession() | UnmarkSession() | StopSession() | Override():
                return reply(said=[await self._annotate(command, caller)])
            case Acknowledge() | BeginSilence() | EndSilence():
                return reply(said=[await self._annotate(command, caller)])
            case _:
                assert_never(command)

    async def _manage(
        self, command: Stop | Reload | SetBudget | RemoveBudget, caller: Caller
    ) -> str:
        """What is about the daemon itself and its configuration."""
        executors = self._executors
        match command:
            case Stop():
                by = executors.guard.name("", caller)
                await executors.action_log.note(
                    by, "daemon stopped", "", "Nobody watches from here on."
                )
                executors.stop()
                return "stopping"
            case Reload():
                await asyncio.to_thread(configuration.load, self._instance.paths)
                executors.reload()
                return "the configuration is read again"
            case SetBudget(name) | RemoveBudget(name):
                told = self._instance.writer
                said = await told.read(budget_file.change, self._instance.paths, command)
                by = executors.guard.name(command.by, caller)
                await told.transact(budget_file.keep, self._instance.paths, name)
                await executors.action_log.note(by, f"budget {name}", "", said)
                executors.reload()
                return said

    async def _annotate(self, command: annotations.Noted, caller: Caller) -> str:
        by = self._executors.guard.name(command.by, caller)
        return await self._deeds.annotate(command, by)


def _checked(form: type[Command]) -> type[msgspec.Struct]:
    """A struct with the command's fields and defaults, which msgspec can fill."""
    fields = [
        (name, kind, vars(form)[name]) if name in vars(form) else (name, kind)
        for name, kind in form.__annotations__.items()
    ]
    return msgspec.defstruct(form.__name__, fields)


_LARGEST = 1 << 53  # of a whole number: what every JSON writer and the database can hold
_NOTHING = refusal(UsageError("an empty line"))
_FORMS = {form.do: (form, _checked(form)) for form in get_args(Command)}


def decoded(line: bytes) -> dict[str, Any] | None:
    """The tree of a line that is a command; None for a call record, good or bad."""
    if b'"do"' not in line:
        return None
    try:
        tree = json.loads(line)
        if b"\\u" in line:  # half of a pair (a cut emoji) is no text that can be kept
            tree = json.loads(json.dumps(tree, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) and "do" in tree else None


def commands_among(lines: Sequence[bytes]) -> int:
    """How many of the lines are commands, good or bad, and no call records."""
    if b'"do"' not in b"\n".join(lines):  # as nearly all: a look at each would be the longer one
        return 0
    return sum(decoded(line) is not None for line in lines)


def _are_calls(lines: Sequence[bytes]) -> bool:
    """Whether all lines are call records, good or bad, at the first look."""
    return b'"do"' not in b"\n".join(lines) and all(map(bytes.strip, lines))


def command_of(tree: dict[str, Any]) -> Command:
    """The command in a decoded line; raises UsageError naming what is wrong."""
    verb = tree["do"]
    if verb not in _FORMS if isinstance(verb, str) else True:
        raise UsageError(f"unknown command {clean(repr(verb), 40)}; one of {', '.join(_FORMS)}")
    form, checked = _FORMS[verb]
    try:
        values = msgspec.structs.asdict(msgspec.convert(tree, checked))
    except (msgspec.ValidationError, RecursionError) as error:
        raise UsageError(f"{verb}: {error}") from None
    for name, value in values.items():
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise UsageError(f"{verb}: {name} is too large a number")
    made: Command = form(**values)
    return made


async def _of_store(
    command: Backup | Restore | Forget | Compact, instance: Wired, keeper: StoreKeeper, by: str
) -> dict[str, Any]:
    """What the answer holds; raises CosttopError where it cannot be done."""
    match command:
        case Backup():
            made = await keeper.back_up()
            return {"backup": {"file": str(made.path), "at": iso(made.at * 1000)}}
        case Restore(file):
            if file and (fault := backups.usable(Path(file), len(migrations()))):
                raise UsageError(fault)
            keeper.restore(RebuildOrder(f"{by} put a backup back", file, by))
            return {"said": ["the database is being rebuilt from the backup and the logs"]}
        case Compact(before):
            before = min(before, now_ms() - LEAST_KEPT)
            with instance.working("compact") as watch:
                return {"gone": await compacted(instance.writer, before, watch=watch)}
        case Forget(sessions, before):
            gone = await forgotten(instance, sessions, before, by)
            clear_copies(instance.paths)
            try:
                await keeper.back_up()
                backups.prune(instance.paths.database, 1)
            except CosttopError as error:
                gone["kept"] = str(error)
            return {"gone": gone}
