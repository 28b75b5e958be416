"""What a fleet must come to, as plain dictionaries: the rules of `ingest` said once more, apart."""

from collections import defaultdict
from typing import Any, NamedTuple

from costtop.fleet.shipment import FAILED, SHORT, ShippedCall

COUNTS = (
    "model input cache_read cache_write cache_write_1h output reasoning flags"
    " cost computed reported"
).split()


class Standing(NamedTuple):
    """A call as the fleet has it: who owns it, who told its counts, in which session."""

    owner: str
    teller: str
    session: str
    call: ShippedCall


class Told:
    """Calls of each team by key, after any batches."""

    def __init__(self, teams: dict[str, str]) -> None:
        self.teams = teams
        self.calls: dict[tuple[str, bytes], Standing] = {}
        self.own: dict[tuple[str, bytes], ShippedCall] = {}  # each owner's latest own word

    def batch(
        self, host: str, said: dict[bytes, tuple[str, ShippedCall]], gone: set[bytes]
    ) -> None:
        """What one batch of a host makes of it; `said` is (session, call) by key."""
        team = self.teams[host]
        for key, (session, call) in said.items():
            old = self.calls.get((team, key))
            new = Standing(host, host, session, call)
            self.calls[team, key] = _joined(old, new) if old else new
            if self.calls[team, key].owner == host:
                self.own[team, key] = call
        for key in gone - said.keys():
            old = self.calls.get((team, key))
            if old and old.owner == host:
                del self.calls[team, key]

    def forget(self, host: str) -> None:
        """All that a host owned is gone; others' calls are as they told them themselves."""
        for key, one in list(self.calls.items()):
            if one.owner == host:
                del self.calls[key]
            elif one.teller == host:
                own = {name: getattr(self.own[key], name) for name in COUNTS}
                self.calls[key] = one._replace(teller=one.owner, call=one.call._replace(**own))

    def sums(self) -> dict[str, dict[Any, tuple[int, ...]]]:
        """The rows of `minutes`, `spend` and `sessions`, without those that are zero."""
        found: dict[str, Any] = {x: defaultdict(lambda: [0] * 9) for x in _LINES}
        for (team, _), (owner, _, session, call) in self.calls.items():
            added = (
                1, call.flags & FAILED, call.cost is None, call.flags // SHORT & 1, call.cost or 0,
                call.input, call.cache_read, call.cache_write, call.output,
            )  # fmt: skip
            for table, line in _LINES.items():
                row = found[table][line(team, owner, session, call)]
                row[:] = map(sum, zip(row, added, strict=True))
        return {x: {key: tuple(row) for key, row in rows.items()} for x, rows in found.items()}


_LINES = {
    "minutes": lambda team, owner, session, call: (team, owner, session, call.at // 60_000),
    "spend": lambda team, owner, _, call: (
        team, owner, call.at // 900_000, call.user, call.project, call.model, call.feature,
    ),
    "sessions": lambda team, owner, session, _: (team, owner, session),
}  # fmt: skip


def _joined(old: Standing, new: Standing) -> Standing:
    """The owner's word on where and when; the larger sight's, or the teller's own, on how much."""
    mine = old.owner == new.owner
    size, told = (old.call.output, old.call.input), (new.call.output, new.call.input)
    takes = new.teller == old.teller or told > size or (mine and told == size)
    counts = (new if takes else old).call
    place = new if mine else old
    call = place.call._replace(**{name: getattr(counts, name) for name in COUNTS})
    return Standing(old.owner, new.teller if takes else old.teller, place.session, call)
