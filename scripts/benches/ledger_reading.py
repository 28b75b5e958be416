"""`scripts/bench ledger_reading`: what a fleet's live screen asks of its PostgreSQL, in server CPU.

A server of its own: 40 teams of 10 hosts, ten million calls of eight days (17 a session), their
sessions, minutes and spend. Each figure is the processor time of the one server process that
answers (Linux's /proc, in hundredths of a second). Asked as readers of all teams and of 4 of 40.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

from costtop.durations import now_ms
from costtop.fleet import schema
from costtop.fleet.mirror import picture
from costtop.fleet.ship_to_server import beat
from costtop.store import meta
from tests.fleet.postgres import Postgres, folder

from .ledger import _CONF, _bytes, _ours, made, spent

TEAMS, HOSTS, DAYS = 40, 10, 8
_HOSTS = f"""
DO $$ BEGIN
  CREATE ROLE costtop_host_a LOGIN IN ROLE costtop_host;
  CREATE ROLE everybody LOGIN IN ROLE costtop_reader; CREATE ROLE few LOGIN IN ROLE costtop_reader;
  INSERT INTO costtop.teams (name) SELECT 'team' || n FROM generate_series(1, {TEAMS}) n;
  PERFORM costtop.enrol('a', 'team1', 'costtop_host_a');
  FOR t IN 1..{TEAMS} LOOP
    FOR h IN 1..{HOSTS} LOOP
      PERFORM costtop.enrol('h' || h, 'team' || t, 't' || t || 'h' || h);
    END LOOP;
    PERFORM costtop.allow('everybody', 'team' || t);
    IF t % 10 = 1 THEN PERFORM costtop.allow('few', 'team' || t); END IF;
  END LOOP;
  INSERT INTO costtop.names (team, id, text) SELECT t.id, 60 * (t.id - 1) + n, 'name' || n
    FROM costtop.teams t, generate_series(1, 60) n;
  PERFORM setval('costtop.names_id_seq', {60 * TEAMS});
END $$"""
# A session's 17 calls come ten seconds apart; sessions are spread evenly over teams and days.
_CALLS = f"""
WITH n AS (SELECT 1 AS name, (SELECT min(id) FROM costtop.hosts) + 1 AS host), rows AS (
  SELECT g, g / 17 AS s, 1 + (g / 17) % {TEAMS} AS team, {{now}} - {DAYS} * 86400000::bigint
    + (g / 17)::bigint * {DAYS} * 86400000 / ({{calls}} / 17) + (g % 17) * 10000 AS at
  FROM generate_series(0, {{calls}} - 1) g WHERE g % 10 = {{part}})
, k AS (INSERT INTO costtop.keys (day, team, key)
  SELECT (to_timestamp(at / 1000) AT TIME ZONE 'UTC')::date, team, decode(md5(g::text), 'hex')
  FROM rows)
INSERT INTO costtop.calls SELECT at, s + 1, 1000000 + g % 9000000, g % 1000000, NULL,
  (to_timestamp(at / 1000) AT TIME ZONE 'UTC')::date,
  n.host + (team - 1) * {HOSTS} + s % {HOSTS}, n.host + (team - 1) * {HOSTS} + s % {HOSTS},
  n.name + 60 * (team - 1) + s % 5, n.name + 60 * (team - 1) + 5 + s % 25,
  n.name + 60 * (team - 1) + 30 + s % 7, n.name + 60 * (team - 1) + 40 + s % 12,
  900, 600, 100, 0, 200, 0, team, 0, decode(md5(g::text), 'hex') FROM rows, n"""
_SUMS = "count(*), 0, 0, 0, sum(cost), sum(input), sum(cache_read), sum(cache_write), sum(output)"
_SESSIONS = f"""
INSERT INTO costtop.sessions (team, id, host, source, usr, project, feature, model, started, last,
  session, agent, root, rev, calls, errors, unpriced, short, cost, input, cache_read, cache_write,
  output) OVERRIDING SYSTEM VALUE
SELECT team, session, min(host), min(model), min(usr), min(project), min(feature), min(model),
  min(at), max(at), 's' || session, '', 's' || session, 3, {_SUMS}
FROM costtop.calls GROUP BY team, session"""
_MINUTES = """
INSERT INTO costtop.minutes (team, minute, session, cost, tokens, calls, unpriced, rev)
SELECT team, at / 60000, session, sum(cost), sum(input + output), count(*), 0, 3
FROM costtop.calls WHERE at / 60000 >= (SELECT minutes_from FROM costtop.meta) GROUP BY 1, 2, 3"""
_SPEND = f"""
INSERT INTO costtop.spend (team, quarter, host, usr, project, model, feature, rev, calls, errors,
  unpriced, short, cost, input, cache_read, cache_write, output)
