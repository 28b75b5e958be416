"""Who leads the stewards of a fleet: one, of whoever asks; and no other writes anything."""

import psycopg
import pytest

from costtop.fleet import steward_rows
from costtop.fleet.steward_rows import Leadership
from tests.fleet.fleet import NOON, Fleet
from tests.fleet.postgres import Postgres
from tests.patience import until

STANDING = {
    "budget": "team", "period": "2026-11-25", "since": NOON, "until": NOON + 1, "amount": 10,
    "spent": 7, "short": False, "hosts": 1,
}  # fmt: skip
LETTER = {
    "token": "t1", "label": "ops", "kind": "budget", "severity": "warning", "title": "80 %",
    "body": "b", "short": "s", "at": NOON, "made": NOON, "released": NOON, "state": "pending",
    "hold": "", "next_at": NOON, "set_at": NOON, "attempts": 0, "refusals": 0, "error": "",
    "alerts": ["abcdef123456"],
}  # fmt: skip
LONG = 600_000  # ms


@pytest.fixture
def red(server: Postgres, database: str):
    """A fleet whose steward, `stella`, reads team red."""
    with Fleet(server, database, server.port) as made:
        made.admin.execute("SELECT costtop.allow('stella', 'red')")
        yield made


def _connected(fleet: Fleet, user: str = "stella", port: int = 0) -> psycopg.Connection:
    url = fleet.server.url(fleet.database, user, port)
    return psycopg.connect(url, autocommit=True, prepare_threshold=None)


def _led(db: psycopg.Connection, host: str) -> int:
    """The epoch in which it leads, once the server has seen that whoever led before has gone."""
    led = [steward_rows.lead(db, host, LONG).epoch]

    def leads() -> bool:
        led[0] = led[0] or steward_rows.lead(db, host, LONG).epoch
        return bool(led[0])

    until(leads, what="the lead")
    return led[0] or 0


def test_of_two_stewards_one_leads_until_its_connection_ends(red):
    with _connected(red) as first, _connected(red) as second:
        mine = steward_rows.lead(first, "ops-1", LONG)
        assert mine.epoch
        assert steward_rows.lead(second, "ops-2", LONG) == Leadership(None, "ops-1", mine.since)
        first.close()
        assert _led(second, "ops-2") > mine.epoch


def test_a_leader_that_sleeps_too_long_is_followed_and_writes_nothing_afterwards(red):
    with _connected(red) as sleeper, _connected(red) as other:
        old = steward_rows.lead(sleeper, "ops-1", 0).epoch
        assert old
        new = steward_rows.lead(
            other, "ops-2", LONG
        ).epoch  # the first one's lock stands all the while
        assert new
        assert new > old
        assert steward_rows.stand(other, new, {"standing": [STANDING], "outbox": [LETTER]}) == 2
        told = {"standing": [{**STANDING, "spent": 9}], "outbox": [{**LETTER, "token": "t2"}]}
        budgets: dict = {"budgets": [], "guards": [], "alerts": []}
        assert steward_rows.stand(sleeper, old, {**told, **budgets}) == 0
        assert not steward_rows.lead_on(sleeper, old, LONG)
        assert not steward_rows.claim(sleeper, old, "t1")
        assert not steward_rows.sent(sleeper, old, "t1", "sent")
        assert red.rows("SELECT spent FROM costtop.standing") == [7]
        assert red.rows("SELECT token, claimed_by FROM costtop.outbox") == [("t1", None)]
        assert steward_rows.lead(sleeper, "ops-1", LONG).host == "ops-2"


def test_what_a_leader_took_and_did_not_mark_its_follower_takes_again_and_only_that(red):
    with _connected(red) as first, _connected(red) as second:
        old = steward_rows.lead(first, "ops-1", 0).epoch
        assert old
        letters = [{**LETTER, "token": token} for token in ("t1", "t2", "t3")]
        assert steward_rows.stand(first, old, {"outbox": letters}) == 3
        assert steward_rows.claim(first, old, "t1")
        assert steward_rows.sent(first, old, "t1", "sent")
        assert steward_rows.claim(first, old, "t2")
        new = steward_rows.lead(second, "ops-2", LONG).epoch
        assert new
        assert [steward_rows.claim(second, new, each) for each in ("t1", "t2", "t3")] == [0, 1, 1]
        assert not steward_rows.sent(first, old, "t2", "sent")
        assert steward_rows.sent(second, new, "t2", "sent")
        assert not steward_rows.claim(second, new, "t2")


def test_who_holds_the_lock_and_is_no_steward_keeps_nobody_from_leading(red):
    with _connected(red) as first:
        assert steward_rows.lead(first, "ops-1", LONG).epoch
    number = red.rows("SELECT lock FROM costtop.leader")[0]
    with red.connect("a") as thief, _connected(red) as second, _connected(red) as third:
        assert thief.execute("SELECT pg_try_advisory_lock(%s)", (number,)).fetchone() == (True,)
        _led(second, "ops-2")
        assert steward_rows.lead(third, "ops-3", LONG).host == "ops-2"


def test_a_steward_behind_a_pool_is_refused_for_its_lock_would_be_the_pool_s(red, pool):
    with (
        _connected(red, port=pool.port) as pooled,
        pytest.raises(psycopg.Error, match="comes through a pool") as refused,
    ):
        steward_rows.lead(pooled, "ops-1", LONG)
    assert refused.value.sqlstate == steward_rows.BEHIND_A_POOL
    with _connected(red) as direct:
        assert steward_rows.lead(direct, "ops-1", LONG).epoch


def test_a_steward_that_reads_no_team_leads_nothing(red):
    red.admin.execute("SELECT costtop.disallow('stella', 'red')")
    with (
        _connected(red) as db,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="no team"),
    ):
        steward_rows.lead(db, "ops-1", LONG)


def test_stewards_of_other_teams_lead_beside_each_other_and_one_of_all_leads_all_or_none(red):
    red.admin.execute("GRANT costtop_steward TO sam")
    red.admin.execute("SELECT costtop.allow('sam', 'blue')")
    try:
        with _connected(red) as ours, _connected(red, "sam") as theirs:
            assert steward_rows.lead(ours, "ops-1", LONG).epoch
            epoch = steward_rows.lead(theirs, "ops-2", LONG).epoch
            assert epoch
            red.admin.execute("SELECT costtop.allow('sam', 'red')")
            # It reads more than it leads now.
            assert steward_rows.stand(theirs, epoch, {"standing": [STANDING]}) == 0
            assert steward_rows.lead(theirs, "ops-2", LONG).host == "ops-1"
            ours.close()
            both = _led(theirs, "ops-2")
            assert steward_rows.stand(theirs, both, {"standing": [STANDING]}) == 1
        with _connected(red) as ours:
            assert ours.execute("SELECT count(*) FROM costtop.standing").fetchone() == (0,)
        with _connected(red, "sam") as theirs:
            assert theirs.execute("SELECT count(*) FROM costtop.standing").fetchone() == (1,)
    finally:
        red.admin.execute("REVOKE costtop_steward FROM sam")
