"""A fleet's machines as its picture knows them: last words, clocks, and what each spends."""

import sqlite3
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.durations import QUARTER, iso, short
from costtop.floor import EXACT, Floor
from costtop.named import NamedTuple
from costtop.queries.live.view import SessionRow
from costtop.store.calls import floors

_HOSTS = (
    "SELECT -(h.team << 32 | h.id), h.label, h.team_name, h.version, h.seen, h.skew_ms, h.lag_ms,"
    " EXISTS (SELECT 1 FROM floors f WHERE f.session = -(h.team << 32 | h.id)"
    " AND f.reason = 'silent') FROM fleet_hosts h ORDER BY h.team_name, h.label"
)
_TODAY = (
    "SELECT session, sum(cost), sum(calls), sum(unpriced) FROM spend"
    " WHERE quarter >= ? AND session < 0 GROUP BY 1"
)


class FleetHost(NamedTuple):
    """One machine. Times are ms, money int nano-dollars."""

    name: str
    team: str
    version: str  # of its costtop
    seen: int  # its last word, ms UTC; 0: it never had one
    age: int  # of that
    silent: bool  # three of its heartbeats are missing
    skew: int  # its clock less the server's
    lag: int  # age of what it had not shipped yet
    running: int  # sessions
    burn: int  # nano-dollars an hour
    today: int
    short: Floor  # what today is short of
    calls: int
    unpriced: int  # calls of today
    held: str = ""  # what holds its sessions back

    @property
    def floor(self) -> bool:
        """Whether people see today's sum as a floor."""
        return self.short.shows(self.today, self.calls)

    def tree(self) -> dict[str, object]:
        """As JSON carries it."""
        from costtop import money

        return {
            "host": self.name,
            "team": self.team,
            "version": self.version or None,
            "seen": iso(self.seen) if self.seen else None,
            "silent": self.silent,
            "skew_ms": self.skew,
            "lag_ms": self.lag,
            "running": self.running,
            "burn_usd_per_hour": money.exact(self.burn),
            "today_usd": money.exact(self.today),
            **self.short.tree(),
            "unpriced_calls": self.unpriced,
            "held_by": self.held or None,
        }


def is_fleet(db: sqlite3.Connection) -> bool:
    """Whether the store holds the rows of a fleet."""
    found = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'fleet_hosts'").fetchone()
    return found is not None


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
    for number, label, team, version, seen, skew, lag, silent in db.execute(_HOSTS):
        mine = live.get(label, ())
        cost, calls, unpriced = spent.get(number, (0, 0, 0))
        found.append(
            FleetHost(
                name=label,
                team=team,
                version=version,
                seen=seen,
                age=max(now - seen, 0) if seen else 0,
                silent=bool(silent),
                skew=skew,
                lag=lag,
                running=sum(row.state == "running" for row in mine),
                burn=sum(row.rate for row in mine),
                today=cost,
                short=shorts.get(number, EXACT),
                calls=calls,
                unpriced=unpriced,
            )
        )
    return tuple(found)


def line(hosts: Iterable[FleetHost]) -> str:
    """How they are, in a line: "4 hosts, 1 silent: eve-mac 3m"."""
    every = list(hosts)
    quiet = [f"{one.name} {short(one.age)}" for one in every if one.silent]
    many = f"{len(every)} host{'s' * (len(every) != 1)}"
    return f"{many}, {len(quiet)} silent: {', '.join(quiet)}" if quiet else many
