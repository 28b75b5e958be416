"""Holds the process behind each session, from its discovery on. It signals nothing; `deeds` does.

One file handle a session, up to a limit. A session's process is answered with a confidence and the
evidence in words, or with the reason why nothing may be done to it: right process or refusal.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from costtop.errors import Refused
from costtop.processes.evidence.search import heard
from costtop.processes.evidence.wanted import CONFIDENCES, Claim, Report, Wanted, strongest
from costtop.processes.handle import Held, adopt, hold
from costtop.processes.inspect.inspector import Eyes, Process, ancestors, eyes
from costtop.processes.refuse import refusal

LIMIT = 512  # processes held


class Found(NamedTuple):
    """The answer to "which process is behind this session?".

    `process` is None when none is known; `confidence` is exact, strong, weak or "". A `refusal`
    says why no deed is possible; `sessions` lists all that the process carries, when several.
    """

    session: str
    process: Process | None = None
    confidence: str = ""
    evidence: str = ""
    refusal: str = ""
    sessions: tuple[str, ...] = ()
    gone: bool = False


class Holder:
    """Sessions and their held processes. Not for several threads: the daemon's loop owns it."""

    def __init__(self, see: Eyes | None = None, *, limit: int = LIMIT, pidfds: bool = True) -> None:
        self.see = see or eyes()
        self._limit = limit
        self._pidfds = pidfds
        self._held: dict[str, Held] = {}
        self._claims: dict[str, Claim] = {}  # why each is held, or why none is
        self._reported: dict[str, tuple[str, Claim]] = {}  # (kind, claim) that outlive a search
        self._contested: dict[str, str] = {}  # why a known process may not be meant after all

    def take(self, wanted: Sequence[Wanted], claims: Iterable[Claim]) -> None:
        """Hold what a search found for `wanted`.

        A process once known stays known while it lives: a search that finds less, or nothing,
        takes nothing back. Only a guess ("weak") has to be found again each time.
        """
        fresh: dict[str, list[Claim]] = defaultdict(list)
        for claim in claims:
            if claim.refusal or self._lives(claim):
                fresh[claim.session].append(self._unless_moved_on(claim))
        for session, (_, claim) in self._reported.items():
            if self._lives(claim):
                fresh[session].append(claim)
        for one in wanted:
            self._settle(one.session, fresh[one.session])
        self._let_go_of_former(fresh)
        listed = {one.session for one in wanted} | self._held.keys()
        self._claims = {session: one for session, one in self._claims.items() if session in listed}

    def report(self, report: Report, fd: int | None = None) -> Found:
        """Hold the process that a report names. `fd`: a pidfd that came with it (SO_PEERPIDFD)."""
        claim = heard(report, self.see)
        if claim is None:
            if fd is not None:
                os.close(fd)
            return Found(report.session, refusal="the report names no process of one session")
        if report.kind == "hook":
            self._forget_former(claim)
        self._reported[report.session] = (report.kind, claim)
        given = None if fd is None else adopt(claim.pid, claim.start, fd, self.see)
        if fd is not None and given is None:
            os.close(fd)
        self._settle(report.session, [claim], given)
        return self.find(report.session)

    def find(self, session: str) -> Found:
        """Which process is behind a session, how sure that is, and whether it may be signalled."""
        held, claim = self._held.get(session), self._claims.get(session)
        if held is None:
            reason = claim.refusal if claim else ""
            return Found(session, refusal=reason or "no process is known for this session")
        if claim is None or held.gone():
            words = f"process {held.pid} has exited"
            return Found(session, held.process, "", words, gone=True)
        sessions = self._carried(session)
        refused = claim.refusal or self._contested.get(session) or refusal(held.pid, self.see)
        if len(sessions) > 1 and not claim.former:
            also = ", ".join(other for other in sessions if other != session)
            refused = refused or f"process {held.pid} carries other sessions too: {also}"
        return Found(session, held.process, claim.confidence, claim.evidence, refused, sessions)

    def held(self, session: str) -> Held | None:
        """The held process itself, also after it has exited."""
        return self._held.get(session)

    def confirms(self, session: str) -> bool:
        """Whether the process still shows what its claim rests on (an open log)."""
        claim = self._claims.get(session)
        return claim is not None and self._proves(claim)

    def sessions(self) -> tuple[str, ...]:
        """Sessions with a held process, living or exited."""
        return tuple(self._held)

    def forget(self, session: str) -> None:
        """Let go of a session."""
        self._release(session)
        for kept in (self._claims, self._reported, self._contested):
            kept.pop(session, None)

    def close(self) -> None:
        """Let go of everything."""
        for session in list(self._held):
            self.forget(session)

    def _settle(self, session: str, fresh: Sequence[Claim], given: Held | None = None) -> None:
        """Chooses among fresh claims, and takes care of `given`, a hold that came with one."""
        allowed = [one for one in fresh if not one.refusal] or list(fresh)
        best = strongest(allowed)
        choice = self._one_of(best)
        current, known = self._held.get(session), self._known(session)
        self._contested.pop(session, None)
        if known is not None and not _outweigh(best, known):
            choice = known
        if choice is None and known is not None:
            self._contested[session] = _unclear(session, allowed).refusal
        elif choice is not None and not self._is_setback(choice, current):
            if current is None or current.identity != (choice.pid, choice.start):
                given = self._replace(session, choice, given, keep=known is not None)
            elif choice is not known:
                self._claims[session] = self._capped(choice)
        elif current is None or not current.gone():
            self._release(session)
            self._claims[session] = _unclear(session, allowed)
        if given is not None:
            given.close()

    def _replace(
        self, session: str, claim: Claim, given: Held | None, *, keep: bool
    ) -> Held | None:
        """Holds another process for a session; gives `given` back where it was not needed.

        Hold first, then check that the evidence is still true of what is held. Where it is not,
        the process held until now stays if it is to be kept or has exited.
        """
        found, why = given, claim.refusal
        # A pid that only a log claims, and nothing confirms, is not worth a handle.
        if found is None and not (claim.refusal and claim.confidence == "weak"):
            try:
                found = self._hold(claim)
            except (OSError, Refused) as error:
                why = f"process {claim.pid} cannot be held: {error}"
        if found is not None and not self._proves(claim):
            if found is not given:
                found.close()
            found = None
        if found is not None:
            self._release(session)
            self._held[session], self._claims[session] = found, self._capped(claim)
            return None
        current = self._held.get(session)
        if not keep and (current is None or not current.gone()):
            self._release(session)
            self._claims[session] = claim._replace(refusal=why)
        return given

    def _known(self, session: str) -> Claim | None:
        """The claim of a session whose process lives and is more than a guess."""
        held, claim = self._held.get(session), self._claims.get(session)
        if held is None or claim is None or held.gone() or claim.confidence == CONFIDENCES[0]:
            return None
        return claim

    def _lives(self, claim: Claim) -> bool:
        now = self.see.glance(claim.pid)
        return now is not None and now.start == claim.start and now.state not in "ZX"

    def _let_go_of_former(self, fresh: Mapping[str, Sequence[Claim]]) -> None:
        """A process that another session is shown to have has left those that nothing shows."""
        shown: dict[tuple[int, int], tuple[str, Claim]] = {}
        for session, held in self._held.items():
            claim = self._claims[session]
            before = shown.get(held.identity)
            surer = before is None or _outweigh([claim], before[1])
            if surer and not claim.former and _is_about(fresh.get(session, ()), held):
                shown[held.identity] = session, claim
        for session, held in list(self._held.items()):
            if _is_about(fresh.get(session, ()), held):
                continue
            other, claim = shown.get(held.identity, (session, self._claims[session]))
            if other != session and _outweigh([claim], self._claims[session]):
                self.forget(session)
                self._claims[session] = _moved_on(session, held.pid, other)

    def _hold(self, claim: Claim) -> Held | None:
        if len(self._held) >= self._limit:
            gone = next((session for session, one in self._held.items() if one.gone()), None)
            if gone is None:
                raise Refused(f"costtop holds {self._limit} others already")
            self.forget(gone)
        return hold(claim.pid, claim.start, self.see, pidfds=self._pidfds)

    def _one_of(self, claims: Sequence[Claim]) -> Claim | None:
        """The only claim, or the one whose process is above all the others."""
        if len(claims) < 2:
            return claims[0] if claims else None
        for claim in claims:
            others = [one for one in claims if one is not claim]
            if all(self._is_above(claim.pid, one.pid) for one in others):
                return claim
        return None

    def _is_above(self, pid: int, below: int) -> bool:
        return any(one.pid == pid for one in ancestors(below, self.see))

    def _is_setback(self, claim: Claim, current: Held | None) -> bool:
        """A session that had its own process is not behind an older one that a guess names."""
        if current is None or current.identity == (claim.pid, claim.start) or not current.gone():
            return False
        return claim.confidence != "exact" and claim.start < current.process.start

    def _proves(self, claim: Claim) -> bool:
        if not claim.file:
            return True
        try:
            return claim.file in self.see.written(claim.pid)
        except PermissionError:
            return False

    def _capped(self, claim: Claim) -> Claim:
        try:
            self.see.cwd(claim.pid)
        except PermissionError:
            words = f"{claim.evidence}; the system hides the process from costtop"
            return claim._replace(confidence=CONFIDENCES[0], evidence=words)
        return claim

    def _unless_moved_on(self, claim: Claim) -> Claim:
        """A hook knows better than a file which session a process is at (/clear)."""
        for session, (kind, known) in self._reported.items():
            same = (known.pid, known.start) == (claim.pid, claim.start)
            if kind == "hook" and same and session != claim.session:
                moved = _moved_on(claim.session, claim.pid, session)
                return claim._replace(refusal=claim.refusal or moved.refusal, former=True)
        return claim

    def _forget_former(self, claim: Claim) -> None:
        for session, (kind, known) in list(self._reported.items()):
            same = (known.pid, known.start) == (claim.pid, claim.start)
            if kind == "hook" and same and session != claim.session:
                self.forget(session)

    def _carried(self, session: str) -> tuple[str, ...]:
        """The sessions of its process; a mere guess about another session does not count."""
        held, own = self._held[session], self._claims[session].confidence
        counted = CONFIDENCES[min(CONFIDENCES.index(own), 1) :]
        return tuple(
            other
            for other, one in self._held.items()
            if one.identity == held.identity
            and self._claims[other].confidence in counted
            and not self._claims[other].former
        )

    def _release(self, session: str) -> None:
        held = self._held.pop(session, None)
        if held is not None:
            held.close()


def _unclear(session: str, claims: Sequence[Claim]) -> Claim:
    pids = sorted({one.pid for one in claims})
    refused = "no process is known for this session"
    if len(pids) > 1:
        refused = f"processes {', '.join(map(str, pids))} all look like this session's"
    return Claim(session, 0, 0, "weak", "", refusal=refused)


def _moved_on(session: str, pid: int, other: str) -> Claim:
    words = f"process {pid} has gone on to session {other}: act on that one"
    return Claim(session, 0, 0, "weak", "", refusal=words)


def _is_about(claims: Iterable[Claim], held: Held) -> bool:
    return any((one.pid, one.start) == held.identity for one in claims)


def _outweigh(best: Sequence[Claim], known: Claim) -> bool:
    """Whether fresh claims, all of one confidence, count for more than what was known."""
    about = [one for one in best if (one.pid, one.start) == (known.pid, known.start)]
    if any(one.former or one.refusal for one in about):
        return True
    return any(
        CONFIDENCES.index(one.confidence) >= CONFIDENCES.index(known.confidence) for one in best
    )
