"""Makes floors of what a silent host has not told: of every sum since its last word.

So whatever shows a sum shows that one as a floor, with its reason. It decides not who is silent.
"""

from collections.abc import Iterable, Iterator

from costtop.durations import MINUTE, QUARTER
from costtop.fleet.mirror import copied_sums
from costtop.fleet.mirror.copied_sessions import NO_TIME
from costtop.fleet.mirror.own_store import Line, OwnStore, carrier_id
from costtop.fleet.mirror.server_rows import HostRow

_GIVEN_UP = 7 * 96  # quarters after which a host that says nothing is no longer waited for
_WAS_LIVE = 30 * MINUTE  # a session with a word so soon before its host's last may have gone on
_LIVE = (
    "SELECT f.id FROM fleet_sessions f JOIN sessions s ON s.id = f.id"
    " WHERE f.team = ? AND f.host = ? AND s.last >= ? AND s.ended IS NULL"
)


def put(store: OwnStore, hosts: Iterable[HostRow], now: int, rev: int) -> None:
    """Writes them as they are at `now`, ms UTC by the server's clock; `rev` marks sessions."""
    wanted: set[Line] = set()
    for host in hosts:
        if host.seen and host.is_silent(now):
            wanted.update(_of_sums(store, host, now))
            wanted.update(_of_sessions(store, host))
    for lines, count in ((store.silence - wanted, 0), (wanted - store.silence, 1)):
        for line in lines:
            copied_sums.put_floors(store.db, line, {"silent": count})
            store.db.execute("UPDATE sessions SET rev = ? WHERE id = ?", (rev, line[1]))
    store.silence = wanted


def _of_sums(store: OwnStore, host: HostRow, now: int) -> Iterator[Line]:
    last = host.seen // QUARTER
    context = store.context(host.team, host.id, 0, 0)
    for quarter in range(last, min(now // QUARTER, last + _GIVEN_UP) + 1):
        yield quarter, carrier_id(host.team, host.id), context, 0, 0


def _of_sessions(store: OwnStore, host: HostRow) -> Iterator[Line]:
    given = (host.team, host.id, host.seen - _WAS_LIVE)
    for (session,) in store.db.execute(_LIVE, given).fetchall():
        yield NO_TIME, session, 0, 0, 0
