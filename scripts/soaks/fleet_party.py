"""`scripts/soak --fleet 3`: machines with real daemons on one PostgreSQL, everything against them.

Logs grow, are told again, go to other machines; prices change, stores are lost and made again;
daemons and forwarders are killed, wires are cut before, within and after batches, the server ends
as in a crash. One machine of two ships through pgbouncer. In the end the server's ledger is held
against what was written, to the nano-dollar, and each of its tables against the others.
"""

import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import psycopg

from costtop.fleet import schema
from tests.fleet.fleet import Fleet
from tests.fleet.postgres import HOSTS, Pool, Postgres
from tests.fleet.postgres import folder as for_nobody
from tests.fleet.wire import Where, Wire

from .fleet_machines import Machine, Truth, told
from .sent import PRICES, Sum
from .verdict import Finding

TEAMS = {"a": "red", "b": "red", "c": "blue", "d": "red"}
_CATCH_UP = 600.0  # s in the end, with nothing against them any more
_HOW: tuple[Where, ...] = ("before", "within", "after")
_BY_SESSION = """
SELECT t.name, s.session, count(*), sum(c.input), sum(c.output), coalesce(sum(c.cost), 0)
FROM costtop.calls c JOIN costtop.sessions s ON s.team = c.team AND s.id = c.session
JOIN costtop.teams t ON t.id = c.team GROUP BY 1, 2"""
_BY_HOST = """
SELECT h.name, count(*), sum(c.input), sum(c.output), coalesce(sum(c.cost), 0)
FROM costtop.calls c JOIN costtop.hosts h ON h.team = c.team AND h.id = c.host GROUP BY 1"""
_OF_HOST = {
    "spend": "SELECT h.name, sum(x.calls), sum(x.input), sum(x.output), sum(x.cost)"
    " FROM costtop.spend x JOIN costtop.hosts h ON h.team = x.team AND h.id = x.host GROUP BY 1",
    "sessions": "SELECT h.name, sum(x.calls), sum(x.input), sum(x.output), sum(x.cost)"
    " FROM costtop.sessions x JOIN costtop.hosts h ON h.team = x.team AND h.id = x.host GROUP BY 1",
}
_MINUTES = """
SELECT h.name, sum(m.calls), sum(m.tokens), sum(m.cost) FROM costtop.minutes m
JOIN costtop.sessions s ON s.team = m.team AND s.id = m.session
JOIN costtop.hosts h ON h.team = s.team AND h.id = s.host GROUP BY 1"""


class Wanted:
    """How much is to be done to them at least."""

    def __init__(self, minutes: float, calls: int, kills: int, cuts: int) -> None:
        self.seconds, self.calls, self.kills, self.cuts = minutes * 60, calls, kills, cuts


