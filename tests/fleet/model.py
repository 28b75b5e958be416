"""What a fleet must come to, as plain dictionaries: the rules of `ingest` said once more, apart."""

from collections import defaultdict
from typing import Any, NamedTuple

from costtop.fleet.shipment import FAILED, SHORT, ShippedCall
from tests.fleet.fleet import Fleet

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


_SUMS = "calls, errors, unpriced, short, cost, input, cache_read, cache_write, output"
_ASKED = {
    "minutes": "SELECT t.name, h.name, s.session, m.minute, m.calls, m.unpriced, m.cost, m.tokens"
    " FROM costtop.minutes m JOIN costtop.sessions s ON s.id = m.session"
    " JOIN costtop.hosts h ON h.id = s.host JOIN costtop.teams t ON t.id = m.team",
    "spend": "SELECT t.name, h.name, quarter, u.text, p.text, m.text, f.text, " + _SUMS + " FROM"
    " costtop.spend s JOIN costtop.hosts h ON h.id = s.host JOIN costtop.teams t ON t.id = s.team"
    + "".join(
        f" JOIN costtop.names {x} ON {x}.id = s.{column} AND {x}.team = s.team"
        for x, column in (("u", "usr"), ("p", "project"), ("m", "model"), ("f", "feature"))
    ),
    "sessions": "SELECT t.name, h.name, session, " + _SUMS + " FROM costtop.sessions s"
    " JOIN costtop.hosts h ON h.id = s.host JOIN costtop.teams t ON t.id = s.team",
    "calls": "SELECT t.name, c.key, o.name, x.name, s.session, c.at, c.cost, c.output"
    " FROM costtop.calls c JOIN costtop.keys k USING (team, key, day)"
    " JOIN costtop.hosts o ON o.id = c.host JOIN costtop.hosts x ON x.id = c.teller"
    " JOIN costtop.sessions s ON s.id = c.session JOIN costtop.teams t ON t.id = c.team"
    " WHERE c.day = to_timestamp(c.at / 1000)::date",
}


def compare(fleet: Fleet, told: Told) -> None:
    """The server's tables are what these batches come to, to the nano-dollar."""
    rows = fleet.rows
    calls = {(t, k): tuple(rest) for t, k, *rest in rows(_ASKED["calls"])}
    assert calls == {
        key: (own, tell, name, one.at, one.cost, one.output)
        for key, (own, tell, name, one) in told.calls.items()
    }
    expected = told.sums()
    for table, keys in (("spend", 7), ("sessions", 3)):
        found = {x[:keys]: x[keys:] for x in rows(_ASKED[table]) if any(x[keys:])}
        assert found == expected[table]
    minutes = {x[:4]: x[4:] for x in rows(_ASKED["minutes"]) if any(x[4:])}
    assert minutes == {
        key: (row[0], row[2], row[4], row[5] + row[8]) for key, row in expected["minutes"].items()
    }
