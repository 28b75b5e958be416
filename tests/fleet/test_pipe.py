"""The child that speaks with the server: alone with the driver, and never without its daemon."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.fleet.machine import children, forwarder, joined
from tests.patience import until

DIRECT = pytest.mark.parametrize("fleet", ["direct"], indirect=True)
POOLED = pytest.mark.parametrize("fleet", ["pool"], indirect=True)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def _loads_driver(pid):
    return "psycopg" in Path(f"/proc/{pid}/maps").read_text()


def _seen(fleet, host="a"):
    (seen,) = fleet.rows("SELECT seen FROM costtop.hosts WHERE name = %s", host)
    return seen


@LINUX
def test_without_a_fleet_there_is_no_child_and_nothing_of_it_is_loaded(instance):
    daemon = instance.start()
    assert not forwarder(daemon.pid) and not _loads_driver(daemon.pid)


@LINUX
@DIRECT
def test_the_child_alone_loads_the_driver_and_beats(instance, fleet):
    joined(instance, fleet)
    daemon = instance.start()
    until(lambda: _seen(fleet), what=instance.paths.log)
    child = forwarder(daemon.pid)
    assert _loads_driver(child) and not _loads_driver(daemon.pid)
    assert fleet.server.url() not in Path(f"/proc/{child}/cmdline").read_text()
    assert b"COSTTOP" not in Path(f"/proc/{child}/environ").read_bytes()


@LINUX
@POOLED
def test_a_child_that_is_killed_is_started_again_and_begins_an_epoch(instance, fleet):
    joined(instance, fleet)
    daemon = instance.start()
    until(lambda: _seen(fleet))
    first, seen = forwarder(daemon.pid), _seen(fleet)
    os.kill(first, signal.SIGKILL)
    until(lambda: forwarder(daemon.pid) not in (0, first))
    until(lambda: _seen(fleet) > seen)
    assert fleet.rows("SELECT epoch FROM costtop.hosts WHERE name = 'a'") == [2]
    assert "is started again" in instance.paths.log.read_text()


@LINUX
@DIRECT
def test_no_child_outlives_its_daemon(instance, fleet):
    joined(instance, fleet)
    daemon = instance.start()
    until(lambda: _seen(fleet))
    child = forwarder(daemon.pid)
    instance.kill9()
    until(
        lambda: not Path(f"/proc/{child}/fd").exists() or not os.path.exists(f"/proc/{child}/exe")
    )


@LINUX
@POOLED
def test_one_child_after_a_reload(instance, fleet):
    joined(instance, fleet)
    daemon = instance.start()
    first = until(lambda: forwarder(daemon.pid))
    joined(instance, fleet, more='host = "other"')
    second = until(lambda: (now := forwarder(daemon.pid)) not in (0, first) and now)
    assert list(children(daemon.pid).values()).count("costtop-fleet") == 1
    assert second != first


@DIRECT
def test_a_server_that_is_away_is_said_and_nothing_else_stops(instance, fleet, tmp_path):
    joined(instance, fleet, port=1)
    instance.start()
    said = until(lambda: instance.status().get("fleet", {}).get("trouble"))
    assert said == "the fleet's server refuses connections"
