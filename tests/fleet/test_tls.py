"""TLS with a fleet's server, which is who it says it is, and with hosts that show a certificate.

The server is on the loopback and is asked by names of its own: `hostaddr` says where, `host` whose
certificate it must show.
"""

import shutil
import signal
from contextlib import closing
from types import SimpleNamespace
from urllib.parse import urlencode

import psycopg
import pytest

from costtop.fleet import schema, server_link
from costtop.fleet.ship_to_server import beat, ship
from costtop.fleet.shipment import Shipment
from tests.fleet.authority import Authority
from tests.fleet.fleet import NOON, call, session
from tests.fleet.postgres import HOW_TO_GET, Pool, Postgres, binaries, folder
from tests.patience import until

NAME = "fleet.example"
UNTRUSTED = "the server's certificate is of an authority not trusted here, or has expired"
_CONF = """
ssl = on
ssl_cert_file = '{0}/server.crt'
ssl_key_file = '{0}/server.key'
ssl_ca_file = '{0}/authority.crt'
password_encryption = 'scram-sha-256'
"""
# In this order: the tests' own superuser, a host with a certificate, all others by their password.
_WHO = """
host    all postgres  127.0.0.1/32 trust
hostssl all cert_host 127.0.0.1/32 cert
hostssl all all       127.0.0.1/32 scram-sha-256
"""
_POOL = """
client_tls_sslmode = require
client_tls_cert_file = {place}/server.crt
client_tls_key_file = {place}/server.key
server_tls_sslmode = verify-full
server_tls_ca_file = {place}/authority.crt
"""


@pytest.fixture(scope="module")
def safe():
    """A server with TLS, its authority, and hosts `word_host` (a password) and `cert_host`."""
    if binaries() is None or not shutil.which("setpriv") or not shutil.which("openssl"):
        pytest.skip(f"needs a PostgreSQL to start and openssl: {HOW_TO_GET} openssl")
    with folder() as place:
        authority, other = Authority(place), Authority(place, "other")
        files = authority.certificate(NAME, file="server")
        authority.certificate(NAME, days=-1, file="expired")
        for login in ("cert_host", "word_host"):
            authority.certificate(login)
        other.certificate("cert_host", file="forged")
        authority.for_nobody(*files)
        server = Postgres(place, _CONF.format(place))
        try:
            (place / "d/pg_hba.conf").write_text(_WHO)
            with psycopg.connect(server.url(), autocommit=True) as admin:
                schema.migrate(admin)
                admin.execute("CREATE ROLE word_host LOGIN PASSWORD 'wörd' IN ROLE costtop_host")
                admin.execute("CREATE ROLE cert_host LOGIN IN ROLE costtop_host")
                for login in ("cert_host", "word_host"):
                    admin.execute("SELECT costtop.enrol(%s, 'red', %s)", (login, login))
                admin.execute("SELECT pg_reload_conf()")
                yield SimpleNamespace(
                    server=server, place=place, authority=authority, other=other, admin=admin
                )
        finally:
            server.end()


def _url(safe, user="word_host:wörd", port=0, **more):
    """As a host's URL says it: TLS with the name checked, whom to trust, and `more` of libpq's."""
    said = {"hostaddr": "127.0.0.1", "sslmode": "verify-full"}
    said |= {"sslrootcert": str(safe.authority.root)} | more
    return f"postgresql://{user}@{NAME}:{port or safe.server.port}/postgres?{urlencode(said)}"


def _refused(safe, *user, **more):
    with pytest.raises(psycopg.OperationalError) as refused:
        server_link.connect(_url(safe, *user, **more)).close()
    return server_link.said(refused.value)


def _files(safe, name):
    return {"sslcert": str(safe.place / f"{name}.crt"), "sslkey": str(safe.place / f"{name}.key")}


def _ships(db, number):
    """A heartbeat and a batch over that connection; what became of the batch."""
    epoch = beat(db, "1.0", len(schema.steps()), NOON, 0, anew=True).epoch
    batch = Shipment([session(0)], [call(number * 1000 + i) for i in range(30)])
    return ship(db, epoch, 1, batch).added


