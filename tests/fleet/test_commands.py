"""`costtop fleet …` as its owner types it, and what the logins that it makes may do."""

import stat
import subprocess
import sys

import psycopg
import pytest

from costtop.cli.main import main
from costtop.fleet import server_link, ship_to_server
from costtop.fleet.logins import Made, url_for
from tests.fleet.fleet import NOON, Fleet, call
from tests.fleet.machine import joined
from tests.fleet.postgres import HOSTS
from tests.patience import until


@pytest.fixture
def owner(server, empty, home, tmp_path, monkeypatch):
    """Options that name the owner's URL, of a database with nothing in it."""
    place = tmp_path / "owner.url"
    place.touch(0o600)
    place.write_text(server.url(empty, "admin"))
    monkeypatch.chdir(tmp_path)
    yield ["--url-file", str(place)]
    with psycopg.connect(server.url(), autocommit=True) as db:
        made = db.execute("SELECT rolname::text FROM pg_roles WHERE rolname ~ '^costtop_host_'")
        for (role,) in made.fetchall():
            if role not in HOSTS:
                db.execute(f"DROP ROLE {role}".encode())
        db.execute(b"DROP ROLE IF EXISTS rita")


def _fleet(capsys, *words, code=0):
    assert main(["fleet", *words]) == code, capsys.readouterr()
    return capsys.readouterr().out


def _login(place):
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    return server_link.connect(place.read_text().strip())


def test_from_nothing_to_two_machines_and_who_looks(owner, capsys, tmp_path):
    said = _fleet(capsys, "init", *owner, "--host", "Ann's laptop", "--team", "payments",
                  "--to", "ann.url")  # fmt: skip
    assert "the server has schema" in said and "costtop_host_ann_s_laptop" in said
    said = _fleet(capsys, "enrol", "ben", *owner, "--team", "payments")
    assert "on ben: put that file at" in said
    for host, place in (("Ann's laptop", "ann.url"), ("ben", "ben.fleet.url")):
        with _login(tmp_path / place) as db:
            beat = ship_to_server.beat(db, "1", 1, NOON, 0, anew=True)
            assert (beat.host, beat.team) == (host, "payments")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                db.execute("SELECT * FROM costtop.hosts")
    _fleet(capsys, "grant", "rita", "payments", *owner)
    with _login(tmp_path / "rita.fleet.url") as db:
        assert db.execute("SELECT count(*) FROM costtop.hosts").fetchone() == (2,)
        _fleet(capsys, "grant", "rita", "payments", "--revoke", *owner)
        assert db.execute("SELECT count(*) FROM costtop.hosts").fetchone() == (0,)


def test_init_again_changes_nothing_and_a_new_password_ends_the_old_one(owner, capsys, tmp_path):
    _fleet(capsys, "init", *owner, "--host", "ann", "--to", "one.url")
    first = (tmp_path / "one.url").read_text()
    again = _fleet(capsys, "init", *owner, "--host", "ann", "--to", "two.url")
    assert "(0 steps applied now)" in again and "enrolled already, in team main" in again
    assert not (tmp_path / "two.url").exists()
    _fleet(capsys, "enrol", "ann", "--anew", *owner, "--to", "one.url")
    assert (tmp_path / "one.url").read_text() != first
    with _login(tmp_path / "one.url") as db:
        assert ship_to_server.beat(db, "1", 1, NOON, 0, anew=True).host == "ann"


def test_forgetting_a_machine_takes_its_calls_and_its_login(owner, capsys, tmp_path, server, empty):
    _fleet(capsys, "init", *owner, "--host", "ann", "--to", "ann.url")
    with _login(tmp_path / "ann.url") as db:
        from costtop.fleet.shipment import Shipment
        from tests.fleet.fleet import session

        epoch = ship_to_server.beat(db, "1", 1, NOON, 0, anew=True).epoch
        ship_to_server.ship(db, epoch, 1, Shipment([session(0)], [call(1), call(2)], []))
    assert "2 calls of it went" in _fleet(capsys, "forget", "ann", *owner)
    with psycopg.connect(server.url(empty)) as db:
        assert db.execute("SELECT count(*) FROM costtop.calls").fetchone() == (0,)
        left = "SELECT count(*) FROM pg_roles WHERE rolname = 'costtop_host_ann'"
        assert db.execute(left).fetchone() == (0,)
    assert main(["fleet", "forget", "ann", *owner]) == 3


