"""`scripts/bench ledger`: what a batch costs a fleet's PostgreSQL, in processor time of the server.

A server of its own with a million calls in it. Each figure is the processor time of the one server
process that does the work (Linux's /proc, in hundredths of a second), so a busy machine changes it
little. `--beside FILE` measures another schema with the prototype's `ct.ingest` on the same rows.
"""

# ruff: noqa: S311 - chance with a seed, no secrets

import argparse
import hashlib
import os
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg

from costtop.durations import now_ms
from costtop.fleet import schema
from costtop.fleet.ship_to_server import beat, ship
from costtop.fleet.shipment import Shipment, ShippedCall
from costtop.store.unsent import ToldSession
from tests.fleet.postgres import Postgres, folder

Deed = Callable[[list[ShippedCall]], object]

_CONF = """
fsync = on
autovacuum = on
shared_buffers = 1GB
work_mem = 64MB
max_wal_size = 8GB
checkpoint_timeout = 15min
random_page_cost = 1.1
"""
_MODELS, _SESSIONS, _FEATURES = ("opus", "sonnet", "gpt", "haiku"), 40, 12
# A million calls of today and yesterday, written past the function.
_FILL = """
WITH rows AS (SELECT g, {now} - g::bigint * 100 AS at, decode(md5(g::text), 'hex') AS key
              FROM generate_series(1, {calls}) g){keys}
INSERT INTO {table} SELECT {columns} FROM rows"""
_KEYS = """, k AS (INSERT INTO costtop.keys (day, team, key)
  SELECT (to_timestamp(at / 1000) AT TIME ZONE 'UTC')::date, {team}, key FROM rows)"""
_OURS = (
    "at, g % 9000, g, g, NULL, (to_timestamp(at / 1000) AT TIME ZONE 'UTC')::date, {host}, {host},"
    " 1, 2, 3, 4, 100, 50, 10, 0, 20, 0, {team}, 0, key"
)
_THEIRS = (
    "(to_timestamp(at / 1000) AT TIME ZONE 'UTC')::date, key, 1, g % 9000, 1, at, 'opus', 'f',"
    " 100, 50, 10, 20, g, 120"
)
_PROTOTYPE = (
    "SELECT * FROM ct.ingest(%s,%s,%s::bytea[],%s::text[],%s::bigint[],%s::text[],%s::text[],"
    "%s::int[],%s::int[],%s::int[],%s::int[],%s::bigint[])"
)


def made(seed: str, many: int, now: int) -> list[ShippedCall]:
    """Calls of forty sessions within ten minutes, the same for the same seed."""
    chance, rows = random.Random(seed), []
    for i in range(many):
        of = chance.randrange(_SESSIONS)
        key = hashlib.blake2b(f"{seed}/{i}".encode(), digest_size=16).digest()
        rows.append(
            ShippedCall(
                key=key,
                of=of,
                at=now - 600_000 + i * 600_000 // many,
                model=_MODELS[of % len(_MODELS)],
                feature=f"f{of % _FEATURES}",
                project="shop",
                user="ann",
                input=chance.randrange(900, 1600),
                cache_read=chance.randrange(120_000),
                cache_write=chance.randrange(4000),
                output=chance.randrange(50, 900),
                cost=chance.randrange(10**6, 10**8),
            )
        )
    return rows


def batches(rows: Sequence[ShippedCall], size: int) -> Iterator[list[ShippedCall]]:
    """The rows in batches."""
    for start in range(0, len(rows), size):
        yield list(rows[start : start + size])


