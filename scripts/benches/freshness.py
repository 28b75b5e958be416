"""`scripts/bench freshness`: how soon a call of one machine of a fleet is in a screen's picture.

Twenty hosts on a server of its own, each with calls at times of chance, gathered for the server's
window and shipped as its forwarder does. A reader's child as the screen starts it keeps the
picture; each call is timed from its commit on its host to the moment in which the picture has it.
"""

# ruff: noqa: S311 - chance with a seed, no secrets

import argparse
import random
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from costtop.durations import now_ms
from costtop.fleet import schema
from costtop.fleet.mirror.fleet_reader import FleetPlace, FleetReader
from costtop.fleet.ship_to_server import beat, ship
from costtop.fleet.shipment import Shipment
from costtop.store import meta
from costtop.store.db import open_reader
from tests.fleet.fleet import call, session
from tests.fleet.postgres import Postgres, folder

HOSTS, _GAP = 20, 1.5  # s between two calls of a host, in the mean


def main(arguments: Sequence[str]) -> None:
    """Prints a line for each window."""
    parser = argparse.ArgumentParser(prog="scripts/bench freshness", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="for each window")
    given = parser.parse_args(arguments)
    with folder() as place:
        server = Postgres(place)
        try:
            _enrol(server)
            for window in (1.0, 0.25):
                print(f"window {window:4.2f} s: {_measured(server, window, given.seconds)}")
        finally:
            server.end()


def _enrol(server: Postgres) -> None:
    with psycopg.connect(server.url(), autocommit=True) as db:
        schema.migrate(db)
        db.execute("CREATE ROLE rita LOGIN IN ROLE costtop_reader")
        for n in range(HOSTS):
            db.execute(f"CREATE ROLE h{n} LOGIN IN ROLE costtop_host".encode())
            db.execute("SELECT costtop.enrol(%s, %s, %s)", (f"h{n}", f"t{n % 4}", f"h{n}"))
        for n in range(4):
            db.execute("SELECT costtop.allow(%s, %s)", ("rita", f"t{n}"))


def _measured(server: Postgres, window: float, seconds: float) -> str:
    told = meta.encoded(zone="UTC", finished_after=1_800_000, min_peers=5, budgets=())
    place = FleetPlace(server.url(user="rita"), insecure=True, told=told)
    made: dict[tuple[str, int], float] = {}
    name = f"w{round(window * 1000)}"
    with (
        tempfile.TemporaryDirectory() as own,
        FleetReader(place, Path(own, "picture.db")) as reader,
    ):
        reader.follow(1.0)
        until = time.monotonic() + seconds
        threads = [
            threading.Thread(target=_host, args=(server, n, window, until, made, name))
            for n in range(HOSTS)
        ]
        for one in threads:
            one.start()
        late = _seen(Path(own, "picture.db"), until + 3, made, name)
        for one in threads:
            one.join()
    lost = len(made) - len(late)
    cut = statistics.quantiles(late, n=100)
    return (
        f"{len(late)} calls, p50 {cut[49] * 1e3:.0f} ms, p95 {cut[94] * 1e3:.0f} ms,"
        f" longest {max(late) * 1e3:.0f} ms, not seen {lost}"
    )


def _host(
    server: Postgres,
    n: int,
    window: float,
    until: float,
    made: dict[tuple[str, int], float],
    name: str,
) -> None:
    rng = random.Random(n)
    with psycopg.connect(server.url(user=f"h{n}"), autocommit=True) as db:
        epoch = beat(db, "bench", len(schema.steps()), now_ms(), 0, anew=True).epoch
        number, shipped = 0, 0.0
        while time.monotonic() < until:
            time.sleep(rng.expovariate(1 / _GAP))
            if time.monotonic() >= until:
                break
            begun, calls = time.monotonic(), []
            due = max(shipped + window, begun + window / 4)  # as the forwarder has it
            while not calls or time.monotonic() < due:
                number += 1
                made[f"h{n}", number] = time.monotonic()
                key = (hash(name) & 0xFFFF) << 80 | n << 64 | number
                calls.append(call(key, at=now_ms()))
                time.sleep(max(min(rng.expovariate(1 / _GAP), due - time.monotonic()), 0))
            shipped = time.monotonic()
            said = session(0, session=name, root=name, last=now_ms())
            ship(db, epoch, number, Shipment([said], calls))


def _seen(path: Path, until: float, made: dict[tuple[str, int], float], name: str) -> list[float]:
    """How late each call was, s."""
    found: dict[str, int] = {}
    late: list[float] = []
    db: sqlite3.Connection | None = None
    query = "SELECT session, calls FROM sessions WHERE calls > 0"
    while time.monotonic() < until:
        if db is None and path.with_suffix(".status").exists():
            db = open_reader(path)
        for told, calls in db.execute(query).fetchall() if db else ():
            host, _, own = str(told).partition(":")
            now = time.monotonic()
            for number in range(found.get(host, 0) + 1, calls + 1) if own == name else ():
                late.append(now - made[host, number])
                found[host] = number
        time.sleep(0.004)
    return late
