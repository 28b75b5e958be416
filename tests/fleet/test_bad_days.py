"""A server whose disk is full, a network that swallows everything, a login used twice."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import threading
from contextlib import suppress
from uuid import uuid4

import psycopg
import pytest

from costtop.daemon.fleet.fleet_pipe import FleetPipe
from costtop.fleet import schema, server_link
from costtop.fleet.host_link import HostLink
from costtop.fleet.outbox_sending import is_of_row, parts
from costtop.fleet.shipment import Shipment
from costtop.store.db import open_writer
from tests.e2e.instance import claude_line, claude_log
from tests.fleet.fleet import Fleet, call, session
from tests.fleet.machine import agrees, beside, joined, own_sums, told
from tests.fleet.postgres import HOSTS, NOBODY, Postgres, folder
from tests.patience import PATIENCE, until

DIRECT = pytest.mark.parametrize("fleet", ["direct"], indirect=True)
ONE = "11111111-0000-4000-8000-000000000001"


@pytest.fixture
def small():
    """A server of its own on a disk of 120 MB."""
    if os.getuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root can make a small disk")
    with folder() as place:
        options = f"size=120m,uid={NOBODY},gid={NOBODY}"
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "none", str(place)], check=False
        )
        if made.returncode:
            pytest.skip("no disk can be mounted here")
        try:
            server = Postgres(place, "max_wal_size = 32MB\nmin_wal_size = 32MB")
            yield server
            server.end(signal.SIGQUIT)
        finally:
            subprocess.run(["umount", "-l", str(place)], check=True)


def test_f8_a_full_disk_of_the_server_is_said_and_waited_out(small, instance):
    with psycopg.connect(small.url(), autocommit=True) as db:
        for login in HOSTS:
            db.execute(f"CREATE ROLE {login} LOGIN".encode())
        db.execute("CREATE ROLE admin LOGIN CREATEROLE CREATEDB")
    with psycopg.connect(small.url(user="admin"), autocommit=True) as db:
        db.execute("CREATE DATABASE fleet")
    with psycopg.connect(small.url("fleet", "admin"), autocommit=True) as db:
        schema.migrate(db)
    with Fleet(small, "fleet", small.port) as fleet:
        filler = small.place / "filler"
        _fill(filler)
        lines = "".join(claude_line(ONE, n) for n in range(3000))
        instance.append(claude_log(ONE), lines)
        joined(instance, fleet)
        instance.start()
        until(lambda: told(instance).get("code") == "fleet-full", what=lambda: told(instance))
        assert "disk of the fleet's server is full" in told(instance)["trouble"]
        assert own_sums(instance)[0] == 3000
        assert "[fleet-full]" in instance.cli("doctor", code=1)
        filler.unlink()
        if small.process.poll() is not None:  # its log could not be written: it crashed
            small.start()
        fleet.admin.close()
        fleet.admin = fleet.again()
        until(lambda: agrees(instance, fleet), what=instance.paths.log)


def _fill(place):
    """Leaves less room than a segment of the log and a few pages."""
    room = shutil.disk_usage(place.parent).free
    with place.open("wb") as file, suppress(OSError):
        file.write(b"x" * (room - 65_536))


async def test_a_child_that_hangs_in_a_mute_network_is_ended(server, database, home):
    """Every byte is taken, none comes back: no driver notices that."""
    open_writer(home / "costtop.db").close()
    with Fleet(server, database, server.port) as fleet, _Swallow(server.port) as wire:
        url = server.url(fleet.database, "costtop_host_a", wire.port)
        order = {"fleet": {"url_env": "FLEET_URL"}, "database": str(home / "costtop.db"),
                 "version": "1", "key": "00", "environ": ["FLEET_URL"]}  # fmt: skip
        pipe = FleetPipe(order, {"FLEET_URL": url, "PATH": ""}, silent=4.0)
        running = asyncio.create_task(pipe.run())
        try:
            await _becomes(lambda: pipe.state.get("reachable"))
            wire.swallows.set()
            pipe.tell({"answer": {"id": str(uuid4()), "state": "done", "why": ""}})
            await _becomes(lambda: "said nothing for 4 s" in pipe.trouble)
            assert not pipe.state["reachable"]
            wire.swallows.clear()
            await _becomes(lambda: pipe.state["reachable"] and not pipe.trouble)
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


async def _becomes(true):
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.02)


class _Swallow:
    """Passes bytes on, until it keeps them all."""

    def __init__(self, server):
        self.server, self.swallows = server, threading.Event()
        self._threads = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        self._start(self._accept)
        return self

    def _start(self, work, *given):
        self._threads.append(threading.Thread(target=work, args=given))
        self._threads[-1].start()

    def __exit__(self, *_):
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for each in self._threads:
            each.join()
        self._listener.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self.server))
                for one, other in ((client, far), (far, client)):
                    self._start(self._pump, one, other)

    def _pump(self, one, other):
        with one, suppress(OSError):
            while data := one.recv(1 << 16):
                if not self.swallows.is_set():
                    other.sendall(data)
        with suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)


def test_a_connection_that_opens_does_not_end_a_fault_of_what_is_shipped(server, database):
    """Else each try would come as soon as the first, and nobody would be told of a long fault."""
    with Fleet(server, database, server.port) as fleet:
        url = server.url(fleet.database, "costtop_host_a")
        link = HostLink(lambda: server_link.connect(url), "1", len(schema.steps()))
        longest = 0.0
        for _ in range(8):
            link.db(0)
            link.failed(psycopg.errors.DiskFull())
            longest = max(longest, link.wait())
            assert link.fault.code == "fleet-full" and link.away_since
        assert longest > 0.5  # of waits by chance up to 64 s
        link.db(0)
        link.well()
        assert link.fault is None and link.away_since is None and link.wait() == 0
        link.close()


@DIRECT
def test_two_machines_of_one_login_are_told_so_and_lose_nothing(instance, fleet):
    other, environ = beside(instance, "other")
    joined(instance, fleet, "a")
    joined(other, fleet, "a")
    instance.append(claude_log(ONE), "".join(claude_line(ONE, n) for n in range(10)))
    instance.start()
    try:
        other.start(env=environ)
        for number in range(10, 22, 2):
            instance.append(
                claude_log(ONE), claude_line(ONE, number) + claude_line(ONE, number + 1)
            )
            until(lambda n=number: own_sums(instance)[0] == own_sums(other)[0] == n + 2)
            until(lambda: agrees(instance, fleet))
    finally:
        other.kill9()


def test_a_batch_parts_into_pieces_that_say_the_same():
    calls = [call(n, of=n % 3) for n in range(7)]
    whole = Shipment([session(n) for n in range(5)], calls, [b"g" * 16])
    todo, ends = [whole], []
    while todo:
        one = todo.pop()
        pieces = parts(one)
        todo += pieces
        ends += [] if pieces else [one]
    assert all(len(one.calls) + bool(one.gone) <= 1 for one in ends)
    said = {(one.calls[0].key, one.sessions[one.calls[0].of].session) for one in ends if one.calls}
    assert said == {(c.key, f"s{c.of}") for c in calls}
    assert {s.session for one in ends for s in one.sessions} == {f"s{n}" for n in range(5)}
    assert [one.gone for one in ends if one.gone] == [[b"g" * 16]]


@pytest.mark.parametrize(
    ("error", "of_row"),
    [
        (psycopg.errors.NumericValueOutOfRange(), True),
        (psycopg.errors.CheckViolation(), True),
        (psycopg.DataError("a NUL"), True),
        (psycopg.errors.DiskFull(), False),
        (psycopg.errors.DeadlockDetected(), False),
        (psycopg.OperationalError("cut"), False),
        (psycopg.errors.InsufficientPrivilege(), False),
    ],
)
def test_only_what_a_row_is_parts_a_batch(error, of_row):
    assert is_of_row(error) == of_row