def spent(db: psycopg.Connection) -> float:
    """Processor seconds that the connection's server process has used."""
    told = Path(f"/proc/{db.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def measured(db: psycopg.Connection, deed: Deed, rows: list[ShippedCall], size: int) -> str:
    """µs of server CPU by row and by batch."""
    many, before = 0, spent(db)
    for batch in batches(rows, size):
        deed(batch)
        many += 1
    used = (spent(db) - before) * 1e6
    return f"{used / len(rows):7.1f} us a row  {used / many / 1000:7.2f} ms a batch"


def _ours(db: psycopg.Connection, epoch: int, now: int) -> Deed:
    told = [
        ToldSession("claude-code", f"s{i}", "", f"s{i}", "ann", "shop", f"f{i % _FEATURES}",
                       _MODELS[i % len(_MODELS)], now, now) for i in range(_SESSIONS)
    ]  # fmt: skip

    def deed(batch: list[ShippedCall]) -> object:
        within = sorted({each.of for each in batch})
        places = {of: place for place, of in enumerate(within)}
        calls = [each._replace(of=places[each.of]) for each in batch]
        return ship(db, epoch, 0, Shipment([told[of] for of in within], calls))

    return deed


def _theirs(db: psycopg.Connection) -> Deed:
    def deed(batch: list[ShippedCall]) -> object:
        columns = zip(*((x.key, f"s{x.of}", x.at, x.model, x.feature, x.input, x.cache_read,
                         x.cache_write, x.output, x.cost) for x in batch), strict=True)  # fmt: skip
        return db.execute(_PROTOTYPE, (1, 0, *map(list, columns)), binary=True).fetchone()

    return deed


def _table(name: str, db: psycopg.Connection, deed: Deed, rows: int, now: int) -> None:
    for turn in ("warm", "measured"):  # the first turn fills the server's caches of plans
        fresh = made(f"{name}{turn}", rows, now)
        lines = [
            ("500 rows, new", measured(db, deed, fresh, 500)),
            ("500 rows, all known", measured(db, deed, fresh, 500)),
            ("500 rows, larger sights", measured(
                db, deed, [x._replace(output=x.output + 9, cost=x.cost) for x in fresh], 500)),
            ("500 rows, repriced", measured(
                db, deed, [x._replace(output=x.output + 9, cost=7) for x in fresh], 500)),
            ("100 rows, new", measured(db, deed, made(f"{name}{turn}c", rows // 2, now), 100)),
            ("20 rows, new", measured(db, deed, made(f"{name}{turn}20", rows // 4, now), 20)),
            ("1 row, new", measured(db, deed, made(f"{name}{turn}1", 500, now), 1)),
        ]  # fmt: skip
    for what, line in lines:
        print(f"{name:9} {what:24} {line}", flush=True)


def _keys_alone(admin: psycopg.Connection, team: int, rows: int, now: int) -> None:
    """What the table of keys costs of it: the same insert by itself."""
    sql = (
        "INSERT INTO costtop.keys SELECT '2026-01-01', %s, k FROM unnest(%s::bytea[]) k ORDER BY k"
        " ON CONFLICT DO NOTHING RETURNING key"
    )
    lines = [
        measured(
            admin, lambda batch: admin.execute(sql, (team, [x.key for x in batch])),
            made(f"keys{turn}", rows, now), 500,
        ) for turn in range(3)
    ]  # fmt: skip
    print(f"{'costtop':9} {'of it the keys':24} {statistics.median(lines)}")


def _bytes(admin: psycopg.Connection, table: str, of: str) -> None:
    sql = (
        f"SELECT (SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE c.oid = '{table}'"
        f"::regclass OR c.oid IN (SELECT relid FROM pg_partition_tree('{table}')))"
        f" / (SELECT count(*) FROM {of})"
    )
    ((size,),) = admin.execute(sql.encode()).fetchall()
    print(f"{table:20} {size:6.0f} bytes a call")


def _measure_ours(server: Postgres, calls: int, rows: int, now: int) -> None:
    with psycopg.connect(server.url(), autocommit=True) as admin:
        schema.migrate(admin)
        admin.execute("CREATE ROLE costtop_host_a LOGIN IN ROLE costtop_host")
        admin.execute("SELECT costtop.enrol('a', 'red', 'costtop_host_a')")
        ((host, team),) = admin.execute("SELECT id, team FROM costtop.hosts").fetchall()
        told = {"host": host, "team": team, "now": now - 700_000, "calls": calls}
        admin.execute(
            _FILL.format(keys=_KEYS.format(**told), table="costtop.calls",
                         columns=_OURS.format(**told), **told).encode()
        )  # fmt: skip
        admin.execute("VACUUM ANALYZE")
        with psycopg.connect(
            server.url(user="costtop_host_a"), autocommit=True, prepare_threshold=None
        ) as db:
            epoch = beat(db, "bench", 1, now, 0, anew=True).epoch
            _table("costtop", db, _ours(db, epoch, now), rows, now)
        _keys_alone(admin, team, rows, now)
        for table in ("costtop.calls", "costtop.keys"):
            _bytes(admin, table, "costtop.calls")


def _measure_theirs(server: Postgres, sql: str, calls: int, rows: int, now: int) -> None:
    with psycopg.connect(server.url(), autocommit=True, prepare_threshold=None) as db:
        db.execute(sql.encode())
        db.execute("INSERT INTO ct.hosts (name, team, role) VALUES ('a', 1, 'x')")
        db.execute("SELECT ct.parts(current_date - 3, 6)")
        db.execute(
            _FILL.format(keys="", table="ct.calls", columns=_THEIRS, now=now - 700_000,
                         calls=calls).encode()
        )  # fmt: skip
        db.execute("VACUUM ANALYZE")
        _table("prototype", db, _theirs(db), rows, now)
        _bytes(db, "ct.calls", "ct.calls")


def main(arguments: Sequence[str]) -> None:
    """Measures and prints; minutes with the defaults."""
    parser = argparse.ArgumentParser(prog="scripts/bench ledger", description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000, help="in the table before")
    parser.add_argument("--rows", type=int, default=20_000, help="of each measurement")
    parser.add_argument("--beside", type=Path, help="SQL of the prototype's schema")
    asked = parser.parse_args(arguments)
    now = now_ms()
    with folder() as place:
        server = Postgres(place, _CONF)
        try:
            print(f"{asked.calls:,} calls in the table; server CPU")
            _measure_ours(server, asked.calls, asked.rows, now)
            if asked.beside:
                _measure_theirs(server, asked.beside.read_text(), asked.calls, asked.rows, now)
        finally:
            server.end()
