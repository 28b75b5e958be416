"""`scripts/bench steward`: how soon a crossed budget of a fleet is told; who leads after a death.

Two stewards as real processes with their usual pace, a server of its own, an endpoint on the
loopback. From the moment in which the server has the call that crosses a tier, to the moment in
which the message arrives; then the same while whoever leads is killed beside it.
"""

# ruff: noqa: S311 - chance with a seed, no secrets

import argparse
import random
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from costtop.durations import now_ms
from costtop.fleet import schema
from tests.fleet.fleet import Fleet, call
from tests.fleet.postgres import PEOPLE, Postgres, folder
from tests.fleet.stewards import StewardLife
from tests.notify.desk import Inbox
from tests.patience import until

_DIME = 100_000_000


def main(arguments: Sequence[str]) -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(prog="scripts/bench steward", description=__doc__)
    parser.add_argument("--crossings", type=int, default=30, help="of each kind")
    given = parser.parse_args(arguments)
    with folder() as place, folder() as homes:
        server = Postgres(place)
        inbox = Inbox()
        try:
            _measure(server, inbox, homes, given.crossings)
        finally:
            inbox.close()
            server.end()


def _measure(server: Postgres, inbox: Inbox, homes: Path, crossings: int) -> None:
    with psycopg.connect(server.url(), autocommit=True) as db:
        for login in ("costtop_host_a", "costtop_host_b", "costtop_host_c", *PEOPLE):
            db.execute(f"CREATE ROLE {login} LOGIN".encode())
        db.execute("CREATE ROLE admin LOGIN CREATEROLE CREATEDB")
    with psycopg.connect(server.url(user="admin"), autocommit=True) as db:
        db.execute("CREATE DATABASE fleet")
    with psycopg.connect(server.url("fleet", "admin"), autocommit=True) as db:
        schema.migrate(db)
        db.execute("GRANT costtop_steward TO stella")
    tiers = [10 * (n + 1) for n in range(2 * crossings)]
    budget = '[[fleet.budget]]\nname = "team"\nperiod = "month"\namount = "$1"\n'
    with Fleet(server, "fleet", server.port) as fleet:
        fleet.admin.execute("SELECT costtop.allow('stella', 'red')")
        both = [
            StewardLife(homes / name, fleet, inbox.port, f"{budget}tiers = {tiers}\n")
            for name in ("ops-1", "ops-2")
        ]
        try:
            for one in both:
                one.start(pace="")
            _table(fleet, inbox, both, crossings)
        finally:
            for one in both:
                one.end()


def _table(fleet: Fleet, inbox: Inbox, both: Sequence[StewardLife], crossings: int) -> None:
    until(lambda: any(one.leads for one in both))
    calm = [_crossed(fleet, inbox, n) for n in range(crossings)]
    _said("told after", calm)
    chance, followed, killed = random.Random(19), [], []
    for n in range(crossings, 2 * crossings):
        leader = next(one for one in both if one.leads)
        killed.append(_crossed(fleet, inbox, n, leader, chance.random() * 2))
        if leader.process is None:
            other = next(one for one in both if one is not leader)
            until(lambda other=other: other.leads)
            followed.append(other.state["said"] / 1000 - leader.ended)
            (leader.home / "says").unlink()
            leader.start(pace="")
            time.sleep(2)
    _said("told after, its leader killed meanwhile", killed)
    _said("the next leads after", followed)
    letters = fleet.rows("SELECT title FROM costtop.outbox")
    print(
        f"messages {len(letters)}, arrived {len(inbox.titles)}, lost"
        f" {len(set(letters) - set(inbox.titles))}, twice {len(inbox.titles) - len(letters)}"
    )


def _crossed(
    fleet: Fleet, inbox: Inbox, n: int, leader: StewardLife | None = None, after: float = 0.0
) -> float:
    """Seconds from the call that crosses a tier to the message of it."""
    before = len(inbox.got)
    fleet.ship("a", [call(n, at=now_ms() - 1000, cost=_DIME, computed=_DIME)])
    began = time.time()
    if leader is not None:
        time.sleep(after)
        leader.end()
    until(lambda: len(inbox.got) > before, 60)
    return inbox.got[before][0] - began


def _said(what: str, seconds: Sequence[float]) -> None:
    ordered = sorted(seconds)
    at = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    print(
        f"{what}: p50 {statistics.median(ordered):.2f} s, p95 {at:.2f} s, most {ordered[-1]:.2f} s"
        f" of {len(ordered)}"
    )
