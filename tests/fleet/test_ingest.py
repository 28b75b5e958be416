"""A batch: each call once within a team, whoever tells it, however often, in any order."""

import threading

import psycopg
import pytest

from costtop.fleet.ship_to_server import beat, passes, ship
from costtop.fleet.shipment import Shipment
from tests.fleet.fleet import DAY, NOON, call, session
from tests.patience import until

CENT = 10_000_000
MIDNIGHT = 1_795_651_200_000  # between 2026-11-25 and 2026-11-26


def _same(fleet, calls, unpriced, cost, tokens):
    assert fleet.sums() == dict.fromkeys(
        ("calls", "spend", "sessions", "minutes"), (calls, unpriced, cost, tokens)
    )


def test_a_batch_that_comes_again_changes_nothing(fleet):
    batch = [call(i, of=i % 3, at=NOON + i * 20_000) for i in range(50)]
    first = fleet.ship("a", batch, upto=50)
    again = fleet.ship("a", batch, upto=50)
    assert (first.added, first.acked, again.added, again.changed) == (50, 50, 0, 0)
    _same(fleet, 50, 0, 50 * CENT, 50 * 110)


def test_the_answer_says_how_far_the_outbox_was_taken_and_never_less(fleet):
    assert fleet.ship("a", [call(1)], upto=9).acked == 9
    assert fleet.ship("a", [call(2)], upto=7).acked == 9
    assert fleet.beat("a").acked == 9


def test_a_call_without_a_price_stays_unpriced_in_every_sum(fleet):
    fleet.ship("a", [call(1), call(2, cost=None, computed=None)])
    _same(fleet, 2, 1, CENT, 220)
    fleet.ship("a", [call(2, cost=5 * CENT)])
    _same(fleet, 2, 0, 6 * CENT, 220)


def test_two_hosts_with_the_same_logs_count_each_call_once_and_the_first_owns_it(fleet):
    batch = [call(i) for i in range(20)]
    fleet.ship("a", batch)
    assert fleet.ship("b", batch).added == 0
    _same(fleet, 20, 0, 20 * CENT, 20 * 110)
    owners = "SELECT DISTINCT h.name FROM costtop.calls c JOIN costtop.hosts h ON h.id = c.host"
    assert fleet.rows(owners) == ["a"]


def test_another_team_counts_the_same_call_for_itself(fleet):
    fleet.ship("a", [call(1)])
    assert fleet.ship("c", [call(1)]).added == 1
    _same(fleet, 2, 0, 2 * CENT, 220)


@pytest.mark.parametrize("first", [MIDNIGHT - 1, MIDNIGHT])
def test_a_key_told_on_both_sides_of_midnight_counts_once_on_its_first_day(fleet, first):
    second = MIDNIGHT if first < MIDNIGHT else MIDNIGHT - 1
    fleet.ship("a", [call(1, at=first)])
    fleet.ship("b", [call(1, at=second)])
    _same(fleet, 1, 0, CENT, 110)
    told = fleet.rows(
        "SELECT c.at, c.day = k.day FROM costtop.calls c JOIN costtop.keys k USING (key)"
    )
    assert told == [(first, True)]


