"""What a machine counts arrives, once, whatever dies or is cut meanwhile: F1 to F5, F8 and F10."""

import os
import random
import signal

import pytest

from costtop.fleet import schema
from tests.e2e.instance import claude_line, claude_log
from tests.fleet.machine import agrees, beside, forwarder, joined, own_sums, told
from tests.fleet.wire import Wire
from tests.patience import until

DIRECT = pytest.mark.parametrize("fleet", ["direct"], indirect=True)
POOLED = pytest.mark.parametrize("fleet", ["pool"], indirect=True)
ONE, TWO = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"


def _spend(instance, session, numbers, **more):
    lines = (claude_line(session, number, **more) for number in numbers)
    instance.append(claude_log(session), "".join(lines))


def _arrived(instance, fleet, calls):
    until(lambda: own_sums(instance)[0] == calls, what=instance.paths.log)
    until(lambda: agrees(instance, fleet), what=(own_sums(instance), fleet.sums(), told(instance)))


def _is_idle(instance):
    """Whether all is sent, of before too, by the word of a daemon that runs now."""
    said = told(instance)
    return said.get("reachable") and said["waiting"] == 0 and said["history"] is None


@POOLED
def test_what_was_there_and_what_comes_arrives_and_is_crossed_out(instance, fleet):
    _spend(instance, ONE, range(40))
    joined(instance, fleet)
    instance.start()
    _arrived(instance, fleet, 40)
    _spend(instance, ONE, range(40, 45))
    _spend(instance, TWO, range(3), model="a-model-of-no-price")
    _arrived(instance, fleet, 48)
    assert fleet.sums()["calls"][1] == 3
    until(lambda: instance.ask("SELECT count(*) FROM outgoing WHERE call OR key NOTNULL") == 0)
    until(lambda: told(instance)["waiting"] == 0)
    assert told(instance)["reachable"] and told(instance)["acked"] > 0


@DIRECT
def test_a_machine_that_is_to_tell_sums_ships_no_call(instance, fleet):
    _spend(instance, ONE, range(20))
    joined(instance, fleet, more='detail = "sessions"')
    instance.start()
    for calls in (20, 25):
        until(lambda calls=calls: own_sums(instance)[0] == calls, what=instance.paths.log)
        until(lambda: fleet.sums()["spend"] == fleet.sums()["sessions"] == own_sums(instance),
              what=(own_sums(instance), fleet.sums(), told(instance)))  # fmt: skip
        _spend(instance, ONE, range(20, 25))
    assert fleet.sums()["calls"][0] == 0


@DIRECT
def test_f1_killed_and_cut_anywhere_nothing_is_lost_or_doubled(instance, fleet):
    wire, chance = Wire(fleet.port), random.Random(1)
    _spend(instance, ONE, range(30))
    joined(instance, fleet, port=wire.port)
    daemon = instance.start()
    number = 30
    for turn in range(12):
        wire.cut_next(chance.choice(["before", "within", "after"]))
        _spend(instance, chance.choice([ONE, TWO]), range(number, number + 10))
        number += 10
        if turn % 3 == 0 and (child := forwarder(daemon.pid)):
            os.kill(child, signal.SIGKILL)
        if turn % 6 == 5:
            instance.kill9()
            daemon = instance.start()
        cuts = wire.cuts
        until(lambda cuts=cuts: wire.cuts > cuts or agrees(instance, fleet))
    _arrived(instance, fleet, number)
    assert wire.cuts > 0  # how many of twelve, is for the machine to say
    wire.close()


@DIRECT
def test_f2_a_server_that_crashed_is_caught_up_with(instance, fleet):
    _spend(instance, ONE, range(10))
    joined(instance, fleet)
    instance.start()
    _arrived(instance, fleet, 10)
    fleet.admin.close()
    fleet.server.end(signal.SIGQUIT)
    try:
        _spend(instance, ONE, range(10, 30))
        until(lambda: own_sums(instance)[0] == 30)
        until(lambda: told(instance).get("unreachable_since"))
        assert "fleet's server" in told(instance)["trouble"]
    finally:  # the tests after this one have the same server
        fleet.server.start()
        fleet.admin = fleet.again()
    _arrived(instance, fleet, 30)
    until(lambda: told(instance)["reachable"] and not told(instance)["trouble"])


