"""What is wrong between a machine and its fleet is told: by doctor, and once by an alert."""

import asyncio

import pytest

from costtop.cli.reports.diagnosis import fleet_health
from costtop.daemon.fleet.fleet_membership import BEARABLE, Reach
from costtop.daemon.notices.post import Audience
from costtop.durations import now_ms
from costtop.store.writer import Writer
from tests.fleet.machine import joined, told
from tests.patience import until


class Said:
    """A pipe by what its child has said last."""

    def __init__(self):
        self.state = {}

    def said(self):
        return self.state


async def test_a_server_out_of_reach_is_told_once_after_two_minutes_and_once_when_it_is_back(home):
    async with Writer(home / "costtop.db") as writer:
        pipe, posted, now = Said(), asyncio.Event(), now_ms()
        reach = Reach(pipe, writer, Audience(), posted)
        await reach.look(0.0, now)
        pipe.state = {"reachable": False, "unreachable_since": now, "trouble": "away"}
        for clock in (BEARABLE - 1, BEARABLE, BEARABLE + 60):
            posted.clear()
            await reach.look(clock, now + int(clock * 1000))
            assert posted.is_set() == (clock == BEARABLE)
        again = Reach(pipe, writer, Audience(), posted)  # another daemon
        await again.look(1000.0, now + 400_000)
        posted.clear()
        await again.look(1000.0 + BEARABLE, now + 600_000)
        assert not posted.is_set()
        pipe.state = {"reachable": True}
        await again.look(2000.0, now + 700_000)
        assert posted.is_set()
        posted.clear()
        await again.look(2001.0, now + 701_000)
        assert not posted.is_set()


async def test_a_short_absence_is_not_told(home):
    async with Writer(home / "costtop.db") as writer:
        pipe, posted = Said(), asyncio.Event()
        reach = Reach(pipe, writer, Audience(), posted)
        for clock, here in ((0, False), (100, False), (110, True), (120, False), (230, False)):
            pipe.state = {"reachable": here, "trouble": "away"}
            await reach.look(float(clock), now_ms())
        assert not posted.is_set()


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        ({}, []),
        ({"code": "fleet-away", "trouble": "x", "unreachable_since": 1}, ["fleet-away"]),
        ({"code": "fleet-refused", "trouble": "x", "unreachable_since": 1}, ["fleet-refused"]),
        ({"trouble": "it ended"}, ["fleet-child"]),
        ({"code": "fleet-of-tomorrow", "trouble": "x"}, ["fleet-trouble"]),
        ({"aside": 2, "skew_ms": -600_000}, ["fleet-row", "fleet-clock"]),
        ({"aside": 0, "strays": 1}, ["fleet-strays"]),
        ({"aside": 0, "skew_ms": 5_000, "strays": 0}, []),
    ],
)  # fmt: skip
def test_doctor_knows_each_by_its_code(said, codes):
    found = [*fleet_health.problems(said, now_ms()), *fleet_health.notes(said)]
    assert [one.code for one in found] == codes


def test_a_moment_without_a_server_is_no_problem():
    said = {"code": "fleet-away", "trouble": "x", "unreachable_since": now_ms()}
    assert fleet_health.problems(said, now_ms()) == []


@pytest.mark.parametrize("fleet", ["direct"], indirect=True)
def test_doctor_and_metrics_of_a_machine_whose_login_is_refused(instance, fleet):
    joined(instance, fleet, host="z")
    instance.start()
    until(lambda: told(instance).get("trouble"))
    said = instance.cli("doctor", code=1)
    assert "[fleet-refused]" in said and "its server is out of reach" in said
    assert "costtop_host_z" not in said and str(fleet.port) not in said
    assert "not reachable" in instance.cli("fleet", "status", code=1)
