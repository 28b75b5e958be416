"""Notes which process sends a session's calls over the socket: the kernel's word, held at once.

It takes no calls in. A gateway that sends those of many sessions is the process of none of them.
"""

import os
from collections.abc import Sequence

import msgspec

from costtop.processes.evidence.evidence_nouns import PeerReport
from costtop.processes.holder import Holder
from costtop.processes.inspect.process import Process
from costtop.receive.caller import Caller
from costtop.store import gating
from costtop.store.writer import Writer
from costtop.text import clean

_SOURCE = "costtop"
_SESSIONS = 8  # of one process, after which it counts as a gateway and is noted no more
_CALLERS = 1024  # processes remembered
_CONNECTIONS = 64  # whose processes are remembered: more than may send calls at once


class _Said(msgspec.Struct):
    """What is of interest in a line; its other fields, and whether they are right, are not."""

    session: str
    pid: object = None
    event: object = None
    status: object = None


class PeerReports:
    """Who sent which sessions' calls."""

    def __init__(self, writer: Writer, holder: Holder) -> None:
        self._writer, self._holder = writer, holder
        self._noted: dict[tuple[int, int], set[str]] = {}  # process -> sessions as it names them
        self._known: dict[int, tuple[Caller, Process]] = {}  # by the caller's own id

    def has_noted(self, lines: Sequence[bytes], caller: Caller) -> bool:
        """Whether `hear` would find nothing new in these lines, whatever is answered to them."""
        known, one = self._known.get(id(caller), (None, None))
        noted = self._noted.get(one.identity) if one and known is caller else None
        if noted is None or caller.pidfd is None:
            return False
        if len(noted) >= _SESSIONS and _tell_no_event(lines):
            return True
        return all(
            said is None
            or (said.event is None and (said.session in noted or len(noted) >= _SESSIONS))
            for said in map(_said, lines)
        )

    async def hear(self, lines: Sequence[bytes], answers: Sequence[bytes], caller: Caller) -> None:
        """Takes note of the sender of lines that were just answered and are committed."""
        one = self._process(caller)
        if one is None or not caller.lives():
            return
        if one.identity not in self._noted and len(self._noted) >= _CALLERS:
            self._noted.pop(next(iter(self._noted)))
        noted = self._noted.setdefault(one.identity, set())
        for line, answer in zip(lines, answers, strict=True):
            said = _said(line) if answer.startswith(b'{"ok": true') else None
            if said is None:
                continue
            if said.event == "session" and said.status == "ended":
                noted.discard(said.session)
                self._holder.leave(await self._root(said.session), one.identity)
            elif said.session not in noted and len(noted) < _SESSIONS:
                noted.add(said.session)
                await self._note(said, one.identity, caller)

    def _process(self, caller: Caller) -> Process | None:
        """The process at the other end; of one connection that is held it is looked at once."""
        known, one = self._known.get(id(caller), (None, None))
        if known is not caller or caller.pidfd is None:  # held, so that no other may have its id
            one = self._holder.inspector.glance(caller.pid) if caller.pid > 0 else None
            if one is not None and caller.lives():
                if len(self._known) >= _CONNECTIONS:
                    self._known.pop(next(iter(self._known)))
                self._known[id(caller)] = (caller, one)
        return one

    async def _note(self, said: _Said, identity: tuple[int, int], caller: Caller) -> None:
        session = await self._root(said.session)
        if not session or not caller.lives():
            return
        hint = said.pid if isinstance(said.pid, int) else None
        report = PeerReport(session, "peer", (identity,), _SOURCE, hint)
        self._holder.report(report, None if caller.pidfd is None else os.dup(caller.pidfd))

    async def _root(self, session: str) -> str:
        """The key of the root session, "" where no call of it is stored."""
        about = await self._writer.read(gating.facts, _SOURCE, clean(session))
        return str(about["session"]) if about["root"] is not None else ""


def _tell_no_event(lines: Sequence[bytes]) -> bool:
    """Whether no line has such a field, be it written with escapes."""
    data = b"".join(lines)
    return b'"event"' not in data and b"\\" not in data


def _said(line: bytes) -> _Said | None:
    try:
        return msgspec.json.decode(line, type=_Said)
    except (ValueError, RecursionError):  # not UTF-8, a cut emoji: the fold is more patient
        return None