@DIRECT
def test_f3_the_same_logs_on_two_machines_count_once(instance, fleet):
    other, environ = beside(instance, "other")
    joined(instance, fleet, "a")
    joined(other, fleet, "b")
    _spend(instance, ONE, range(20))
    instance.start()
    _arrived(instance, fleet, 20)
    try:
        other.start(env=environ)
        until(lambda: told(other).get("acked"))
        _spend(instance, ONE, range(20, 30))
        _arrived(other, fleet, 30)
        _arrived(instance, fleet, 30)
        owners = (
            "SELECT h.name, count(*) FROM costtop.calls c JOIN costtop.hosts h ON h.id = c.host"
        )
        counted = dict(fleet.rows(f"{owners} GROUP BY 1"))
        assert sum(counted.values()) == 30
        assert counted["a"] >= 20
    finally:
        other.kill9()


@DIRECT
def test_f4_a_store_that_is_rebuilt_sends_all_again_and_changes_nothing(instance, fleet):
    _spend(instance, ONE, range(25))
    joined(instance, fleet)
    instance.start()
    _arrived(instance, fleet, 25)
    instance.cli("backup")
    until(lambda: told(instance)["acked"])
    known = "SELECT team, quarter, host, usr, project, model, feature, rev FROM costtop.spend"
    before = fleet.rows(known)
    instance.cli("restore")
    until(lambda: own_sums(instance)[0] == 25 and _is_idle(instance), what=instance.paths.log)
    assert fleet.rows(known) == before
    _spend(instance, ONE, [25])
    _arrived(instance, fleet, 26)


@DIRECT
def test_f5_another_price_travels(instance, fleet):
    _spend(instance, ONE, range(12))
    joined(instance, fleet)
    instance.start()
    _arrived(instance, fleet, 12)
    before = fleet.sums()["calls"][2]
    prices = instance.paths.config.with_name("prices.toml")
    prices.write_text(_PRICES)
    instance.cli("reprice")
    until(lambda: own_sums(instance)[2] != before, what=instance.paths.log)
    _arrived(instance, fleet, 12)
    assert fleet.sums()["calls"][2] != before


_PRICES = """
[[price]]
model = "claude-opus-4-6"
per_million = { input = 1, output = 2 }
"""


@DIRECT
def test_f10_newer_machines_wait_for_the_server_and_older_ones_go_on(instance, fleet):
    steps = len(schema.steps())
    fleet.admin.execute("UPDATE costtop.meta SET version = %s", (steps - 1,))
    try:
        joined(instance, fleet)
        _spend(instance, ONE, range(5))
        instance.start()
        said = until(lambda: told(instance).get("trouble"))
        assert f"has schema {steps - 1}" in said and "costtop fleet migrate" in said
        assert told(instance)["reachable"] and fleet.sums()["calls"][0] == 0
        fleet.admin.execute("UPDATE costtop.meta SET version = %s", (steps + 1,))
        instance.kill9()
        instance.start()
        _arrived(instance, fleet, 5)
        until(lambda: told(instance).get("trouble") == "")
    finally:
        fleet.admin.execute("UPDATE costtop.meta SET version = %s", (steps,))


@DIRECT
def test_a_row_that_the_server_refuses_holds_up_no_other(instance, fleet):
    fleet.admin.execute("ALTER TABLE costtop.calls ADD CONSTRAINT odd CHECK (output <> 666)")
    try:
        joined(instance, fleet)
        _spend(instance, ONE, range(20))
        _spend(instance, TWO, [1], output=666)
        _spend(instance, TWO, [2, 3])
        instance.start()
        until(lambda: fleet.sums()["calls"][0] == 22, what=told(instance))
        until(lambda: told(instance).get("aside") == 1)
        _spend(instance, ONE, [20])
        until(lambda: fleet.sums()["calls"][0] == 23)
    finally:
        fleet.admin.execute("ALTER TABLE costtop.calls DROP CONSTRAINT odd")
    instance.kill9()
    instance.start()  # a start tries them again
    _arrived(instance, fleet, 24)
