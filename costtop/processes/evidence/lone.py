"""The only agent in a session's folder, seen twice: whether the session's calls are its own.

One look proves little: an agent may idle where another one, which has gone, or any program at all,
wrote a log. An agent that was the only one there before and after a call, and that wrote
meanwhile what the log has grown by, made the call. It reads /proc and the sizes of logs alone.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from costtop.processes.evidence.wanted import ProcessClaim, Wanted
from costtop.processes.inspect.process import Inspector


class _Look(NamedTuple):
    identity: tuple[int, int]
    last: int  # ms UTC: the session's latest call
    size: int  # bytes of its logs
    wrote: tuple[int, int]  # bytes that the agent has written: before `size` was read, and after


class LoneAgents:
    """What the searches before have seen of them, by session."""

    def __init__(self) -> None:
        self._looks: dict[str, _Look] = {}

    def weighed(
        self, wanted: Sequence[Wanted], claims: Iterable[ProcessClaim], inspector: Inspector
    ) -> list[ProcessClaim]:
        """The claims; those of lone agents are exact where the session has called since."""
        named = {one.session: one for one in wanted}
        before, self._looks = self._looks, {}
        return [
            self._weighed(named[claim.session], claim, wanted, before, inspector)
            if claim.kin
            else claim
            for claim in claims
        ]

    def _weighed(
        self,
        one: Wanted,
        claim: ProcessClaim,
        wanted: Sequence[Wanted],
        before: Mapping[str, _Look],
        inspector: Inspector,
    ) -> ProcessClaim:
        earlier, now = before.get(one.session), _look(one, claim, inspector)
        if earlier is None or earlier.identity != claim.identity:
            self._looks[one.session] = now
            return claim
        self._looks[one.session] = earlier if now.last == earlier.last else now
        if now.last == earlier.last or _others_call(one, wanted, earlier.last):
            return claim
        if now.wrote[1] - earlier.wrote[0] < now.size - earlier.size:
            return claim  # somebody else wrote that log
        words = f"{claim.evidence}, at work there while it called"
        return claim._replace(confidence="exact", evidence=words)


def _look(one: Wanted, claim: ProcessClaim, inspector: Inspector) -> _Look:
    before = sum(_wrote(pid, inspector) for pid in claim.kin)
    size = sum(_size(log) for log in one.logs)
    after = sum(_wrote(pid, inspector) for pid in claim.kin)
    return _Look(claim.identity, one.last, size, (before, after))


def _others_call(one: Wanted, wanted: Sequence[Wanted], since: int) -> bool:
    """Whether other sessions of that folder call, too: then it is not known whose it is."""
    folder = os.path.realpath(one.cwd)
    return any(
        other.source == one.source
        and other.session != one.session
        and other.last > since
        and os.path.realpath(other.cwd or "/") == folder
        for other in wanted
    )


def _wrote(pid: int, inspector: Inspector) -> int:
    try:
        return inspector.wrote(pid)
    except PermissionError:
        return 0


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