class FleetParty:
    """One soak of a fleet."""

    def __init__(self, folder: Path, server: Postgres, pool: Pool, hosts: int, seed: int) -> None:
        self.server, self.rng, self.truth = server, Random(seed), Truth()  # noqa: S311
        self.fleet = Fleet(server, "fleet", server.port, "abcd"[:hosts])
        self.machines = []
        for number, letter in enumerate("abcd"[:hosts]):
            wire = Wire(pool.port if number % 2 else server.port)
            url = server.url("fleet", f"costtop_host_{letter}", wire.port)
            self.machines.append(Machine(folder, letter, TEAMS[letter], url, wire))
        self.crashes, self.written = 0, 0
        self._over = threading.Event()

    def run(self, wanted: Wanted) -> list[Finding]:
        """All of it; what came of it."""
        for each in self.machines:
            each.open_sessions(40)
            each.keeper.start()
        threads = [
            threading.Thread(target=self._work, args=(each, wanted, Random(n)))  # noqa: S311
            for n, each in enumerate(self.machines)
        ]
        for each in threads:
            each.start()
        try:
            self._mishaps(wanted)
        finally:
            self._over.set()
        for each in threads:
            each.join()
        return self._judged(wanted)

    def _work(self, machine: Machine, wanted: Wanted, rng: Random) -> None:
        """Logs of a machine, until enough was written and the time is over."""
        pause = wanted.seconds / (wanted.calls / 150) * 0.6
        written, began = 0, time.monotonic()
        others = [x for x in self.machines if x is not machine]
        while written < wanted.calls or not self._over.is_set():
            if written < wanted.calls:
                machine.append(rng, self.truth, 150)
                written += 150
                self.written += 150
                if rng.random() < 0.3:
                    machine.sight_again(rng, self.truth, 20)
                if others and rng.random() < 0.03:
                    machine.fork(rng, rng.choice(others), self.truth)
            late = time.monotonic() - began > wanted.seconds
            time.sleep(0.01 if late else pause)

    def _mishaps(self, wanted: Wanted) -> None:
        began, crashes = time.monotonic(), [1 / 3, 2 / 3]
        kill = self._every(wanted.seconds / wanted.kills, self._kill)
        cut = self._every(wanted.seconds / wanted.cuts / 1.5, self._cut)
        seldom = self._every(wanted.seconds / 8, self._lose_or_reprice)
        while True:
            passed = (time.monotonic() - began) / wanted.seconds
            if crashes and passed > crashes[0]:
                crashes.pop(0)
                self._crash()
            for each in (kill, cut, seldom):
                each()
            if passed > 1 and self.kills >= wanted.kills and self.cuts >= wanted.cuts:
                return
            if passed > 3:  # more does not come
                return
            time.sleep(0.05)

    def _every(self, seconds: float, deed: Callable[[], None]) -> Callable[[], None]:
        """Does it about so often."""
        due = [time.monotonic() + self.rng.uniform(0, seconds)]

        def look() -> None:
            if time.monotonic() >= due[0]:
                due[0] = time.monotonic() + self.rng.uniform(0.5, 1.5) * seconds
                deed()

        return look

    def _kill(self) -> None:
        machine = self.rng.choice(self.machines)
        if self.rng.random() < 0.5:
            machine.kill_forwarder()
        else:
            with machine.keeper.lock:
                machine.keeper.end()
                machine.keeper.begin()

    def _cut(self) -> None:
        self.rng.choice(self.machines).wire.cut_next(self.rng.choice(_HOW))

    def _lose_or_reprice(self) -> None:
        machine = self.rng.choice(self.machines)
        deed = machine.rebuild if self.rng.random() < 0.5 else machine.reprice
        threading.Thread(target=deed, daemon=True).start()

    def _crash(self) -> None:
        """As `pg_ctl stop -m immediate` does."""
        self.server.end(signal.SIGQUIT)
        self.crashes += 1
        time.sleep(self.rng.uniform(1, 5))
        self.server.start()

    @property
    def kills(self) -> int:
        """kill -9 of daemons and of what ships for them."""
        return sum(x.keeper.kills + x.forwarder_kills for x in self.machines)

    @property
    def cuts(self) -> int:
        """Batches in the middle of which a wire was cut."""
        return sum(x.wire.cuts for x in self.machines)

    # ---------------------------------------------------------------------------------- in the end

    def _judged(self, wanted: Wanted) -> list[Finding]:
        for each in self.machines:
            with each.keeper.lock:
                each.keeper.look()
                if not each.keeper.pid:
                    each.keeper.start()
        again = [each.reprice(PRICES) for each in self.machines]
        began = time.monotonic()
        while self._differs() and time.monotonic() - began < _CATCH_UP:
            time.sleep(1)
        took = time.monotonic() - began
        findings = [
            Finding("repriced in the end everywhere", str(again), all(again)),
            Finding("kill -9", str(self.kills), self.kills >= wanted.kills),
            Finding("cuts in a batch", str(self.cuts), self.cuts >= wanted.cuts),
            Finding("crashes of the server", str(self.crashes), self.crashes == 2),
            Finding("calls that were written", f"{self.written:,}", self.written >= wanted.calls),
            *self._compared(),
            Finding("caught up in", f"{took:.0f} s", took < _CATCH_UP),
        ]
        for each in self.machines:
            ended = each.keeper.ended
            findings.append(Finding(f"no daemon of {each.letter} ends by itself",
                                    str(ended or "none"), not ended))  # fmt: skip
            each.keeper.stop()
        return findings

    def _rows(self, question: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.server.url("fleet"), autocommit=True) as db:
            return db.execute(question.encode()).fetchall()

    def _counted(self) -> dict[tuple[str, str], Sum]:
        return {(row[0], row[1]): Sum(*map(int, row[2:])) for row in self._rows(_BY_SESSION)}  # type: ignore[misc, call-overload]

    def _differs(self) -> bool:
        with suppress(psycopg.Error):
            return self._counted() != self.truth.sums()
        return True

    def _compared(self) -> list[Finding]:
        """What was written against what was counted; each table against the calls, by host."""
        wrote, counted = self.truth.sums(), self._counted()
        lost = sum(max(0, one.calls - counted.get(x, Sum()).calls) for x, one in wrote.items())
        more = sum(max(0, one.calls - wrote.get(x, Sum()).calls) for x, one in counted.items())
        wrong = [x for x in wrote.keys() | counted.keys() if wrote.get(x) != counted.get(x)]
        findings = [
            Finding("calls lost", str(lost), not lost),
            Finding("calls counted double", str(more), not more),
            Finding("sums of each session and team, to the nano-dollar",
                    f"{told(counted)}; wrong: {len(wrong)} {wrong[:3]}", not wrong),
        ]  # fmt: skip
        by_host = sorted(self._rows(_BY_HOST))
        for table, question in _OF_HOST.items():
            rows = sorted(row for row in self._rows(question))
            findings.append(
                Finding(f"{table} of each host equals its calls", str(rows), rows == by_host)
            )
        rows = sorted(self._rows(_MINUTES))
        as_calls = [(x[0], x[1], x[2] + x[3], x[4]) for x in by_host]  # type: ignore[operator]
        findings.append(Finding("minutes, too", str(rows), rows == as_calls))
        return findings


