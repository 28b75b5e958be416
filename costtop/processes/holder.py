"""Holds the process behind each session, from its discovery on; `actions` signal it.

One file handle a session, up to a limit. A session's process is answered with a confidence and the
evidence in words, or with the reason why nothing may be done to it: right process or refusal.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from costtop.errors import Refused
from costtop.named_tuples import NamedTuple
from costtop.processes.evidence.evidence_nouns import (
    CONFIDENCES,
    PeerReport,
    ProcessClaim,
    Wanted,
    moved_on,
    outweigh,
    rank,
    strongest,
    unclear,
)
from costtop.processes.evidence.reports import Reports
from costtop.processes.evidence.search import heard
from costtop.processes.handle import Handle, adopt, hold
from costtop.processes.inspect.inspector import system_inspector
from costtop.processes.inspect.process import Inspector, Process, ancestors, lives
from costtop.processes.refuse import never_held, refusal

LIMIT = 512  # processes held
_RANK = CONFIDENCES.index


class Found(NamedTuple):
    """The answer to "which process is behind this session?".

    `process` is None when none is known; `confidence` is exact, strong, weak or "". A `refusal`
    says why no action is possible; `sessions` lists all that the process carries, when several.
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

    def __init__(
        self, inspector: Inspector | None = None, *, limit: int = LIMIT, pidfds: bool = True
    ) -> None:
        self.inspector = inspector or system_inspector()
        self._limit = limit
        self._pidfds = pidfds
        self._handles: dict[str, Handle] = {}
        self._claims: dict[str, ProcessClaim] = {}  # why each is held, or why none is
        self._reports = Reports(self.inspector)
        self._contested: dict[str, str] = {}  # why a known process may not be meant after all
        self._candidates: dict[str, tuple[ProcessClaim, ...]] = {}  # which the user may name

    def take(self, wanted: Sequence[Wanted], claims: Iterable[ProcessClaim]) -> None:
        """Hold what a search found for `wanted`.

        A process once known stays known while it lives: a search that finds less, or nothing,
        takes nothing back. Only a guess ("weak") has to be found again each time.
        """
        fresh: dict[str, list[ProcessClaim]] = defaultdict(list)
        for claim in self._free(claims, wanted):
            if claim.refusal or lives(claim.identity, self.inspector):
                fresh[claim.session].append(self._unless_moved_on(claim))
        for claim in self._reports.living():
            fresh[claim.session].append(claim)
        for one in wanted:
            self._settle(one.session, fresh[one.session])
        self._let_go_of_former(fresh)
        listed = {one.session for one in wanted} | self._handles.keys()
        self._claims = {session: one for session, one in self._claims.items() if session in listed}

    def _free(
        self, claims: Iterable[ProcessClaim], wanted: Sequence[Wanted]
    ) -> Iterator[ProcessClaim]:
        """Without guesses at processes that are known to call elsewhere since a session began."""
        named = {one.session: one for one in wanted}
        lasts = {
            handle.identity: (session, named[session].last)
            for session, handle in self._handles.items()
            if session in named and self._claims[session].confidence != CONFIDENCES[0]
        }
        for claim in claims:
            other, last = lasts.get(claim.identity, (claim.session, 0))
            guess = claim.kin and claim.confidence == CONFIDENCES[0] and other != claim.session
            if not (guess and last > named[claim.session].started):
                yield claim

    def report(self, report: PeerReport, fd: int | None = None) -> Found:
        """Hold the process that a report names. `fd`: a pidfd that came with it (SO_PEERPIDFD)."""
        claim = heard(report, self.inspector)
        if claim is None:
            if fd is not None:
                os.close(fd)
            return Found(report.session, refusal="the report names no process of one session")
        if report.kind == "hook":
            self._forget_former(claim)
        told = self._reports.add(report.kind, claim)
        given = None if fd is None else adopt(claim.pid, claim.start, fd, self.inspector)
        if fd is not None and given is None:
            os.close(fd)
        self._settle(report.session, told, given)
        return self.find(report.session)

    def find(self, session: str) -> Found:
        """Which process is behind a session, how sure that is, and whether it may be signalled."""
        handle, claim = self._handles.get(session), self._claims.get(session)
        if handle is None:
            reason = claim.refusal if claim else ""
            return Found(session, refusal=reason or "no process is known for this session")
        if claim is None or handle.gone():
            words = f"process {handle.pid} has exited"
            return Found(session, handle.process, "", words, gone=True)
        sessions = self._carried(session)
        refused = (
            claim.refusal or self._contested.get(session) or refusal(handle.pid, self.inspector)
        )
        if len(sessions) > 1 and not claim.former:
            also = ", ".join(other for other in sessions if other != session)
            refused = refused or f"process {handle.pid} carries other sessions too: {also}"
        return Found(
            session,
            handle.process,
            confidence=claim.confidence,
            evidence=claim.evidence,
            refusal=refused,
            sessions=sessions,
        )

    def handle(self, session: str) -> Handle | None:
        """The held process itself, also after it has exited."""
        return self._handles.get(session)

    def enter(self, session: str, typed: int | None = None) -> tuple[Handle, Found]:
        """A handle of the caller's own, to close, and what is found of it; raises Refused.

        `typed` is the process that the user names where several may be it.
        """
        handle, found = self._handles.get(session), self.find(session)
        for claim in self._candidates.get(session, ()):
            if claim.pid == typed:
                named = self._hold(claim)
                if named is None or not self._proves(claim):
                    raise Refused(f"process {typed} has gone, or no longer looks like it")
                return named, Found(session, named.process, CONFIDENCES[0], claim.evidence)
        if handle is None:
            raise Refused(found.refusal)
        return handle.copy(), found

    def confidence(self, session: str) -> str:
        """How sure the held process is, or was before it exited; "" where none is held."""
        claim = self._claims.get(session)
        return claim.confidence if claim and session in self._handles else ""

    def speaks(self, session: str) -> bool:
        """Whether its process is known for sending its calls: the session may outlive it."""
        claim = self._claims.get(session)
        return claim is not None and claim.speaks

    def ends(self, session: str) -> bool:
        """Whether the session ends with its process, which is the agent's own."""
        claim = self._claims.get(session)
        return claim is not None and not claim.speaks and not claim.stranger

    def leave(self, session: str, identity: tuple[int, int]) -> None:
        """A process has said that this session of it is over."""
        handle = self._handles.get(session)
        if handle is not None and handle.identity == identity and self.speaks(session):
            self.forget(session)

    def confirms(self, session: str) -> bool:
        """Whether the process still shows what its claim rests on (an open log)."""
        claim = self._claims.get(session)
        return claim is not None and self._proves(claim)

    def sessions(self) -> tuple[str, ...]:
        """Sessions with a held process, living or exited."""
        return tuple(self._handles)

    def forget(self, session: str) -> None:
        """Let go of a session."""
        self._release(session)
        self._reports.forget(session)
        self._claims.pop(session, None)
        self._contested.pop(session, None)
        self._candidates.pop(session, None)

    def close(self) -> None:
        """Let go of everything."""
        for session in list(self._handles):
            self.forget(session)

    def _settle(
        self, session: str, fresh: Sequence[ProcessClaim], given: Handle | None = None
    ) -> None:
        """Chooses among fresh claims, and takes care of `given`, a hold that came with one."""
        allowed = [one for one in fresh if not one.refusal] or list(fresh)
        best = strongest(allowed)
        choice = self._one_of(best)
        current, known = self._handles.get(session), self._known(session)
        self._contested.pop(session, None)
        self._candidates.pop(session, None)
        torn = choice is None and len(best) > 1 and best[0].confidence != CONFIDENCES[0]
        if known is not None and not torn and not outweigh(best, known):
            choice = known
        if known is not None and choice is not None and self._starts(session, known, choice):
            choice = known
        if choice is None and len(allowed) > 1:
            self._candidates[session] = tuple(one for one in allowed if not one.refusal)
        if choice is None and known is not None:
            self._contested[session] = unclear(session, allowed).refusal
        elif choice is not None and not self._is_setback(choice, current):
            if current is None or current.identity != choice.identity:
                given = self._replace(session, choice, given, keep=known is not None)
            elif choice is not known:
                self._claims[session] = self._capped(choice)
        elif current is None or not current.gone():
            self._release(session)
            self._claims.pop(session, None)  # `find` says that none is known
            if allowed:
                self._claims[session] = unclear(session, allowed)
        if given is not None:
            given.close()

    def _starts(self, session: str, known: ProcessClaim, choice: ProcessClaim) -> bool:
        """Whether what is known, and at no other session, is above what holds the log just now, or
        is the same process by a proof that lasts.

        Qwen starts itself anew and opens its log for moments alone: a proof that has gone by the
        time that it is acted on.
        """
        if not choice.file or known.confidence != choice.confidence:
            return False
        if known.identity == choice.identity:
            return not (known.file or choice.refusal or choice.former)
        return self._is_above(known.pid, choice.pid) and len(self._carried(session)) == 1

    def _replace(
        self, session: str, claim: ProcessClaim, given: Handle | None, *, keep: bool
    ) -> Handle | None:
        """Holds another process for a session; gives `given` back where it was not needed.

        Hold first, then check that the evidence is still true of what is handle. Where it is not,
        the process held until now stays if it is to be kept or has exited.
        """
        found, why = given, claim.refusal
        # A pid that only a log claims, and nothing confirms, is not worth a handle.
        if found is None and not (claim.refusal and claim.confidence == "weak"):
            try:
                found = self._hold(claim)
            except Refused as refused:
                why = claim.refusal or str(refused)
            except OSError as error:
                why = f"process {claim.pid} cannot be held: {error.strerror}"
        if found is not None and (never_held(claim.pid, self.inspector) or not self._proves(claim)):
            if found is not given:
                found.close()
            found = None
        if found is not None:
            self._release(session)
            self._handles[session], self._claims[session] = found, self._capped(claim)
            return None
        current = self._handles.get(session)
        if not keep and (current is None or not current.gone()):
            self._release(session)
            self._claims[session] = claim._replace(refusal=why)
        return given

    def _known(self, session: str) -> ProcessClaim | None:
        """The claim of a session whose process lives and is more than a guess."""
        handle, claim = self._handles.get(session), self._claims.get(session)
        if handle is None or claim is None or handle.gone() or claim.confidence == CONFIDENCES[0]:
            return None
        return claim

    def _let_go_of_former(self, fresh: Mapping[str, Sequence[ProcessClaim]]) -> None:
        """A process that is shown better to have gone on to another session has left the former."""
        ranks = {
            session: rank(fresh.get(session, ()), one.identity)
            for session, one in self._handles.items()
        }
        shown: dict[tuple[int, int], tuple[int, str]] = {}
        for session, handle in self._handles.items():
            mine = -1 if self._claims[session].former else ranks[session]
            shown[handle.identity] = max(shown.get(handle.identity, (-1, "")), (mine, session))
        for session, handle in list(self._handles.items()):
            surest, other = shown[handle.identity]
            if surest > ranks[session] and surest >= _RANK(self._claims[session].confidence):
                self.forget(session)
                self._claims[session] = moved_on(session, handle.pid, other)

    def _hold(self, claim: ProcessClaim) -> Handle | None:
        if reason := never_held(claim.pid, self.inspector):
            raise Refused(reason)
        if len(self._handles) >= self._limit:
            gone = next((session for session, one in self._handles.items() if one.gone()), None)
            if gone is None:
                raise Refused(f"process {claim.pid}: costtop holds {self._limit} others already")
            self.forget(gone)
        return hold(claim.pid, claim.start, self.inspector, pidfds=self._pidfds)

    def _one_of(self, claims: Sequence[ProcessClaim]) -> ProcessClaim | None:
        """The only claim, or the one whose process is above all the others."""
        if len(claims) < 2:
            return claims[0] if claims else None
        for claim in claims:
            others = [one for one in claims if one is not claim]
            if all(self._is_above(claim.pid, one.pid) for one in others):
                return claim
        return None

    def _is_above(self, pid: int, below: int) -> bool:
        return any(one.pid == pid for one in ancestors(below, self.inspector))

    def _is_setback(self, claim: ProcessClaim, current: Handle | None) -> bool:
        """A session that had its own process is not behind an older one that a guess names."""
        if current is None or current.identity == claim.identity or not current.gone():
            return False
        return claim.confidence != "exact" and claim.start < current.process.start

    def _proves(self, claim: ProcessClaim) -> bool:
        if not claim.file:
            return True
        try:
            return claim.file in self.inspector.written(claim.pid)
        except PermissionError:
            return False

    def _capped(self, claim: ProcessClaim) -> ProcessClaim:
        try:
            self.inspector.cwd(claim.pid)
        except PermissionError:
            words = f"{claim.evidence}; the system hides the process from costtop"
            return claim._replace(confidence=CONFIDENCES[0], evidence=words)
        return claim

    def _unless_moved_on(self, claim: ProcessClaim) -> ProcessClaim:
        """A hook knows better than a file which session a process is at (/clear)."""
        for session in self._reports.at(claim.identity):
            if session != claim.session:
                moved = moved_on(claim.session, claim.pid, session)
                return claim._replace(refusal=claim.refusal or moved.refusal, former=True)
        return claim

    def _forget_former(self, claim: ProcessClaim) -> None:
        for session in self._reports.at(claim.identity):
            if session != claim.session and self._reports.leave(session, claim.identity):
                self.forget(session)

    def _carried(self, session: str) -> tuple[str, ...]:
        """The sessions of its process; a mere guess about another session does not count."""
        handle, own = self._handles[session], self._claims[session].confidence
        counted = CONFIDENCES[min(CONFIDENCES.index(own), 1) :]
        return tuple(
            other
            for other, one in self._handles.items()
            if one.identity == handle.identity
            and self._claims[other].confidence in counted
            and not self._claims[other].former
        )

    def _release(self, session: str) -> None:
        handle = self._handles.pop(session, None)
        if handle is not None:
            handle.close()
