"""`scripts/bench forwarder`: what the process that ships to a fleet takes, idle and far behind.

A daemon, its child `costtop-fleet` and a PostgreSQL of their own, on the loopback. Processor time
is that of each process, by Linux's /proc; memory what is resident at most.
"""

import argparse
import os
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg

from costtop.durations import DAY, QUARTER
from costtop.fleet import schema
from tests.e2e.instance import Instance, claude_line, claude_log
from tests.fleet.fleet import Fleet
from tests.fleet.machine import forwarder, joined
from tests.fleet.postgres import HOSTS, Postgres, folder
from tests.patience import until

SESSIONS, DAYS = 100, 30
_SETTLES, _MOST = 15.0, 1200.0  # s
# Copies of calls that were read, over a month; their days are told by `spend` alone.
_CALLS = """
WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < {times})
INSERT INTO calls ({columns}) SELECT {values} FROM n, calls c"""
_SPEND = """
INSERT OR IGNORE INTO spend ({columns}) SELECT {values}
FROM (SELECT DISTINCT session, at / {day} * {day} AS at FROM calls) c
JOIN (SELECT * FROM spend GROUP BY session) s ON s.session = c.session"""


def main(arguments: Sequence[str]) -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench forwarder", description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000, help="stored before the fleet")
    parser.add_argument("--idle", type=float, default=30.0, help="seconds that it is watched idle")
    given = parser.parse_args(arguments)
    with folder() as place, tempfile.TemporaryDirectory() as home:
        server = _served(place)
        instance = _instance(Path(home))
        try:
            with Fleet(server, "fleet", server.port, "a") as fleet:
                _measure(instance, fleet, given.calls, given.idle)
        finally:
            instance.kill9()
            server.end()


def _served(place: Path) -> Postgres:
    server = Postgres(place)
    with psycopg.connect(server.url(), autocommit=True) as db:
        db.execute(f"CREATE ROLE {HOSTS[0]} LOGIN".encode())
        db.execute("CREATE ROLE admin LOGIN CREATEROLE CREATEDB")
    with psycopg.connect(server.url(user="admin"), autocommit=True) as db:
        db.execute("CREATE DATABASE fleet")
    with psycopg.connect(server.url("fleet", "admin"), autocommit=True) as db:
        schema.migrate(db)
    return server


def _instance(home: Path) -> Instance:
    os.environ.update({"HOME": str(home), "COSTTOP_HOME": str(home / "costtop"), "TZ": "UTC"})
    instance = Instance(home)
    for number in range(SESSIONS):
        session = f"{number:04d}0000-0000-4000-8000-000000000001"
        lines = "".join(claude_line(session, call) for call in range(2))
        instance.append(claude_log(session), lines)
    return instance


def _measure(instance: Instance, fleet: Fleet, calls: int, idle: float) -> None:
    instance.start()
    instance.stop()
    total = _grown(instance.paths.database, calls)
    joined(instance, fleet)
    daemon = instance.spawn()
    child = until(lambda: forwarder(daemon.pid), 120)
    began = time.monotonic()
    backend = "SELECT pid FROM pg_stat_activity WHERE usename = 'costtop_host_a'"
    until(lambda: fleet.rows(backend), 120)
    (server,) = fleet.rows(backend)
    until(lambda: _has(fleet, total), _MOST)
    took = time.monotonic() - began
    spent = {"child": _cpu(child), "server": _cpu(server), "daemon": _cpu(daemon.pid)}
    each = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in spent.items())
    both = (spent["child"] + spent["server"]) / total * 1e6
    print(f"{total:,} calls of before: {took:.0f} s by the clock; processor time: {each};")
    print(f"  child and server together {both:.0f} us a call; at most {_peak(child)} kB resident")
    time.sleep(_SETTLES)
    for name, pid in (("child", child), ("daemon", daemon.pid)):
        print(f"idle, {name}: {_share(pid, idle):.3f} % of a core, {_peak(pid)} kB at most")


def _grown(path: Path, calls: int) -> int:
    """A store with about so many calls, of which no fleet has heard."""
    with closing(sqlite3.connect(path)) as db:
        names = [row[1] for row in db.execute("PRAGMA table_info(calls)") if row[1] != "id"]
        spread = f"c.at - (n.n % {DAYS}) * {DAY} - abs(random() % {DAY // 2})"
        told = {"key": "randomblob(16)", "at": spread}
        values = ", ".join(told.get(name, f"c.{name}") for name in names)
        times = calls // (2 * SESSIONS)
        db.execute(_CALLS.format(times=times, columns=", ".join(names), values=values))
        kept = [row[1] for row in db.execute("PRAGMA table_info(spend)")]
        at = {"quarter": f"c.at / {QUARTER}"}
        values = ", ".join(at.get(name, f"s.{name}") for name in kept)
        db.execute(_SPEND.format(columns=", ".join(kept), values=values, day=DAY))
        db.commit()
        (total,) = db.execute("SELECT count(*) FROM calls").fetchone()
    return int(total)


def _has(fleet: Fleet, total: int) -> bool:
    time.sleep(0.5)
    (calls,) = fleet.rows("SELECT coalesce(sum(calls), 0) FROM costtop.sessions")
    return int(calls) >= total


def _cpu(pid: int) -> float:
    """Seconds of processor time of a process, all its threads."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((one / "schedstat").read_text().split()[0]) for one in threads) / 1e9


def _share(pid: int, seconds: float) -> float:
    before = _cpu(pid)
    time.sleep(seconds)
    return (_cpu(pid) - before) / seconds * 100


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
