"""A server for all tests of a worker; for each test a database with the fleet's tables in it."""

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from costtop.fleet import schema
from tests.e2e.instance import Instance
from tests.fleet.fleet import Fleet, clear
from tests.fleet.postgres import HOSTS, HOW_TO_GET, PEOPLE, Pool, Postgres, binaries, folder
from tests.fleet.stewards import BUDGET, StewardLife
from tests.notify.desk import Inbox

_numbers = count()


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """The server, with an `admin` who may make roles and databases and is no superuser."""
    if binaries() is None or not shutil.which("setpriv"):
        pytest.skip(f"needs a PostgreSQL to start: {HOW_TO_GET}")
    with folder() as place:
        running = Postgres(place)
        try:
            with psycopg.connect(running.url(), autocommit=True) as db:
                for login in [*HOSTS, *PEOPLE]:
                    db.execute(f"CREATE ROLE {login} LOGIN".encode())
                db.execute("CREATE ROLE admin LOGIN CREATEROLE CREATEDB")
            with psycopg.connect(running.url(user="admin"), autocommit=True) as db:
                db.execute("CREATE DATABASE fleet")
            with psycopg.connect(running.url("fleet", "admin"), autocommit=True) as db:
                schema.migrate(db)
            yield running
        finally:
            running.end()


@pytest.fixture(scope="session")
def pool(server: Postgres) -> Iterator[Pool]:
    """pgbouncer before the server."""
    if not shutil.which("pgbouncer"):
        pytest.skip(f"needs pgbouncer: {HOW_TO_GET}")
    with folder() as place:
        running = Pool(place, server.port)
        try:
            yield running
        finally:
            running.end()


@pytest.fixture
def empty(server: Postgres) -> Iterator[str]:
    """The name of a database with nothing in it, which belongs to `admin`."""
    with psycopg.connect(server.url(), autocommit=True) as db:
        name = f"empty{next(_numbers)}"
        db.execute(f"CREATE DATABASE {name} OWNER admin".encode())
        yield name
        db.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _give_roles(db: psycopg.Connection) -> None:
    """To everybody their own, which are the whole server's: a test may have given somebody more."""
    for login, role in PEOPLE.items():
        for other in ("reader", "operator", "steward"):
            deed, way = ("GRANT", "TO") if other == role else ("REVOKE", "FROM")
            db.execute(f"{deed} costtop_{other} {way} {login}".encode())


@pytest.fixture
def database(server: Postgres) -> str:
    """The name of a database with the tables and nothing in them; the same one, emptied."""
    with psycopg.connect(server.url("fleet", "admin"), autocommit=True) as db:
        clear(db)
        _give_roles(db)
    return "fleet"


@pytest.fixture(params=["direct", "pool"])
def fleet(request: pytest.FixtureRequest, server: Postgres, database: str) -> Iterator[Fleet]:
    """Hosts a, b (team red) and c (team blue), half of the runs through pgbouncer."""
    port = request.getfixturevalue("pool").port if request.param == "pool" else server.port
    with Fleet(server, database, port) as made:
        yield made


@pytest.fixture
def instance(home: Path) -> Iterator[Instance]:
    """A machine of the fleet; its daemons end with the test."""
    made = Instance(home)
    yield made
    made.kill9()


@pytest.fixture
def red(server: Postgres, database: str) -> Iterator[Fleet]:
    """A fleet on a direct line, whose stewards read team red."""
    with Fleet(server, database, server.port) as made:
        made.admin.execute("SELECT costtop.allow('stella', 'red')")
        yield made


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """An endpoint on the loopback."""
    made = Inbox()
    yield made
    made.close()


@pytest.fixture
def life(red: Fleet, inbox: Inbox, tmp_path: Path) -> Iterator[Callable[..., StewardLife]]:
    """Makes stewards by name."""
    made: list[StewardLife] = []

    def one(name: str, budgets: str = BUDGET, port: int = 0) -> StewardLife:
        made.append(StewardLife(tmp_path / name, red, inbox.port, budgets, port))
        return made[-1]

    yield one
    for each in made:
        each.end()
