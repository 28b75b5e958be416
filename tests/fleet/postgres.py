"""A PostgreSQL of the tests' own, and a pgbouncer before it: loopback, unprivileged, thrown away.

Debian's `postgres` runs as a child in a folder under the system's temporary one, as `nobody` where
the tests run as root, and ends with whoever started it. It writes without waiting for the disk: a
server that is killed loses nothing, a machine that is cut from power would.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from tests.free_ports import free_port
from tests.patience import until

HOW_TO_GET = "apt-get install -y postgresql pgbouncer"
NOBODY = 65534
_CONF = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 60
shared_buffers = 64MB
fsync = off
full_page_writes = off
autovacuum = off
jit = off
max_wal_size = 2GB
deadlock_timeout = 200ms
log_min_messages = warning
"""
# Who logs in through the pool: it knows only those that stand in its file.
HOSTS = [f"costtop_host_{one}" for one in "abcdefgh"]
PEOPLE = {"anna": "reader", "oscar": "operator", "stella": "steward", "sam": ""}
LOGINS = [*HOSTS, *PEOPLE, "admin", "postgres"]


def binaries() -> Path | None:
    """The folder of the newest server that Debian has installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_major)
    return found[-1].parent if found else None


def _major(path: Path) -> int:
    return int(path.parts[-3])


@contextmanager
def folder() -> Iterator[Path]:
    """A short-lived folder that `nobody` may use."""
    path = Path(tempfile.mkdtemp(prefix="costtop-pg-"))
    if os.getuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def started(command: Sequence[str], place: Path) -> subprocess.Popen[bytes]:
    """A child that is nobody and ends with its parent; its words go to a file in `place`."""
    drop = ["setpriv", "--pdeathsig", "INT"]
    if os.getuid() == 0:
        drop += [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    with (place / "log").open("ab") as log:
        return subprocess.Popen(
            [*drop, *command], cwd=place, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(place), "LC_ALL": "C.UTF-8"},
        )  # fmt: skip


class Postgres:
    """A running server; `url` is that of its superuser."""

    def __init__(self, place: Path, conf: str = "") -> None:
        self.place, self.port = place, free_port()
        self.bin = binaries()
        assert self.bin
        made = started(
            [str(self.bin / "initdb"), "-D", str(place / "d"), "-U", "postgres", "-A", "trust",
             "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"], place,
        )  # fmt: skip
        assert made.wait() == 0, (place / "log").read_text()
        with (place / "d/postgresql.conf").open("a") as file:
            file.write(f"{_CONF}port = {self.port}\n{conf}\n")
        self.start()

    def start(self) -> None:
        """Starts it, or starts it again, and waits until it answers."""
        command = [str(self.bin / "postgres"), "-D", str(self.place / "d")]
        self.process = started(command, self.place)
        until(self.answers, what=self.place / "log")

    def answers(self) -> bool:
        """Whether it takes connections."""
        assert self.process.poll() is None, (self.place / "log").read_text()
        with suppress(psycopg.OperationalError), psycopg.connect(self.url()):
            return True
        return False

    def url(self, database: str = "postgres", user: str = "postgres", port: int = 0) -> str:
        """Where `user` finds the database; no password, for it is the loopback of a test."""
        return f"postgresql://{user}@127.0.0.1:{port or self.port}/{database}"

    def end(self, sign: int = signal.SIGINT) -> None:
        """SIGINT ends it properly, SIGQUIT at once, as a crash does."""
        self.process.send_signal(sign)
        self.process.wait()


_POOL = """
[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = {auth}
auth_file = {place}/users
pool_mode = transaction
default_pool_size = 3
max_client_conn = 200
server_idle_timeout = 1
{more}
"""


class Pool:
    """pgbouncer in transaction mode: a statement gets whichever connection is free.

    `words` are logins with their passwords, where the server asks for them.
    """

    def __init__(
        self, place: Path, server: int, words: Mapping[str, str] | None = None, more: str = ""
    ) -> None:
        self.port, auth = free_port(), "scram-sha-256" if words else "trust"
        lines = (words or dict.fromkeys(LOGINS, "")).items()
        place.joinpath("users").write_text("".join(f'"{who}" "{word}"\n' for who, word in lines))
        told = _POOL.format(server=server, port=self.port, place=place, auth=auth, more=more)
        place.joinpath("pool.ini").write_text(told)
        self.process = started(["pgbouncer", str(place / "pool.ini")], place)
        until(self.listens, what=place / "log")

    def listens(self) -> bool:
        """Whether it takes connections."""
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def end(self) -> None:
        """Ends it at once."""
        self.process.kill()
        self.process.wait()