SELECT team, at / 900000, host, usr, project, model, feature, 3, {_SUMS}
FROM costtop.calls GROUP BY 1, 2, 3, 4, 5, 6, 7"""
# What the design asked straight from the roll-ups; the screen itself asks for what has changed.
_STRAIGHT = {
    "top 50 of 24 h by cost": "SELECT id, cost FROM costtop.sessions WHERE last >= {now} - 86400000"
    " ORDER BY cost DESC LIMIT 50",
    "top 50 by $/h, curve of 30 min": "SELECT session, sum(cost) AS spent, array_agg(cost) FROM"
    " costtop.minutes WHERE minute > {now} / 60000 - 30 GROUP BY 1 ORDER BY 2 DESC LIMIT 50",
    "today by feature": "SELECT feature, sum(cost), sum(calls) FROM costtop.spend"
    " WHERE quarter >= {now} / 900000 - 96 GROUP BY 1 ORDER BY 2 DESC",
    "by team, all of spend": "SELECT team, sum(cost), sum(calls) FROM costtop.spend GROUP BY 1",
    "by team, all of calls": "SELECT team, sum(cost), count(*) FROM costtop.calls GROUP BY 1",
}


def main(arguments: Sequence[str]) -> None:
    """Fills, measures and prints; minutes with the defaults."""
    parser = argparse.ArgumentParser(prog="scripts/bench ledger_reading", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000_000, help="in the table")
    asked = parser.parse_args(arguments)
    now = now_ms()
    with folder() as place:
        server = Postgres(place, _CONF)
        try:
            with psycopg.connect(server.url(), autocommit=True) as admin:
                _fill(admin, asked.calls, now)
            for who in ("everybody", "few"):
                print(f"reader of {TEAMS if who == 'everybody' else TEAMS // 10} teams", flush=True)
                _straight(server.url(user=who), now)
                _pictures(server, who, now)
        finally:
            server.end()


def _fill(admin: psycopg.Connection, calls: int, now: int) -> None:
    started = time.monotonic()
    schema.migrate(admin)
    admin.execute(_HOSTS.encode())
    for part in range(10):
        admin.execute(_CALLS.format(now=now - 60_000, calls=calls, part=part).encode())
    for sql in (_SESSIONS, _MINUTES, _SPEND):
        admin.execute(sql.encode())
    admin.execute("SELECT setval('costtop.sessions_id_seq', max(id)) FROM costtop.sessions")
    admin.execute("VACUUM ANALYZE")
    print(f"filled in {time.monotonic() - started:.0f} s")
    for table in ("calls", "sessions", "minutes", "spend"):
        row = admin.execute(f"SELECT count(*) FROM costtop.{table}".encode()).fetchone()
        print(f"{table:10} {row and row[0]:>11,} rows", end="  ")
        _bytes(admin, f"costtop.{table}", "costtop.calls")


def _cost(db: psycopg.Connection, deed: Callable[[], object], times: int = 5) -> str:
    """Server ms of CPU, and ms of wall, of the median of some tries after a first one."""
    deed()
    cpu, wall = [], []
    for _ in range(times):
        before, begun = spent(db), time.monotonic()
        deed()
        cpu.append(spent(db) - before)
        wall.append(time.monotonic() - begun)
    return f"{statistics.mean(cpu) * 1e3:7.1f} ms CPU {statistics.median(wall) * 1e3:8.1f} ms wall"


def _straight(url: str, now: int) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("SET jit = off")
        for name, sql in _STRAIGHT.items():
            question = sql.format(now=now).encode()
            print(f"  {name:32} {_cost(db, lambda q=question: db.execute(q).fetchall())}")


def _pictures(server: Postgres, who: str, now: int) -> None:
    """The screen's own way: the whole once, then what has changed, idle and under traffic."""
    with (
        tempfile.TemporaryDirectory() as home,
        psycopg.connect(server.url(user=who), autocommit=True, prepare_threshold=None) as db,
        psycopg.connect(server.url(user="costtop_host_a"), autocommit=True) as host,
    ):
        told = meta.encoded(zone="UTC", finished_after=1_800_000, min_peers=8, budgets=())
        store = picture.opened(Path(home) / "costtop.db", told)
        before, client, begun = spent(db), time.process_time(), time.monotonic()
        picture.pull_whole(db, store)
        print(
            f"  {'the first picture, whole':32} {(spent(db) - before) * 1e3:7.0f} ms CPU"
            f" {(time.monotonic() - begun) * 1e3:8.0f} ms wall, the reader's own"
            f" {time.process_time() - client:.1f} s"
        )
        print(f"  {'nothing has changed':32} {_cost(db, lambda: picture.pull(db, store), 20)}")
        ship = _ours(host, beat(host, "bench", 1, now, 0, anew=True).epoch, now)
        number = iter(range(1000))

        def changed() -> None:
            ship(made(f"{who}{next(number)}", 500, now_ms()))
            picture.pull(db, store)

        print(f"  {'500 calls of a host have come':32} {_cost(db, changed, 20)}")