def test_two_hosts_that_tell_a_key_at_once_across_midnight_count_it_once(fleet):
    keys = range(200)

    def tell(host, at):
        for start in range(0, 200, 20):
            fleet.ship(host, [call(i, at=at) for i in keys[start : start + 20]])

    for host in "ab":
        fleet.link(host)
    threads = [
        threading.Thread(target=tell, args=one) for one in (("a", MIDNIGHT - 1), ("b", MIDNIGHT))
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    _same(fleet, 200, 0, 200 * CENT, 200 * 110)


def test_a_larger_sight_of_another_host_replaces_the_counts_and_not_the_owner(fleet):
    fleet.ship("a", [call(1)])
    assert fleet.ship("b", [call(1, output=50, cost=3 * CENT, at=NOON + DAY)]).changed == 1
    assert fleet.ship("b", [call(1, output=9, cost=1)]).changed == 1  # it corrects its own word
    assert fleet.ship("a", [call(1, output=50, cost=3 * CENT)]).changed == 1
    assert fleet.ship("b", [call(1, output=20, cost=9 * CENT)]).changed == 0  # smaller
    _same(fleet, 1, 0, 3 * CENT, 150)
    told = "SELECT h.name, c.at FROM costtop.calls c JOIN costtop.hosts h ON h.id = c.host"
    assert fleet.rows(told) == [("a", NOON)]


def test_of_two_prices_the_owner_s_holds(fleet):
    fleet.ship("a", [call(1, cost=CENT)])
    assert fleet.ship("b", [call(1, cost=7 * CENT)]).changed == 0
    _same(fleet, 1, 0, CENT, 110)
    fleet.ship("a", [call(1, cost=2 * CENT)])
    _same(fleet, 1, 0, 2 * CENT, 110)


def test_the_owner_s_price_holds_too_where_another_host_told_the_same_counts_before(fleet):
    fleet.ship("a", [call(1, cost=CENT)])
    fleet.ship("b", [call(1, output=20, cost=9 * CENT)])
    assert fleet.ship("a", [call(1, output=20, cost=2 * CENT)]).changed == 1
    assert fleet.ship("b", [call(1, output=20, cost=9 * CENT)]).changed == 0
    _same(fleet, 1, 0, 2 * CENT, 120)


def test_a_store_that_was_rebuilt_sends_all_again_and_changes_nothing(fleet):
    batch = [call(i, of=i % 3, at=NOON + i * 60_000, cost=i or None) for i in range(40)]
    fleet.ship("a", batch, upto=900)
    before = fleet.sums()
    fleet.cut("a")
    again = [fleet.ship("a", batch[i::4], upto=i) for i in range(4)]  # new revs, another order
    assert [(x.added, x.changed, x.removed, x.acked) for x in again] == [(0, 0, 0, 900)] * 4
    assert fleet.sums() == before


def test_repriced_calls_and_those_of_another_feature_move_their_sums(fleet):
    fleet.ship("a", [call(i) for i in range(10)])
    fleet.ship("a", [call(i, cost=2 * CENT, feature="search", of=1) for i in range(5)])
    _same(fleet, 10, 0, 15 * CENT, 1100)
    by = "SELECT n.text, s.cost FROM costtop.spend s JOIN costtop.names n ON n.id = s.feature"
    assert sorted(fleet.rows(by)) == [("checkout", 5 * CENT), ("search", 10 * CENT)]


def test_a_call_that_is_gone_is_subtracted_once_and_may_come_again(fleet):
    batch = [call(i) for i in range(4)]
    fleet.ship("a", batch)
    assert fleet.ship("a", gone=[batch[0].key, batch[1].key]).removed == 2
    assert fleet.ship("a", gone=[batch[0].key, batch[1].key]).removed == 0
    _same(fleet, 2, 0, 2 * CENT, 220)
    assert fleet.ship("b", batch[:1]).added == 1
    _same(fleet, 3, 0, 3 * CENT, 330)


def test_who_does_not_own_a_call_takes_nothing_away(fleet):
    fleet.ship("a", [call(1)])
    assert fleet.ship("b", gone=[call(1).key]).removed == 0
    assert fleet.ship("c", gone=[call(1).key]).removed == 0
    _same(fleet, 1, 0, CENT, 110)


def test_a_call_of_another_day_moves_with_its_sums(fleet):
    fleet.ship("a", [call(1), call(2)])
    moved = fleet.ship("a", [call(1, at=NOON - DAY)], gone=[call(1).key])
    assert (moved.changed, moved.removed) == (1, 0)
    _same(fleet, 2, 0, 2 * CENT, 220)
    days = "SELECT k.day::text FROM costtop.keys k JOIN costtop.calls c USING (day, key) ORDER BY 1"
    assert fleet.rows(days) == ["2026-11-24", "2026-11-25"]
    assert sorted(fleet.rows("SELECT quarter FROM costtop.spend WHERE calls > 0")) == [
        (NOON - DAY) // 900_000, NOON // 900_000,
    ]  # fmt: skip


def test_one_batch_may_add_change_move_and_remove(fleet):
    fleet.ship("a", [call(i) for i in range(6)])
    fleet.ship("b", [call(9, feature="beta")])
    said = [call(1, cost=3 * CENT), call(2, at=NOON + DAY), call(7), call(9, output=99)]
    done = fleet.ship("a", said, gone=[call(3).key, call(8).key])
    assert (done.added, done.changed, done.removed) == (1, 3, 1)
    _same(fleet, 7, 0, 9 * CENT, 7 * 110 + 89)


def test_a_session_is_what_its_host_said_last(fleet):
    fleet.ship("a", [call(1)], sessions=[session(0)])
    fleet.ship("a", [call(1)], sessions=[session(0, feature="x", last=NOON + 5, ended=NOON + 6)])
    asked = (
        "SELECT s.last, s.ended, n.text, s.calls FROM costtop.sessions s"
        " JOIN costtop.names n ON n.id = s.feature"
    )
    assert fleet.rows(asked) == [(NOON + 5, NOON + 6, "x", 1)]
    fleet.ship("a", sessions=[session(0)])  # without any call, and open again
    assert fleet.rows(asked) == [(NOON, None, "checkout", 1)]


def test_who_asks_for_what_changed_since_misses_nothing_that_commits_late(fleet):
    horizon = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    changed = "SELECT h.name FROM costtop.spend s JOIN costtop.hosts h ON h.id = s.host"
    changed += " WHERE s.rev >= %s"
    for host, number in (("a", 8), ("b", 9)):  # names and sessions are known from here on
        fleet.ship(host, [call(number)])
    (before,) = fleet.rows(horizon)
    with fleet.link("b").transaction():
        fleet.ship("b", [call(1)])
        fleet.ship("a", [call(2)])
        (seen,) = fleet.rows(horizon)
        assert fleet.rows(changed, before) == ["a"]
    assert "b" in fleet.rows(changed, seen)
    (seen,) = fleet.rows(horizon)
    fleet.ship("a", [call(2)])  # nothing new
    assert fleet.rows(changed, seen) == []


def test_a_clock_that_is_ahead_is_seen_and_its_calls_stand_within_ten_minutes(fleet):
    (now,) = fleet.rows("SELECT (extract(epoch FROM now()) * 1000)::bigint")
    ahead = now + 3_600_000
    assert 3_500_000 < fleet.beat("a", now=ahead).skew_ms <= 3_600_000
    fleet.ship("a", [call(1, at=ahead), call(2, at=now + 60_000)])
    times = sorted(fleet.rows("SELECT at FROM costtop.calls"))
    assert times[0] == now + 60_000
    assert now + 600_000 <= times[1] < ahead
    again = fleet.ship("a", [call(1, at=ahead), call(2, at=now + 60_000)])
    assert again.changed == 0  # a time in the future does not move with the clock


def test_an_older_connection_writes_nothing_any_more(fleet):
    fleet.ship("a", [call(1)])
    old, stale = fleet.links.pop("a"), fleet.epochs["a"]
    fleet.ship("a", [call(1, cost=2 * CENT)])
    fleet.cut("a")
    fleet.links["a"], fleet.epochs["a"] = old, stale
    with pytest.raises(psycopg.Error) as refused:
        fleet.ship("a", [call(1, cost=CENT)])
    assert refused.value.sqlstate == "CT001"
    _same(fleet, 1, 0, 2 * CENT, 110)


def test_a_new_connection_waits_for_the_batch_of_an_older_one_that_still_runs(fleet):
    other = fleet.link("b")
    old = threading.Thread(target=fleet.ship, args=("a", [call(1)]))
    fleet.link("a")
    with other.transaction():
        ship(other, fleet.epochs["b"], 0, Shipment([session(0)], [call(1)]))
        old.start()  # it waits for the same key
        until(lambda: fleet.rows("SELECT pid FROM pg_locks WHERE NOT granted"))
        with fleet.connect("a") as newer, newer.transaction(force_rollback=True):
            newer.execute("SET LOCAL lock_timeout = '200ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable), newer.transaction():
                beat(newer, "1.0", 1, NOON, 0, anew=True)
    old.join()
    _same(fleet, 1, 0, CENT, 110)


def test_hosts_that_tell_the_same_calls_in_any_order_never_wait_in_a_circle(fleet):
    fleet.enrol("d")
    faults = []

    def tell(host, turn):
        try:
            for i in range(12):
                keys = [(i * 7 + j * turn) % 60 for j in range(30)]
                output = 10 + (i + turn) % 5
                batch = [call(k, output=output, of=k % 4, feature=f"f{k % 3}") for k in set(keys)]
                fleet.ship(host, batch[:: (-1) ** i], gone=[call(i + 70).key])
        except psycopg.Error as error:
            faults.append(error)

    for host in "abd":
        fleet.link(host)
    threads = [threading.Thread(target=tell, args=(host, n + 1)) for n, host in enumerate("abd")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not faults
    sums = fleet.sums()
    assert sums["calls"] == sums["spend"] == sums["sessions"] == sums["minutes"]
    assert sums["calls"][0] == 60


def test_what_passes_by_itself_is_told_from_what_does_not(fleet):
    assert passes(psycopg.errors.DeadlockDetected())
    assert passes(psycopg.errors.AdminShutdown())
    assert passes(psycopg.OperationalError("server closed the connection"))
    assert not passes(psycopg.errors.CheckViolation())
    assert not passes(psycopg.errors.InsufficientPrivilege())