def soak(hosts: int, seed: int, wanted: Wanted, *, keep: bool) -> bool:
    """Runs it in folders of its own and prints what came of it; True where all was kept."""
    print(f"soak of a fleet: {hosts} machines, seed {seed}, {wanted.seconds / 60:g} minutes")
    folder = Path(tempfile.mkdtemp(prefix="costtop-fleet-soak-"))
    with for_nobody() as place, for_nobody() as beside:
        server = Postgres(place)
        try:
            _make(server)
            pool = Pool(beside, server.port)
            try:
                party = FleetParty(folder, server, pool, hosts, seed)
                findings = party.run(wanted)
            finally:
                pool.end()
        finally:
            server.end(signal.SIGQUIT)
            if keep:
                print(f"kept: {folder}")
            else:
                shutil.rmtree(folder, ignore_errors=True)
    print(
        f"done: re-sights {party.truth.resights}, forks {party.truth.forks}, rebuilds"
        f" {sum(x.rebuilds for x in party.machines)}, reprices"
        f" {sum(x.reprices for x in party.machines)}"
    )
    print("\n".join(map(str, findings)))
    sys.stdout.flush()
    return all(one.kept for one in findings)


def _make(server: Postgres) -> None:
    with psycopg.connect(server.url(), autocommit=True) as db:
        for login in HOSTS:
            db.execute(f"CREATE ROLE {login} LOGIN".encode())
        db.execute("CREATE ROLE admin LOGIN CREATEROLE CREATEDB")
    with psycopg.connect(server.url(user="admin"), autocommit=True) as db:
        db.execute("CREATE DATABASE fleet")
    with psycopg.connect(server.url("fleet", "admin"), autocommit=True) as db:
        schema.migrate(db)
