"""How the server is asked: only safely, and no fault shows where it is or how one logs in."""

import socket

import psycopg
import pytest

from costtop.errors import FleetError
from costtop.fleet import server_link
from tests.free_ports import free_port

CANARY = "c4narybird"


@pytest.mark.parametrize(
    ("parts", "insecure", "mode"),
    [
        ({"host": "127.0.0.1"}, False, "prefer"),
        ({"host": "localhost,::1"}, False, "prefer"),
        ({"host": "/run/postgresql"}, False, "prefer"),
        ({"host": "localhost", "sslmode": "require"}, False, "require"),
        ({"host": "db.example.org"}, False, "verify-full"),
        ({"host": "localhost,db.example.org"}, False, "verify-full"),
        ({"host": "localhost", "hostaddr": "192.0.2.7"}, False, "verify-full"),
        ({"service": "costs"}, False, "verify-full"),
        ({"service": "costs", "host": "localhost"}, False, "verify-full"),
        ({"host": "db.example.org", "sslmode": "verify-full"}, False, "verify-full"),
        ({"host": "db.example.org", "sslmode": "require"}, True, "require"),
        ({"host": "db.example.org"}, True, "prefer"),
    ],
)
def test_off_this_machine_the_name_of_the_server_is_checked(parts, insecure, mode):
    assert server_link.sslmode(parts, insecure=insecure) == mode


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca"])
def test_a_weaker_mode_is_refused_off_this_machine(mode):
    url = f"postgresql://u:{CANARY}@db.example.org/costs?sslmode={mode}"
    with pytest.raises(FleetError, match="insecure = true") as refused:
        server_link.connect(url)
    assert CANARY not in str(refused.value) and "example" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:{CANARY}@[::/db",
        f"{CANARY}=x",
        f"postgresql://u:%zz{CANARY}@h/db",
        f"host=127.0.0.1 password='{CANARY}",
        f"postgresql://{CANARY}:{CANARY}@127.0.0.1:{CANARY}/db",
        f"postgresql://u:{CANARY}@127.0.0.1/db?{CANARY}=1",
        f"postgresql://u:{CANARY}@127.0.0.1/db?sslmode={CANARY}",
        f"postgresql://u:{CANARY}@127.0.0.1/db?connect_timeout={CANARY}",
        f"postgresql://{CANARY}:{CANARY}@127.0.0.1:PORT/{CANARY}",
        f"postgresql://admin:{CANARY}@127.0.0.1:SERVER/{CANARY}",
        f"postgresql://{CANARY}:{CANARY}@127.0.0.1:SERVER/postgres",
        f"postgresql://admin:{CANARY}@127.0.0.1:SERVER/postgres?sslmode=require",
        f"postgresql://a:{CANARY}@127.0.0.1:SERVER/d?sslrootcert=/{CANARY}&sslmode=verify-full",
    ],
)
def test_no_fault_shows_the_url(server, url):
    url = url.replace("PORT", str(free_port())).replace("SERVER", str(server.port))
    try:
        server_link.connect(url)
    except psycopg.Error as error:
        said = repr(server_link.fault(error))
    except FleetError as error:
        said = str(error)
    assert CANARY not in said


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://admin@127.0.0.1:{none}/postgres", "refuses connections"),
        ("postgresql://nobody@127.0.0.1:{port}/postgres", "does not know this login"),
        ("postgresql://admin@127.0.0.1:{port}/nowhere", "no such database"),
        ("postgresql://admin@127.0.0.1:{port}/postgres?sslmode=require", "has no TLS"),
        ("postgresql://costtop_owner@127.0.0.1:{port}/postgres", "refuses this login"),
    ],
)
def test_a_fault_says_what_is_wrong(server, url, said):
    with pytest.raises(psycopg.Error) as failed:
        server_link.connect(url.format(port=server.port, none=free_port()))
    assert said in server_link.fault(failed.value).said


def test_a_server_that_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"postgresql://a@127.0.0.1:{mute.getsockname()[1]}/d?connect_timeout=2"
        with pytest.raises(psycopg.Error) as failed:
            server_link.connect(url)
    assert server_link.fault(failed.value).code == "fleet-away"


def test_a_connection_is_watched_and_bears_a_pool(server):
    with server_link.connect(server.url(user="admin")) as db:
        assert db.autocommit and db.prepare_threshold is None
        assert db.execute("SHOW statement_timeout").fetchone() == ("30s",)
        assert db.execute("SHOW application_name").fetchone() == ("costtop-fleet",)
        parts = db.info.get_parameters()
        assert (parts["tcp_user_timeout"], parts["connect_timeout"]) == ("20000", "10")
