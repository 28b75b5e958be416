"""What is wanted and what is claimed of processes: the nouns of evidence. It looks at nothing."""

from collections.abc import Iterable
from typing import NamedTuple

CONFIDENCES = ("weak", "strong", "exact")
"""weak: act only after the pid has been typed; strong: two signs agree; exact: the agent or the
kernel says so."""


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


def strongest(claims: Iterable[ProcessClaim]) -> list[ProcessClaim]:
    """The claims of the highest confidence, one a process."""
    best: dict[tuple[int, int], ProcessClaim] = {}
    for one in sorted(claims, key=lambda one: -CONFIDENCES.index(one.confidence)):
        best.setdefault((one.pid, one.start), one)
    top = max((CONFIDENCES.index(one.confidence) for one in best.values()), default=0)
    return [one for one in best.values() if CONFIDENCES.index(one.confidence) == top]
