"""Screens and daemons of different costtops say so, with both versions, and go on."""

import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from costtop import __version__, paths
from costtop.cli.main import main
from costtop.control.client import ask
from costtop.control.protocol import PROTOCOL, Ping
from costtop.errors import StoreError
from costtop.queries.connection import Door
from costtop.store import daemon_status
from costtop.store.db import migrations, open_writer
from tests.e2e.instance import Instance


def stored(version: int | None = None) -> Path:
    database = paths.find().database
    with closing(open_writer(database)) as db:
        db.execute("INSERT OR REPLACE INTO meta VALUES ('costtop', '7.0')")
        if version is not None:
            db.execute(f"PRAGMA user_version = {version}")
    return database


def test_the_daemon_says_which_it_is(home: Path):
    instance = Instance(home)
    instance.start()
    try:
        said = ask(paths.find(), Ping())
        known = (said["version"], said["protocol"], said["schema"])
        assert known == (__version__, PROTOCOL, len(migrations()))
        told = instance.json("status")
        assert (told["version"], told["protocol"], told["store_schema"]) == known
    finally:
        instance.kill9()


@pytest.mark.parametrize("version", ["0.0.1", "9.9.9"])
def test_a_screen_says_that_the_daemon_is_of_another_costtop_and_goes_on(home, version):
    stored()
    now = time.time_ns() // 1_000_000
    daemon_status.write(paths.find().status, {"at": now, "pid": os.getpid(), "version": version})
    frame = Door(paths.find(), lambda: now).frame()
    assert frame.pulse.running
    assert version in frame.pulse.trouble and __version__ in frame.pulse.trouble


def test_a_store_of_a_newer_costtop_is_refused_with_both_versions(home, capsys):
    database = stored(999)
    before = database.read_bytes()
    for words in (["scan"], ["report"], ["--once"], ["backup"]):
        assert main(words) == 78
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert all(part in error for part in ("7.0", "999", __version__, str(len(migrations()))))
    assert database.read_bytes() == before


def test_a_screen_before_a_store_of_an_older_schema_goes_on_once_it_is_new(home):
    stored(len(migrations()) - 1)
    door = Door(paths.find())
    with pytest.raises(StoreError, match="of an older costtop"):
        door.frame()
    with closing(sqlite3.connect(paths.find().database)) as db:
        db.execute(f"PRAGMA user_version = {len(migrations())}")
    assert json.dumps(door.frame().rev) == "0"
