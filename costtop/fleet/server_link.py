"""A connection to the fleet's server: opened safely, watched, and its faults put into plain words.

Safely is TLS with a name that is checked, wherever the server is not on this machine.

The driver's own texts are never shown: they name the host and the user, and of a URL that is not
understood they show all of it.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from psycopg import conninfo

from costtop.errors import FleetError
from costtop.named_tuples import NamedTuple

Connection = psycopg.Connection
PATIENCE = 10  # s for a connection
STATEMENT = 30_000  # ms for one statement
# A network that swallows everything is noticed within half a minute, whoever speaks last.
_WATCHED: Mapping[str, str] = {
    "connect_timeout": str(PATIENCE),
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
_SAFE = "verify-full"
_TIMED = b"SELECT set_config('statement_timeout', %s, false)"


class LinkFault(NamedTuple):
    """What is wrong, by the code under which `doctor` knows it, and in words without the URL."""

    code: str
    said: str


_AWAY, _REFUSED, _UNSAFE = "fleet-away", "fleet-refused", "fleet-unsafe"
_BY_STATE: Mapping[str, LinkFault] = {
    "53100": LinkFault("fleet-full", "the disk of the fleet's server is full"),
    "53200": LinkFault(_AWAY, "the fleet's server has no memory left"),
    "53300": LinkFault(_AWAY, "the fleet's server has no connection to spare"),
    "57014": LinkFault(_AWAY, "the fleet's server did not answer in time"),
    "25006": LinkFault("fleet-full", "the fleet's server takes no writes now (it is read-only)"),
    "42501": LinkFault(_REFUSED, "the fleet's server does not let this login do it"),
    "42883": LinkFault(
        "fleet-schema", "the fleet's server has another schema: costtop fleet migrate"
    ),
    "42P01": LinkFault(
        "fleet-schema", "the fleet's server has another schema: costtop fleet migrate"
    ),
    "3F000": LinkFault(
        "fleet-schema", "the fleet's server has no costtop in it: costtop fleet init"
    ),
    "42703": LinkFault(
        "fleet-schema", "the fleet's server has another schema: costtop fleet migrate"
    ),
    "CT004": LinkFault(
        "fleet-detail",
        "this host has shipped with another detail so far: costtop fleet forget it, enrol it anew",
    ),
    "CT001": LinkFault("fleet-twin", "another process of this host writes to the fleet"),
    "CT002": LinkFault("fleet-row", "the fleet's server does not take a row: it is beyond a limit"),
    "CT003": LinkFault("fleet-row", "this host has told more new names today than a fleet takes"),
    "22003": LinkFault(
        "fleet-row", "the fleet's server does not take a row: a number is too large"
    ),
    "23502": LinkFault("fleet-row", "the fleet's server does not take a row: a value is missing"),
    "23514": LinkFault("fleet-row", "the fleet's server does not take a row: it is beyond a limit"),
}
# Of a connection that failed there is only a text, of libpq and of the server. In this order.
_BY_TEXT: tuple[tuple[str, LinkFault], ...] = (
    (
        "certificate verify failed",
        LinkFault(
            _UNSAFE, "the server's certificate is of an authority not trusted here, or has expired"
        ),
    ),
    ("does not match host name", LinkFault(_UNSAFE, "the server's certificate has another name")),
    (
        "root certificate file",
        LinkFault(
            _UNSAFE, "no file of an authority to trust: set sslrootcert=FILE in the fleet's URL"
        ),
    ),
    (
        "unknown ca",
        LinkFault(_REFUSED, "the fleet's server does not trust this host's certificate"),
    ),
    (
        "valid client certificate",
        LinkFault(
            _REFUSED, "the fleet's server wants this host's certificate: sslcert, sslkey in the URL"
        ),
    ),
    ("certificate file", LinkFault(_UNSAFE, "a file with a certificate or key cannot be read")),
    ("private key file", LinkFault(_UNSAFE, "a file with a certificate or key cannot be read")),
    ("does not support ssl", LinkFault(_UNSAFE, "the fleet's server has no TLS")),
    ("ssl", LinkFault(_UNSAFE, "TLS with the fleet's server failed")),
    ("authentication failed", LinkFault(_REFUSED, "the fleet's server refuses this login")),
    ("no password supplied", LinkFault(_REFUSED, "the fleet's server wants a password")),
    ("pg_hba.conf", LinkFault(_REFUSED, "the fleet's server does not let this machine in")),
    ("is not permitted to log in", LinkFault(_REFUSED, "the fleet's server refuses this login")),
    ('role "', LinkFault(_REFUSED, "the fleet's server does not know this login")),
    ('database "', LinkFault(_REFUSED, "the fleet's server has no such database")),
    ("no such user", LinkFault(_REFUSED, "the fleet's server does not know this login")),
    ("too many", LinkFault(_AWAY, "the fleet's server has no connection to spare")),
    (
        "remaining connection slots",
        LinkFault(_AWAY, "the fleet's server has no connection to spare"),
    ),
    ("starting up", LinkFault(_AWAY, "the fleet's server is starting")),
    ("recovery", LinkFault(_AWAY, "the fleet's server is starting")),
    ("shutting down", LinkFault(_AWAY, "the fleet's server is being stopped")),
    ("translate host name", LinkFault(_AWAY, "the name of the fleet's server is not found")),
    ("resolve host", LinkFault(_AWAY, "the name of the fleet's server is not found")),
    ("connection refused", LinkFault(_AWAY, "the fleet's server refuses connections")),
    ("timeout", LinkFault(_AWAY, "the fleet's server does not answer")),
    ("timed out", LinkFault(_AWAY, "the fleet's server does not answer")),
    ("no route", LinkFault(_AWAY, "there is no way to the fleet's server")),
    ("unreachable", LinkFault(_AWAY, "there is no way to the fleet's server")),
)
_CUT = LinkFault(_AWAY, "the connection to the fleet's server was cut")


def connect(url: str, *, insecure: bool = False, name: str = "costtop-fleet") -> psycopg.Connection:
    """A connection that commits each statement by itself, and works through a pool.

    `name` is what the server's administrator sees. Raises FleetError where the URL is unsafe or not
    understood, psycopg.OperationalError where the server is away: see `fault`.
    """
    try:
        parts = {key: str(value) for key, value in conninfo.conninfo_to_dict(url).items()}
    except psycopg.Error:
        raise FleetError(
            "the fleet's URL is not understood: postgresql://USER:PASSWORD@HOST/DATABASE"
        ) from None
    parts = {"application_name": name, **_WATCHED, **parts}
    parts["sslmode"] = sslmode(parts, insecure=insecure)
    told = conninfo.make_conninfo("", **parts)
    db = psycopg.connect(told, autocommit=True, prepare_threshold=None)
    try:
        db.execute(_TIMED, (str(STATEMENT),))
    except BaseException:
        db.close()
        raise
    return db


def sslmode(said: Mapping[str, str], *, insecure: bool) -> str:
    """The `sslmode` for the parts of a URL, as libpq names them.

    Off this machine nothing but `verify-full` is taken, unless the config says `insecure = true`.
    Raises FleetError.
    """
    wanted = said.get("sslmode", "")
    hosts = said.get("hostaddr") or said.get("host", "")
    if not said.get("service") and is_loopback(hosts):
        return wanted or "prefer"
    if wanted and wanted != _SAFE and not insecure:
        raise FleetError(
            f"the fleet's URL asks for sslmode={wanted}: use verify-full, or set insecure = true"
            " under [fleet] where the network itself is safe"
        )
    return wanted or ("prefer" if insecure else _SAFE)


def is_loopback(hosts: str) -> bool:
    """Whether all of libpq's hosts, a list with commas, are this machine itself."""
    return all(_is_here(one) for one in hosts.split(","))


def _is_here(host: str) -> bool:
    if host in ("", "localhost") or host.startswith(("/", "@")):  # "" and paths: a Unix socket
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def fault(error: psycopg.Error) -> LinkFault:
    """What an error of the driver means, without a word of its text."""
    state = error.sqlstate or ""
    if found := _BY_STATE.get(state):
        return found
    if state:
        if state.startswith(("08", "57")):
            return _CUT
        return LinkFault("fleet-trouble", f"the fleet's server cannot do it (SQLSTATE {state})")
    text = str(error).lower()
    return next((one for words, one in _BY_TEXT if words in text), _CUT)


@contextmanager
def reached(url: str, *, insecure: bool, name: str) -> Iterator[Connection]:
    """A connection for one command, closed at its end; raises FleetError, in plain words."""
    try:
        with connect(url, insecure=insecure, name=name) as db:
            yield db
    except psycopg.Error as error:
        raise FleetError(said(error)) from None


def said(error: psycopg.Error) -> str:
    """The words of it alone."""
    return fault(error).said
