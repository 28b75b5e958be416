"""`scripts/bench hands`: how soon a command to another machine of a fleet is done, by the clock.

Two daemons in two homes, a PostgreSQL, scripted agents. `costtop kill HOST:SESSION` is timed from
when the command was typed until the agent's process has gone; `mark` of a session of a machine on
which nothing is at work, until its answer is heard.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import psycopg

from costtop.fleet import schema
from tests.fleet.fleet import Fleet
from tests.fleet.machines import Machine
from tests.fleet.postgres import HOSTS, PEOPLE, Postgres, folder


def _fleet(server: Postgres) -> Fleet:
    """A server with the tables, a host `a` and an operator `oscar`."""
    with psycopg.connect(server.url(), autocommit=True) as db:
        for login in [*HOSTS, *PEOPLE]:
            db.execute(f"CREATE ROLE {login} LOGIN".encode())
        db.execute("CREATE ROLE admin LOGIN CREATEROLE CREATEDB")
        db.execute("CREATE DATABASE fleet OWNER admin")
    with psycopg.connect(server.url("fleet", "admin"), autocommit=True) as db:
        schema.migrate(db)
        db.execute("GRANT costtop_operator TO oscar")
    made = Fleet(server, "fleet", server.port, "a")
    made.admin.execute("SELECT costtop.allow('oscar', 'red')")
    return made


def _kill(desk: Machine, owner: Machine) -> float:
    """Seconds from the command to the end of an agent at work."""
    session = str(uuid4())
    agent = owner.agent(session=session, calls=4000, every=0.3)
    owner.known(f"claude-code/{session}")
    time.sleep(1.0 + hash(session) % 1000 / 1000)  # at any moment of the owner's second
    began = time.monotonic()
    asks = desk.begin("kill", f"a:claude-code/{session}")
    agent.gone()
    took = time.monotonic() - began
    _, complained = asks.communicate()
    assert asks.returncode == 0, complained
    return took


def _mark(desk: Machine, session: str) -> float:
    """Seconds from the command to the answer of a machine at rest."""
    time.sleep(hash(uuid4()) % 15_000 / 1000)
    began = time.monotonic()
    ran = desk.run("mark", f"a:{session}", "--as", "watch")
    assert ran.returncode == 0, ran.stderr
    return time.monotonic() - began


def _told(what: str, seconds: Sequence[float]) -> None:
    ranked = sorted(seconds)
    p95 = ranked[min(len(ranked) - 1, round(0.95 * (len(ranked) - 1)))]
    middle = statistics.median(ranked)
    said = f"p50 {middle:.2f} s, p95 {p95:.2f} s, most {ranked[-1]:.2f} s"
    print(f"{what}: {len(ranked)} times, {said}", flush=True)


def main(arguments: Sequence[str]) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="scripts/bench hands", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="of agents at work")
    parser.add_argument("--marks", type=int, default=10, help="of a machine at rest")
    asked = parser.parse_args(arguments)
    with folder() as place, tempfile.TemporaryDirectory() as homes:
        server = Postgres(place)
        fleet = _fleet(server)
        desk, owner = (Machine(Path(homes) / name, fleet) for name in ("desk", "a"))
        try:
            desk.join(operator="oscar")
            owner.join(host="a", more='accept = ["mark", "kill"]\nhourly = 1000')
            for one in (owner, desk):
                one.start()
            owner.seen()
            if asked.kills:
                _told("kill of an agent at work", [_kill(desk, owner) for _ in range(asked.kills)])
            if asked.marks:
                agent = owner.agent(session=str(uuid4()), calls=1)
                agent.says("idle")
                agent.end()
                owner.agents.remove(agent)
                time.sleep(10)
                (short,) = owner.answers("SELECT short FROM sessions ORDER BY last DESC LIMIT 1")
                _told("mark at rest", [_mark(desk, short[0]) for _ in range(asked.marks)])
        finally:
            for one in (desk, owner):
                one.end()
            fleet.admin.close()
            server.end()