def test_a_host_ships_to_a_server_whose_name_was_checked(safe):
    with closing(server_link.connect(_url(safe))) as db:
        told = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        assert db.execute(told).fetchone() == (True, "TLSv1.3")
        assert _ships(db, 1) == 30


def test_a_server_of_another_name_is_refused(safe):
    url = _url(safe).replace(NAME, "fleet.elsewhere")
    with pytest.raises(psycopg.OperationalError) as refused:
        server_link.connect(url)
    assert server_link.said(refused.value) == "the server's certificate has another name"


def test_a_server_of_another_authority_is_refused(safe):
    told = _refused(safe, sslrootcert=str(safe.other.root))
    assert told == UNTRUSTED


def test_an_authority_that_cannot_be_read_is_named_as_the_reason(safe):
    told = _refused(safe, sslrootcert=str(safe.place / "none.crt"))
    assert told == "no file of an authority to trust: set sslrootcert=FILE in the fleet's URL"


def test_a_server_without_tls_is_refused(safe, server):
    told = _refused(safe, port=server.port)
    assert told == "the fleet's server has no TLS"


def test_a_certificate_that_has_expired_is_refused(safe):
    def show(name):
        for kind in ("crt", "key"):
            shutil.copy(safe.place / f"{name}.{kind}", safe.place / f"server.{kind}")
        safe.server.process.send_signal(signal.SIGHUP)

    for kind in ("crt", "key"):
        shutil.copy(safe.place / f"server.{kind}", safe.place / f"good.{kind}")
    show("expired")
    try:
        told = until(lambda: _told(safe))
        assert told == UNTRUSTED
    finally:
        show("good")
        until(lambda: not _told(safe))


def _told(safe):
    """Why no connection is made now; empty where one is."""
    try:
        server_link.connect(_url(safe)).close()
    except psycopg.OperationalError as error:
        return server_link.said(error)
    return ""


def test_a_password_is_proved_over_the_channel_and_a_wrong_one_is_refused(safe):
    with closing(server_link.connect(_url(safe, channel_binding="require"))) as db:
        assert db.execute("SELECT session_user").fetchone() == ("word_host",)
    assert _refused(safe, "word_host:wrong") == "the fleet's server refuses this login"
    assert _refused(safe, "word_host") == "the fleet's server wants a password"


def test_a_host_without_tls_is_not_let_in(safe):
    assert _refused(safe, sslmode="disable") == "the fleet's server does not let this machine in"


def test_a_host_is_let_in_by_a_certificate_of_its_own_name(safe):
    with closing(server_link.connect(_url(safe, "cert_host", **_files(safe, "cert_host")))) as db:
        assert _ships(db, 2) == 30
        assert db.execute("SELECT session_user").fetchone() == ("cert_host",)


def test_a_host_s_certificate_lets_in_nobody_else(safe):
    told = "the fleet's server refuses this login"
    assert _refused(safe, "cert_host", **_files(safe, "word_host")) == told
    told = _refused(safe, "cert_host")
    assert told == "the fleet's server wants this host's certificate: sslcert, sslkey in the URL"
    told = _refused(safe, "cert_host", **_files(safe, "forged"))
    assert told == "the fleet's server does not trust this host's certificate"


def test_a_pool_with_tls_on_both_of_its_sides_passes_batches_on(safe):
    if not shutil.which("pgbouncer"):
        pytest.skip(f"needs pgbouncer: {HOW_TO_GET}")
    more = _POOL.format(place=safe.place)
    pool = Pool(safe.place, safe.server.port, {"word_host": "wörd"}, more)
    try:
        with closing(server_link.connect(_url(safe, port=pool.port))) as db:
            assert _ships(db, 3) == 30
        told = _refused(safe, port=pool.port, sslrootcert=str(safe.other.root))
        assert told == UNTRUSTED
        assert _refused(safe, "word_host:wrong", pool.port) == (
            "the fleet's server refuses this login"
        )
    finally:
        pool.end()
