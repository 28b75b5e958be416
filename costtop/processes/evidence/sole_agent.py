"""The agents in a session's folder, seen twice: whose the session's calls are.

One look proves little: an agent may idle where another one, which has gone, or any program at all,
wrote a log. An agent that was the only one there before and after a call, and that wrote
meanwhile what the log has grown by, made the call: it is known exactly. Of several, the one that
alone wrote as much is known strongly. It reads /proc and the sizes of logs alone.
"""

import os
from collections.abc import Iterable, Mapping, Sequence

from costtop.named_tuples import NamedTuple
from costtop.processes.evidence.evidence_nouns import ProcessClaim, Wanted
from costtop.processes.inspect.process import Inspector

_PAGE = 4096  # bytes that one writes at least into a database, which need not grow by it


class _Look(NamedTuple):
    last: int  # ms UTC: the session's latest call
    size: int  # bytes of its logs
    wrote: tuple[int, int]  # bytes that the agent has written: before `size` was read, and after


class SoleAgents:
    """What the searches before have seen of them, by session and process."""

    def __init__(self) -> None:
        self._looks: dict[str, dict[tuple[int, int], _Look]] = {}

    def weighed(
        self, wanted: Sequence[Wanted], claims: Iterable[ProcessClaim], inspector: Inspector
    ) -> list[ProcessClaim]:
        """The claims; those of agents that were seen at work on the session are stronger."""
        found: list[ProcessClaim] = []
        there: dict[str, list[ProcessClaim]] = {}
        for claim in claims:
            (there.setdefault(claim.session, []) if claim.kin else found).append(claim)
        before, self._looks = self._looks, {}
        for one in wanted:
            if mine := there.get(one.session):
                found += self._told_apart(one, mine, before.get(one.session, {}), wanted, inspector)
        return found

    def _told_apart(
        self,
        one: Wanted,
        claims: list[ProcessClaim],
        then: Mapping[tuple[int, int], _Look],
        wanted: Sequence[Wanted],
        inspector: Inspector,
    ) -> list[ProcessClaim]:
        now = {claim.identity: _look(one, claim, inspector) for claim in claims}
        last = min((look.last for look in then.values()), default=0)
        same = now.keys() == then.keys()
        self._looks[one.session] = dict(then) if same and last == one.last else now
        if not same or last == one.last or _others_call(one, wanted, last):
            return claims
        wrote = [claim for claim in claims if _called(claim, then, now)]
        if len(wrote) != 1:
            return claims
        mine, others = wrote[0], [claim for claim in claims if claim is not wrote[0]]
        alone = ", alone writes as it calls" if mine.beside else ", at work there while it called"
        sure = "strong" if mine.beside else "exact"
        return [*others, mine._replace(confidence=sure, evidence=mine.evidence + alone)]


def _called(
    claim: ProcessClaim,
    then: Mapping[tuple[int, int], _Look],
    now: Mapping[tuple[int, int], _Look],
) -> bool:
    """Whether an agent has written meanwhile at least what a session's logs have grown by."""
    before, after = then[claim.identity], now[claim.identity]
    grown = after.size - before.size
    least = _PAGE if claim.beside and grown <= 0 else grown
    return after.wrote[1] - before.wrote[0] >= least


def _look(one: Wanted, claim: ProcessClaim, inspector: Inspector) -> _Look:
    before = sum(_wrote(pid, inspector) for pid in claim.kin)
    size = sum(_size(log) for log in one.logs)
    after = sum(_wrote(pid, inspector) for pid in claim.kin)
    return _Look(one.last, size, (before, after))


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
