"""A fleet's machines as its picture knows them: last words, clocks, and what each spends."""

import sqlite3
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.durations import QUARTER, short
from costtop.queries.live.live_alerts import Held
from costtop.queries.live.view import FleetHost, SessionRow, Snapshot
from costtop.store.calls import floors
from costtop.sum_floors import EXACT

_HOSTS = (
    "SELECT -(h.team << 32 | h.id), h.label, h.team_name, h.version, h.seen, h.skew_ms, h.lag_ms,"
    " h.accepts,"
    " EXISTS (SELECT 1 FROM floors f WHERE f.session = -(h.team << 32 | h.id)"
    " AND f.reason = 'silent') FROM fleet_hosts h ORDER BY h.team_name, h.label"
)
_TODAY = (
    "SELECT session, sum(cost), sum(calls), sum(unpriced) FROM spend"
    " WHERE quarter >= ? AND session < 0 GROUP BY 1"
)


def tree(one: FleetHost) -> dict[str, object]:
    """A machine as JSON carries it."""
    from costtop import money
    from costtop.durations import iso

    return {
        "host": one.name,
        "team": one.team,
        "version": one.version or None,
        "seen": iso(one.seen) if one.seen else None,
        "silent": one.silent,
        "skew_ms": one.skew,
        "lag_ms": one.lag,
        "running": one.running,
        "burn_usd_per_hour": money.exact(one.burn),
        "today_usd": money.exact(one.today),
        **one.short.tree(),
        "unpriced_calls": one.unpriced,
        "held_by": one.held or None,
        "accepts": one.accepts.replace("-", "").split() if one.accepts else None,
    }


def read(
    db: sqlite3.Connection, now: int, tz: ZoneInfo, rows: Iterable[SessionRow]
) -> tuple[FleetHost, ...]:
    """The machines at `now`, ms UTC, by team and name; `rows` are the sessions of that moment."""
    live: dict[str, list[SessionRow]] = {}
    for row in rows:
        live.setdefault(row.host, []).append(row)
    first = periods.start_of("day", now, tz) // QUARTER
    spent = {one[0]: one[1:] for one in db.execute(_TODAY, (first,))}
    shorts = floors.by(db, "p.session", "p.quarter >= ? AND p.session < 0", (first,))
    found = []
    for number, label, team, version, seen, skew, lag, accepts, silent in db.execute(_HOSTS):
        mine = live.get(label, ())
        cost, calls, unpriced = spent.get(number, (0, 0, 0))
        found.append(
            FleetHost(
                name=label,
                team=team,
                version=version,
                seen=seen,
                silent=bool(silent),
                skew=skew,
                lag=lag,
                running=sum(row.state == "running" for row in mine),
                burn=sum(row.rate for row in mine),
                today=cost,
                short=shorts.get(number, EXACT),
                calls=calls,
                unpriced=unpriced,
                accepts=accepts,
            )
        )
    return tuple(found)


def with_hosts(db: sqlite3.Connection, taken: Snapshot) -> Snapshot:
    """A snapshot of a fleet with its machines; sessions of silent ones say how long they are."""
    hosts = read(db, taken.at, ZoneInfo(taken.zone), taken.sessions)
    quiet = {one.name: f"host silent {short(taken.at - one.seen)}" for one in hosts if one.silent}
    rows = taken.sessions
    if quiet:
        rows = tuple(
            row._replace(why=row.why or quiet.get(row.host, "")) if row.short.silent else row
            for row in rows
        )
    hosts = tuple(one._replace(held=_held(one, taken.held)) for one in hosts)
    return taken._replace(hosts=hosts, sessions=rows)


def _held(host: FleetHost, held: Iterable[Held]) -> str:
    """What holds a machine's sessions: budgets of the fleet hold wherever their scope is met."""
    own = f"/{host.name}:"
    named = [one.budget for one in held if one.budget and (not one.session or own in one.session)]
    return ", ".join(dict.fromkeys(named))


def line(hosts: Iterable[FleetHost], now: int) -> str:
    """How they are at `now`, in a line: "4 hosts, 1 silent: eve-mac 3m"."""
    every = list(hosts)
    quiet = [f"{one.name} {short(now - one.seen)}" for one in every if one.silent]
    many = f"{len(every)} host{'s' * (len(every) != 1)}"
    return f"{many}, {len(quiet)} silent: {', '.join(quiet)}" if quiet else many
