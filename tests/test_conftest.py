"""The isolation itself: what a test cannot reach. It is checked because all others lean on it."""

import contextlib
import os
import socket
import sqlite3
import time
from pathlib import Path

import pytest

from costtop.store import db as store
from tests import new_stores


def test_home_is_empty_and_below_the_tests_own_folder(home, tmp_path):
    assert Path.home() == home
    assert home.is_relative_to(tmp_path)
    assert not list(home.iterdir())
    assert os.environ["COSTTOP_HOME"].startswith(str(tmp_path))


def test_local_time_is_utc():
    assert time.localtime(0).tm_hour == 0


def test_the_world_beyond_the_loopback_is_refused():
    with pytest.raises(AssertionError, match="loopback only"):
        socket.getaddrinfo("example.org", 80)
    with socket.socket() as outgoing, pytest.raises(AssertionError, match="loopback only"):
        outgoing.connect(("192.0.2.1", 80))  # an address kept for documents: nobody's


def test_the_loopback_and_unix_sockets_work(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))


def test_a_store_that_is_copied_is_one_that_was_migrated(tmp_path):
    made = []
    with new_stores.really_migrated():
        store.open_writer(tmp_path / "0" / "costtop.db").close()
    store.open_writer(tmp_path / "1" / "costtop.db").close()
    for number in range(2):
        with contextlib.closing(sqlite3.connect(tmp_path / f"{number}/costtop.db")) as db:
            schema = db.execute("SELECT * FROM sqlite_schema").fetchall()
            tables = [row[1] for row in schema if row[0] == "table"]
            asked = [f'SELECT * FROM "{table}"' for table in tables]
            asked += ["PRAGMA auto_vacuum", "PRAGMA journal_mode", "PRAGMA page_count"]
            asked += ["PRAGMA user_version", "PRAGMA integrity_check"]
            made.append((schema, [db.execute(one).fetchall() for one in asked]))
    assert made[0] == made[1]
