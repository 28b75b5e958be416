"""The picture of a screen is followed by a child, and kept with its age where it cannot be."""

from pathlib import Path
from typing import Any

import pytest

from costtop.durations import MINUTE, now_ms
from costtop.fleet.mirror.fleet_reader import FleetPlace, FleetReader, status_of
from costtop.paths import find
from costtop.queries.connection import Door
from costtop.store import daemon_status, meta
from tests.fleet.fleet import Fleet, call, session
from tests.patience import until

pytestmark = pytest.mark.parametrize("fleet", ["pool"], indirect=True)
TOLD = meta.encoded(zone="UTC", finished_after=30 * MINUTE, min_peers=5, budgets=())


def place(fleet: Fleet) -> FleetPlace:
    fleet.admin.execute("SELECT costtop.allow('anna', 'red')")
    return FleetPlace(
        fleet.server.url(fleet.database, "anna", fleet.port), insecure=True, told=TOLD
    )


def said(path: Path) -> dict[str, Any]:
    return daemon_status.read(status_of(path))


def test_what_a_host_ships_is_in_the_picture_and_its_frame(fleet: Fleet, tmp_path: Path) -> None:
    path, now = tmp_path / "fleet" / "picture.db", now_ms()
    door = Door(find()._replace(database=path, status=status_of(path)), fleet=True)
    with FleetReader(place(fleet), path) as reader:
        reader.follow(0.2)
        until(lambda: said(path).get("whole"))
        assert door.frame().sessions == ()
        fleet.ship("a", [call(1, at=now)], sessions=[session(0, last=now)])
        until(lambda: [row.key for row in door.frame().sessions] == ["claude-code/a:s0"])
        frame = door.frame()
        assert [(one.name, one.running) for one in frame.hosts] == [("a", 1), ("b", 0)]
        assert frame.pulse.running
    assert not status_of(path).exists()


def test_without_a_server_the_last_picture_stays_with_its_age(fleet: Fleet, tmp_path: Path) -> None:
    path, now = tmp_path / "fleet" / "picture.db", now_ms()
    fleet.ship("a", [call(1, at=now)], sessions=[session(0, last=now)])
    there = place(fleet)
    with FleetReader(there, path) as reader:
        reader.ask({"pull": "whole"})
    away = there._replace(url="postgresql://anna@127.0.0.1:1/fleet")
    door = Door(find()._replace(database=path, status=status_of(path)), fleet=True)
    with FleetReader(away, path) as reader:
        reader.follow(0.2)
        until(lambda: said(path).get("trouble"))
        frame = door.frame()
    assert [row.key for row in frame.sessions] == ["claude-code/a:s0"]
    assert "refuses connections; shown is what was read" in frame.pulse.trouble
    assert "127.0.0.1" not in frame.pulse.trouble


def test_two_screens_have_one_reader_and_the_second_takes_over(
    fleet: Fleet, tmp_path: Path
) -> None:
    path = tmp_path / "fleet" / "picture.db"
    with FleetReader(place(fleet), path) as second:
        with FleetReader(place(fleet), path) as first:
            first.follow(0.1)
            until(lambda: said(path).get("whole"))
            pid = said(path)["pid"]
            second.follow(0.1)
            with FleetReader(place(fleet), path) as third:
                assert third.ask({"pull": "whole"}) > 0  # it waits for what the first brings
            assert said(path)["pid"] == pid
        until(lambda: said(path).get("pid", pid) != pid)
