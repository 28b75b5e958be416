"""What processes told of themselves, over the daemon's socket: it outlives every search."""

from collections.abc import Iterator

from costtop.processes.evidence.evidence_nouns import ProcessClaim
from costtop.processes.inspect.process import Inspector, lives

_MANY = 4096  # sessions told of, before those whose process has ended are forgotten


class Reports:
    """Claims by session, the kernel's word on who told them.

    Several of one session stand beside each other only where hooks of several processes told of
    it, or several sent its calls: which of them is meant, nobody can say then.
    """

    def __init__(self, inspector: Inspector) -> None:
        self._inspector = inspector
        self._told: dict[str, list[tuple[str, ProcessClaim]]] = {}  # session -> (kind, claim)

    def add(self, kind: str, claim: ProcessClaim) -> list[ProcessClaim]:
        """Keeps a claim; gives all that hold of its session now."""
        others = [
            (before, one)
            for before, one in self._told.get(claim.session, ())
            if before == kind
            and kind in {"hook", "peer"}
            and one.identity != claim.identity
            and lives(one.identity, self._inspector)
        ]
        if len(self._told) >= _MANY:
            self._told = {one.session: self._told[one.session] for one in self.living()}
        self._told[claim.session] = [*others, (kind, claim)]
        return [one for _, one in self._told[claim.session]]

    def living(self) -> Iterator[ProcessClaim]:
        """All whose process lives."""
        for told in self._told.values():
            yield from (one for _, one in told if lives(one.identity, self._inspector))

    def at(self, identity: tuple[int, int]) -> list[str]:
        """The sessions that a process's hooks told of."""
        return [
            session
            for session, told in self._told.items()
            if any(kind == "hook" and one.identity == identity for kind, one in told)
        ]

    def leave(self, session: str, identity: tuple[int, int]) -> bool:
        """The process has gone on to another session; whether nobody is left at this one."""
        self._told[session] = [one for one in self._told[session] if one[1].identity != identity]
        return not self._told[session]

    def forget(self, session: str) -> None:
        """Nothing of this session is wanted any more."""
        self._told.pop(session, None)