def test_a_file_in_the_way_is_not_written_over_and_no_login_is_made(owner, capsys, tmp_path):
    (tmp_path / "ann.url").write_text("mine")
    assert main(["fleet", "init", *owner, "--host", "ann", "--to", "ann.url"]) == 1
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "ann.url").read_text() == "mine"
    _fleet(capsys, "init", *owner, "--host", "ann", "--to", "other.url")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--url-file FILE"),
        (["--url-file", "nowhere.url"], "No such file"),
        (["--url-env", "NOT_SET"], "NOT_SET is not set"),
    ],
)
def test_an_owner_that_is_not_told_is_asked_for(home, capsys, words, said):
    assert main(["fleet", "migrate", *words]) == 1
    assert said in capsys.readouterr().err


def test_the_owners_file_must_be_private(owner, capsys, tmp_path):
    (tmp_path / "owner.url").chmod(0o644)
    assert main(["fleet", "migrate", *owner]) == 1
    assert "open to others" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [["init"], ["status"], ["migrate"], ["forget", "x"]])
def test_without_the_driver_it_says_what_to_install(home, tmp_path, verb):
    (home / ".config/costtop").mkdir(parents=True, exist_ok=True)
    (tmp_path / "u").touch(0o600)
    (tmp_path / "u").write_text("postgresql://a@127.0.0.1/b")
    words = verb if verb == ["status"] else [*verb, "--url-file", str(tmp_path / "u")]
    code = (
        "import sys; sys.modules['psycopg'] = None; import importlib.util as u; f = u.find_spec\n"
        "u.find_spec = lambda n, *a: None if n == 'psycopg' else f(n, *a)\n"
        f"from costtop.cli.main import main; sys.exit(main({['fleet', *words]!r}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Traceback" not in ran.stderr
    assert "costtop[fleet]" in ran.stderr or "in no fleet" in ran.stderr


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://o:p@h:5433/d", "postgresql://r:w%2F@h:5433/d"),
        ("host=a,b port=1,2 dbname=d sslmode=verify-full user=o",
         "postgresql://r:w%2F@a:1,b:2/d?sslmode=verify-full"),
        ("host=a,b port=7 dbname=d", "postgresql://r:w%2F@a:7,b:7/d"),
        ("postgresql://o@[::1]:6/d?sslcert=x", "postgresql://r:w%2F@[::1]:6/d"),
        ("host=/run/pg dbname='my d'", "postgresql://r:w%2F@%2Frun%2Fpg/my%20d"),
        ("service=costs", "postgresql://r:w%2F@/?service=costs"),
    ],
)  # fmt: skip
def test_a_new_login_finds_the_same_database(url, expected):
    made = url_for(url, Made("r", "w/"))
    assert made == expected
    parts = psycopg.conninfo.conninfo_to_dict(made)
    assert (parts["user"], parts["password"]) == ("r", "w/")


def test_status_tells_of_this_machine_and_of_the_others(instance, server, database):
    place = instance.paths.config.with_name("reader.url")
    with Fleet(server, database, server.port) as fleet:
        fleet.beat("b", anew=True)
        fleet.admin.execute("SELECT costtop.allow('anna', 'red')")
        joined(instance, fleet, more=f'reader_url_file = "{place}"')
        place.touch(0o600)
        place.write_text(server.url(database, "anna"))
        assert "none is running" in instance.cli("fleet", "status", code=1)
        instance.start()
        until(lambda: instance.status().get("fleet", {}).get("reachable"))
        said = instance.cli("fleet")
        assert "a, team red" in said and "nothing waits" in said
        rows = {one["host"]: one for one in instance.json("fleet", "status")["hosts"]}
        assert set(rows) == {"a", "b"} and not rows["a"]["silent"]
