"""What is wanted and what is claimed of processes: the nouns of evidence. It looks at nothing."""

from collections.abc import Iterable, Sequence

from costtop.named_tuples import NamedTuple

CONFIDENCES = ("weak", "strong", "exact")
"""weak: act only after the pid has been typed; strong: two signs agree; exact: the agent or the
kernel says so."""


_LISTED = 6  # candidates told with what speaks for each
_NAMED = 8  # pids of them; forged files name hundreds


class Wanted(NamedTuple):
    """A session whose process is wanted. Unknown parts stay empty or 0.

    `ids` are the session's own id first, then those of its subagents; `logs` are the absolute paths
    of its log files; `hint` is a pid that its log claims: never proof (RELIABILITY.md K6).
    """

    session: str  # "source/id" of the root session
    source: str  # claude-code | codex | costtop | ...
    ids: tuple[str, ...]
    cwd: str = ""
    logs: tuple[str, ...] = ()
    hint: int | None = None
    started: int = 0  # ms UTC, first call
    last: int = 0  # ms UTC, latest call


class PeerReport(NamedTuple):
    """A process that told of itself or of its parents, over the daemon's socket.

    kind "run": `chain` is the command that `costtop run` started; "hook": the ancestors of a hook
    or status line, nearest first (`look.lineage`); "peer": who is at the other end of the socket.
    """

    session: str
    kind: str
    chain: tuple[tuple[int, int], ...]  # (pid, start)
    source: str = ""
    hint: int | None = None


class ProcessClaim(NamedTuple):
    """Something that says which process is behind a session.

    `file` must be held open for writing by the process, also after it is held. A claim with a
    `refusal` names a process that must not be signalled for this session alone.
    """

    session: str
    pid: int
    start: int
    confidence: str
    evidence: str
    file: str = ""
    refusal: str = ""
    former: bool = False  # the process has gone on from this session to another
    speaks: bool = False  # it sent the session's calls itself; others may send more of them
    stranger: bool = False  # no program known as an agent: it may only have called a hook once
    kin: tuple[int, ...] = ()  # an agent in the session's folder, and those of its program below it
    beside: int = 0  # others of its program in that folder

    @property
    def identity(self) -> tuple[int, int]:
        """(pid, start) of the process."""
        return self.pid, self.start


def strongest(claims: Iterable[ProcessClaim]) -> list[ProcessClaim]:
    """The claims of the highest confidence, one a process."""
    best: dict[tuple[int, int], ProcessClaim] = {}
    for one in sorted(claims, key=lambda one: -CONFIDENCES.index(one.confidence)):
        best.setdefault(one.identity, one)
    top = max((CONFIDENCES.index(one.confidence) for one in best.values()), default=0)
    return [one for one in best.values() if CONFIDENCES.index(one.confidence) == top]


def unclear(session: str, claims: Iterable[ProcessClaim]) -> ProcessClaim:
    """That none of these claims tells which process it is."""
    words = {one.pid: one.evidence for one in sorted(claims, key=lambda one: one.pid)}
    refused = "no process is known for this session"
    if len(words) > 1:
        each = " · ".join(f"{pid}: {said}" for pid, said in list(words.items())[:_LISTED])
        pids = ", ".join(map(str, list(words)[:_NAMED]))
        pids += f" and {len(words) - _NAMED} others" if len(words) > _NAMED else ""
        refused = f"processes {pids} all look like this session's; name one by --pid ({each})"
    return ProcessClaim(session, 0, 0, "weak", "", refusal=refused)


def moved_on(session: str, pid: int, other: str) -> ProcessClaim:
    """That a process has left this session for another."""
    words = f"process {pid} has gone on to session {other}: act on that one"
    return ProcessClaim(session, 0, 0, "weak", "", refusal=words)


def rank(claims: Iterable[ProcessClaim], identity: tuple[int, int]) -> int:
    """How surely fresh claims name this very process; -1 where none does."""
    named = (CONFIDENCES.index(one.confidence) for one in claims if one.identity == identity)
    return max(named, default=-1)


def outweigh(best: Sequence[ProcessClaim], known: ProcessClaim) -> bool:
    """Whether fresh claims, all of one confidence, count for more than what was known."""
    about = [one for one in best if one.identity == known.identity]
    if any(one.former or one.refusal for one in about):
        return True
    return any(
        CONFIDENCES.index(one.confidence) >= CONFIDENCES.index(known.confidence) for one in best
    )
